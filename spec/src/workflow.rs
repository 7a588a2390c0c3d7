//! One workflow id and its runs, the newest last.

use crate::{Command, End, Millis, Refusal, Run, Token};

/// What a start does when a run is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    Fail,              // the start is refused
    UseExisting,       // no run starts: the caller gets the open run
    TerminateExisting, // the open run is terminated
}

/// What a start does when the last run has closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reuse {
    Allow,           // a new run starts
    AllowFailedOnly, // a new run starts unless the last one was a success
    Reject,          // the start is refused
}

/// A client's request to start a run.
#[derive(Debug, Clone)]
pub struct Start {
    pub run: String,             // id of the run, if one starts
    pub request: String,         // when the same request is sent again, it takes effect only once
    pub conflict: Conflict,      // what to do when a run is open
    pub reuse: Reuse,            // what to do when none is open
    pub delay: Millis,           // how long the first workflow task waits
    pub timeout: Option<Millis>, // how long the run may take, from the first workflow task on
}

/// Least time between the beginnings of two runs where the second continues the first.
const CHAIN_INTERVAL: Millis = 1_000;

/// A workflow: all runs of one workflow id.
#[derive(Debug, Clone, Default)]
pub struct Workflow {
    pub runs: Vec<Run>,
    pub now: Millis,
}

impl Workflow {
    /// Lets time pass. Whatever is due meanwhile happens at its own time.
    pub fn pass(&mut self, until: Millis) {
        while let Some(due) = self.runs.last().and_then(Run::next_due).filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.newest().tick();
        }
        self.now = until;
    }

    /// The newest run, at the present time. There must be one.
    pub fn newest(&mut self) -> &mut Run {
        let now = self.now;
        let run = self.runs.last_mut().expect("a run was started");
        run.now = now;
        run
    }

    /// A client starts a run. Gives the run's id, and whether this request began it.
    pub fn start(&mut self, start: &Start) -> Result<(String, bool), Refusal> {
        if let Some(last) = self.runs.last() {
            if last.started_by == start.request || last.has_taken(&start.request) {
                return Ok((last.id.clone(), last.started_by == start.request));
            }
            let succeeded = matches!(last.end(), Some(End::Completed | End::ContinuedAsNew));
            match (last.end().is_none(), start.conflict, start.reuse) {
                (true, Conflict::Fail, _) | (false, _, Reuse::Reject) => return Err(Refusal::AlreadyStarted),
                (false, _, Reuse::AllowFailedOnly) if succeeded => return Err(Refusal::AlreadyStarted),
                (true, Conflict::UseExisting, _) => return Ok((last.id.clone(), false)),
                (true, Conflict::TerminateExisting, _) => self.newest().terminate()?,
                (false, ..) => {}
            }
        }
        let mut run = Run::new(start.run.clone(), self.now, None, start.delay, start.timeout);
        run.started_by.clone_from(&start.request);
        run.requests.push(start.request.clone());
        self.begin(run);
        Ok((start.run.clone(), true))
    }

    /// A run begins, and with it, unless it is delayed, its first workflow task.
    fn begin(&mut self, mut run: Run) {
        if run.first_task_at.is_none() {
            run.schedule_task();
        }
        self.runs.push(run);
    }

    /// A worker completes the workflow task that it holds. When the workflow continues as new, its next run begins, with the id `next`.
    pub fn complete_task(&mut self, token: &Token, commands: &[Command], sticky: bool, again: bool, next: &str) -> Result<(), Refusal> {
        let run = self.run(&token.run)?;
        if run.complete_task(token, commands, sticky, again)? {
            // Runs of a chain begin at least a second apart.
            let started = run.history.first().map_or(run.now, |fact| fact.time);
            let lived = run.now - if run.now >= run.begins { run.begins } else { started };
            let delay = (CHAIN_INTERVAL - lived).max(0);
            let next = Run::new(next.to_owned(), run.now, Some(run.id.clone()), delay, run.timeout);
            self.begin(next);
        }
        Ok(())
    }

    /// A run by its id, at the present time.
    pub fn run(&mut self, id: &str) -> Result<&mut Run, Refusal> {
        let now = self.now;
        let run = self.runs.iter_mut().find(|run| run.id == id).ok_or(Refusal::NotFound)?;
        run.now = now;
        Ok(run)
    }
}
