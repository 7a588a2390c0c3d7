//! When a schedule wants to be looked at again, and when it is removed because it has nothing more to do.

use klamm_machine::Time;

use crate::{
    limits::{ANSWERED_WITHIN, IDLE_TIME, SEARCH_PAUSE},
    spec::Found,
    work::Work,
};

impl Work<'_, '_> {
    /// Sets the time of the schedule's only wake row to the earliest of all that it waits for.
    pub(crate) fn set_wake(&mut self) {
        let due = self.due();
        let idle = self.idle_close_time(due);
        self.progress.idle_close_time = idle.map(Into::into);
        let is_tired = self.steps.are_out() || self.backfill_steps.are_out();
        let at_once = if is_tired { self.now.after(SEARCH_PAUSE) } else { self.now };
        let wake = match self.has_more {
            true if self.waits_for_answers() => Some(self.now.after(ANSWERED_WITHIN)),
            true => Some(at_once),
            false => [due, idle, self.forgetting_time()].into_iter().flatten().min(),
        };
        self.progress.wake_time = wake.map(Into::into);
    }

    /// When the schedule acts by itself again, or when it goes on searching for that time.
    fn due(&mut self) -> Option<Time> {
        if !self.can_act() {
            // A schedule that cannot act needs no next time now.
            self.is_searching = false;
            return None;
        }
        match self.next_due() {
            Found::At(due) => Some(due.actual),
            Found::Never => None,
            Found::NotUpTo(_) => Some(self.now.after(SEARCH_PAUSE)),
        }
    }

    /// When the schedule is removed because nothing is left for it to do; `None` while something is. That is [`IDLE_TIME`] after the last
    /// thing that happened to it (its creation, an update, an action), and not earlier than [`IDLE_TIME`] after it had nothing left to do.
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

    /// Whether the time of [`Work::idle_close_time`] that was set before has come, and the schedule still has nothing to do.
    pub(crate) fn is_over(&mut self) -> bool {
        let now = self.now;
        let has_come = |time: Time| time <= now;
        if !self.progress.idle_close_time.map(Time::from).is_some_and(has_come) {
            return false;
        }
        let due = self.due();
        self.idle_close_time(due).is_some_and(has_come)
    }
}
