//! The next time of a cron schedule. Temporal: `Next` of robfig/cron's schedules.

use chrono::{DateTime, Datelike, Days, MappedLocalTime, NaiveDate, Offset, TimeZone};
use klamm_machine::Time;

use crate::{
    Cron,
    parse::{Fields, When},
};

/// Times are searched up to the end of this many years after the present one.
const YEARS_AHEAD: i32 = 5;

impl Cron {
    /// The first time after `after`: a whole second. `None` if there is none within five years.
    pub fn next(&self, after: Time) -> Option<Time> {
        let second = after.millis().div_euclid(1000);
        let next = match &self.0 {
            When::Every(seconds) => second.checked_add(*seconds)?,
            When::At(fields) => fields.first_from(second.checked_add(1)?)?,
        };
        Some(Time::from_millis(next.checked_mul(1000)?))
    }

    /// Whether a workflow may have this schedule (Temporal: common/backoff/cron.go, ValidateSchedule).
    ///
    /// # Errors
    /// Temporal's text, for what is no schedule and for one that is never due. An empty text asks for no schedule and is fine.
    pub fn check(text: &str) -> Result<(), &'static str> {
        if text.is_empty() {
            return Ok(());
        }
        let cron = Self::parse(text).map_err(|_| "invalid CronSchedule.")?;
        if cron.is_never() { Err("invalid CronSchedule, no time can be found to satisfy the schedule") } else { Ok(()) }
    }

    /// Whether there is no such time in any year ("30 February"). It is asked of five years with a leap day among them.
    pub fn is_never(&self) -> bool {
        const YEAR_2024: Time = Time::from_millis(1_704_067_200_000);
        self.next(YEAR_2024).is_none()
    }
}

impl Fields {
    /// The first time at or after `from`, in seconds since the epoch. It looks at each day of the years that are searched, and at the
    /// minutes of two of them at most.
    fn first_from(&self, from: i64) -> Option<i64> {
        let utc = DateTime::from_timestamp(from, 0)?.naive_utc();
        // At the ends of what a calendar can tell, there is no local time.
        let mut date = utc.checked_add_offset(self.zone.offset_from_utc_datetime(&utc).fix())?.date();
        let last_year = date.year().checked_add(YEARS_AHEAD)?;
        while date.year() <= last_year {
            if self.has_day(date)
                && let Some(time) = self.first_of_day(date, from)
            {
                return Some(time);
            }
            date = date.checked_add_days(Days::new(1))?;
        }
        None
    }

    /// The day of the month and of the week must both match if one of them is a star; else one match is enough.
    fn has_day(&self, date: NaiveDate) -> bool {
        let of_month = self.day_of_month.has(date.day());
        let of_week = self.day_of_week.has(date.weekday().num_days_from_sunday());
        let matches = if self.day_of_month.star || self.day_of_week.star { of_month && of_week } else { of_month || of_week };
        matches && self.month.has(date.month())
    }

    /// The first time of the day at or after `from`. A local time that the zone skips never comes. One that it repeats comes twice.
    fn first_of_day(&self, date: NaiveDate, from: i64) -> Option<i64> {
        let minutes = (0..24).filter(|hour| self.hour.has(*hour)).flat_map(|hour| {
            let minutes = (0..60).filter(|minute| self.minute.has(*minute));
            minutes.map(move |minute| (hour, minute))
        });
        let times = minutes.filter_map(|(hour, minute)| date.and_hms_opt(hour, minute, 0)).flat_map(|local| {
            match self.zone.from_local_datetime(&local) {
                MappedLocalTime::Single(time) => [Some(time.timestamp()), None],
                MappedLocalTime::Ambiguous(first, second) => [Some(first.timestamp()), Some(second.timestamp())],
                MappedLocalTime::None => [None, None],
            }
        });
        times.flatten().filter(|time| *time >= from).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The times after `after`, in order.
    fn times(cron: &str, after: &str, count: usize) -> Vec<String> {
        let cron = Cron::parse(cron).unwrap();
        let mut time = Time::from_millis(DateTime::parse_from_rfc3339(after).unwrap().timestamp_millis());
        let mut found = Vec::new();
        while found.len() < count
            && let Some(next) = cron.next(time)
        {
            found.push(DateTime::from_timestamp_millis(next.millis()).unwrap().to_rfc3339());
            time = next;
        }
        found
    }

    #[test]
    fn days_match_both_fields_or_either() {
        assert_eq!(
            times("0 0 13 * fri", "2026-01-01T00:00:00Z", 3),
            ["2026-01-02T00:00:00+00:00", "2026-01-09T00:00:00+00:00", "2026-01-13T00:00:00+00:00"]
        );
        assert_eq!(times("0 0 13 * *", "2026-01-01T00:00:00Z", 1), ["2026-01-13T00:00:00+00:00"]);
        assert_eq!(times("0 0 29 2 ?", "2026-01-01T00:00:00Z", 1), ["2028-02-29T00:00:00+00:00"]);
    }

    #[test]
    fn intervals_begin_at_whole_seconds() {
        assert_eq!(times("@every 5s", "2026-01-01T00:00:00.7Z", 2), ["2026-01-01T00:00:05+00:00", "2026-01-01T00:00:10+00:00"]);
    }

    #[test]
    fn clocks_change() {
        assert_eq!(
            times("CRON_TZ=Europe/Berlin 30 2 * * *", "2026-03-28T00:00:00Z", 2),
            ["2026-03-28T01:30:00+00:00", "2026-03-30T00:30:00+00:00"]
        );
        assert_eq!(
            times("TZ=Europe/Berlin 30 2 * * *", "2026-10-24T12:00:00Z", 3),
            ["2026-10-25T00:30:00+00:00", "2026-10-25T01:30:00+00:00", "2026-10-26T01:30:00+00:00"]
        );
    }

    #[test]
    fn some_never_come() {
        for never in ["0 0 30 2 *", "0 0 31 4,6,9,11 *", ", * * * *", "0 0 * , *"] {
            assert!(Cron::parse(never).unwrap().is_never(), "{never}");
        }
        for comes in ["0 0 29 2 *", "@yearly", "@every 100h", "0 0 31 2 mon", "TZ=America/New_York 30 2 10 3 *"] {
            assert!(!Cron::parse(comes).unwrap().is_never(), "{comes}");
        }
    }

    #[test]
    fn the_end_of_time_is_no_panic() {
        for zone in ["", "TZ=Asia/Kathmandu ", "TZ=America/New_York "] {
            for cron in ["* * * * *", "@every 1s"] {
                let cron = Cron::parse(&format!("{zone}{cron}")).unwrap();
                for millis in [i64::MIN, i64::MAX, i64::MAX - 1, 8_210_266_876_799_000, -8_334_601_228_800_000] {
                    let _ = cron.next(Time::from_millis(millis));
                }
            }
        }
    }
}
