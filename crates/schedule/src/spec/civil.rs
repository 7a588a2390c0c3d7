//! The Gregorian calendar by whole numbers: from days since 1970-01-01 to dates and back, by chrono.
//!
//! chrono's dates end in the years ±262,142. What lies beyond counts as the last day on its side, so no step of a search has to say what
//! happens there. Schedules end long before (Temporal's calendars in 2100, protobuf's times in 9999).

use chrono::{Datelike, NaiveDate};

/// Seconds of a day.
pub(super) const DAY: i64 = 86_400;

/// A date. Months and days count from 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Date {
    pub year: i64,
    pub month: u32,
    pub day: u32,
}

/// Days from 1970-01-01 to the first of a month.
pub(super) fn first_of_month(year: i64, month: u32) -> i64 {
    first(year, month).to_epoch_days().into()
}

/// The date that is `days` after 1970-01-01.
pub(super) fn date(days: i64) -> Date {
    let date = day(days);
    Date { year: date.year().into(), month: date.month(), day: date.day() }
}

/// Day of the week, 0 is Sunday.
pub(super) fn weekday(days: i64) -> u32 {
    day(days).weekday().num_days_from_sunday()
}

/// Whether a year has 366 days.
pub(super) fn is_leap(year: i64) -> bool {
    first(year, 1).leap_year()
}

/// Days of a month.
pub(super) fn days_in_month(year: i64, month: u32) -> u32 {
    first(year, month).num_days_in_month().into()
}

fn day(days: i64) -> NaiveDate {
    i32::try_from(days).ok().and_then(NaiveDate::from_epoch_days).unwrap_or(end(days))
}

fn first(year: i64, month: u32) -> NaiveDate {
    i32::try_from(year).ok().and_then(|year| NaiveDate::from_ymd_opt(year, month, 1)).unwrap_or(end(year))
}

/// The last date on the side of the past or the future.
fn end(side: i64) -> NaiveDate {
    if side < 0 { NaiveDate::MIN } else { NaiveDate::MAX }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_two_thousand_years_follows_the_one_before() {
        let mut expected = Date { year: 1, month: 1, day: 1 };
        for days in -719_162..50_000 {
            assert_eq!(date(days), expected);
            assert_eq!(first_of_month(expected.year, expected.month) + i64::from(expected.day) - 1, days);
            expected.day += 1;
            if expected.day > days_in_month(expected.year, expected.month) {
                expected = Date { day: 1, month: expected.month + 1, ..expected };
            }
            if expected.month > 12 {
                expected = Date { year: expected.year + 1, month: 1, day: 1 };
            }
        }
    }

    #[test]
    fn the_epoch_was_a_thursday() {
        assert_eq!(weekday(0), 4);
        assert_eq!(weekday(-4), 0);
    }

    #[test]
    fn what_lies_beyond_counts_as_the_last_day() {
        assert_eq!(date(i64::MAX), Date { year: 262_142, month: 12, day: 31 });
        assert_eq!(date(i64::MIN), date(i64::from(i32::MIN)));
        assert!(first_of_month(i64::MAX, 1) > first_of_month(262_142, 1));
    }
}
