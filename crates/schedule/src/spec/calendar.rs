//! One structured calendar as bit masks, and its local times. It knows no time zone.
//!
//! Local times are seconds since 1970-01-01 00:00:00 on the wall clock.

use klamm_messages::temporal::schedule::v1::{Range, StructuredCalendarSpec};

use super::civil::{self, DAY, Date};
use super::steps::Steps;
use super::validate::YEARS;

/// A calendar, as one bit per value that matches. A local time matches when all of its fields do.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Calendar {
    second: u64,
    minute: u64,
    hour: u64,
    month: u64,
    /// Bit n is the year 2000 + n; `None` is every year.
    year: Option<u128>,
    /// Days of a month that match both as day of month and as day of week, one mask per weekday of the month's first day.
    days: [u64; 7],
    /// First time of day that matches.
    first_time: Option<i64>,
    /// First time of day that does not match; `None` when all do.
    first_gap: Option<i64>,
}

/// The seconds, minutes and hours that times may have, as one bit per value.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Clock {
    second: u64,
    minute: u64,
    hour: u64,
}

impl Clock {
    /// Any time of day.
    pub(super) const ANY: Self = Self { second: SECONDS, minute: MINUTES, hour: HOURS };

    /// The values of both.
    pub(super) fn and(self, other: Self) -> Self {
        Self { second: self.second | other.second, minute: self.minute | other.minute, hour: self.hour | other.hour }
    }
}

const SECONDS: u64 = (1 << 60) - 1;
const MINUTES: u64 = (1 << 60) - 1;
const HOURS: u64 = (1 << 24) - 1;
const DAYS: u64 = (1 << 32) - 2;
const MONTHS: u64 = (1 << 13) - 2;

/// 2101-01-01 00:00:00.
const END: i64 = 4_133_980_800;

impl Calendar {
    /// Compiles a calendar. Values that no time has are left out. An empty list matches nothing, except for years.
    pub(super) fn compile(calendar: &StructuredCalendarSpec) -> Self {
        let day_of_month = mask(&calendar.day_of_month, 1, 31);
        let day_of_week = mask(&calendar.day_of_week, 0, 6);
        let on_days =
            |first: u32| (1..=31).filter(|day| day_of_week >> ((first + day - 1) % 7) & 1 == 1).fold(0, |days, day| days | 1 << day);
        let mut compiled = Self {
            second: mask(&calendar.second, 0, 59) as u64,
            minute: mask(&calendar.minute, 0, 59) as u64,
            hour: mask(&calendar.hour, 0, 23) as u64,
            month: mask(&calendar.month, 1, 12) as u64,
            year: (!calendar.year.is_empty()).then(|| mask(&calendar.year, *YEARS.start(), *YEARS.end())),
            days: [0, 1, 2, 3, 4, 5, 6].map(|first| day_of_month as u64 & on_days(first)),
            first_time: None,
            first_gap: None,
        };
        compiled.leave_out_empty_months();
        compiled.first_time = compiled.time_from(0);
        compiled.first_gap = compiled.gap_from(0, &mut Steps::new(u64::MAX));
        compiled
    }

    /// Removes months in which no day matches (as the 30th of February), so that no search goes through all years for them.
    fn leave_out_empty_months(&mut self) {
        for month in 1..=12 {
            let days = (2_u64 << civil::days_in_month(2000, month)) - 1;
            if self.days.iter().all(|of_weekday| of_weekday & days == 0) {
                self.month &= !(1 << month);
            }
        }
    }

    /// Whether any local time may match.
    pub(super) fn has_times(&self) -> bool {
        self.first_time.is_some() && self.month != 0 && self.year.is_none_or(|years| years != 0)
    }

    /// The seconds, minutes and hours of the calendar.
    pub(super) fn clock(&self) -> Clock {
        Clock { second: self.second, minute: self.minute, hour: self.hour }
    }

    /// The same calendar, widened, for use with times that have only the seconds, minutes and hours in `known`. A field that has all known
    /// values is given all values there are. This makes no difference to those times, and the calendar's own times lie together in long
    /// runs.
    pub(super) fn among(mut self, known: &Clock) -> Self {
        let widened = |own: u64, known: u64, all: u64| if known & !own == 0 { all } else { own };
        self.second = widened(self.second, known.second, SECONDS);
        self.minute = widened(self.minute, known.minute, MINUTES);
        self.hour = widened(self.hour, known.hour, HOURS);
        self.first_time = self.time_from(0);
        self.first_gap = self.gap_from(0, &mut Steps::new(u64::MAX));
        self
    }

    /// Whether a local time matches.
    pub(super) fn matches(&self, local: i64) -> bool {
        let (hour, minute, second) = clock(local.rem_euclid(DAY));
        has(self.hour, hour) && has(self.minute, minute) && has(self.second, second) && self.day_matches(local.div_euclid(DAY))
    }

    /// The first local time at or after `from` that matches; `None` if there is none until the end of 2100.
    pub(super) fn next(&self, from: i64, steps: &mut Steps) -> Option<i64> {
        let first_time = self.first_time?;
        let day = from.div_euclid(DAY);
        if let Some(time) = self.time_from(from.rem_euclid(DAY))
            && self.day_matches(day)
        {
            return Some(day * DAY + time);
        }
        Some(self.day_from(day + 1, steps)? * DAY + first_time)
    }

