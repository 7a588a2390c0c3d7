//! Zones that specs bring along: yearly rules of all forms against another reading of them.

use klamm_machine::Time;
use klamm_messages::temporal::schedule::v1::ScheduleSpec;
use klamm_schedule::spec::Spec;
use proptest::prelude::*;

/// TZif data of a zone without changes and a rule.
fn tzif(rule: &str) -> Vec<u8> {
    let mut block = b"TZif3".to_vec();
    block.extend([0; 15]);
    // Six counts: one local time type, four bytes of names.
    block.extend([0_u32, 0, 0, 0, 1, 4].iter().flat_map(|count| count.to_be_bytes()));
    // The type: offset 0, no summer time, the name at 0.
    block.extend(b"\0\0\0\0\0\0UTC\0");
    let mut data = block.repeat(2);
    data.extend(format!("\n{rule}\n").bytes());
    data
}

fn rule_day() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (1..=12, 1..=5, 0..=6).prop_map(|(month, week, day)| format!("M{month}.{week}.{day}")),
        1 => (1..=365).prop_map(|day| format!("J{day}")),
        1 => (0..=365).prop_map(|day: i32| day.to_string()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every hour on the hour: the time found must show a full hour by the other reading, and none before it may.
    #[test]
    fn rules_are_read_alike(
        (standard, ahead) in (-44..=44, -4..=8),
        (start, start_hour) in (rule_day(), 0..=26),
        (end, end_hour) in (rule_day(), 0..=26),
        after in 0_i64..4_100_000_000,
    ) {
        let offset = |quarters: i32| format!("{}{}:{:02}", if quarters < 0 { "" } else { "-" }, (quarters.abs() / 4), quarters.abs() % 4 * 15);
        let rule = format!("AAA{}BBB{},{start}/{start_hour},{end}/{end_hour}", offset(standard), offset(standard + ahead));
        let Ok(other) = tz::TimeZone::from_tz_data(&tzif(&rule)) else { return Ok(()) };
        let spec = ScheduleSpec { cron_string: vec!["0 * * * *".to_owned()], timezone_data: tzif(&rule).into(), ..ScheduleSpec::default() };
        let compiled = Spec::compile(&spec).unwrap();
        let local = |time: i64| time + i64::from(other.find_local_time_type(time).unwrap().ut_offset());
        let after = after / 900 * 900;
        let expected = (1..).map(|n| after + n * 900).find(|time| local(*time) % 3600 == 0).unwrap();
        let found = compiled.next("seed", Time::from_millis(after * 1000)).unwrap();
        prop_assert_eq!(found.nominal.millis() / 1000, expected, "{}", rule);
    }
}
