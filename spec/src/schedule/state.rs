//! Where a schedule stands.

use std::collections::BTreeMap;

use super::{Backfill, Definition, Overlap};
use crate::{End, Millis};

/// What lies under a schedule id: a schedule, and what earlier ones have left.
#[derive(Debug, Clone, Default)]
pub struct Schedule {
    pub now: Millis,
    pub jitter: Option<fn(i64, Millis) -> Millis>, // draws jitter, see `Times::next`; none: there is none
    pub decisions: Vec<Decision>,                  // of this schedule and of earlier ones, for the audit
    pub sent: Vec<Sent>,                           // what workflows were told, likewise
    pub last_number: i64,                          // the last number of an action, likewise
    pub exists: bool,                              // if not, nothing below has a meaning, except `starting`

    pub definition: Definition,
    pub version: i64,       // counts changes of the definition: 1, 2, 3, …
    pub created_by: String, // the request
    pub created: Millis,
    pub updated: Option<Millis>,
    pub requests: Vec<String>, // updates and patches that have taken effect: the last ten

    pub decided: Millis,          // times are decided whose actions were due up to here
    pub valid_from: Millis,       // what was due earlier belongs to an earlier definition
    pub backfills: Vec<Backfill>, // what is left of them
    pub buffer: Vec<Action>,      // actions that wait
    pub starting: Vec<Action>,    // actions whose start was sent and not answered yet
    pub running: Vec<Action>,     // actions whose runs are open
    pub closes: Option<Millis>,   // when the schedule goes, because it has nothing more to do

    pub recent: Vec<Action>,            // the last ten that were started, by their numbers
    pub counts: BTreeMap<Verdict, i64>, // how often this schedule has decided so; clients see some of them
    pub result: Option<String>,         // of the last run that succeeded; later runs get it
    pub failure: Option<String>,        // of the last run, if it failed; likewise
}

/// An action, from the moment at which it is due to the end of its run.
#[derive(Debug, Clone, Default)]
pub struct Action {
    pub nominal: Millis,           // the time that it is for
    pub actual: Millis,            // when it is due
    pub manual: bool,              // whether it comes from a patch
    pub overlap: Option<Overlap>,  // none: the schedule's policy, as it is when the action is looked at
    pub number: i64,               // counts actions that waited or started; until then 0
    pub workflow_id: String,       // known when it starts
    pub run: String,               // known when the start was answered
    pub began: Millis,             // likewise
    pub ended_by: Option<Overlap>, // the policy for whose sake the run was cancelled or terminated
    pub status: Option<End>,       // how the run has ended
}

/// What a workflow is told.
#[derive(Debug, Clone)]
pub enum Sent {
    Start(Action, Option<String>, Option<String>), // with result and failure of earlier runs
    End(Action),                                   // its run is to cancel itself or is terminated, as `ended_by` says
}

/// What was decided about an action: when, and why if the verdict does not say it.
#[derive(Debug, Clone)]
pub struct Decision {
    pub at: Millis,
    pub verdict: Verdict,
    pub action: Action,
    pub why: String,
}

/// What becomes of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    Fired,               // its workflow runs
    StartRejected,       // its workflow could not be started
    Buffered,            // it waits; another decision follows
    SkippedOverlap,      // another run is in its way
    Superseded,          // a newer action replaces it
    MissedCatchupWindow, // it is too late
    BufferFull,          // too many others wait
    Paused,              // the schedule was paused
    LimitReached,        // no actions remained
    DroppedByDelete,     // it waited when the schedule was deleted
}

impl Schedule {
    /// Why the schedule may not act by itself, if it may not.
    pub fn barred(&self) -> Option<Verdict> {
        match self.definition {
            Definition { paused: true, .. } => Some(Verdict::Paused),
            Definition { remaining: Some(0), .. } => Some(Verdict::LimitReached),
            _ => None,
        }
    }

    /// The overlap policy of an action.
    pub fn overlap_of(&self, action: &Action) -> Overlap {
        action.overlap.or(self.definition.overlap).unwrap_or(Overlap::Skip)
    }

    /// Notes what becomes of an action.
    pub fn decide(&mut self, verdict: Verdict, action: &Action, why: &str) {
        let action = Action { overlap: Some(self.overlap_of(action)), ..action.clone() };
        *self.counts.entry(verdict).or_default() += 1;
        self.decisions.push(Decision { at: self.now, verdict, action, why: why.to_owned() });
    }
}