    /// The first local time at or after `from` that does not match; at the latest, the end of 2100.
    pub(super) fn next_gap(&self, from: i64, steps: &mut Steps) -> i64 {
        let day = from.div_euclid(DAY);
        if !self.day_matches(day) {
            return from;
        }
        if let Some(time) = self.gap_from(from.rem_euclid(DAY), steps) {
            return day * DAY + time;
        }
        if self.has_every_day() {
            return END;
        }
        let mut day = day + 1;
        while self.day_matches(day) {
            if let Some(time) = self.first_gap {
                return day * DAY + time;
            }
            steps.count(1);
            day += 1;
        }
        day * DAY
    }

    /// The first time of day at or after `from` that matches.
    fn time_from(&self, from: i64) -> Option<i64> {
        let (hour, minute, second) = clock(from);
        let time = |hour: u32, minute: u32, second: u32| i64::from(hour * 3600 + minute * 60 + second);
        let first_second = next_bit(self.second, 0)?;
        let first_minute = next_bit(self.minute, 0)?;
        if has(self.hour, hour) {
            if has(self.minute, minute)
                && let Some(second) = next_bit(self.second, second)
            {
                return Some(time(hour, minute, second));
            }
            if let Some(minute) = next_bit(self.minute, minute + 1) {
                return Some(time(hour, minute, first_second));
            }
        }
        Some(time(next_bit(self.hour, hour + 1)?, first_minute, first_second))
    }

    /// The first time of day at or after `from` that does not match.
    fn gap_from(&self, from: i64, steps: &mut Steps) -> Option<i64> {
        if self.second == SECONDS && self.minute == MINUTES && self.hour == HOURS {
            return None;
        }
        let mut time = from;
        while time < DAY {
            steps.count(1);
            let (hour, minute, second) = clock(time);
            if !has(self.hour, hour) || !has(self.minute, minute) {
                return Some(time);
            }
            if let Some(gap) = next_bit(!self.second & SECONDS, second) {
                return Some(time - i64::from(second) + i64::from(gap));
            }
            time += i64::from(60 - second);
        }
        None
    }

    fn has_every_day(&self) -> bool {
        self.first_gap.is_none() && self.year.is_none() && self.month == MONTHS && self.days.iter().all(|days| *days == DAYS)
    }

    fn year_matches(&self, year: i64) -> bool {
        year <= *YEARS.end() && self.year.is_none_or(|years| year >= *YEARS.start() && years >> (year - YEARS.start()) & 1 == 1)
    }

    fn day_matches(&self, day: i64) -> bool {
        let Date { year, month, day: day_of_month } = civil::date(day);
        let first = civil::weekday(day - i64::from(day_of_month) + 1);
        has(self.days[first as usize], day_of_month) && has(self.month, month) && self.year_matches(year)
    }

    /// The first day at or after `from` that matches. The search goes by years, months and days in turn; some go through a thousand months.
    fn day_from(&self, from: i64, steps: &mut Steps) -> Option<i64> {
        let Date { mut year, month, mut day } = civil::date(from);
        let mut from_month = month;
        loop {
            let next_year = self.year_from(year)?;
            if next_year != year {
                (year, from_month, day) = (next_year, 1, 1);
            }
            steps.count(1);
            while let Some(month) = next_bit(self.month, from_month) {
                steps.count(1);
                if month != from_month {
                    day = 1;
                }
                let first = civil::first_of_month(year, month);
                let days = self.days[civil::weekday(first) as usize] & ((2 << civil::days_in_month(year, month)) - 1);
                if let Some(day) = next_bit(days, day) {
                    return Some(first + i64::from(day) - 1);
                }
                (from_month, day) = (month + 1, 1);
            }
            (year, from_month, day) = (year + 1, 1, 1);
        }
    }

    fn year_from(&self, year: i64) -> Option<i64> {
        if year > *YEARS.end() {
            return None;
        }
        let Some(years) = self.year else { return Some(year) };
        let from = (year - YEARS.start()).max(0);
        let rest = years >> from;
        (rest != 0).then(|| YEARS.start() + from + i64::from(rest.trailing_zeros()))
    }
}

/// The ranges as a mask: one bit per value, counted from 0, or from the first year. Only values from `min` to `max` (at most 128).
fn mask(ranges: &[Range], min: i64, max: i64) -> u128 {
    let base = if min == *YEARS.start() { min } else { 0 };
    let mut mask = 0;
    for range in ranges {
        let (start, step) = (i64::from(range.start), i64::from(range.step).max(1));
        let end = i64::from(range.end).max(start).min(max);
        // Values below `min` are skipped in one step.
        let mut value = if start < min { start + (min - start + step - 1) / step * step } else { start };
        while value <= end {
            mask |= 1 << (value - base);
            value += step;
        }
    }
    mask
}

fn clock(time: i64) -> (u32, u32, u32) {
    let time = time as u32;
    (time / 3600, time / 60 % 60, time % 60)
}

fn has(mask: u64, value: u32) -> bool {
    mask >> value & 1 == 1
}

/// The lowest bit at or above `from` (at most 63).
fn next_bit(mask: u64, from: u32) -> Option<u32> {
    let rest = mask >> from;
    (rest != 0).then(|| from + rest.trailing_zeros())
}
