//! Records that wait for their transaction, numbered.

use std::collections::BTreeMap;

use klamm_log::{Output, Record};
use klamm_machine::Time;

use crate::{Encoded, Topics};

/// Header of every output on topics of klamm's: `<partition>/<number>/<command offset>/<index>`. The number is dense per output topic and partition of the
/// commands. (On topics of namespaces a partition's numbers are spread over all partitions of the topic, and go up on each.)
pub const SEQUENCE_HEADER: &str = "klamm-seq";

/// The command that causes an output.
#[derive(Debug, Clone, Copy)]
pub struct Cause {
    /// Partition of the command log.
    pub partition: u32,
    /// Its offset there.
    pub offset: i64,
    /// Its time: timestamp of the output.
    pub now: Time,
}

/// Outputs of the batch that is being filled.
#[derive(Debug, Default)]
pub struct Outputs {
    records: Vec<Output>,
    bytes: usize,
    numbers: BTreeMap<String, i64>,
}

impl Outputs {
    /// No output waits. The next number of each topic is one above the one in `numbers`.
    pub fn new(numbers: BTreeMap<String, i64>) -> Self {
        Self { records: Vec::new(), bytes: 0, numbers }
    }

    /// The last numbers given out, by topic without prefix.
    pub fn numbers(&self) -> &BTreeMap<String, i64> {
        &self.numbers
    }

    /// Number of records that wait.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// True when none waits.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Size of the records that wait, bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The number that the next record of a topic would get.
    pub fn next_number(&self, topic: &str) -> i64 {
        self.numbers.get(topic).map_or(0, |last| last + 1)
    }

    /// Adds the `index`-th record that the command at `cause` causes.
    pub fn push(&mut self, topics: &Topics, cause: Cause, index: usize, encoded: Encoded) {
        let Cause { partition, offset, now } = cause;
        let of_topic = topics.place(&encoded, partition);
        let Encoded { topic, key, foreign_key, value, headers: others, .. } = encoded;
        // Others have no use for the numbers.
        let headers = if Topics::is_foreign(&topic) {
            others
        } else {
            let number = self.next_number(&topic);
            match self.numbers.get_mut(&*topic) {
                Some(last) => *last = number,
                None => {
                    self.numbers.insert(topic.clone().into_owned(), number);
                }
            }
            let mut headers = Vec::with_capacity(1 + others.len());
            let numbers = [i64::from(partition), number, offset, i64::try_from(index).unwrap_or(i64::MAX)];
            headers.push((SEQUENCE_HEADER.to_owned(), sequence(numbers).into()));
            headers.extend(others);
            headers
        };
        let key = foreign_key.unwrap_or_else(|| Some(key.into()));
        let record = Record { key, value: value.map(Into::into), headers, timestamp_ms: now.millis() };
        self.bytes += record.size();
        let output = Output { topic: topics.full(&topic), partition: of_topic, record };
        self.records.push(output);
    }

    /// Adds headers to the record that was pushed last: the `named` ones, then `others` as they are.
    pub fn add_headers<'a>(&mut self, named: impl IntoIterator<Item = (&'a str, String)>, others: &[(String, bytes::Bytes)]) {
        if let Some(output) = self.records.last_mut() {
            output.record.headers.extend(named.into_iter().map(|(name, value)| (name.to_owned(), value.into())));
            output.record.headers.extend(others.iter().cloned());
        }
    }

    /// Takes all records that wait.
    pub fn take(&mut self) -> Vec<Output> {
        self.bytes = 0;
        std::mem::take(&mut self.records)
    }
}

/// The numbers with slashes between them. Every output has such a text: `format!` took a twentieth of all that the pure path does.
fn sequence(numbers: [i64; 4]) -> String {
    let mut text = String::with_capacity(32);
    let mut digits = itoa::Buffer::new();
    for number in numbers {
        if !text.is_empty() {
            text.push('/');
        }
        text.push_str(digits.format(number));
    }
    text
}

/// The number in a record's sequence header; `None` when the record has no such header of klamm's.
pub fn sequence_number(record: &Record) -> Option<i64> {
    let header = record.header(SEQUENCE_HEADER)?;
    std::str::from_utf8(header).ok()?.split('/').nth(1)?.parse().ok()
}

/// Offset of the command that caused an output, from its sequence header.
pub(crate) fn command_offset(record: &Record) -> Option<i64> {
    let header = record.header(SEQUENCE_HEADER)?;
    std::str::from_utf8(header).ok()?.split('/').nth(2)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_between_slashes() {
        assert_eq!(sequence([0, 1, 22, 333]), "0/1/22/333");
        assert_eq!(sequence([7, -1, i64::MAX, i64::MIN]), format!("7/-1/{}/{}", i64::MAX, i64::MIN));
    }
}
