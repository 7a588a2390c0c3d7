//! The form of dead letters: the record as it came, then headers that say where it stood and what is wrong with it. Between them stand marks,
//! which say that an earlier one has been dealt with.

use std::{ops::Range, str::FromStr};

/// The first header of all records that klamm writes. It is not the record's own.
const SEQUENCE: &str = "klamm-seq";
/// The first of a letter's headers, and those after it. The names are those that brokers use for share groups, and klamm's own.
const TOPIC: &str = "__dlq.errors.topic";
const PARTITION: &str = "__dlq.errors.partition";
const OFFSET: &str = "__dlq.errors.offset";
const MESSAGE: &str = "__dlq.errors.message";
const TRIGGER: &str = "klamm-dlq-trigger";
const RULE: &str = "klamm-dlq-rule";
const CLASS: &str = "klamm-dlq-class";
const STAGE: &str = "klamm-dlq-stage";
const ATTEMPT: &str = "klamm-dlq-attempt";
const VALUE_BYTES: &str = "klamm-dlq-value-bytes";
/// The headers of a mark.
const REPLAYED: &str = "klamm-dlq-replayed";
const CAME: &str = "klamm-dlq-came";

/// Says that an earlier dead letter of the same partition was replayed, and is not to be replayed again. A mark has neither key nor value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Offset of the dead letter.
    pub offset: i64,
    /// What came of it.
    pub came: String,
}

impl Mark {
    /// All headers of the mark.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        vec![(REPLAYED, self.offset.to_string()), (CAME, self.came.clone())]
    }

    /// The mark with these headers. `None`: the record is no mark.
    pub fn read<B: AsRef<[u8]>>(headers: &[(String, B)]) -> Option<Self> {
        let [(replayed, offset), (came, value)] = headers else { return None };
        let offset = (replayed == REPLAYED && came == CAME).then(|| number(&String::from_utf8_lossy(offset.as_ref())))??;
        Some(Self { offset, came: String::from_utf8_lossy(value.as_ref()).into_owned() })
    }
}

/// What a dead letter says of its record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Letter {
    /// The topic on which the record stands, by its full name.
    pub topic: String,
    /// The partition; `None`: the letter does not say.
    pub partition: Option<u32>,
    /// The offset; `None`: the letter does not say.
    pub offset: Option<i64>,
    /// What is wrong, in words.
    pub message: String,
    /// The trigger that could not use the record.
    pub trigger: String,
    /// Number of the rule, from 1; 0: no rule.
    pub rule: u32,
    /// One of [`fault_class`](crate::fault_class).
    pub class: String,
    /// `record`, or `effect`: the workflow did not take it.
    pub stage: String,
    /// The value was so large that the letter comes without it. 0: it is there.
    pub value_bytes: u64,
}

impl Letter {
    /// The headers of the letter, which come after those of the record.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = vec![(TOPIC, self.topic.clone())];
        headers.extend(self.partition.map(|partition| (PARTITION, partition.to_string())));
        headers.extend(self.offset.map(|offset| (OFFSET, offset.to_string())));
        headers.extend([(MESSAGE, self.message.clone()), (TRIGGER, self.trigger.clone())]);
        if self.rule > 0 {
            headers.push((RULE, self.rule.to_string()));
        }
        headers.extend([(CLASS, self.class.clone()), (STAGE, self.stage.clone()), (ATTEMPT, "1".to_owned())]);
        if self.value_bytes > 0 {
            headers.push((VALUE_BYTES, self.value_bytes.to_string()));
        }
        headers
    }

    /// Reads the headers of a dead letter. Also tells which of them are the record's own. What a header does not say is left empty.
    pub fn read<B: AsRef<[u8]>>(headers: &[(String, B)]) -> (Self, Range<usize>) {
        let first = usize::from(headers.first().is_some_and(|(name, _)| name == SEQUENCE));
        // The record may be another's dead letter, and have headers of the same names: the last ones are klamm's.
        let end = headers.iter().rposition(|(name, _)| name == TOPIC).unwrap_or(headers.len()).max(first);
        let mut letter = Self::default();
        for (name, value) in &headers[end..] {
            let text = String::from_utf8_lossy(value.as_ref());
            match name.as_str() {
                TOPIC => letter.topic = text.into_owned(),
                PARTITION => letter.partition = number(&text),
                OFFSET => letter.offset = number(&text),
                MESSAGE => letter.message = text.into_owned(),
                TRIGGER => letter.trigger = text.into_owned(),
                RULE => letter.rule = number(&text).unwrap_or_default(),
                CLASS => letter.class = text.into_owned(),
                STAGE => letter.stage = text.into_owned(),
                VALUE_BYTES => letter.value_bytes = number(&text).unwrap_or_default(),
                _ => {}
            }
        }
        (letter, first..end)
    }
}

fn number<N: FromStr>(text: &str) -> Option<N> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> Letter {
        Letter {
            topic: "shop.orders".to_owned(),
            partition: Some(3),
            offset: Some(42),
            message: "No such key: kind.".to_owned(),
            trigger: "orders".to_owned(),
            rule: 2,
            class: "expression".to_owned(),
            stage: "record".to_owned(),
            value_bytes: 7,
        }
    }

    fn owned(headers: Vec<(&str, String)>) -> Vec<(String, String)> {
        headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    #[test]
    fn a_letter_is_read_as_it_was_written_and_the_records_own_headers_are_told_apart() {
        let other = Letter { topic: "another".to_owned(), rule: 0, value_bytes: 0, ..letter() };
        for letter in [letter(), other.clone(), Letter { partition: None, offset: None, ..letter() }] {
            for own in [vec![], owned(vec![("klamm-seq", "mine".to_owned()), ("id", "7".to_owned())]), owned(other.headers())] {
                let mut headers = vec![("klamm-seq".to_owned(), "0/1".to_owned())];
                headers.extend(own.clone());
                headers.extend(owned(letter.headers()));
                let (read, range) = Letter::read(&headers);
                assert_eq!((read, &headers[range]), (letter.clone(), &own[..]));
            }
        }
    }

    #[test]
    fn marks_are_told_from_letters_whatever_the_letters_have() {
        let mark = Mark { offset: 42, came: "started".to_owned() };
        let headers = owned(mark.headers());
        assert_eq!(Mark::read(&headers), Some(mark));
        assert_eq!(Mark::read(&headers[..1]), None);
        let letter: Vec<_> = headers.into_iter().chain(owned(letter().headers())).collect();
        assert_eq!(Mark::read(&letter), None, "the record itself had these headers");
        assert_eq!(Mark::read(&owned(vec![("klamm-dlq-replayed", "x".to_owned()), ("klamm-dlq-came", String::new())])), None);
    }

    #[test]
    fn a_record_that_is_no_letter_has_only_headers_of_its_own() {
        for headers in [vec![], vec![("klamm-seq", "0/1".to_owned())], vec![("klamm-dlq-class", "decode".to_owned())]] {
            let headers = owned(headers);
            let (letter, range) = Letter::read(&headers);
            assert_eq!(letter, Letter::default());
            assert_eq!(range.end, headers.len());
        }
    }
}
