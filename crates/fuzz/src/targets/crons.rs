//! Cron schedules of workflows: parsed, checked and searched.

use std::time::Duration;

use klamm_cron::{Cron, go_duration};
use klamm_machine::Time;

use crate::{campaign::Target, mutate::mutate_text, random::Random};

const CRONS: &[&str] = &[
    "0 12 * * MON-FRI",
    "*/5 * * * *",
    "0 0 1 jan *",
    "0 0 29 2 ?",
    "0 0 31 2 mon",
    "0 0 30 2 *",
    "15,45 1-20/3 * * sun,wed",
    "@daily",
    "@every 1h30m",
    "@every 2562047h47m16.854775807s",
    "@every 99999999999h",
    "@every -1s",
    "CRON_TZ=Europe/Berlin 30 2 * * *",
    "TZ=America/New_York 30 2 10 3 *",
    "TZ=Pacific/Apia  @weekly",
    "TZ=Local 0 0 1 1 *",
];
const FIELDS: &[&str] =
    &["*", "?", "0", "59", "1-5", "*/7", "mon-fri", "JAN,dec", "1-20/3,25", "7", "0-0/0", "5-1", "", ",", "-1", "1/2/3", "4294967296"];
const ZONES: &[&str] = &["", "", "TZ=UTC ", "CRON_TZ=Asia/Kathmandu ", "TZ=Local  ", "TZ= ", "TZ=../etc/passwd ", "CRON_TZ=Nowhere/Else "];
const TIMES: &[i64] = &[0, 1_700_000_000_000, 1_774_659_600_000, 8_210_266_876_799_000, -8_334_601_228_800_000, i64::MAX, i64::MIN];

/// Cron schedules.
#[derive(Debug)]
pub struct Crons {
    last: String,
}

/// A schedule, and the times between which a run waits.
#[derive(Debug)]
pub struct Input {
    cron: String,
    scheduled: i64,
    now: i64,
}

impl Target for Crons {
    type Input = Input;

    const NAME: &'static str = "crons";

    fn new() -> Self {
        Self { last: String::new() }
    }

    fn input(&mut self, random: &mut Random) -> Input {
        let mut cron = match random.below(4) {
            0 => (*random.pick(CRONS)).to_owned(),
            1 => format!("{}@every {}{}", random.pick(ZONES), random.int(), random.pick(&["h", "ms", "µs", "", "s1m", ".5s"])),
            _ => {
                let fields: Vec<_> = (0..if random.chance(7, 8) { 5 } else { random.below(8) }).map(|_| *random.pick(FIELDS)).collect();
                format!("{}{}", random.pick(ZONES), fields.join(" "))
            }
        };
        if random.chance(1, 2) {
            cron = mutate_text(&cron, &self.last, random);
        }
        self.last.clone_from(&cron);
        let scheduled = if random.chance(1, 4) { random.int() } else { *random.pick(TIMES) };
        let now = if random.chance(1, 2) { scheduled.saturating_add(random.int() >> 24) } else { scheduled };
        Input { cron, scheduled, now }
    }

    fn try_input(&mut self, Input { cron, scheduled, now }: &Input) -> Result<(), String> {
        let _ = go_duration::nanos(cron);
        let checked = Cron::check(cron);
        let Ok(parsed) = Cron::parse(cron) else {
            return if checked.is_ok() && !cron.is_empty() { Err("taken by the check alone".to_owned()) } else { Ok(()) };
        };
        if parsed.is_never() != checked.is_err() {
            return Err(format!("never: {}, checked: {checked:?}", parsed.is_never()));
        }
        let (scheduled, now) = (Time::from_millis(*scheduled), Time::from_millis(*now));
        if let Some(next) = parsed.next(scheduled)
            && (next <= scheduled || next.millis() % 1000 != 0)
        {
            return Err(format!("{} after {}", next.millis(), scheduled.millis()));
        }
        match parsed.backoff(scheduled, now) {
            Some(wait) if wait.subsec_nanos() != 0 => Err(format!("a wait of {wait:?}")),
            Some(wait) if now < scheduled && wait < Duration::from_millis(scheduled.since(now).as_millis() as u64) => {
                Err(format!("a wait of {wait:?} ends before the time"))
            }
            _ => Ok(()),
        }
    }
}
