//! What clients say about a schedule.

use super::Times;
use crate::Millis;

/// What a schedule is to do.
#[derive(Debug, Clone, Default)]
pub struct Definition {
    pub times: Times,
    pub workflow_id: String,            // workflow ids begin with this; a dash and the nominal time follow
    pub overlap: Option<Overlap>,       // none: skip
    pub catchup_window: Option<Millis>, // none: 365 days; at least ten seconds
    pub pause_on_failure: bool,         // whether a run that fails or times out pauses the schedule

    // These change meanwhile.
    pub notes: String,
    pub paused: bool,           // a paused schedule does nothing by itself
    pub remaining: Option<i64>, // how many actions it may still start by itself; none: any number
}

impl Definition {
    /// How late an action may be taken.
    pub fn window(&self) -> Millis {
        self.catchup_window.map_or(365 * 86_400_000, |window| window.max(10_000))
    }
}

/// What happens to an action while an earlier run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Overlap {
    Skip,           // it is left out
    BufferOne,      // it waits, if no other does
    BufferAll,      // it waits
    CancelOther,    // it waits, and the run is asked to cancel itself; of such actions only the newest starts
    TerminateOther, // the same, but the run is terminated
    AllowAll,       // it starts, and counts as no run for later actions
}

/// What clients ask of a schedule beyond its definition. It starts these actions even if it is paused or none remain.
#[derive(Debug, Clone, Default)]
pub struct Patch {
    pub trigger: Option<(Millis, Option<Overlap>)>, // one action now, with this nominal time
    pub backfills: Vec<Backfill>,                   // actions now for other times
    pub pause: String,                              // pauses the schedule, with these notes; nothing when empty
    pub unpause: String,                            // ends the pause, likewise
}

/// Times from the first to the last, both included.
#[derive(Debug, Clone)]
pub struct Backfill {
    pub first: Millis,
    pub last: Millis,
    pub overlap: Option<Overlap>, // of these actions; none: the schedule's
}
