//! Cron schedules of workflows. Temporal: common/backoff/cron.go (ValidateSchedule).

use klamm_cron::Cron;

use crate::fault::{Fault, Result};

/// Refuses a text that is no schedule, and one that is never due. An empty text asks for no schedule and is fine.
pub fn schedule(text: &str) -> Result<()> {
    Cron::check(text).map_err(Fault::invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_told_from_other_texts() {
        for good in ["", "* * * * *", "0 9 * * MON-FRI", "@daily", "@every 1h30m", "CRON_TZ=Europe/Berlin 0 9 * * *"] {
            assert_eq!(schedule(good), Ok(()), "{good}");
        }
        for bad in ["every day", "* * * * * *", "@every day", "TZ=UTC", "TZ=Nowhere * * * * *"] {
            assert_eq!(schedule(bad), Err(Fault::invalid("invalid CronSchedule.")), "{bad}");
        }
        let never = Err(Fault::invalid("invalid CronSchedule, no time can be found to satisfy the schedule"));
        assert_eq!(schedule("0 0 31 2 *"), never);
    }
}
