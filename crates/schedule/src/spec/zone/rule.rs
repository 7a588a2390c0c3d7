//! The yearly rule at the end of TZif data (`CET-1CEST,M3.5.0,M10.5.0/3`).

use tz::timezone::{AlternateTime, RuleDay};

use super::span::Span;
use crate::spec::civil::{self, DAY};

/// The rule that holds after the last change of a table.
#[derive(Debug)]
pub(super) enum Rule {
    /// One offset, seconds.
    Fixed(i64),
    /// Standard and summer time in turn.
    Alternate(AlternateTime),
}

impl Rule {
    /// The span that contains `time`. It lies between two changes of this year, the years before or the year after.
    pub(super) fn span(&self, time: i64) -> Span {
        let alternate = match self {
            Self::Fixed(offset) => return Span { offset: *offset, end: i64::MAX },
            Self::Alternate(alternate) => alternate,
        };
        let (standard, summer) = (i64::from(alternate.std().ut_offset()), i64::from(alternate.dst().ut_offset()));
        let year = civil::date(time.div_euclid(DAY)).year;
        // Where both begin at once, summer comes last, so that it wins. Zones write it so when they always have summer time.
        let mut changes: Vec<(i64, bool, i64)> = (year - 2..=year + 1)
            .flat_map(|year| {
                let start = day(alternate.dst_start(), year) * DAY + i64::from(alternate.dst_start_time()) - standard;
                let end = day(alternate.dst_end(), year) * DAY + i64::from(alternate.dst_end_time()) - summer;
                [(start, true, summer), (end, false, standard)]
            })
            .collect();
        changes.sort_unstable();
        let next = changes.partition_point(|(at, _, _)| *at <= time);
        Span {
            // The changes of two years ago are earlier than any time of this year.
            offset: changes[next.saturating_sub(1)].2,
            end: changes.get(next).map_or(i64::MAX, |(at, _, _)| *at),
        }
    }

    /// Least and greatest offset.
    pub(super) fn offsets(&self) -> (i64, i64) {
        match self {
            Self::Fixed(offset) => (*offset, *offset),
            Self::Alternate(alternate) => {
                let (standard, summer) = (i64::from(alternate.std().ut_offset()), i64::from(alternate.dst().ut_offset()));
                (standard.min(summer), standard.max(summer))
            }
        }
    }
}

/// Days from 1970-01-01 to the rule's day in a year.
fn day(rule: &RuleDay, year: i64) -> i64 {
    let new_year = civil::first_of_month(year, 1);
    match rule {
        // The 29th of February does not count.
        RuleDay::Julian1WithoutLeap(day) => {
            let day = i64::from(day.get());
            new_year + day - 1 + i64::from(day >= 60 && civil::is_leap(year))
        }
        RuleDay::Julian0WithLeap(day) => new_year + i64::from(day.get()),
        RuleDay::MonthWeekDay(rule) => {
            let month = u32::from(rule.month());
            let first = civil::first_of_month(year, month);
            let to_weekday = (u32::from(rule.week_day()) + 7 - civil::weekday(first)) % 7;
            let mut day = to_weekday + 7 * (u32::from(rule.week()) - 1);
            // The fifth such weekday means the last one of the month.
            if day >= civil::days_in_month(year, month) {
                day -= 7;
            }
            first + i64::from(day)
        }
    }
}
