//! Compares a live store with one that was folded anew from the topics. This is how the promise "replayed state equals live state" is
//! checked.

use klamm_machine::Kind;
use klamm_store::{Row, Rows};

use crate::Error;

/// A row that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The partition.
    pub partition: u32,
    /// The row's key bytes.
    pub key: Vec<u8>,
    /// What differs: "missing in the rebuilt store", "not in the live store", "different".
    pub problem: &'static str,
}

/// The differences between two stores' rows of a partition, at most `limit`, and the number of rows compared. The row that says how far a
/// store has come is not compared.
///
/// # Errors
/// The stores'.
pub fn compare(live: &impl Rows, rebuilt: &impl Rows, partition: u32, limit: usize) -> Result<(Vec<Difference>, u64), Error> {
    let mut differences = Vec::new();
    let mut from = vec![Kind::Position as u8 + 1];
    let mut compared = 0;
    loop {
        let (left, left_more) = live.page(partition as u16, &from, PAGE_ROWS, PAGE_BYTES)?;
        let (right, right_more) = rebuilt.page(partition as u16, &from, PAGE_ROWS, PAGE_BYTES)?;
        // Both pages are complete up to the smaller of their two ends, so only rows up to there can be compared now.
        let ends = [left.last().filter(|_| left_more), right.last().filter(|_| right_more)];
        let end = ends.into_iter().flatten().map(|(key, _)| key.clone()).min();
        let within = |(key, _): &&Row| end.as_ref().is_none_or(|end| key <= end);
        let (mut left, mut right) = (left.iter().filter(within).peekable(), right.iter().filter(within).peekable());
        while left.peek().is_some() || right.peek().is_some() {
            compared += 1;
            let (key, problem) = match (left.peek(), right.peek()) {
                (Some((key, _)), Some((other, _))) if key < other => (left.next(), Some("missing in the rebuilt store")),
                (Some((key, _)), Some((other, _))) if other < key => (right.next(), Some("not in the live store")),
                (Some(_), Some(_)) => {
                    let (live, rebuilt) = (left.next(), right.next());
                    let equal = live.zip(rebuilt).is_some_and(|((_, live), (_, rebuilt))| live == rebuilt);
                    (live, (!equal).then_some("different"))
                }
                (Some(_), None) => (left.next(), Some("missing in the rebuilt store")),
                (None, _) => (right.next(), Some("not in the live store")),
            };
            if let (Some((key, _)), Some(problem)) = (key, problem)
                && differences.len() < limit
            {
                differences.push(Difference { partition, key: key.clone(), problem });
            }
        }
        match end {
            Some(mut next) => {
                next.push(0);
                from = next;
            }
            None => return Ok((differences, compared)),
        }
    }
}

/// Most rows of a page.
const PAGE_ROWS: usize = 1_000;
/// Most bytes of a page, about. A single row may have several MiB.
const PAGE_BYTES: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use klamm_store::{Settings, Store};

    use super::*;

    fn store(rows: &[(u32, usize)]) -> Store {
        let store = Store::in_maps(&Settings::default());
        let key = |number: u32| [&[Kind::Run as u8][..], &number.to_be_bytes()].concat();
        store.write(0, rows.iter().map(|(number, bytes)| (key(*number), Some(vec![*number as u8; *bytes])))).unwrap();
        store
    }

    #[test]
    fn pages_end_by_rows_and_by_bytes_and_nothing_is_left_out() {
        // Many small rows, then large ones, of which each store lacks some.
        let all: Vec<_> = (0..3_000).map(|number| (number, 8)).chain((3_000..3_010).map(|number| (number, PAGE_BYTES))).collect();
        let (left, right) = (store(&all), store(&all));
        assert_eq!(compare(&left, &right, 0, 10).unwrap(), (Vec::new(), 3_010));

        let without = |missing: &[u32]| store(&all.iter().copied().filter(|(number, _)| !missing.contains(number)).collect::<Vec<_>>());
        let (differences, rows) = compare(&without(&[5, 999, 3_001]), &without(&[1_000, 3_009]), 0, 10).unwrap();
        let found: Vec<_> = differences.iter().map(|it| (u32::from_be_bytes(it.key[1..].try_into().unwrap()), it.problem)).collect();
        let (here, there) = ("not in the live store", "missing in the rebuilt store");
        assert_eq!(found, [(5, here), (999, here), (1_000, there), (3_001, here), (3_009, there)]);
        assert_eq!(rows, 3_010);
    }

    #[test]
    fn a_page_is_bounded_by_its_bytes() {
        let store = store(&(0..50).map(|number| (number, PAGE_BYTES / 2)).collect::<Vec<_>>());
        let (rows, more) = store.page(0, &[], PAGE_ROWS, PAGE_BYTES).unwrap();
        assert!(rows.len() <= 2 && more);
    }
}
