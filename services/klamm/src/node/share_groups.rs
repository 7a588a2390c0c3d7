//! Gives share groups the settings that are declared, and says where that fails.

use std::{sync::Arc, time::Duration};

use klamm_log::{Error as LogError, Log, ShareGroup};
use klamm_supervise::{Health, Part, Severity, Supervisor};
use tokio::task::JoinHandle;

/// How often the groups are looked at.
const INTERVAL: Duration = Duration::from_secs(10);

/// Looks at the groups until it is dropped.
pub struct Watch {
    task: JoinHandle<()>,
    groups: Arc<[ShareGroup]>,
    health: Health,
}

impl Watch {
    /// Looks at all groups now, and then again and again. Nobody waits for it. `None`: there are none.
    pub fn start(log: &Arc<dyn Log>, groups: &[ShareGroup], supervisor: &Supervisor) -> Option<Self> {
        if groups.is_empty() {
            return None;
        }
        let (log, groups, health) = (log.clone(), Arc::<[ShareGroup]>::from(groups), supervisor.health().clone());
        let part = supervisor.part("share-groups");
        let (looked_at, told) = (groups.clone(), health.clone());
        let task = tokio::spawn(part.task(move |part| run(part, log.clone(), looked_at.clone(), told.clone())));
        Some(Self { task, groups, health })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
        for group in self.groups.iter() {
            self.health.clear(&source(group));
        }
    }
}

fn source(group: &ShareGroup) -> String {
    format!("share-groups/{}", group.name)
}

async fn run(part: Part, log: Arc<dyn Log>, groups: Arc<[ShareGroup]>, health: Health) {
    loop {
        part.round();
        for group in groups.iter() {
            let (log, wanted) = (log.clone(), group.clone());
            tell(group, part.blocking(move || log.set_share_group(&wanted)).await, &health);
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

fn tell(group: &ShareGroup, set: Result<(), LogError>, health: &Health) {
    match set {
        Ok(()) => {
            health.clear(&source(group));
        }
        // Other parts report a broker that is away. What is known of the group stays.
        Err(error @ (LogError::Unavailable { .. } | LogError::InDoubt { .. })) => {
            tracing::debug!(group = group.name, error = %error, "a share group could not be looked at");
        }
        Err(error) => {
            let text = error.to_string();
            if health.report(source(group), Severity::Warning, &*text) {
                tracing::warn!("{text}; trying again every {} s", INTERVAL.as_secs());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_that_is_refused_is_told_until_it_is_well_also_while_the_broker_is_away() {
        let (health, group) = (Health::default(), ShareGroup { name: "g".to_owned(), lock: INTERVAL, deliveries: 5 });
        let told = |set| {
            tell(&group, set, &health);
            health.reasons().into_iter().map(|reason| reason.text).collect::<Vec<_>>()
        };
        let away = || Err(LogError::Unavailable { reason: "away".to_owned() });
        assert_eq!(told(away()), [""; 0]);
        let refused = told(Err(LogError::ShareGroup { group: "g".to_owned(), problem: "too old".to_owned() }));
        assert_eq!(refused, ["share group g is not as configured: too old"]);
        assert_eq!(told(away()), refused);
        assert_eq!(told(Ok(())), [""; 0]);
    }
}
