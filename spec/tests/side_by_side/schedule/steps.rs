//! What may happen to a schedule.

use klamm_spec::{End, Millis, schedule::Overlap};
use proptest::prelude::*;

use super::defined::{Defined, defined, overlap};

/// How long.
#[derive(Debug, Clone)]
pub enum Long {
    /// So long.
    Millis(Millis),
    /// Until so many times are due, and as long again before or after.
    Times(usize, Millis),
    /// Until the next time is as late as the catch-up window allows, and as long again before or after.
    Window(Millis),
}

/// What a client asks for by a patch. Times are seconds from now on.
#[derive(Debug, Clone)]
pub struct Asked {
    pub request: u8,
    pub trigger: Option<(i64, Option<Overlap>)>,
    /// Beginning, length and policy.
    pub backfills: Vec<(i64, i64, Option<Overlap>)>,
    pub pause: String,
    pub unpause: String,
}

/// How a start is answered.
#[derive(Debug, Clone)]
pub enum Answer {
    Runs,
    Rejected,
    IdTaken,
}

/// One step of somebody.
#[derive(Debug, Clone)]
pub enum Step {
    /// Time goes by, and what is due is looked at in time.
    Pass(Long),
    /// Time goes by with nobody looking.
    Outage(Long),
    /// The same, and the next command comes before anybody looks.
    Late(Long),
    Create(u8, Defined, Asked),
    /// `token`: the version that the client has seen, this far back.
    Update {
        request: u8,
        token: Option<i64>,
        defined: Defined,
    },
    Patch(Asked),
    Delete,
    /// One of the starts under way is answered.
    Answer(usize, Answer),
    /// One of the runs, or of the starts under way, ends. It may tell something.
    Close(usize, End, Option<String>),
}

fn long() -> impl Strategy<Value = Long> {
    prop_oneof![
        3 => (1..5_000_i64).prop_map(Long::Millis),
        4 => (1..120_000_i64).prop_map(Long::Millis),
        2 => (1..20_i64).prop_map(|minutes| Long::Millis(minutes * 60_000)),
        1 => (1..1_200_000_i64).prop_map(Long::Millis),
        1 => (1..10 * 86_400_000_i64).prop_map(Long::Millis),
        4 => (1..12_usize, prop_oneof![2 => Just(0), 1 => -1..2_i64, 1 => -60_000..60_000_i64])
            .prop_map(|(count, more)| Long::Times(count, more)),
        1 => (-1..2_i64).prop_map(Long::Window),
    ]
}

fn request() -> impl Strategy<Value = u8> {
    prop_oneof![3 => Just(0), 1 => 1..6_u8]
}

fn asked() -> impl Strategy<Value = Asked> {
    let trigger = prop_oneof![3 => Just(0), 1 => -4_000..4_000_i64];
    let backfill = (prop_oneof![4 => -4_000..0_i64, 1 => -90_000..90_000_i64], 0..1_200_i64, overlap());
    let notes = |weight| prop_oneof![weight => Just(""), 1 => Just("n"), 1 => Just("m")];
    let triggers = prop::option::weighted(0.4, (trigger, overlap()));
    let backfills = prop_oneof![2 => Just(vec![]), 1 => prop::collection::vec(backfill, 1..3)];
    (request(), triggers, backfills, notes(10), notes(5)).prop_map(|(request, trigger, backfills, pause, unpause)| Asked {
        request,
        trigger,
        backfills,
        pause: pause.to_owned(),
        unpause: unpause.to_owned(),
    })
}

/// A life.
pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    use End::{Canceled, Completed, Failed, Terminated, TimedOut};
    let end = prop::sample::select(vec![Completed, Completed, Failed, TimedOut, Canceled, Terminated]);
    let told = prop_oneof![1 => Just(None), 3 => (0..100_u8).prop_map(|text| Some(text.to_string()))];
    let answer = prop_oneof![8 => Just(Answer::Runs), 1 => Just(Answer::Rejected), 1 => Just(Answer::IdTaken)];
    let token = prop_oneof![3 => Just(None), 1 => Just(Some(0)), 1 => Just(Some(1))];
    let step = prop_oneof![
        6 => long().prop_map(Step::Pass),
        3 => long().prop_map(Step::Outage),
        2 => long().prop_map(Step::Late),
        1 => (request(), defined(), asked()).prop_map(|(request, defined, asked)| Step::Create(request, defined, asked)),
        2 => (request(), token, defined()).prop_map(|(request, token, defined)| Step::Update { request, token, defined }),
        8 => asked().prop_map(Step::Patch),
        1 => Just(Step::Delete),
        10 => (any::<prop::sample::Index>(), answer).prop_map(|(which, answer)| Step::Answer(which.index(1 << 20), answer)),
        6 => (any::<prop::sample::Index>(), end, told).prop_map(|(which, end, told)| Step::Close(which.index(1 << 20), end, told)),
    ];
    prop::collection::vec(step, 1..30)
}
