//! What becomes of faults.

use std::collections::VecDeque;

use crate::{Wrong, declaration};

/// Records that are looked back upon, and how many there are at least before anything is concluded from them.
const WINDOW: usize = 100;
const WINDOW_MIN: usize = 20;

/// The share of dead letters at which a trigger stops, in hundredths of per cent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakAt(u32);

/// What came of the last records that were not filtered.
#[derive(Debug, Clone, Default)]
pub struct Window {
    is_dead: VecDeque<bool>,
    dead: usize,
}

impl Window {
    /// Takes note of a record. Gives false, and takes no note, if it would be one dead letter too many.
    pub fn takes(&mut self, is_dead: bool, break_at: BreakAt) -> bool {
        if !is_dead {
            self.push(false);
            return true;
        }
        let goes = usize::from(self.is_dead.len() == WINDOW && self.is_dead.front() == Some(&true));
        let (dead, count) = (self.dead - goes + 1, (self.is_dead.len() + 1).min(WINDOW));
        if count >= WINDOW_MIN && dead as u64 * 10_000 > u64::from(break_at.0) * count as u64 {
            return false;
        }
        self.push(true);
        true
    }

    /// How many records it holds, and how many of them are dead letters.
    pub fn counts(&self) -> (usize, usize) {
        (self.is_dead.len(), self.dead)
    }

    fn push(&mut self, is_dead: bool) {
        if self.is_dead.len() == WINDOW && self.is_dead.pop_front() == Some(true) {
            self.dead -= 1;
        }
        self.is_dead.push_back(is_dead);
        self.dead += usize::from(is_dead);
    }
}

/// Reads the field `faults`.
///
/// # Errors
/// The first thing that is wrong.
pub(crate) fn read(faults: declaration::Faults) -> Result<Option<BreakAt>, Wrong> {
    let declaration::Faults { record, target, break_at } = faults;
    for (text, field, only) in [(&record, "faults.record", "dead_letter"), (&target, "faults.target", "pause")] {
        if let Some(text) = text.as_ref().filter(|text| text.value != only) {
            return Err(Wrong::at(text, field, format!("{:?} is not known", text.value), format!("it can only be {only}")));
        }
    }
    let Some(text) = break_at else { return Ok(None) };
    let percent = text.value.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
    match percent.filter(|percent| (0.0..100.0).contains(percent)) {
        Some(percent) => Ok(Some(BreakAt((percent * 100.0).round() as u32))),
        None => Err(Wrong::at(&text, "faults.break_at", format!("{:?} is no share", text.value), "from 0% to below 100%, such as 50%")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of the records are taken before the trigger stops; `true` is a dead letter.
    fn taken(percent: u32, records: impl IntoIterator<Item = bool>) -> usize {
        let mut window = Window::default();
        records.into_iter().take_while(|is_dead| window.takes(*is_dead, BreakAt(percent * 100))).count()
    }

    #[test]
    fn a_few_dead_letters_at_the_beginning_say_nothing() {
        assert_eq!(taken(50, vec![true; 10].into_iter().chain(vec![false; 90])), 100);
        assert_eq!(taken(50, vec![true; 1000]), WINDOW_MIN - 1);
    }

    #[test]
    fn only_the_last_records_count() {
        let good = vec![false; 1000];
        // The window is full of good records; 50 of 100 are not more than half, 51 are.
        assert_eq!(taken(50, good.iter().copied().chain(vec![true; 1000])), 1050);
        // One in two forever is not more than half.
        assert_eq!(taken(50, (0..5000).map(|n| n % 2 == 1)), 5000);
        assert_eq!(taken(10, good.into_iter().chain((0..5000).map(|n| n % 5 == 0))), 1050);
        assert_eq!(taken(0, vec![false; 300].into_iter().chain([true])), 300);
    }
}
