//! What happens to a run by time alone.

use crate::{End, Millis, Run, What};

impl Run {
    /// When something is due next, unless something else happens before.
    pub fn next_due(&self) -> Option<Millis> {
        let activities = self.activities.values();
        let attempts = activities.clone().filter(|activity| !activity.queued && activity.started.is_none()).map(|activity| activity.due);
        let deadlines = activities.flat_map(|activity| activity.deadlines()).map(|(time, _)| time);
        let of_task = self.task.as_ref().and_then(|task| task.deadline()).map(|(time, _)| time);
        let own = [self.first_task_at, self.expires, of_task].into_iter().flatten();
        let timers = self.timers.values().map(|timer| timer.due);
        own.chain(attempts).chain(deadlines).chain(timers).min().filter(|_| self.end().is_none())
    }

    /// Does all that is due now: first the time-outs, then what begins.
    pub fn tick(&mut self) {
        let now = self.now;
        if self.expires.is_some_and(|time| time <= now) {
            return self.force_close(End::TimedOut);
        }
        if let Some((_, timeout)) = self.task.as_ref().and_then(|task| task.deadline()).filter(|(time, _)| *time <= now) {
            self.time_out_task(timeout);
            self.schedule_task();
        }
        if self.first_task_at.is_some_and(|time| time <= now) {
            self.schedule_task();
        }
        self.tick_activities();
        self.tick_timers();
    }

    fn tick_activities(&mut self) {
        let mut due: Vec<_> = Vec::new();
        for (scheduled, activity) in &self.activities {
            let deadlines = activity.deadlines().into_iter().filter(|(time, _)| *time <= self.now);
            due.extend(deadlines.map(|(time, timeout)| (time, *scheduled, timeout, activity.attempt)));
        }
        due.sort_unstable();
        let mut ended = false;
        for (_, scheduled, timeout, attempt) in due {
            // An earlier time-out may have ended this attempt.
            if self.activities.get(&scheduled).is_some_and(|activity| activity.attempt == attempt) {
                ended |= self.time_out_activity(scheduled, timeout);
            }
        }
        for activity in self.activities.values_mut() {
            activity.queued |= activity.started.is_none() && activity.due <= self.now;
        }
        if ended {
            self.schedule_task();
        }
    }

    fn tick_timers(&mut self) {
        let due = self.timers.iter().filter(|(_, timer)| timer.due <= self.now);
        let mut due: Vec<_> = due.map(|(id, timer)| (timer.due, timer.started, id.clone())).collect();
        due.sort_unstable();
        for (_, started, id) in &due {
            self.timers.remove(id);
            self.happens(self.now, What::TimerFired { id: id.clone(), started: *started });
        }
        if !due.is_empty() {
            self.schedule_task();
        }
    }
}
