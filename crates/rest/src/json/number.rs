//! Whole numbers as JSON may write them: `1`, `1.0` and `1e3` are whole, `1.5` is not.

/// The whole number that a JSON number is, or `None`.
pub fn to_i64(text: &str) -> Option<i64> {
    whole(text)?.parse().ok()
}

/// The whole number of zero or more that a JSON number is, or `None`.
pub fn to_u64(text: &str) -> Option<u64> {
    whole(text)?.parse().ok()
}

/// Digits of the largest number of 64 bits. Longer ones are refused before their zeros are written out.
const DIGITS_MAX: i64 = 20;

/// The digits of a whole number, without fraction and exponent.
fn whole(text: &str) -> Option<String> {
    let (sign, text) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (mantissa, exponent) = text.split_once(['e', 'E']).map_or((text, 0), |(mantissa, exponent)| {
        let exponent = exponent.strip_prefix('+').unwrap_or(exponent);
        (mantissa, exponent.parse::<i32>().map_or(i64::MAX, i64::from))
    });
    let (digits, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let valid = !digits.is_empty() && digits.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    if !valid || (digits.len() > 1 && digits.starts_with('0')) {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    if digits.is_empty() && fraction.is_empty() {
        return Some("0".to_owned());
    }
    let places = i64::try_from(digits.len()).ok()?;
    if exponent < 0 {
        let kept = usize::try_from(places.checked_add(exponent)?).ok()?;
        let (kept, dropped) = digits.split_at(kept);
        let is_whole = fraction.is_empty() && dropped.bytes().all(|byte| byte == b'0');
        return is_whole.then(|| format!("{sign}{}", if kept.is_empty() { "0" } else { kept }));
    }
    let zeros = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    if zeros < 0 || places.checked_add(exponent)? > DIGITS_MAX {
        return None;
    }
    Some(format!("{sign}{digits}{fraction}{}", "0".repeat(usize::try_from(zeros).ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_may_have_fractions_of_zero_and_exponents() {
        for (text, number) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("-0.0e5", Some(0)),
            ("7", Some(7)),
            ("-7.000", Some(-7)),
            ("1e3", Some(1000)),
            ("1.5E+1", Some(15)),
            ("1500e-2", Some(15)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("1.5", None),
            ("15e-1", None),
            ("1e400", None),
            ("1e99999999999999", None),
            ("1e-99999999999999", None),
            ("1e-400", None),
            ("", None),
            ("01", None),
            ("1x", None),
            ("+1", None),
        ] {
            assert_eq!(to_i64(text), number, "{text}");
        }
        assert_eq!(to_u64("18446744073709551615"), Some(u64::MAX));
        assert_eq!(to_u64("-1"), None);
        assert_eq!(to_u64("-0"), Some(0));
    }
}
