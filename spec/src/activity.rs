//! Activities: attempts by workers, time-outs, retries.
//!
//! An activity writes ActivityScheduled at its beginning. At its end it writes ActivityStarted and ActivityEnded. Nothing of what happens in between is in the history, above all no failed attempt.

use crate::{Activity, ActivityEnd, EventId, Refusal, Run, Timeout, What, ensure};

impl Run {
    /// A worker takes an attempt that waits. Gives the attempt's number.
    pub fn start_activity(&mut self, scheduled: EventId) -> Option<u32> {
        let activity = self.activities.get_mut(&scheduled).filter(|activity| activity.is_queued(self.now))?;
        (activity.started, activity.heard) = (Some(self.now), self.now);
        Some(activity.attempt)
    }

    /// The attempt that a worker reports about. NotFound: another attempt has followed, or the activity has ended.
    fn attempt(&mut self, scheduled: EventId, attempt: u32) -> Result<&mut Activity, Refusal> {
        let activity = self.activities.get_mut(&scheduled);
        activity.filter(|activity| activity.attempt == attempt && activity.started.is_some()).ok_or(Refusal::NotFound)
    }

    /// A worker says that it still works, and learns whether it should stop.
    pub fn heartbeat(&mut self, scheduled: EventId, attempt: u32) -> Result<bool, Refusal> {
        let now = self.now;
        let activity = self.attempt(scheduled, attempt)?;
        activity.heard = now;
        Ok(activity.cancel_requested)
    }

    /// A worker is done. After a failure another attempt may follow. It may give up only if the workflow has asked for that.
    pub fn report(&mut self, scheduled: EventId, attempt: u32, end: ActivityEnd) -> Result<(), Refusal> {
        let now = self.now;
        let activity = self.attempt(scheduled, attempt)?;
        ensure(end != ActivityEnd::Canceled || activity.cancel_requested, Refusal::Invalid)?;
        if end != ActivityEnd::Failed || !activity.try_again(now) {
            self.end_activity(scheduled, end);
            self.schedule_task();
        }
        Ok(())
    }

    /// One of its time-outs is over. Where the worker may just be slow or gone, another attempt follows.
    pub fn time_out_activity(&mut self, scheduled: EventId, timeout: Timeout) {
        let Some(activity) = self.activities.get_mut(&scheduled) else { return };
        let of_attempt = matches!(timeout, Timeout::StartToClose | Timeout::Heartbeat);
        if !of_attempt || !activity.try_again(self.now) {
            // If no attempt follows because no time is left, the activity as a whole has timed out.
            let timeout = if of_attempt && !activity.is_last() { Timeout::ScheduleToClose } else { timeout };
            self.end_activity(scheduled, ActivityEnd::TimedOut(timeout));
        }
    }

    /// Where a worker had the attempt, writes ActivityStarted with its real time. Then writes the end.
    fn end_activity(&mut self, scheduled: EventId, end: ActivityEnd) {
        let Some(activity) = self.activities.remove(&scheduled) else { return };
        let attempt = activity.attempt;
        if let Some(at) = activity.started {
            self.happens(at, What::ActivityStarted { scheduled, attempt });
        }
        self.happens(self.now, What::ActivityEnded { scheduled, started: 0, end });
    }
}
