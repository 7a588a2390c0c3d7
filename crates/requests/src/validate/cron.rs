//! Checks whether a text is a cron schedule (Temporal takes what robfig/cron's standard parser takes: five fields, names, `@` forms).

use crate::fault::{Fault, Result};

const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
/// Forms that stand for a whole schedule.
const DESCRIPTORS: &[&str] = &["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/// What one of the five fields may hold.
struct Field {
    least: u32,
    most: u32,
    /// Names of the values from `least` on.
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { least: 0, most: 59, names: &[] },
    Field { least: 0, most: 23, names: &[] },
    Field { least: 1, most: 31, names: &[] },
    Field { least: 1, most: 12, names: MONTHS },
    Field { least: 0, most: 6, names: WEEKDAYS },
];

/// Refuses a text that is no schedule. An empty text asks for no schedule and is fine.
pub fn schedule(text: &str) -> Result<()> {
    if text.is_empty() || is_schedule(text) { Ok(()) } else { Err(Fault::invalid("invalid CronSchedule.")) }
}

fn is_schedule(text: &str) -> bool {
    let text = match text.strip_prefix("CRON_TZ=").or_else(|| text.strip_prefix("TZ=")) {
        // The zone's name is not checked: the list of zones is not known here.
        Some(zoned) => match zoned.split_once(' ') {
            Some((_, rest)) => rest.trim(),
            None => return false,
        },
        None => text,
    };
    if let Some(every) = text.strip_prefix("@every ") {
        return is_duration(every);
    }
    if text.starts_with('@') {
        return DESCRIPTORS.contains(&text);
    }
    let fields: Vec<_> = text.split_whitespace().collect();
    fields.len() == FIELDS.len() && fields.iter().zip(&FIELDS).all(|(text, field)| text.split(',').all(|part| field.takes(part)))
}

impl Field {
    /// `*`, `?`, a value or a range of them, each with or without a step.
    fn takes(&self, part: &str) -> bool {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (part, None),
        };
        let step_is_good = step.is_none_or(|step| number(step).is_some_and(|step| step > 0));
        let range_is_good = match range.split_once('-') {
            _ if matches!(range, "*" | "?") => true,
            Some((from, to)) => self.value(from).zip(self.value(to)).is_some_and(|(from, to)| from <= to),
            None => self.value(range).is_some(),
        };
        step_is_good && range_is_good
    }

    fn value(&self, text: &str) -> Option<u32> {
        let name = text.to_ascii_lowercase();
        let named = self.names.iter().position(|known| **known == name).and_then(|at| u32::try_from(at).ok());
        let value = named.map(|at| at + self.least).or_else(|| number(text))?;
        (self.least..=self.most).contains(&value).then_some(value)
    }
}

/// Digits only: no signs.
fn number(text: &str) -> Option<u32> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// A duration as Go writes them: `1h30m`, `1.5s`.
fn is_duration(text: &str) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
        let (value, unit) = rest.split_at(digits);
        let Some(unit) = ["ns", "us", "µs", "ms", "s", "m", "h"].into_iter().find(|name| unit.starts_with(name)) else { return false };
        if value.parse::<f64>().is_err() {
            return false;
        }
        rest = &rest[digits + unit.len()..];
    }
    !text.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_told_from_other_texts() {
        for good in [
            "",
            "* * * * *",
            "0 9 * * MON-FRI",
            "*/15 0,12 1-15/2 jan ?",
            "@daily",
            "@every 1h30m",
            "@every 1.5s",
            "CRON_TZ=Europe/Berlin 0 9 * * *",
        ] {
            assert!(schedule(good).is_ok(), "{good}");
        }
        for bad in [
            "every day",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "* * 0 * *",
            "5-1 * * * *",
            "*/0 * * * *",
            "@fortnightly",
            "@every day",
            "TZ=UTC",
        ] {
            assert_eq!(schedule(bad), Err(Fault::invalid("invalid CronSchedule.")), "{bad}");
        }
    }
}
