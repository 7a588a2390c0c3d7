//! When a schedule wants to be looked at again, and when it goes by itself.

use klamm_machine::Time;

use crate::{
    limits::{ANSWERED_WITHIN, IDLE_TIME},
    work::Work,
};

impl Work<'_, '_> {
    /// Sets the time of the schedule's one wake row: the earliest of all that it waits for.
    pub(crate) fn set_wake(&mut self) {
        let due = self.due();
        let idle = self.idle_close_time(due);
        self.progress.idle_close_time = idle.map(Into::into);
        let wake = match (self.has_more, self.waits_for_answers()) {
            (true, true) => Some(self.now.after(ANSWERED_WITHIN)),
            (true, false) => Some(self.now),
            (false, _) => [due, idle, self.forgetting_time()].into_iter().flatten().min(),
        };
        self.progress.wake_time = wake.map(Into::into);
    }

    /// When the schedule acts by itself again.
    fn due(&self) -> Option<Time> {
        if self.can_act() { self.next_due().map(|due| due.actual) } else { None }
    }

    /// When the schedule goes because nothing is left for it to do: a while after the last that happened to it (its creation, an update,
    /// an action), and after it was left without anything to do.
    fn idle_close_time(&self, due: Option<Time>) -> Option<Time> {
        let progress = &self.progress;
        let is_busy = self.has_more || !progress.backfills.is_empty() || !progress.buffer.is_empty() || !progress.starting.is_empty();
        if self.state().paused || due.is_some() || is_busy {
            return None;
        }
        let actions = progress.recent_actions.iter().map(|action| action.actual_time.as_ref());
        let events = [self.definition.create_time.as_ref(), self.definition.update_time.as_ref()];
        let last = events.into_iter().chain(actions).flatten().map(Time::from).max().unwrap_or(self.now);
        let before = progress.idle_close_time.as_ref().map_or_else(|| self.now.after(IDLE_TIME), Time::from);
        Some(before.max(last.after(IDLE_TIME)))
    }

    /// Whether that time has come: the one that was set before, and it still holds.
    pub(crate) fn is_over(&self) -> bool {
        let has_come = |time: Time| time <= self.now;
        self.progress.idle_close_time.map(Time::from).is_some_and(has_come) && self.idle_close_time(self.due()).is_some_and(has_come)
    }
}
