//! Durations as Go writes them (`1h30m`, `1.5s`), with Go's words for what is none. Go: `time.ParseDuration`.

const NANOS_PER_HOUR: u64 = 3_600_000_000_000;

/// `[-+]?([0-9]*(\.[0-9]*)?unit)+` in nanoseconds.
///
/// # Errors
/// What Go says of a text that is no duration.
pub fn nanos(text: &str) -> Result<i64, String> {
    let invalid = |what: &str| format!("time: {what} {}", quoted_ascii(text));
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

/// The text in quotes, with everything beyond printable ASCII as `\x` bytes (Go's `time` package).
fn quoted_ascii(text: &str) -> String {
    let mut out = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend(['\\', byte.into()]),
            b' '..=0x7f => out.push(byte.into()),
            _ => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    out.push('"');
    out
}
