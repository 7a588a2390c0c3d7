//! Durations: protobuf's as nanoseconds, and Go's text form with days added ("1d12h").

use prost_types::Duration;

use super::InvalidSpec;
use super::go_text::quoted_ascii;

/// Ten thousand years of 365.25 days, seconds: the longest duration that protobuf allows.
const SECONDS_MAX: i64 = 315_576_000_000;

const NANOS_PER_HOUR: u64 = 3_600_000_000_000;

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
    let nanos = go_nanos(&days_as_hours(text))?;
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

/// `[-+]?([0-9]*(\.[0-9]*)?unit)+` in nanoseconds.
fn go_nanos(text: &str) -> Result<i64, InvalidSpec> {
    let invalid = |what: &str| InvalidSpec(format!("time: {what} {}", quoted_ascii(text)));
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid("invalid duration"));
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let whole_end = digits_end(rest);
        let (whole_text, after) = rest.split_at(whole_end);
        let whole = leading_int(whole_text).ok_or_else(|| invalid("invalid duration"))?;
        let (fraction_text, after) = match after.strip_prefix('.') {
            Some(after) => after.split_at(digits_end(after)),
            None => ("", after),
        };
        if whole_text.is_empty() && fraction_text.is_empty() {
            return Err(invalid("invalid duration"));
        }
        let unit_end = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
        if unit_end == 0 {
            return Err(invalid("missing unit in duration"));
        }
        let (unit_text, after) = after.split_at(unit_end);
        let unit = unit_nanos(unit_text).ok_or_else(|| invalid(&format!("unknown unit {} in duration", quoted_ascii(unit_text))))?;
        let part = whole.checked_mul(unit).filter(|part| *part <= 1 << 63).ok_or_else(|| invalid("invalid duration"))?;
        let (fraction, scale) = leading_fraction(fraction_text);
        let part = part.saturating_add((fraction as f64 * (unit as f64 / scale)) as u64);
        total = total.checked_add(part).filter(|total| *total <= 1 << 63).ok_or_else(|| invalid("invalid duration"))?;
        rest = after;
    }
    if negative {
        return Ok(0_i64.wrapping_sub_unsigned(total));
    }
    i64::try_from(total).map_err(|_| invalid("invalid duration"))
}

fn digits_end(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// The number that `digits` spell. No digits are 0. `None` above 2^63.
fn leading_int(digits: &str) -> Option<u64> {
    digits.bytes().try_fold(0_u64, |value, digit| {
        let value = value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
        (value <= 1 << 63).then_some(value)
    })
}

/// The digits after the point as a number, and the power of ten to divide it by. Digits that do not fit are cut off.
fn leading_fraction(digits: &str) -> (u64, f64) {
    let (mut value, mut scale) = (0_u64, 1.0);
    for digit in digits.bytes() {
        match value.checked_mul(10).and_then(|value| value.checked_add(u64::from(digit - b'0'))) {
            Some(next) if value <= (i64::MAX / 10) as u64 && next <= 1 << 63 => {
                value = next;
                scale *= 10.0;
            }
            _ => break,
        }
    }
    (value, scale)
}

fn unit_nanos(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        // Micro sign and Greek mu, which look alike.
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => NANOS_PER_HOUR,
        _ => return None,
    })
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
