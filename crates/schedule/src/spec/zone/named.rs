//! Zones of the IANA database, by name, from the data compiled in.

use std::sync::{LazyLock, OnceLock};

use chrono::{DateTime, NaiveDateTime, Offset, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};

use super::{kinds::Zone, table::Table};
use crate::spec::{InvalidSpec, civil::DAY};

/// The tables of changes. The compiled data gives offsets, not changes, so a zone's changes are searched once and kept.
static TABLES: LazyLock<Vec<OnceLock<Table>>> = LazyLock::new(|| TZ_VARIANTS.iter().map(|_| OnceLock::new()).collect());

/// 1880-01-01 and 2101-01-01, seconds since the epoch. Earlier changes are ignored, later ones are not needed.
const FROM: i64 = -2_840_140_800;
const TO: i64 = 4_133_980_800;

/// Distance between the times at which the zone's offset is looked at, seconds. No zone has changed forth and back in less time. (The tests
/// compare all changes since 1970 with another reading of the database.)
const STEP: i64 = 5 * DAY;

/// Nearly all changes are at whole quarters of an hour.
const QUARTER: i64 = 15 * 60;

/// 2100-01-01. The compiled data has no changes from then on.
const YEAR_2100: i64 = 4_102_444_800;

/// How much earlier the year 2094 is. Its calendar is that of 2100: the same weekdays, no leap day.
const YEAR_LIKE_2100_EARLIER: i64 = 2_191 * DAY;

/// The zone of this name. An empty name is UTC. "Local" is UTC too, because a server's own zone must not matter.
pub(super) fn load(name: &str) -> Result<Zone, InvalidSpec> {
    if matches!(name, "" | "UTC" | "Local") {
        return Ok(Zone::Utc);
    }
    if name.split('/').any(|part| part == "..") || name.starts_with(['/', '\\']) {
        return Err(InvalidSpec("time: invalid location name".to_owned()));
    }
    let unknown = || InvalidSpec(format!("unknown time zone {name}"));
    let zone: Tz = name.parse().map_err(|_| unknown())?;
    let table = TABLES.get(zone as usize).ok_or_else(unknown)?;
    Ok(Zone::Named(table.get_or_init(|| changes(zone))))
}

/// Finds all changes: looks at the offset now and then, and bisects the spans in which it changes.
fn changes(zone: Tz) -> Table {
    let first = offset(zone, FROM);
    let (mut before, mut changes) = (first, Vec::new());
    let mut from = FROM;
    while from < TO {
        let to = from + STEP;
        let after = offset(zone, to);
        if after == before {
            from = to;
            continue;
        }
        // The change is searched among whole quarters first, then within one, if it is not at a quarter.
        let (old, new) = halve(zone, before, (from, to), QUARTER);
        let at = if offset(zone, new - 1) == before { new } else { halve(zone, before, (old, new), 1).1 };
        before = offset(zone, at);
        changes.push((at, before));
        from = at;
    }
    Table::new(first, changes)
}

/// Narrows a span by bisection. The offset is `before` at the span's start and different at its end. The result is at most `unit` long, and
/// its ends are multiples of `unit`.
fn halve(zone: Tz, before: i64, (mut old, mut new): (i64, i64), unit: i64) -> (i64, i64) {
    while new - old > unit {
        let middle = (old + (new - old) / 2).div_euclid(unit) * unit;
        let middle = if middle <= old { middle + unit } else { middle };
        if middle >= new {
            break;
        }
        if offset(zone, middle) == before {
            old = middle;
        } else {
            new = middle;
        }
    }
    (old, new)
}

/// Local time minus UTC at `time` (seconds since the epoch), seconds.
fn offset(zone: Tz, time: i64) -> i64 {
    let time = if time >= YEAR_2100 { time - YEAR_LIKE_2100_EARLIER } else { time };
    let utc: NaiveDateTime = DateTime::from_timestamp(time, 0).unwrap_or_default().naive_utc();
    zone.offset_from_utc_datetime(&utc).fix().local_minus_utc().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FNV-1a.
    fn hash(text: &str) -> u64 {
        text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    }

    /// The line of a zone in golden/zones.txt: changes from 1970 to 2100, counted and hashed.
    fn line(name: &str) -> Result<String, InvalidSpec> {
        let zone = load(name)?;
        let mut span = zone.span(0);
        let (mut text, mut count) = (format!("{};", span.offset), 0);
        while span.end < TO {
            let at = span.end;
            span = zone.span(at);
            count += 1;
            text += &format!("{at} {};", span.offset);
        }
        Ok(format!("{name} {count} {:016x}", hash(&text)))
    }

    /// Not a place; and those of whose past the reference knows more than the compiled data (2025c against 2025b).
    const DIFFERENT: [&str; 5] = ["Factory", "America/Ensenada", "America/Santa_Isabel", "America/Tijuana", "Mexico/BajaNorte"];

    #[test]
    fn all_zones_change_when_go_has_them_change() {
        let mut wrong = Vec::new();
        for expected in include_str!("../../../tests/golden/zones.txt").lines() {
            let name = expected.split(' ').next().unwrap();
            let actual = line(name);
            if (actual.as_deref() != Ok(expected)) != DIFFERENT.contains(&name) {
                wrong.push(format!("{expected}: {actual:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
