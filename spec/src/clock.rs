//! What happens to a run by time alone.

use crate::{End, Millis, Run, What};

impl Run {
    /// When something is due next, unless something else happens before.
    pub fn next_due(&self) -> Option<Millis> {
        let activities = self.activities.values();
        let attempts = activities.clone().map(|activity| activity.due).filter(|due| *due > self.now);
        let deadlines = activities.filter_map(|activity| activity.deadline()).map(|(time, _)| time);
        let of_task = self.task.as_ref().and_then(|task| task.deadline()).map(|(time, _)| time);
        let own = [self.first_task_at, self.expires, of_task].into_iter().flatten();
        let timers = self.timers.values().map(|timer| timer.due);
        own.chain(attempts).chain(deadlines).chain(timers).min().filter(|_| self.end().is_none())
    }

    /// Does all that is due now.
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

    /// Activities time out in the order in which they were scheduled.
    fn tick_activities(&mut self) {
        let count = self.activities.len();
        let deadlines = self.activities.iter().filter_map(|(scheduled, activity)| Some((*scheduled, activity.deadline()?)));
        for (scheduled, (_, timeout)) in deadlines.filter(|(_, (time, _))| *time <= self.now).collect::<Vec<_>>() {
            self.time_out_activity(scheduled, timeout);
        }
        if self.activities.len() < count {
            self.schedule_task();
        }
    }

    /// Timers fire in the order in which they started.
    fn tick_timers(&mut self) {
        let due = self.timers.iter().filter(|(_, timer)| timer.due <= self.now);
        let mut due: Vec<_> = due.map(|(id, timer)| (timer.started, id.clone())).collect();
        due.sort_unstable();
        for (started, id) in &due {
            self.timers.remove(id);
            self.happens(self.now, What::TimerFired { id: id.clone(), started: *started });
        }
        if !due.is_empty() {
            self.schedule_task();
        }
    }
}
