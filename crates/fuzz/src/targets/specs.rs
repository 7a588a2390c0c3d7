//! Specs of schedules: cron strings, calendar strings, intervals; compiled and searched.

use klamm_machine::Time;
use klamm_messages::temporal::schedule::v1::{CalendarSpec, IntervalSpec, Range, ScheduleSpec, StructuredCalendarSpec};
use klamm_schedule::spec::Spec;
use prost_types::{Duration, Timestamp};

use crate::{campaign::Target, mutate::mutate_text, random::Random};

const CRONS: &[&str] = &[
    "0 12 * * MON-FRI",
    "*/5 * * * *",
    "0 0 1 jan *",
    "@daily",
    "@every 1h30m",
    "@every 5m/90s",
    "CRON_TZ=Europe/Berlin 30 2 * * *",
    "TZ=Asia/Tokyo 0 0 12 * * 2 2040",
    "0 0 29 2 * # leap days",
    "15,45 1-20/3 * * sun,wed",
    "@yearly",
    "* * * * * * *",
    "@hourly # x",
    "0 0 31 2 *",
    "@every 99999999999d",
    "@every 1e9h",
    "@every 2562047h47m16.854775807s",
];
const FIELDS: &[&str] =
    &["*", "0", "59", "1-5", "*/7", "mon-fri", "JAN,dec", "1-20/3,25", "2024-2040/4", "7", "0-0/0", "5-1", "", "-1", "1/2/3"];
const ZONES: &[&str] = &["", "UTC", "Europe/Berlin", "America/Sao_Paulo", "Pacific/Apia", "Local", "../etc/passwd", "Nowhere/Else"];

/// Specs.
#[derive(Debug)]
pub struct Specs {
    last: String,
}

/// A spec and where its next time is asked for.
#[derive(Debug)]
pub struct Input {
    spec: ScheduleSpec,
    after: i64,
}

#[allow(deprecated, reason = "deprecated fields are parsed as well")]
impl Target for Specs {
    type Input = Input;

    const NAME: &'static str = "specs";

    fn new() -> Self {
        Self { last: String::new() }
    }

    fn input(&mut self, random: &mut Random) -> Input {
        let mut spec = ScheduleSpec { timezone_name: (*random.pick(ZONES)).to_owned(), ..ScheduleSpec::default() };
        for _ in 0..1 + random.below(3) {
            match random.below(5) {
                0 | 1 => spec.cron_string.push(self.cron(random)),
                2 => spec.calendar.push(calendar(random)),
                3 => spec.interval.push(IntervalSpec { interval: duration(random), phase: duration(random) }),
                _ => spec.structured_calendar.push(structured(random)),
            }
        }
        if random.chance(1, 3) {
            spec.exclude_structured_calendar.push(structured(random));
            spec.exclude_calendar.push(calendar(random));
        }
        if random.chance(1, 3) {
            spec.start_time = timestamp(random);
            spec.end_time = timestamp(random);
            spec.jitter = duration(random);
        }
        Input { spec, after: random.int() }
    }

    fn try_input(&mut self, Input { spec, after }: &Input) -> Result<(), String> {
        let Ok(compiled) = Spec::compile(spec) else { return Ok(()) };
        let again = Spec::compile(compiled.canonical()).map_err(|error| format!("its canonical form is refused: {error}"))?;
        if again.canonical() != compiled.canonical() {
            return Err("its canonical form has another canonical form".to_owned());
        }
        for after in [0, 1_700_000_000_000, *after] {
            let after = Time::from_millis(after);
            if let Some(due) = compiled.next("seed", after)
                && due.nominal <= after
            {
                return Err(format!("due at {} after {}", due.nominal.millis(), after.millis()));
            }
        }
        Ok(())
    }
}

impl Specs {
    fn cron(&mut self, random: &mut Random) -> String {
        let mut cron = match random.below(3) {
            0 => (0..random.below(9)).map(|_| *random.pick(FIELDS)).collect::<Vec<_>>().join(" "),
            _ => (*random.pick(CRONS)).to_owned(),
        };
        if random.chance(1, 2) {
            cron = mutate_text(&cron, &self.last, random);
        }
        self.last.clone_from(&cron);
        cron
    }
}

fn calendar(random: &mut Random) -> CalendarSpec {
    let mut field = || match random.below(6) {
        0 => random.text(),
        1 => format!("{}-{}/{}", random.int(), random.int(), random.int()),
        _ => (*random.pick(FIELDS)).to_owned(),
    };
    CalendarSpec {
        second: field(),
        minute: field(),
        hour: field(),
        day_of_month: field(),
        month: field(),
        year: field(),
        day_of_week: field(),
        comment: field(),
    }
}

fn structured(random: &mut Random) -> StructuredCalendarSpec {
    let mut field = |min: i32, max: i32| -> Vec<Range> {
        let whole = Range { start: min, end: max, step: 1 };
        match random.below(4) {
            0 => (0..random.below(3))
                .map(|_| Range { start: random.int() as i32, end: random.int() as i32, step: random.int() as i32 })
                .collect(),
            1 => vec![Range { start: min + random.below((max - min + 1) as usize) as i32, end: 0, step: 0 }],
            _ => vec![whole],
        }
    };
    StructuredCalendarSpec {
        second: field(0, 59),
        minute: field(0, 59),
        hour: field(0, 23),
        day_of_month: field(1, 31),
        month: field(1, 12),
        year: field(2000, 2100),
        day_of_week: field(0, 6),
        comment: String::new(),
    }
}

fn duration(random: &mut Random) -> Option<Duration> {
    random.chance(3, 4).then(|| Duration { seconds: random.int(), nanos: if random.chance(1, 2) { 0 } else { random.int() as i32 } })
}

fn timestamp(random: &mut Random) -> Option<Timestamp> {
    random.chance(3, 4).then(|| Timestamp { seconds: random.int(), nanos: if random.chance(1, 2) { 0 } else { random.int() as i32 } })
}
