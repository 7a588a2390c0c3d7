//! Next times against walks over all seconds, or minutes, of what comes.

use chrono_tz::Tz;
use klamm_machine::Time;
use klamm_messages::temporal::schedule::v1::{Range, ScheduleSpec};
use klamm_schedule::spec::Spec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use crate::{oracle, specs};

/// Times from which each walk looks: with 15,000 walks, 105,000 specs × times.
const STARTS: i64 = 7;

/// Walks from `after` on by `step` seconds, `steps` times, and compares what is found from several places on the way.
fn walk(spec: &ScheduleSpec, zone: Tz, after: i64, step: i64, steps: i64) -> TestCaseResult {
    let mut named = spec.clone();
    named.timezone_name = zone.name().to_owned();
    let compiled = Spec::compile(&named).map_err(|error| TestCaseError::fail(error.to_string()))?;
    let due: Vec<_> = (1..=steps).map(|n| after + n * step).filter(|time| oracle::is_due(spec, zone, *time)).collect();
    for start in (0..STARTS).map(|n| after + n * steps / STARTS * step) {
        let expected = due.iter().copied().find(|time| *time > start);
        let found = compiled.next("seed", Time::from_millis(start * 1000)).map(|due| due.nominal.millis() / 1000);
        match (expected, found) {
            (Some(expected), found) => prop_assert_eq!(found, Some(expected), "in {} from {}", zone, start),
            (None, Some(found)) => {
                prop_assert!(found > after + steps * step, "{} in {} is too early", found, zone);
                // Of 2100 the oracle's zones know no changes.
                prop_assert!(found >= 4_102_444_800 || oracle::is_due(spec, zone, found), "{} in {} is not due", found, zone);
            }
            (None, None) => {}
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 15_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_next_time_is_the_first_second_that_is_due(spec in specs::spec(true), (zone, after) in specs::zone_and_time(), seconds in 60_i64..800) {
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
