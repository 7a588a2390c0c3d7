//! Values with units, and values that may be missing, in the form in which a configuration holds them.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A time, written with its unit: `250ms`, `30s`, `5m`, `24h`, `7d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub Duration);

/// Units of time in milliseconds, smallest first.
const TIMES: [(&str, u64); 5] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
/// Units of size in bytes.
const SIZES: [(&str, u64); 6] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("kB", 1000), ("MB", 1_000_000), ("B", 1)];

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let millis =
            with_unit(text, &TIMES).ok_or_else(|| format!("{text:?} is no time: write a number and ms, s, m, h or d, such as 24h"))?;
        Ok(Self(Duration::from_millis(millis)))
    }
}

impl fmt::Display for Span {
    /// Writes the time in the largest unit that gives a whole number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        let (unit, size) = TIMES.iter().rev().find(|(unit, size)| millis.is_multiple_of(*size) && *unit != "d").unwrap_or(&TIMES[0]);
        write!(f, "{}{unit}", millis / size)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Reads a number of bytes: a number alone, or one with the unit B, kB, MB, KiB, MiB or GiB.
pub fn bytes(text: &str) -> Option<u64> {
    text.trim().parse().ok().or_else(|| with_unit(text, &SIZES))
}

/// The number before one of the units, times the unit.
fn with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|character: char| !character.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let (_, size) = units.iter().find(|(name, _)| *name == unit.trim())?;
    number.parse::<u64>().ok()?.checked_mul(*size)
}

/// A text that may be missing. It is shown and read as an empty one, so that a variable can exist without a value.
pub mod optional {
    use super::{Deserialize, Deserializer, Serializer};

    /// A missing text becomes an empty one.
    pub fn serialize<S: Serializer>(value: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(value.as_deref().unwrap_or_default())
    }

    /// An empty text becomes a missing one.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
        Ok(Some(String::deserialize(deserializer)?).filter(|text| !text.is_empty()))
    }
}
