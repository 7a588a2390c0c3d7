//! When a schedule is due.

use crate::Millis;

/// The last second of the year 2100. There are no times after it.
const LAST: i64 = 4_133_980_799;

/// The times of a schedule: those of all intervals and calendars, in seconds since 1970.
#[derive(Debug, Clone, Default)]
pub struct Times {
    pub intervals: Vec<(i64, i64)>, // every so many seconds since 1970, and so many seconds later
    pub calendars: Vec<Calendar>,
    pub exclude: Vec<Calendar>, // their times are left out
    pub start: Option<i64>,     // the first second that may be a time
    pub end: Option<i64>,       // the last one
    pub jitter: Millis,         // an action may be due so much later, but not later than the next time
}

/// The seconds, in UTC, that have one of the listed values in each field. Values are in ascending order. Sunday is day 0 of a week.
#[derive(Debug, Clone)]
pub struct Calendar {
    pub second: Vec<i64>,
    pub minute: Vec<i64>,
    pub hour: Vec<i64>,
    pub day_of_week: Vec<i64>,
    pub day_of_month: Vec<i64>,
    pub month: Vec<i64>,
    pub year: Vec<i64>, // none: every year
}

impl Times {
    /// The first time after `after`, and when its action is due. `draw` draws a second's jitter, below a given one.
    pub fn next(&self, after: Millis, draw: Option<fn(i64, Millis) -> Millis>) -> Option<(Millis, Millis)> {
        let after = after.div_euclid(1000).max(self.start.unwrap_or(0) - 1);
        let named = std::iter::successors(self.following(after), |second| self.following(*second));
        let mut named = named.take_while(|second| *second <= self.end.unwrap_or(LAST));
        let second = named.find(|second| !self.exclude.iter().any(|calendar| calendar.has(*second)))?;
        let jitter = self.following(second).map_or(self.jitter, |next| self.jitter.min((next - second) * 1000));
        Some((second * 1000, second * 1000 + draw.map_or(0, |draw| draw(second, jitter))))
    }

    /// The first second after this one that an interval or a calendar names.
    fn following(&self, after: i64) -> Option<i64> {
        let of_interval = |(every, phase): &(i64, i64)| (after + 1..=LAST).find(|second| (second - phase) % every == 0);
        let of_calendars = self.calendars.iter().filter_map(|calendar| calendar.next(after));
        self.intervals.iter().filter_map(of_interval).chain(of_calendars).min()
    }
}

impl Calendar {
    fn next(&self, after: i64) -> Option<i64> {
        let days = ((after + 1) / 86_400..=LAST / 86_400).filter(|day| self.has_day(*day));
        let minutes = days.flat_map(|day| day * 1440..(day + 1) * 1440).filter(|minute| self.has_minute(*minute));
        minutes.flat_map(|minute| self.second.iter().map(move |second| minute * 60 + second)).find(|second| *second > after)
    }

    fn has(&self, second: i64) -> bool {
        self.second.contains(&(second % 60)) && self.has_minute(second / 60) && self.has_day(second / 86_400)
    }

    fn has_minute(&self, minute: i64) -> bool {
        self.minute.contains(&(minute % 60)) && self.hour.contains(&(minute / 60 % 24))
    }

    fn has_day(&self, day: i64) -> bool {
        // 1970 began on a Thursday.
        if !self.day_of_week.contains(&((day + 4) % 7)) {
            return false;
        }
        let (year, month, of_month) = date(day);
        self.month.contains(&month) && self.day_of_month.contains(&of_month) && (self.year.is_empty() || self.year.contains(&year))
    }
}

/// Year, month and day of month of a day since 1970.
fn date(mut day: i64) -> (i64, i64, i64) {
    let leap_day = |year: i64| i64::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    let (mut year, mut month) = (1970, 0);
    while day >= 365 + leap_day(year) {
        day -= 365 + leap_day(year);
        year += 1;
    }
    let months = [31, 28 + leap_day(year), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    while day >= months[month] {
        day -= months[month];
        month += 1;
    }
    (year, month as i64 + 1, day + 1)
}

/// A time as it stands in workflow ids: `2026-05-05T23:50:00Z`. Fractions of seconds are left out.
pub fn text(time: Millis) -> String {
    let second = time.div_euclid(1000);
    let (year, month, day) = date(second / 86_400);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600 % 24, second / 60 % 60, second % 60)
}
