//! What a schedule hears of the workflows that it starts.

use super::{Action, Patch, Schedule, Verdict};
use crate::End;

impl Schedule {
    /// The start of the action with this number is answered: with its run, or with the reason why there is none.
    pub fn answer(&mut self, number: i64, answer: Result<&str, &str>) {
        let Some(action) = take(&mut self.starting, number) else { return };
        match answer {
            Ok(run) => self.begin(action, run),
            Err(why) => self.decide(Verdict::StartRejected, &action, why),
        }
        if self.exists {
            self.take_times();
            self.take_rest();
        }
    }

    /// The workflow of an action runs.
    fn begin(&mut self, action: Action, run: &str) {
        let action = Action { run: run.to_owned(), began: self.now, ..action };
        self.decide(Verdict::Fired, &action, "");
        self.recent.push(action.clone());
        self.recent.sort_by_key(|action| action.number);
        self.recent.drain(..self.recent.len().saturating_sub(10));
        self.running.push(action);
    }

    /// The run of an action has ended, and no other run continues it. Later runs get what it has `told`: its result or failure. The schedule
    /// may hear of the end before it hears of the beginning.
    pub fn close(&mut self, number: i64, run: &str, end: End, told: Option<&str>) {
        if !self.exists {
            return;
        }
        if let Some(action) = take(&mut self.starting, number) {
            self.begin(action, run);
        }
        let Some(action) = take(&mut self.running, number) else { return };
        for recent in self.recent.iter_mut().filter(|recent| recent.number == number) {
            recent.status = Some(end);
        }
        let notes = match end {
            End::Failed => format!("paused due to workflow failure: {}: {}", action.workflow_id, told.unwrap_or_default()),
            End::TimedOut => format!("paused due to workflow timeout: {}", action.workflow_id),
            _ => String::new(),
        };
        if self.definition.pause_on_failure && !self.definition.paused {
            self.follow(Patch { pause: notes, ..Patch::default() });
        }
        let told = told.map(str::to_owned);
        match end {
            End::Completed => (self.result, self.failure) = (told.or(self.result.take()), None),
            End::Failed => self.failure = told.or(self.failure.take()),
            _ => {}
        }
        self.take_times();
        self.take_rest();
    }
}

/// Takes the action with this number out of a list.
fn take(actions: &mut Vec<Action>, number: i64) -> Option<Action> {
    Some(actions.remove(actions.iter().position(|action| action.number == number)?))
}
