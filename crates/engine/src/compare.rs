//! Comparing a live store with one folded anew from the topics: promise 3, checked.

use klamm_machine::Kind;
use klamm_store::Store;

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

/// Whether two rows under one key hold the same, whatever the order of their maps.
pub type SameRow = fn(key: &[u8], live: &[u8], rebuilt: &[u8]) -> bool;

/// Differences between two stores' rows of a partition, at most `limit`, and the number of rows compared. Where a store stands is not compared.
///
/// # Errors
/// The stores'.
pub fn compare(live: &Store, rebuilt: &Store, partition: u32, same: SameRow, limit: usize) -> Result<(Vec<Difference>, u64), Error> {
    let mut differences = Vec::new();
    let mut from = vec![Kind::Position as u8 + 1];
    let mut compared = 0;
    const PAGE: usize = 1_000;
    loop {
        let (left, right) = (live.scan(partition as u16, &from, &[], PAGE)?, rebuilt.scan(partition as u16, &from, &[], PAGE)?);
        // Rows up to the smaller of the two pages' ends can be compared now.
        let end =
            [&left, &right].into_iter().filter(|page| page.len() == PAGE).filter_map(|page| page.last()).map(|(key, _)| key.clone()).min();
        let within = |(key, _): &&(Vec<u8>, Vec<u8>)| end.as_ref().is_none_or(|end| key <= end);
        let (mut left, mut right) = (left.iter().filter(within).peekable(), right.iter().filter(within).peekable());
        while left.peek().is_some() || right.peek().is_some() {
            compared += 1;
            let (key, problem) = match (left.peek(), right.peek()) {
                (Some((key, _)), Some((other, _))) if key < other => (left.next(), Some("missing in the rebuilt store")),
                (Some((key, _)), Some((other, _))) if other < key => (right.next(), Some("not in the live store")),
                (Some(_), Some(_)) => {
                    let (live, rebuilt) = (left.next(), right.next());
                    let equal = live.zip(rebuilt).is_some_and(|((key, live), (_, rebuilt))| live == rebuilt || same(key, live, rebuilt));
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
