//! Durations in filters.

/// Nanoseconds of "1h2m3s", "2d", "-1.5h" (Go's units and days), "hh:mm:ss" or a plain number of nanoseconds.
pub(super) fn parse(text: &str) -> Option<i64> {
    text.parse().ok().or_else(|| with_units(text)).or_else(|| clock(text))
}

/// Reads a sequence of numbers with units. All of them share one sign.
fn with_units(text: &str) -> Option<i64> {
    let (sign, mut rest) = match text.as_bytes().first()? {
        b'-' => (-1.0, &text[1..]),
        b'+' => (1.0, &text[1..]),
        _ => (1.0, text),
    };
    if rest.is_empty() {
        return None;
    }
    // Whole numbers are added exactly. Fractions are added as floating point, which is exact to a nanosecond.
    let (mut whole, mut fraction) = (0i64, 0f64);
    while !rest.is_empty() {
        let number_length = rest.find(|c: char| !c.is_ascii_digit() && c != '.').filter(|&length| length > 0)?;
        let (number, after) = rest.split_at(number_length);
        let unit_length = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_length);
        let nanos: i64 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            "d" => 86_400_000_000_000,
            _ => return None,
        };
        match number.split_once('.') {
            None => whole = whole.checked_add(number.parse::<i64>().ok()?.checked_mul(nanos)?)?,
            Some(_) => fraction += number.parse::<f64>().ok()? * nanos as f64,
        }
        rest = after;
    }
    let sum = whole.checked_add(fraction as i64)?;
    Some(if sign < 0.0 { -sum } else { sum })
}

/// Reads "hh:mm:ss".
fn clock(text: &str) -> Option<i64> {
    let mut parts = text.split(':').map(|part| part.parse::<u32>().ok().filter(|_| part.len() >= 2 && !part.starts_with('+')));
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || minutes >= 60 || seconds >= 60 {
        return None;
    }
    Some((i64::from(hours) * 3600 + i64::from(minutes) * 60 + i64::from(seconds)) * 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn durations_have_three_spellings() {
        const SECOND: i64 = 1_000_000_000;
        for (text, expected) in [
            ("1500", Some(1500)),
            ("-7", Some(-7)),
            ("1h2m3s", Some(3723 * SECOND)),
            ("2d", Some(172_800 * SECOND)),
            ("1d12h", Some(129_600 * SECOND)),
            ("-1.5h", Some(-5400 * SECOND)),
            ("300ms", Some(300_000_000)),
            ("01:02:03", Some(3723 * SECOND)),
            ("100:00:00", Some(360_000 * SECOND)),
            ("01:60:00", None),
            ("1:2:3", None),
            ("", None),
            ("-", None),
            ("1w", None),
            ("h", None),
            ("1.2.3s", None),
            ("99999999999999d", None),
        ] {
            assert_eq!(parse(text), expected, "{text:?}");
        }
    }
}
