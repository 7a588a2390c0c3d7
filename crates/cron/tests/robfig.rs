//! What robfig/cron says of many schedules (integration-tests/parity/reference/cron writes it).

use chrono::{DateTime, SecondsFormat};
use klamm_cron::Cron;
use klamm_machine::Time;
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    afters: Vec<String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    text: String,
    valid: bool,
    /// Times in a row after each of `afters`.
    #[serde(default)]
    times: Vec<Vec<String>>,
}

/// How many times the reference gives after each moment.
const TIMES_PER_CHAIN: usize = 4;

#[test]
fn schedules_mean_what_they_mean_to_robfig() {
    let golden: Golden = serde_json::from_str(include_str!("golden/cron.json")).unwrap();
    for case in &golden.cases {
        let cron = Cron::parse(&case.text);
        assert_eq!(cron.is_ok(), case.valid, "{:?}", case.text);
        let Ok(cron) = cron else { continue };
        for (after, expected) in golden.afters.iter().zip(&case.times) {
            assert_eq!(chain(&cron, after), *expected, "{:?} after {after}", case.text);
        }
    }
}

fn chain(cron: &Cron, after: &str) -> Vec<String> {
    let mut time = Time::from_millis(DateTime::parse_from_rfc3339(after).unwrap().timestamp_millis());
    let mut times = Vec::new();
    while times.len() < TIMES_PER_CHAIN
        && let Some(next) = cron.next(time)
    {
        times.push(DateTime::from_timestamp_millis(next.millis()).unwrap().to_rfc3339_opts(SecondsFormat::Secs, true));
        time = next;
    }
    times
}
