//! Durations: protobuf's as nanoseconds, and Go's text form with days added ("1d12h").

use klamm_cron::go_duration;
use prost_types::Duration;

use super::InvalidSpec;

/// Ten thousand years of 365.25 days, seconds: the longest duration that protobuf allows.
const SECONDS_MAX: i64 = 315_576_000_000;

/// Nanoseconds of a duration. Beyond about 292 years this is the greatest or least number.
pub(super) fn nanos(duration: &Duration) -> i64 {
    let nanos = i128::from(duration.seconds) * 1_000_000_000 + i128::from(duration.nanos);
    nanos.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

/// Why protobuf does not allow this duration; `None` when it does.
pub(super) fn wrong(duration: &Duration) -> Option<String> {
    let &Duration { seconds, nanos } = duration;
    let complaint = if seconds < -SECONDS_MAX {
        "exceeds -10000 years"
    } else if seconds > SECONDS_MAX {
        "exceeds +10000 years"
    } else if nanos <= -1_000_000_000 || nanos >= 1_000_000_000 {
        "has out-of-range nanos"
    } else if (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0) {
        "has seconds and nanos with different signs"
    } else {
        return None;
    };
    let fields = [("seconds", seconds), ("nanos", nanos.into())];
    let text = fields.iter().filter(|(_, value)| *value != 0).map(|(name, value)| format!("{name}:{value}")).collect::<Vec<_>>();
    Some(format!("proto: duration ({}) {complaint}", text.join(" ")))
}

/// Parses Go's duration text. The unit `d` (24 hours) is allowed too.
pub(super) fn parse(text: &str) -> Result<Duration, InvalidSpec> {
    let nanos = go_duration::nanos(&days_as_hours(text)).map_err(InvalidSpec)?;
    Ok(Duration { seconds: nanos / 1_000_000_000, nanos: (nanos % 1_000_000_000) as i32 })
}

/// Replaces each number of days by a number of hours with six decimals.
fn days_as_hours(text: &str) -> String {
    let bytes = text.as_bytes();
    let digits = |from: usize| from + bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut out = String::new();
    let mut at = 0;
    while at < bytes.len() {
        let whole = digits(at);
        let end = if bytes.get(whole) == Some(&b'.') { digits(whole + 1) } else { whole };
        let is_number = whole > at || end > whole + 1;
        let end = if is_number { end } else { at };
        match text[at..end].parse::<f64>() {
            Ok(days) if is_number && bytes.get(end) == Some(&b'd') && days.is_finite() => {
                out.push_str(&format!("{:.6}h", 24.0 * days));
                at = end + 1;
            }
            _ => {
                let next = end.max(at + text[at..].chars().next().map_or(1, char::len_utf8));
                out.push_str(&text[at..next]);
                at = next;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<i64, String> {
        parse(text).map(|duration| nanos(&duration)).map_err(|error| error.to_string())
    }

    #[test]
    fn units_add_up() {
        assert_eq!(parsed("1h2m3s"), Ok(3_723_000_000_000));
        assert_eq!(parsed("1.5d"), Ok(129_600_000_000_000));
        assert_eq!(parsed(".5d1s"), Ok(43_201_000_000_000));
        assert_eq!(parsed("1d1d"), Ok(172_800_000_000_000));
        assert_eq!(parsed("-1.5s"), Ok(-1_500_000_000));
        assert_eq!(parsed("0"), Ok(0));
        assert_eq!(parsed("1µs"), Ok(1_000));
    }

    #[test]
    fn nonsense_is_told_as_go_tells_it() {
        assert_eq!(parsed(""), Err("time: invalid duration \"\"".to_owned()));
        assert_eq!(parsed("5"), Err("time: missing unit in duration \"5\"".to_owned()));
        assert_eq!(parsed("5x"), Err("time: unknown unit \"x\" in duration \"5x\"".to_owned()));
        assert_eq!(parsed("99999999999999999999s"), Err("time: invalid duration \"99999999999999999999s\"".to_owned()));
        assert_eq!(parsed("é"), Err("time: invalid duration \"\\xc3\\xa9\"".to_owned()));
        assert_eq!(parsed("1000000d"), Err("time: invalid duration \"24000000.000000h\"".to_owned()));
    }

    #[test]
    fn absurd_durations_saturate() {
        assert_eq!(nanos(&Duration { seconds: i64::MAX, nanos: i32::MAX }), i64::MAX);
        assert_eq!(nanos(&Duration { seconds: i64::MIN, nanos: i32::MIN }), i64::MIN);
    }
}
