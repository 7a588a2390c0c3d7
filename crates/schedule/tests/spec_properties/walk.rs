//! Next times against walks over all seconds, or minutes, of what comes.

use chrono_tz::Tz;
use klamm_machine::Time;
use klamm_messages::temporal::schedule::v1::{Range, ScheduleSpec};
use klamm_schedule::spec::Spec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use crate::{oracle, specs};

/// Walks from `after` on by `step` seconds, at most `steps` times, and compares.
fn walk(spec: &ScheduleSpec, zone: Tz, after: i64, step: i64, steps: i64) -> TestCaseResult {
    let mut named = spec.clone();
    named.timezone_name = zone.name().to_owned();
    let compiled = Spec::compile(&named).map_err(|error| TestCaseError::fail(error.to_string()))?;
    let expected = (1..=steps).map(|n| after + n * step).find(|time| oracle::is_due(spec, zone, *time));
    let found = compiled.next("seed", Time::from_millis(after * 1000)).map(|due| due.nominal.millis() / 1000);
    match (expected, found) {
        (Some(expected), found) => prop_assert_eq!(found, Some(expected), "in {}", zone),
        (None, Some(found)) => {
            prop_assert!(found > after + steps * step, "{} in {} is too early", found, zone);
            // Of 2100 the oracle's zones know no changes.
            prop_assert!(found >= 4_102_444_800 || oracle::is_due(spec, zone, found), "{} in {} is not due", found, zone);
        }
        (None, None) => {}
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 15_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_next_time_is_the_first_second_that_is_due(spec in specs::spec(true), (zone, after) in specs::zone_and_time(), seconds in 60_i64..3_000) {
        walk(&spec, zone, after, 1, seconds)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_next_time_of_rare_ones_is_the_first_minute_that_is_due(mut spec in specs::spec(false), (zone, after) in specs::zone_and_time()) {
        // Zones change at whole minutes since 1972 (Monrovia was the last that did not).
        let after = after.max(100_000_000).div_euclid(60) * 60;
        spec.interval.clear();
        for calendar in &mut spec.structured_calendar {
            calendar.second = vec![Range { start: 0, end: 0, step: 0 }];
        }
        if spec.start_time.is_none() {
            walk(&spec, zone, after, 60, 30_000)?;
        }
    }
}
