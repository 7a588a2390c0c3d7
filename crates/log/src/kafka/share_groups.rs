//! Writes the settings of share groups (KIP-932).

use std::collections::BTreeMap;

use klamm_librdkafka::{Refused, group_configs, set_group_configs};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};

use super::{core::Core, errors::Doing};
use crate::{Error, ShareGroup};

const ISOLATION: &str = "share.isolation.level";
const RESET: &str = "share.auto.offset.reset";
const LOCK: &str = "share.record.lock.duration.ms";
/// Since Kafka 4.3. Before that, the broker's own limit counts for all groups.
const DELIVERIES: &str = "share.delivery.count.limit";
/// A setting of groups that came with Kafka 4.2, as share groups did. (Kafka 4.1 has their settings, and no share groups unless it is told to
/// have those of its preview.) The client does not tell the broker's version.
const SINCE_4_2: &str = "streams.initial.rebalance.delay.ms";

/// The settings that the group needs. `present`: those that it has.
fn missing(group: &ShareGroup, present: &BTreeMap<String, String>) -> Vec<(&'static str, String)> {
    let wanted = [
        // Of tasks, too, nobody should see what a transaction has taken back.
        (ISOLATION, "read_committed".to_owned()),
        (RESET, "earliest".to_owned()),
        (LOCK, group.lock.as_millis().to_string()),
        (DELIVERIES, group.deliveries.to_string()),
    ];
    let is_wanted = |(name, value): &(&str, String)| present.get(*name).map_or(*name != DELIVERIES, |present| present != value);
    wanted.into_iter().filter(is_wanted).collect()
}

impl Core {
    /// Gives the group its settings, where they differ. `tries_only`: the broker is asked whether it would take them, and changes nothing.
    pub(super) fn set_share_group(&self, group: &ShareGroup, tries_only: bool) -> Result<(), Error> {
        let unfit = |problem: String| Err(Error::ShareGroup { group: group.name.clone(), problem });
        let admin = self.admin()?;
        let timeout = self.settings().request_timeout;
        let present = self.answered(group, group_configs(admin.inner(), &group.name, timeout))?;
        if !present.contains_key(SINCE_4_2) {
            return unfit("the broker has no share groups: they need Kafka 4.2 or newer".to_owned());
        }
        let missing = missing(group, &present);
        if missing.is_empty() {
            return Ok(());
        }
        let configs: Vec<_> = missing.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.answered(group, set_group_configs(admin.inner(), &group.name, &configs, tries_only, timeout))?;
        if !tries_only {
            let has_limit = present.contains_key(DELIVERIES);
            tracing::info!(group = group.name, settings = ?configs, "a share group has its settings");
            if !has_limit {
                tracing::warn!(
                    group = group.name,
                    "this Kafka has no {DELIVERIES} for single groups: group.{DELIVERIES} of the broker counts"
                );
            }
        }
        Ok(())
    }

    /// What the broker has answered about a group.
    fn answered<T>(&self, group: &ShareGroup, told: KafkaResult<Result<T, Refused>>) -> Result<T, Error> {
        let failed = |error: &KafkaError| self.errors().failed(Doing::ShareGroup(&group.name), error);
        let answer = told.map_err(|error| failed(&error))?;
        self.problems().over();
        answer.map_err(|Refused { code, reason }| match code {
            RDKafkaErrorCode::InvalidConfig | RDKafkaErrorCode::InvalidRequest => {
                Error::ShareGroup { group: group.name.clone(), problem: format!("the broker refuses its settings: {reason}") }
            }
            code => failed(&KafkaError::AdminOp(code)),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_differs_is_set_and_a_limit_that_the_broker_does_not_know_is_left_out() {
        let group = ShareGroup { name: "g".to_owned(), lock: Duration::from_secs(45), deliveries: 7 };
        let names = |present: &[(&str, &str)]| {
            let present = present.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            missing(&group, &present).into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        let usual = [(ISOLATION, "read_uncommitted"), (RESET, "latest"), (LOCK, "30000")];
        assert_eq!(names(&usual), [ISOLATION, RESET, LOCK]);
        assert_eq!(names(&[&usual[..], &[(DELIVERIES, "5")]].concat()), [ISOLATION, RESET, LOCK, DELIVERIES]);
        let set = [(ISOLATION, "read_committed"), (RESET, "earliest"), (LOCK, "45000"), (DELIVERIES, "7")];
        assert_eq!(names(&set), [""; 0]);
    }
}
