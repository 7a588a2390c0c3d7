//! One workflow id and its runs, the newest last.

use crate::{Command, End, Millis, Refusal, Run, WorkflowTask};

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
        let run = self.runs.last_mut().expect("a run was started");
        run.now = self.now;
        run
    }

    /// A client starts a run. Gives the run's id, and whether this request began it.
    pub fn start(&mut self, start: &Start) -> Result<(String, bool), Refusal> {
        if let Some(last) = self.runs.last() {
            if last.has_taken(&start.request) {
                return Ok((last.id.clone(), last.started_by == start.request));
            }
            match (last.end(), start.conflict, start.reuse) {
                (None, Conflict::Fail, _) | (Some(_), _, Reuse::Reject) => return Err(Refusal::AlreadyStarted),
                (Some(End::Completed | End::ContinuedAsNew), _, Reuse::AllowFailedOnly) => return Err(Refusal::AlreadyStarted),
                (None, Conflict::UseExisting, _) => return Ok((last.id.clone(), false)),
                (None, Conflict::TerminateExisting, _) => self.newest().terminate()?,
                (Some(_), ..) => {}
            }
        }
        let run = Run::new(start.run.clone(), self.now, None, start.delay, start.timeout);
        let (started_by, requests) = (start.request.clone(), vec![start.request.clone()]);
        self.runs.push(Run { started_by, requests, ..run });
        Ok((start.run.clone(), true))
    }

    /// A worker completes the workflow task that it holds. When the workflow continues as new, its next run begins, with the id `next`.
    pub fn complete(&mut self, task: &WorkflowTask, commands: &[Command], sticky: bool, again: bool, next: &str) -> Result<(), Refusal> {
        let run = self.run(&task.run)?;
        if run.complete_task(task, commands, sticky, again)? {
            // Runs of a chain begin at least a second apart.
            let lived = run.now - if run.now >= run.begins { run.begins } else { run.history[0].time };
            let delay = (CHAIN_INTERVAL - lived).max(0);
            let next = Run::new(next.to_owned(), run.now, Some(run.id.clone()), delay, run.timeout);
            self.runs.push(next);
        }
        Ok(())
    }

    /// A run by its id, at the present time.
    pub fn run(&mut self, id: &str) -> Result<&mut Run, Refusal> {
        let run = self.runs.iter_mut().find(|run| run.id == id).ok_or(Refusal::NotFound)?;
        run.now = self.now;
        Ok(run)
    }
}
