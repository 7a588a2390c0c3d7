//! Cron strings against the `cron` crate, where both read them alike: names or `*` for days of the week (it counts them from
//! 1), zones whose clocks do not change.

use std::str::FromStr;

use chrono::DateTime;
use chrono_tz::Tz;
use klamm_machine::Time;
use klamm_messages::temporal::schedule::v1::ScheduleSpec;
use klamm_schedule::spec::Spec;
use proptest::prelude::*;

fn field(min: u32, max: u32) -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just("*".to_owned()),
        2 => (min..=max).prop_map(|value| value.to_string()),
        2 => (min..=max, min..=max).prop_map(|(one, other)| format!("{}-{}", one.min(other), one.max(other))),
        1 => (min..=max, min..=max, 1_u32..9).prop_map(|(one, other, step)| format!("{}-{}/{step}", one.min(other), one.max(other))),
        1 => (1_u32..9).prop_map(|step| format!("*/{step}")),
        1 => (min..=max, min..=max).prop_map(|(one, other)| format!("{one},{other}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cron_strings_mean_the_same(
        fields in (field(0, 59), field(0, 59), field(0, 23), field(1, 31), field(1, 12)),
        day_of_week in prop_oneof![4 => Just("*"), 1 => Just("Mon-Fri"), 1 => Just("Sun"), 1 => Just("Tue,Sat"), 1 => Just("Sun-Wed")],
        year in prop_oneof![4 => Just("*"), 1 => Just("2027-2040/3"), 1 => Just("2031")],
        zone in prop_oneof![Just(Tz::UTC), Just(Tz::Asia__Kolkata), Just(Tz::America__Phoenix)],
        after in 946_684_800_i64..3_000_000_000,
    ) {
        let (second, minute, hour, day_of_month, month) = fields;
        let text = format!("{second} {minute} {hour} {day_of_month} {month} {day_of_week} {year}");
        let theirs = cron::Schedule::from_str(&text).map_err(|error| TestCaseError::reject(error.to_string()))?;
        let ours = Spec::compile(&ScheduleSpec { cron_string: vec![text], timezone_name: zone.name().to_owned(), ..ScheduleSpec::default() }).unwrap();
        let mut after_ours = Time::from_millis(after * 1000);
        for expected in theirs.after(&DateTime::from_timestamp(after, 0).unwrap().with_timezone(&zone)).take(3) {
            // Theirs know no last year.
            if expected.timestamp() > 4_100_000_000 {
                break;
            }
            let due = ours.next("seed", after_ours);
            prop_assert_eq!(due.map(|due| due.nominal.millis() / 1000), Some(expected.timestamp()));
            after_ours = Time::from_millis(expected.timestamp() * 1000);
        }
    }
}
