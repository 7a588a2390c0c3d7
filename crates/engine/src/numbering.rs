//! Checks the numbers of outputs (`klamm-seq`). A record that carries a number which is not its own is dangerous: a fold takes the number
//! as seen, and skips the true records.

use std::sync::Arc;

use klamm_log::{Error as LogError, Log, Offset, ReadLimit, Stored, read_onward};

use crate::{Topics, outputs::SEQUENCE_HEADER};

/// How many gaps are remembered, and how many problems are reported, at most.
const KEPT_MAX: usize = 100;

/// A record of an output topic whose number cannot be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The topic, with prefix.
    pub topic: Arc<str>,
    /// Its partition.
    pub partition: u32,
    /// The record.
    pub offset: Offset,
    /// What is wrong, in words.
    pub text: String,
}

/// What is wrong with the numbers of a partition's outputs on a topic (name without prefix): at most 100 problems.
///
/// Numbers go up by one. Two exceptions are no problem: compaction leaves numbers out, and a commit in doubt may have written some twice.
///
/// # Errors
/// The log's.
pub fn problems(log: &dyn Log, topics: &Topics, name: &str, partition: u32) -> Result<Vec<Problem>, LogError> {
    let topic = topics.full(name);
    let of_topic = Topics::output_partition(name, partition);
    let mut numbering = Numbering { partition, last: None, next_offset: 0, gaps: Vec::new(), found: Vec::new() };
    let mut offset = log.start_offset(&topic, of_topic)?;
    numbering.next_offset = offset;
    let end = log.end_offset(&topic, of_topic)?;
    while offset < end {
        let batch = read_onward(log, &topic, of_topic, offset, ReadLimit::default())?;
        batch.records.iter().for_each(|stored| numbering.look(stored));
        if batch.next_offset <= offset {
            break;
        }
        offset = batch.next_offset;
    }
    let found = numbering.finish().into_iter();
    Ok(found.map(|(offset, text)| Problem { topic: topic.clone(), partition: of_topic, offset, text }).take(KEPT_MAX).collect())
}

/// What has been seen of the numbers so far.
struct Numbering {
    partition: u32,
    last: Option<i64>,
    next_offset: Offset,
    gaps: Vec<Gap>,
    found: Vec<(Offset, String)>,
}

/// Numbers that are missing before the record at `offset`.
struct Gap {
    numbers: std::ops::Range<i64>,
    offset: Offset,
    /// True when offsets are missing there too: compaction may have taken the records away.
    is_compacted: bool,
}

impl Numbering {
    fn look(&mut self, stored: &Stored) {
        let is_next = stored.offset == self.next_offset;
        self.next_offset = stored.offset + 1;
        // A record without the header is not klamm's and claims no number. Folds report it and pass it over.
        let Some(header) = stored.record.header(SEQUENCE_HEADER) else { return };
        let number = match number(header, self.partition) {
            Ok(number) => number,
            Err(problem) => return self.found.push((stored.offset, problem)),
        };
        let Some(last) = self.last else {
            self.last = Some(number);
            return;
        };
        if number <= last {
            // Either the record was written twice, which is no problem. Or its number was missing before: then the record at the gap's end
            // carried a number that was not its own.
            if let Some(at) = self.gaps.iter().position(|gap| gap.numbers.contains(&number)) {
                let gap = self.gaps.remove(at);
                let text = format!("its klamm-seq says output {}, but output {number} came later: it is not klamm's own", gap.numbers.end);
                self.found.push((gap.offset, text));
                // The records that follow this one go on from its number.
                self.last = Some(number);
            }
            return;
        }
        if number > last + 1 && self.gaps.len() < KEPT_MAX {
            self.gaps.push(Gap { numbers: last + 1..number, offset: stored.offset, is_compacted: !is_next });
        }
        self.last = Some(number);
    }

    /// All problems, in order of offsets.
    fn finish(mut self) -> Vec<(Offset, String)> {
        for gap in self.gaps.into_iter().filter(|gap| !gap.is_compacted) {
            self.found.push((gap.offset, format!("outputs {} to {} are missing before it", gap.numbers.start, gap.numbers.end - 1)));
        }
        self.found.sort();
        self.found
    }
}

/// The number in a header.
fn number(header: &[u8], partition: u32) -> Result<i64, String> {
    let malformed = || format!("its klamm-seq is malformed: {:?}", String::from_utf8_lossy(header));
    let text = std::str::from_utf8(header).map_err(|_| malformed())?;
    let parts: Vec<i64> = text.split('/').map(|part| part.parse().map_err(|_| malformed())).collect::<Result<_, _>>()?;
    let [of, number, _, _] = parts[..] else { return Err(malformed()) };
    if of != i64::from(partition) {
        return Err(format!("its klamm-seq is of partition {of}"));
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use klamm_log::Record;

    use super::*;

    /// Problems of records at these offsets with these headers.
    fn found(records: &[(Offset, &str)]) -> Vec<(Offset, String)> {
        let mut numbering = Numbering { partition: 3, last: None, next_offset: records[0].0, gaps: Vec::new(), found: Vec::new() };
        for (offset, header) in records {
            let record = Record::new("k", "v").with_header(SEQUENCE_HEADER, (*header).to_owned());
            numbering.look(&Stored { offset: *offset, timestamp_ms: 0, record });
        }
        numbering.finish()
    }

    #[test]
    fn dense_compacted_and_repeated_numbers_are_as_they_should_be() {
        let problems = found(&[(5, "3/7/1/0"), (6, "3/8/1/1"), (9, "3/11/2/0"), (10, "3/11/2/0"), (11, "3/12/3/0")]);
        assert!(problems.is_empty(), "{problems:?}");
    }

    #[test]
    fn a_number_that_is_taken_before_its_turn_is_told_with_its_offset() {
        let records = [(0, "3/0/0/0"), (1, "3/1/0/1"), (2, "3/900/0/0"), (3, "3/2/1/0"), (4, "3/3/1/1"), (5, "3/4/2/0")];
        let text = "its klamm-seq says output 900, but output 2 came later: it is not klamm's own";
        assert_eq!(found(&records), [(2, text.to_owned())]);
        // The same, when compaction has taken records away before it.
        assert_eq!(found(&[(0, "3/0/0/0"), (7, "3/900/0/0"), (8, "3/2/1/0"), (9, "3/3/1/1")]).len(), 1);
    }

    #[test]
    fn holes_strangers_and_nonsense_are_told() {
        let problems = found(&[(0, "3/0/0/0"), (1, "3/4/1/0"), (2, "2/5/1/0"), (3, "x"), (4, "3/5/1/1")]);
        assert_eq!(problems.iter().map(|(offset, _)| *offset).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(problems[0].1, "outputs 1 to 3 are missing before it");
        assert_eq!(problems[1].1, "its klamm-seq is of partition 2");
    }
}
