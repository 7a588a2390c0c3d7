//! Numbers, times and ids of Avro's logical types.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde_json::{Number, Value as Json};

use super::schema::{Decimal, Unit};

/// Of a number with a fraction so many digits are exact.
const EXACT_DIGITS: usize = 15;
/// Most digits of a decimal number that is written.
const DIGITS_MAX: usize = 38;

/// Days since 1970: of a date, or as they are.
pub(super) fn date(value: &Json) -> Option<i32> {
    if let Json::Number(days) = value {
        return days.as_i64().and_then(|days| i32::try_from(days).ok());
    }
    let date = NaiveDate::parse_from_str(value.as_str()?, "%Y-%m-%d").ok()?;
    i32::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).ok()
}

/// A time of RFC 3339, or its number as it is. What is finer than the unit is cut off.
pub(super) fn timestamp(value: &Json, unit: Unit) -> Option<i64> {
    if let Json::Number(number) = value {
        return number.as_i64();
    }
    counted(DateTime::parse_from_rfc3339(value.as_str()?).ok()?.to_utc(), unit)
}

/// A time without a zone, or its number as it is.
pub(super) fn local_timestamp(value: &Json, unit: Unit) -> Option<i64> {
    if let Json::Number(number) = value {
        return number.as_i64();
    }
    let time = NaiveDateTime::parse_from_str(value.as_str()?, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
    counted(time.and_utc(), unit)
}

fn counted(time: DateTime<Utc>, unit: Unit) -> Option<i64> {
    match unit {
        Unit::Milliseconds => Some(time.timestamp_millis()),
        Unit::Microseconds => Some(time.timestamp_micros()),
        Unit::Nanoseconds => time.timestamp_nanos_opt(),
    }
}

/// The sixteen bytes of a UUID.
pub(super) fn uuid(value: &Json) -> Option<[u8; 16]> {
    uuid::Uuid::try_parse(value.as_str()?).ok().map(uuid::Uuid::into_bytes)
}

/// A decimal number, in as few bytes as it needs.
///
/// # Errors
/// It is none, or does not fit.
pub(super) fn decimal(value: &Json, decimal: Decimal) -> Result<Vec<u8>, String> {
    let Decimal { precision, scale } = decimal;
    let text = match value {
        Json::String(text) => text.clone(),
        Json::Number(number) => digits(number)?,
        other => return Err(format!("a decimal number such as \"12.50\" is needed, and {other} is none")),
    };
    let no_number = || format!("a decimal number such as \"12.50\" is needed, and {text:?} is none");
    let (is_negative, plain) = text.strip_prefix('-').map_or((false, text.as_str()), |rest| (true, rest));
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let is_plain = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
    if whole.is_empty() || !is_plain(whole) || !is_plain(fraction) || (plain.contains('.') && fraction.is_empty()) {
        return Err(no_number());
    }
    let fraction = fraction.trim_end_matches('0');
    let missing = (scale as usize).checked_sub(fraction.len());
    let missing = missing.ok_or_else(|| format!("{text} has more than {scale} digits behind the point"))?;
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    let count = digits.len() + if digits.is_empty() { 0 } else { missing };
    if count > precision as usize || count > DIGITS_MAX {
        let most = DIGITS_MAX.min(precision as usize);
        return Err(format!("{text} has more than {most} digits, of which {scale} stand behind the point"));
    }
    let padded = if digits.is_empty() { "0".to_owned() } else { format!("{digits}{}", "0".repeat(missing)) };
    let number: i128 = padded.parse().map_err(|_| no_number())?;
    Ok(shortest(if is_negative { -number } else { number }))
}

/// The digits of a number, if all of them are known.
fn digits(number: &Number) -> Result<String, String> {
    let text = number.to_string();
    let is_whole = number.is_i64() || number.is_u64();
    let count = text.bytes().filter(u8::is_ascii_digit).count();
    if !is_whole && (count > EXACT_DIGITS || text.contains(['e', 'E'])) {
        return Err(format!("the digits of {text} are not all known; write the number as a text"));
    }
    Ok(text)
}

/// Two's complement, most significant byte first, without bytes that say nothing.
fn shortest(number: i128) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let sign = if number < 0 { 0xff } else { 0 };
    let says_nothing = |at: &usize| bytes[*at] == sign && bytes[*at + 1] & 0x80 == sign & 0x80;
    let skipped = (0..bytes.len() - 1).take_while(says_nothing).count();
    bytes[skipped..].to_vec()
}

/// The same number in so many bytes; `None`: it needs more.
pub(super) fn widened(number: &[u8], size: usize) -> Option<Vec<u8>> {
    let sign = if number.first().is_some_and(|first| first & 0x80 != 0) { 0xff } else { 0 };
    let missing = size.checked_sub(number.len())?;
    Some([vec![sign; missing], number.to_vec()].concat())
}
