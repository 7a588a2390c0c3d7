//! One of the five fields of a cron schedule.

use crate::invalid::Invalid;

/// The values that a field names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field {
    /// Bit n stands for the value n.
    bits: u64,
    /// Whether the field has a star, so that it restricts nothing. `*/2` does restrict, and does not count as one.
    pub(crate) star: bool,
}

/// What a field may hold.
#[derive(Debug)]
pub(crate) struct Kind {
    least: u32,
    most: u32,
    /// Names of the values from `least` on.
    names: &'static [&'static str],
}

pub(crate) const MINUTE: Kind = Kind { least: 0, most: 59, names: &[] };
pub(crate) const HOUR: Kind = Kind { least: 0, most: 23, names: &[] };
pub(crate) const DAY_OF_MONTH: Kind = Kind { least: 1, most: 31, names: &[] };
pub(crate) const MONTH: Kind =
    Kind { least: 1, most: 12, names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"] };
/// 0 is Sunday. 7 is not allowed.
pub(crate) const DAY_OF_WEEK: Kind = Kind { least: 0, most: 6, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] };

impl Field {
    /// Parts with commas between them. Empty parts name nothing; so a field of commas alone has no values.
    pub(crate) fn parse(text: &str, kind: &Kind) -> Result<Self, Invalid> {
        let mut field = Self { bits: 0, star: false };
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let part = Self::part(part, kind)?;
            field = Self { bits: field.bits | part.bits, star: field.star || part.star };
        }
        Ok(field)
    }

    /// `*`, `?`, a value or a range, each with or without a step.
    fn part(text: &str, kind: &Kind) -> Result<Self, Invalid> {
        let (range, step) = match text.split_once('/') {
            Some((_, step)) if step.contains('/') => return Err(Invalid),
            Some((range, step)) => (range, Some(number(step)?)),
            None => (text, None),
        };
        let (low, high) = match range.split_once('-') {
            Some((low, high)) => (low, Some(high)),
            None => (range, None),
        };
        // What stands behind the hyphen of `*-5` is not looked at.
        let is_star = matches!(low, "*" | "?");
        let (from, to) = match high {
            _ if is_star => (kind.least, kind.most),
            Some(high) if high.contains('-') => return Err(Invalid),
            Some(high) => (kind.value(low)?, kind.value(high)?),
            // `5/10` is short for `5-59/10`.
            None if step.is_some() => (kind.value(low)?, kind.most),
            None => (kind.value(low)?, kind.value(low)?),
        };
        let step_by = step.unwrap_or(1);
        if from < kind.least || to > kind.most || from > to || step_by == 0 {
            return Err(Invalid);
        }
        let bits = (from..=to).step_by(step_by as usize).fold(0, |bits, value| bits | 1 << value);
        Ok(Self { bits, star: is_star && step_by == 1 })
    }

    /// Whether the field names the value.
    pub(crate) fn has(self, value: u32) -> bool {
        value < 64 && self.bits & 1 << value != 0
    }
}

impl Kind {
    fn value(&self, text: &str) -> Result<u32, Invalid> {
        let name = text.to_lowercase();
        match self.names.iter().zip(self.least..).find(|(known, _)| **known == name) {
            Some((_, value)) => Ok(value),
            None => number(text),
        }
    }
}

/// A number that is not negative. A plus sign may come before it.
fn number(text: &str) -> Result<u32, Invalid> {
    text.parse().map_err(|_| Invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str, kind: &Kind) -> Option<(Vec<u32>, bool)> {
        Field::parse(text, kind).ok().map(|field| ((0..64).filter(|value| field.has(*value)).collect(), field.star))
    }

    #[test]
    fn ranges_lists_steps_and_names() {
        assert_eq!(values("5", &MINUTE), Some((vec![5], false)));
        assert_eq!(values("1-3,7", &MINUTE), Some((vec![1, 2, 3, 7], false)));
        assert_eq!(values("50/3", &MINUTE), Some((vec![50, 53, 56, 59], false)));
        assert_eq!(values("*/6", &HOUR), Some((vec![0, 6, 12, 18], false)));
        assert!(values("*/1", &HOUR).unwrap().1);
        assert_eq!(values("MON-fri", &DAY_OF_WEEK), Some((vec![1, 2, 3, 4, 5], false)));
        assert_eq!(values("dec", &MONTH), Some((vec![12], false)));
        assert_eq!(values("?", &DAY_OF_WEEK), Some(((0..7).collect(), true)));
        assert_eq!(values("1,,2", &MINUTE), Some((vec![1, 2], false)));
        assert_eq!(values(",", &MINUTE), Some((vec![], false)));
        assert_eq!(values("+5", &MINUTE), Some((vec![5], false)));
        assert_eq!(values("*-x", &DAY_OF_WEEK), Some(((0..7).collect(), true)));
    }

    #[test]
    fn what_is_no_field() {
        for text in ["60", "-1", "5-1", "1-2-3", "1/0", "1/2/3", "*/", "a", "1-60", "99999999999"] {
            assert_eq!(Field::parse(text, &MINUTE), Err(Invalid), "{text}");
        }
        assert_eq!(Field::parse("0", &DAY_OF_MONTH), Err(Invalid));
        assert_eq!(Field::parse("7", &DAY_OF_WEEK), Err(Invalid));
        assert_eq!(Field::parse("mon", &MONTH), Err(Invalid));
    }
}
