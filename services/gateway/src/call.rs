//! What a call carries besides its request: deadline, client, features.

use std::time::{Duration, Instant};

use klamm_requests::{
    Fault, Result,
    access::{Needs, Principal},
};
use tonic::metadata::MetadataMap;

use crate::{config::Config, versions};

/// A call's metadata (read only when needed), its caller, and the access that the call needs.
#[derive(Debug)]
pub struct Call {
    metadata: MetadataMap,
    arrived: Instant,
    principal: Principal,
    needs: Needs,
}

impl Call {
    /// A call with this metadata that has arrived now. Callers are not identified yet: all are anonymous.
    pub fn new(metadata: MetadataMap, needs: Needs) -> Self {
        Self { metadata, arrived: Instant::now(), principal: Principal::Anonymous, needs }
    }

    /// The caller.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The access that the call needs.
    pub fn needs(&self) -> Needs {
        self.needs
    }

    /// When the caller gives up (header `grpc-timeout`). `None`: never, or later than this machine's clock can show.
    pub fn deadline(&self) -> Option<Instant> {
        self.arrived.checked_add(timeout(self.header("grpc-timeout"))?)
    }

    /// When a call ends that may wait at most for `wait`. It ends by `tail_room` before the caller's deadline at the latest.
    pub fn deadline_within(&self, wait: Duration, tail_room: Duration) -> Instant {
        let latest = self.arrived + wait;
        self.deadline().map_or(latest, |deadline| latest.min(deadline.checked_sub(tail_room).unwrap_or(self.arrived)))
    }

    /// Refuses a poll for tasks that has no deadline or too short a deadline (Temporal: common/util.go ValidateLongPollContextTimeout).
    pub fn check_long_poll(&self, config: &Config) -> Result<()> {
        let Some(timeout) = timeout(self.header("grpc-timeout")) else {
            return Err(Fault::invalid("Context timeout is not set."));
        };
        if timeout < config.long_poll_deadline_min {
            return Err(Fault::FailedPrecondition("Context timeout is too short.".to_owned()));
        }
        Ok(())
    }

    /// Refuses a client whose version this server does not serve, or that does not accept this server's version.
    pub fn check_versions(&self) -> Result<()> {
        versions::check(
            self.header("client-name").unwrap_or_default(),
            self.header("client-version").unwrap_or_default(),
            self.header("supported-server-versions").unwrap_or_default(),
        )
    }

    /// True for clients that follow `new_execution_run_id` of a close event themselves.
    pub fn follows_next_run_id(&self) -> bool {
        self.header("supported-features").is_some_and(|features| features.split(',').any(|feature| feature == "follows-next-run-id"))
    }

    /// True for clients that show histories to people. They get only events that are stored.
    pub fn shows_histories(&self) -> bool {
        matches!(self.header("client-name"), Some("temporal-cli" | "temporal-ui"))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.metadata.get(name)?.to_str().ok()
    }
}

/// The value of a `grpc-timeout` header: at most eight digits and a unit.
pub(crate) fn timeout(header: Option<&str>) -> Option<Duration> {
    let header = header?;
    let (digits, unit) = header.split_at_checked(header.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(value * 3600),
        "M" => Duration::from_secs(value * 60),
        "S" => Duration::from_secs(value),
        "m" => Duration::from_millis(value),
        "u" => Duration::from_micros(value),
        "n" => Duration::from_nanos(value),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use klamm_requests::access::{Access, Scope};
    use tonic::Code;

    use super::*;

    fn call(headers: &[(&'static str, &str)]) -> Call {
        let mut metadata = MetadataMap::new();
        for (name, value) in headers {
            metadata.insert(*name, value.parse().unwrap());
        }
        Call::new(metadata, Needs { access: Access::Read, scope: Scope::None })
    }

    #[test]
    fn timeouts_are_read_as_grpc_writes_them() {
        for (header, expected) in [
            ("70S", Some(Duration::from_secs(70))),
            ("69999999u", Some(Duration::from_micros(69_999_999))),
            ("1500m", Some(Duration::from_millis(1500))),
            ("5n", Some(Duration::from_nanos(5))),
            ("2H", Some(Duration::from_secs(7200))),
            ("3M", Some(Duration::from_secs(180))),
            ("123456789S", None),
            ("S", None),
            ("", None),
            ("1s", None),
            ("-1S", None),
        ] {
            assert_eq!(timeout(Some(header)), expected, "{header}");
        }
    }

    #[test]
    fn polls_need_a_deadline() {
        let config = Config::default();
        let code = |call: &Call| {
            let fault = call.check_long_poll(&config).unwrap_err();
            let status = crate::status::of(fault);
            (status.code(), status.message().to_owned())
        };
        assert_eq!(code(&call(&[])), (Code::InvalidArgument, "Context timeout is not set.".to_owned()));
        assert_eq!(code(&call(&[("grpc-timeout", "1999m")])), (Code::FailedPrecondition, "Context timeout is too short.".to_owned()));
        assert!(call(&[("grpc-timeout", "2S")]).check_long_poll(&config).is_ok());
    }

    #[test]
    fn long_waits_leave_room_before_the_deadline() {
        let second = Duration::from_secs(1);
        let call = call(&[("grpc-timeout", "10S")]);
        assert_eq!(call.deadline_within(Duration::from_secs(60), second), call.arrived + Duration::from_secs(9));
        assert_eq!(call.deadline_within(Duration::from_secs(5), second), call.arrived + Duration::from_secs(5));
    }

    #[test]
    fn features_are_a_comma_list() {
        assert!(call(&[("supported-features", "a,follows-next-run-id")]).follows_next_run_id());
        assert!(!call(&[("supported-features", "follows")]).follows_next_run_id());
        assert!(!call(&[]).follows_next_run_id());
    }
}
