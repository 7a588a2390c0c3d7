//! Spans of time, as declarations write them.

use std::time::Duration;

/// How a span is written, for hints.
pub(crate) const HINT: &str = "such as 500ms, 30s, 5m, 1h or 7d";

/// Reads a span: a whole number and a unit. `None`: it is none.
pub(crate) fn read(text: &str) -> Option<Duration> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|it: char| !it.is_ascii_digit())?);
    let number: u64 = number.parse().ok()?;
    let millis = match unit.trim_start() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(millis).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_number_and_a_unit() {
        let millis = |text: &str| read(text).map(|span| span.as_millis());
        let good = [("500ms", 500), ("30s", 30_000), ("5 m", 300_000), (" 1h", 3_600_000), ("7d", 604_800_000), ("0s", 0)];
        for (text, expected) in good {
            assert_eq!(millis(text), Some(expected), "{text}");
        }
        for bad in ["", "s", "1", "1 week", "-1s", "1.5h", "99999999999999999999s", "18446744073709551615d", "1hh"] {
            assert_eq!(millis(bad), None, "{bad}");
        }
    }
}
