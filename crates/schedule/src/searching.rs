//! The search for the next time, over as many commands as it takes.

use klamm_machine::Time;

use crate::{
    limits::{SEARCHES_MAX, STEPS_REPEATED_MAX},
    spec::{END, Found},
    work::Work,
};

impl Work<'_, '_> {
    /// The first time that is not decided yet.
    pub(crate) fn next_due(&mut self) -> Found {
        let Some(times) = &self.times else { return Found::Never };
        let before = self.steps.taken();
        let found = times.undecided(&self.progress, Time::or_epoch(self.progress.valid_from), &mut self.steps);
        self.is_searching = matches!(found, Found::NotUpTo(_));
        if !self.is_searching
            && let Some(search) = &mut self.progress.search
            && search.count < SEARCHES_MAX
        {
            search.count = 0;
        }
        let none_until = match found {
            Found::NotUpTo(time) => time,
            _ if self.steps.taken() - before < STEPS_REPEATED_MAX => return found,
            // The next search has to find this time again, so it begins at the second before it.
            Found::At(due) => Time::from_millis(due.nominal.millis() - 1000),
            Found::Never => END,
        };
        let known = self.progress.search.get_or_insert_default();
        if Time::or_epoch(known.none_until) < none_until {
            known.none_until = Some(none_until.into());
        }
        found
    }

    /// Counts a command that searched and found nothing. Forgets what the search found out about times that are decided by now.
    pub(crate) fn finish_search(&mut self) {
        let Some(search) = &mut self.progress.search else { return };
        if self.is_searching {
            search.count += 1;
            return;
        }
        let decided = Time::or_epoch(self.progress.last_processed_time).max(Time::or_epoch(self.progress.valid_from));
        if search.count < SEARCHES_MAX && Time::or_epoch(search.none_until) <= decided {
            self.progress.search = None;
        }
    }

    /// Forgets what is known of the old spec's times, because the spec has changed.
    pub(crate) fn forget_search(&mut self) {
        self.progress.search = None;
        self.is_searching = false;
    }
}
