//! How long the next run of a cron workflow waits. Temporal: common/backoff/cron.go (GetBackoffForNextSchedule).

use std::time::Duration;

use klamm_machine::Time;

use crate::{Cron, parse::When};

const MILLIS_PER_SECOND: u64 = 1000;

impl Cron {
    /// How long a run that begins at `now` waits for its time; `scheduled` is the time of the run before it, or `now` for the first run.
    /// `None`: there is no time to wait for, so the workflow ends.
    ///
    /// Times that have passed are left out. The wait is rounded up to whole seconds. A run that ended before its own time came leaves that
    /// time to the next run.
    pub fn backoff(&self, scheduled: Time, now: Time) -> Option<Duration> {
        let next = if now < scheduled { scheduled } else { self.first_at_or_after(scheduled, now)? };
        let millis = next.since(now).as_millis();
        Some(Duration::from_secs(u64::try_from(millis).unwrap_or(u64::MAX).div_ceil(MILLIS_PER_SECOND)))
    }

    /// The first time after `scheduled` that is not before `now`.
    fn first_at_or_after(&self, scheduled: Time, now: Time) -> Option<Time> {
        let next = self.next(scheduled)?;
        if next >= now {
            return Some(next);
        }
        match &self.0 {
            // All times from `next` on, in one step.
            When::Every(seconds) => {
                let step = seconds.checked_mul(1000)?;
                let missed = now.millis().checked_sub(next.millis())?;
                let steps = missed / step + i64::from(missed % step != 0);
                Some(Time::from_millis(next.millis().checked_add(steps.checked_mul(step)?)?))
            }
            When::At(_) => self.next(Time::from_millis(now.millis() - 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn backoff(cron: &str, scheduled: i64, now: i64) -> Option<u64> {
        let cron = Cron::parse(cron).unwrap();
        cron.backoff(Time::from_millis(scheduled), Time::from_millis(now)).map(|duration| {
            assert_eq!(duration.subsec_nanos(), 0);
            duration.as_secs()
        })
    }

    #[test]
    fn waits_are_whole_seconds() {
        assert_eq!(backoff("@every 1s", 10_300, 10_300), Some(1));
        assert_eq!(backoff("@every 5s", 10_300, 10_300), Some(5));
        assert_eq!(backoff("* * * * *", 10_300, 10_300), Some(50));
        assert_eq!(backoff("* * * * *", 10_999, 10_999), Some(50));
    }

    #[test]
    fn missed_times_are_left_out() {
        // 15, 20, 25 have passed.
        assert_eq!(backoff("@every 5s", 10_000, 27_500), Some(3));
        assert_eq!(backoff("@every 5s", 10_000, 25_000), Some(0));
        assert_eq!(backoff("* * * * *", 60_000, 300_001), Some(60));
        assert_eq!(backoff("* * * * *", 60_000, 300_000), Some(0));
    }

    #[test]
    fn a_run_that_ends_before_its_time_leaves_it_to_the_next() {
        assert_eq!(backoff("* * * * *", 120_000, 100_500), Some(20));
    }

    #[test]
    fn nothing_to_wait_for() {
        assert_eq!(backoff("0 0 30 2 *", 0, 0), None);
    }

    proptest! {
        /// One step does what a walk from time to time does.
        #[test]
        fn an_interval_in_one_step(seconds in 1..100i64, scheduled in 0..100_000i64, later in 0..1_000_000i64) {
            let cron = Cron(When::Every(seconds));
            let (scheduled, now) = (Time::from_millis(scheduled), Time::from_millis(scheduled + later));
            let mut next = cron.next(scheduled).unwrap();
            while next < now {
                next = cron.next(next).unwrap();
            }
            prop_assert_eq!(cron.first_at_or_after(scheduled, now), Some(next));
        }

        /// No text and no times make it panic.
        #[test]
        fn whatever_comes(text in "(CRON_TZ=|TZ=)?[A-Za-z/]{0,8} ?(@every )?[-*/,0-9a-z@ ?.]{0,20}", scheduled: i64, now: i64) {
            if let Ok(cron) = Cron::parse(&text) {
                let _ = cron.backoff(Time::from_millis(scheduled), Time::from_millis(now));
            }
        }
    }
}
