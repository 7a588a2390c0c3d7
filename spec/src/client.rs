//! What clients ask of a run.

use crate::{End, Refusal, Run, TaskFailure, What, ensure};

impl Run {
    /// A client sends a signal. The same request takes effect once.
    pub fn signal(&mut self, name: &str, request: &str) -> Result<(), Refusal> {
        if self.has_taken(request) {
            return Ok(());
        }
        ensure(self.end().is_none(), Refusal::NotFound)?;
        ensure(!self.is_at_work() || !self.unhandled, Refusal::Closing)?;
        if !request.is_empty() {
            self.requests.push(request.to_owned());
        }
        self.happens(self.now, What::Signaled { name: name.to_owned() });
        if self.first_task_at.is_none() {
            self.schedule_task();
        }
        Ok(())
    }

    /// A client asks the workflow to cancel itself. A closed run, or one that was asked before, is left alone.
    pub fn request_cancel(&mut self) {
        if self.end().is_none() && !self.cancel_requested {
            self.cancel_requested = true;
            self.happens(self.now, What::CancelRequested);
            // A cancel request does not wait for a delayed start.
            self.schedule_task();
        }
    }

    /// A client ends the run, whatever state it is in.
    pub fn terminate(&mut self) -> Result<(), Refusal> {
        ensure(self.end().is_none(), Refusal::NotFound)?;
        self.force_close(End::Terminated);
        Ok(())
    }

    /// Ends the run from outside. A worker that has its workflow task loses it. Events that waited are written first.
    pub fn force_close(&mut self, end: End) {
        self.fail_task(TaskFailure::ForceClose);
        self.write_waiting();
        self.close(end);
    }
}
