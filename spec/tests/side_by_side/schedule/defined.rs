//! Schedules as clients may define them, for the model and for the machine.

use klamm_messages::temporal::{
    enums::v1::ScheduleOverlapPolicy as Policy,
    schedule::v1::{IntervalSpec, Range, Schedule, SchedulePolicies, ScheduleSpec, ScheduleState, StructuredCalendarSpec, schedule_action},
};
use klamm_spec::{
    Millis,
    schedule::{Calendar, Definition, Overlap, Times},
};
use proptest::prelude::*;

use super::env::{self, START};

const DAY: Millis = 86_400_000;

/// Ranges of values of one field of a calendar, as clients may write them: first, last, step.
type Ranges = Vec<(i32, i32, i32)>;

/// A calendar: second, minute, hour, day of week, day of month, month, year.
type Fields = [Ranges; 7];

/// What a client defines.
#[derive(Debug, Clone)]
pub struct Defined {
    /// For the model.
    pub definition: Definition,
    calendars: Vec<Fields>,
    exclude: Vec<Fields>,
}

impl Defined {
    /// A schedule of every minute.
    pub fn minutely(overlap: Overlap) -> Self {
        let times = Times { intervals: vec![(60, 0)], ..Times::default() };
        let definition = Definition { times, workflow_id: "w".to_owned(), overlap: Some(overlap), ..Definition::default() };
        Self { definition, calendars: Vec::new(), exclude: Vec::new() }
    }

    /// For the machine.
    pub fn schedule(&self) -> Schedule {
        let Definition { times, workflow_id, overlap, catchup_window, pause_on_failure, notes, paused, remaining } = &self.definition;
        let second = |second: &i64| prost_types::Timestamp { seconds: *second, nanos: 0 };
        let interval = |(every, phase): &(i64, i64)| IntervalSpec {
            interval: Some(env::seconds(*every)),
            phase: Some(env::seconds(*phase)).filter(|phase| phase.seconds != 0),
        };
        let mut schedule = Schedule {
            spec: Some(ScheduleSpec {
                interval: times.intervals.iter().map(interval).collect(),
                structured_calendar: self.calendars.iter().map(structured).collect(),
                exclude_structured_calendar: self.exclude.iter().map(structured).collect(),
                start_time: times.start.as_ref().map(second),
                end_time: times.end.as_ref().map(second),
                jitter: Some(duration(times.jitter)),
                ..ScheduleSpec::default()
            }),
            policies: Some(SchedulePolicies {
                overlap_policy: policy(*overlap) as i32,
                catchup_window: catchup_window.map(duration),
                pause_on_failure: *pause_on_failure,
                ..SchedulePolicies::default()
            }),
            state: Some(ScheduleState {
                notes: notes.clone(),
                paused: *paused,
                limited_actions: remaining.is_some(),
                remaining_actions: remaining.unwrap_or(0),
            }),
            ..env::minutely()
        };
        if let Some(schedule_action::Action::StartWorkflow(info)) = schedule.action.as_mut().and_then(|action| action.action.as_mut()) {
            info.workflow_id.clone_from(workflow_id);
        }
        schedule
    }
}

/// A calendar's values, one by one.
fn listed(fields: &Fields) -> Calendar {
    let [second, minute, hour, day_of_week, day_of_month, month, year] = fields.clone().map(|ranges| {
        let values = ranges.iter().flat_map(|(first, last, step)| (*first..=*last.max(first)).step_by((*step).max(1) as usize));
        values.map(i64::from).collect::<std::collections::BTreeSet<_>>().into_iter().collect()
    });
    Calendar { second, minute, hour, day_of_week, day_of_month, month, year }
}

fn structured(fields: &Fields) -> StructuredCalendarSpec {
    let [second, minute, hour, day_of_week, day_of_month, month, year] =
        fields.clone().map(|ranges| ranges.into_iter().map(|(start, end, step)| Range { start, end, step }).collect());
    StructuredCalendarSpec { second, minute, hour, day_of_week, day_of_month, month, year, ..StructuredCalendarSpec::default() }
}

/// An overlap policy for the machine.
pub fn policy(overlap: Option<Overlap>) -> Policy {
    match overlap {
        None => Policy::Unspecified,
        Some(Overlap::Skip) => Policy::Skip,
        Some(Overlap::BufferOne) => Policy::BufferOne,
        Some(Overlap::BufferAll) => Policy::BufferAll,
        Some(Overlap::CancelOther) => Policy::CancelOther,
        Some(Overlap::TerminateOther) => Policy::TerminateOther,
        Some(Overlap::AllowAll) => Policy::AllowAll,
    }
}

/// Some overlap policy, or none.
pub fn overlap() -> impl Strategy<Value = Option<Overlap>> {
    use Overlap::{AllowAll, BufferAll, BufferOne, CancelOther, Skip, TerminateOther};
    prop::sample::select(vec![None, Some(Skip), Some(BufferOne), Some(BufferAll), Some(CancelOther), Some(TerminateOther), Some(AllowAll)])
}

fn duration(millis: Millis) -> prost_types::Duration {
    prost_types::Duration { seconds: millis / 1000, nanos: (millis % 1000 * 1_000_000) as i32 }
}

