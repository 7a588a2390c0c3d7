//! The text of a cron schedule. Temporal: `cron.ParseStandard` of robfig/cron.

use chrono_tz::Tz;

use crate::{
    field::{DAY_OF_MONTH, DAY_OF_WEEK, Field, HOUR, MINUTE, MONTH},
    go_duration,
    invalid::Invalid,
};

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// A cron schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron(pub(crate) When);

/// When a cron schedule is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum When {
    /// So many seconds after the time before, at a whole second. At least one.
    Every(i64),
    /// At the local times that the fields name.
    At(Box<Fields>),
}

/// The fields of a cron schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fields {
    pub(crate) minute: Field,
    pub(crate) hour: Field,
    pub(crate) day_of_month: Field,
    pub(crate) month: Field,
    pub(crate) day_of_week: Field,
    pub(crate) zone: Tz,
}

impl Cron {
    /// Reads `[TZ=zone |CRON_TZ=zone ](fields|@name|@every duration)`.
    ///
    /// # Errors
    /// The text is none of these.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let (zone, text) = split_zone(text)?;
        if let Some(duration) = text.strip_prefix("@every ") {
            let nanos = go_duration::nanos(duration).map_err(|_| Invalid)?;
            // Parts of a second are cut off. What is less than a second, or negative, is a second.
            return Ok(Self(When::Every((nanos / NANOS_PER_SECOND).max(1))));
        }
        let text = if text.starts_with('@') { predefined(text)? } else { text };
        let mut fields = text.split_whitespace();
        let mut field = |kind| Field::parse(fields.next().ok_or(Invalid)?, kind);
        let when = Fields {
            minute: field(&MINUTE)?,
            hour: field(&HOUR)?,
            day_of_month: field(&DAY_OF_MONTH)?,
            month: field(&MONTH)?,
            day_of_week: field(&DAY_OF_WEEK)?,
            zone,
        };
        if fields.next().is_some() { Err(Invalid) } else { Ok(Self(When::At(Box::new(when)))) }
    }
}

/// The zone that is named in front, and the rest.
fn split_zone(text: &str) -> Result<(Tz, &str), Invalid> {
    let Some(from_zone) = text.strip_prefix("TZ=").or_else(|| text.strip_prefix("CRON_TZ=")) else { return Ok((Tz::UTC, text)) };
    let (name, rest) = from_zone.split_once(' ').ok_or(Invalid)?;
    // "Local" is UTC: the server's own zone must not matter.
    let zone = if matches!(name, "" | "Local") { Tz::UTC } else { name.parse().map_err(|_| Invalid)? };
    Ok((zone, rest.trim()))
}

/// The fields that a name stands for.
fn predefined(name: &str) -> Result<&'static str, Invalid> {
    Ok(match name {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => return Err(Invalid),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_count_in_whole_seconds() {
        for (text, seconds) in [("1h1m1s", 3661), ("1.9s", 1), ("10ms", 1), ("-5m", 1), ("0", 1)] {
            assert_eq!(Cron::parse(&format!("@every {text}")), Ok(Cron(When::Every(seconds))), "{text}");
        }
        // A zone means nothing there.
        assert_eq!(Cron::parse("TZ=Asia/Tokyo @every 2s"), Ok(Cron(When::Every(2))));
    }

    #[test]
    fn names_stand_for_fields() {
        assert_eq!(Cron::parse("@weekly"), Cron::parse("0 0 * * sun"));
        assert_eq!(Cron::parse("CRON_TZ=Local  @hourly"), Cron::parse("0 * * * *"));
    }

    #[test]
    fn other_texts_are_none() {
        for text in [
            "",
            " ",
            "every day",
            "* * * *",
            "* * * * * *",
            "@fortnightly",
            "@Daily",
            "@every",
            "@every day",
            "@every 1d",
            "TZ=UTC",
            "TZ=Nowhere/City * * * * *",
            "TZ=europe/berlin * * * * *",
            "tz=UTC * * * * *",
            " TZ=UTC * * * * *",
        ] {
            assert_eq!(Cron::parse(text), Err(Invalid), "{text}");
        }
    }
}
