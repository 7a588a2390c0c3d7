//! What the partitions send to one another arrives once and in order.

use std::collections::BTreeMap;

use klamm_log::Offset;

use crate::witness::{Sent, Witness, sent};

/// Checks all command logs, once everything has arrived: what receivers have taken is what senders have sent. Gives the number of sends.
pub fn check(witness: &Witness, partitions: u32) -> usize {
    let mut taken: BTreeMap<(u32, u32), Vec<Sent>> = BTreeMap::new();
    for target in 0..partitions {
        // A receiver takes what lies above all that it has taken from the same source.
        let mut highest: BTreeMap<u32, (Offset, u32)> = BTreeMap::new();
        witness.look(target, |shadow| {
            for sent in shadow.records.iter().filter_map(|stored| sent(target, &stored.record)) {
                let place = (sent.offset, sent.n);
                if highest.get(&sent.source).is_none_or(|highest| place > *highest) {
                    highest.insert(sent.source, place);
                    taken.entry((sent.source, target)).or_default().push(sent);
                }
            }
        });
    }
    let mut count = 0;
    for source in 0..partitions {
        witness.look(source, |shadow| {
            count += shadow.sends.len();
            for target in 0..partitions {
                let sent: Vec<_> = shadow.sends.iter().filter(|sent| sent.target == target).copied().collect();
                let taken = taken.remove(&(source, target)).unwrap_or_default();
                assert_eq!(taken, sent, "what {target} has taken of {source}, and what {source} has sent to {target}");
            }
        });
    }
    count
}