/// All values of a field, or some, or one, with these weights.
fn field(first: i32, last: i32, weights: [u32; 3]) -> impl Strategy<Value = Ranges> {
    let range = (first..=last, 0..=last, 0..20_i32).prop_map(|(first, last, step)| (first, if last < first { 0 } else { last }, step));
    prop_oneof![
        weights[0] => Just(vec![(first, last, 1)]),
        weights[1] => prop::collection::vec(range, 1..3),
        weights[2] => (first..=last).prop_map(|value| vec![(value, 0, 0)]),
    ]
}

/// A calendar that has times at least once a year. It has one second only, so that its times are not too many.
fn calendar() -> impl Strategy<Value = Fields> {
    let second = (0..60_i32).prop_map(|second| vec![(second, 0, 0)]);
    let any = |first, last| Just(vec![(first, last, 1)]);
    let some = [0, 2, 1];
    let days = prop_oneof![
        5 => (any(0, 6), any(1, 31), any(1, 12)),
        2 => (field(0, 6, some), any(1, 31), any(1, 12)),
        2 => (any(0, 6), field(1, 28, some), any(1, 12)),
        1 => (any(0, 6), any(1, 31), field(1, 12, some)),
        1 => (field(0, 6, some), any(1, 31), field(1, 12, some)),
        1 => (any(0, 6), field(25, 31, some), any(1, 12)),
    ];
    let year = prop_oneof![8 => Just(vec![]), 1 => Just(vec![(2026, 2027, 1)]), 1 => Just(vec![(2026, 0, 0), (2028, 2100, 3)])];
    (second, field(0, 59, [2, 3, 1]), field(0, 23, [4, 2, 1]), days, year).prop_map(
        |(second, minute, hour, (day_of_week, day_of_month, month), year)| [second, minute, hour, day_of_week, day_of_month, month, year],
    )
}

/// Some hours of all days or of some days of each week. The model takes too long to search through more.
fn excluded() -> impl Strategy<Value = Fields> {
    let any = |first, last| vec![(first, last, 1)];
    let hours = (0..24_i32, 0..6_i32, 0..4_i32).prop_map(|(hour, more, step)| vec![(hour, (hour + more).min(23), step)]);
    let days = prop_oneof![1 => Just(any(0, 6)), 1 => (0..6_i32, 0..2_i32).prop_map(|(day, more)| vec![(day, day + more, 1)])];
    (hours, days).prop_map(move |(hours, days)| [any(0, 59), any(0, 59), hours, days, any(1, 31), any(1, 12), vec![]])
}

/// What a client may define.
pub fn defined() -> impl Strategy<Value = Defined> {
    let every = prop::sample::select(vec![60, 60, 90, 300, 3600, 7200]);
    let interval = (every, prop_oneof![2 => Just(0), 1 => 0..60_i64]);
    let start =
        prop_oneof![4 => Just(None), 1 => (-3_600..7_200_i64).prop_map(Some), 1 => (-20..60_i64).prop_map(|minute| Some(60 * minute))];
    let end = prop_oneof![4 => Just(None), 1 => (0..40_000_i64).prop_map(Some), 1 => (0..20_i64).prop_map(|minute| Some(60 * minute))];
    let jitter = prop_oneof![2 => Just(0), 1 => 1..400_000_i64];
    let times = (
        prop::collection::vec(interval, 0..3),
        prop::collection::vec(calendar(), 0..2),
        prop_oneof![3 => Just(None), 1 => excluded().prop_map(Some)],
        start,
        end,
        jitter,
    );
    let window =
        prop_oneof![1 => Just(None), 1 => (0..20_000_i64).prop_map(Some), 1 => (11_000..600_000_i64).prop_map(Some), 1 => Just(Some(DAY))];
    let remaining = prop_oneof![3 => Just(None), 1 => (0..6_i64).prop_map(Some)];
    let state = (prop::sample::select(vec!["", "n", "m"]), prop::bool::weighted(0.1), remaining);
    (times, prop::sample::select(vec!["w", "w", "v"]), overlap(), window, any::<bool>(), state).prop_map(
        |((intervals, calendars, exclude, start, end, jitter), workflow_id, overlap, catchup_window, pause_on_failure, state)| {
            let (notes, paused, remaining) = state;
            let second = |second| START / 1000 + second;
            let mut exclude: Vec<_> = exclude.into_iter().collect();
            let mut times = Times {
                intervals,
                calendars: calendars.iter().map(listed).collect(),
                exclude: exclude.iter().map(listed).collect(),
                start: start.map(second),
                end: end.map(second),
                jitter,
            };
            // The machine does not search for ever where everything is excluded. That is not what is tested here.
            let endless = Times { end: None, ..times.clone() };
            if endless.next(START, None).is_none_or(|(nominal, _)| nominal > START + 40 * DAY) {
                exclude.clear();
                times.exclude.clear();
            }
            let definition = Definition {
                times,
                workflow_id: workflow_id.to_owned(),
                overlap,
                catchup_window,
                pause_on_failure,
                notes: notes.to_owned(),
                paused,
                remaining,
            };
            Defined { definition, calendars, exclude }
        },
    )
}
