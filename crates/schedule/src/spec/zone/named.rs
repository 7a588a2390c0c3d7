//! Zones of the IANA database, by name, from the data compiled in.

use std::sync::{LazyLock, OnceLock};

use chrono::{DateTime, NaiveDateTime, Offset, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};

use super::table::Table;
use super::{InvalidSpec, Zone};
use crate::spec::civil::{self, DAY};

/// The compiled data tells offsets, not changes; each zone's are found once and kept.
static TABLES: LazyLock<Vec<OnceLock<Table>>> = LazyLock::new(|| TZ_VARIANTS.iter().map(|_| OnceLock::new()).collect());

/// Year whose calendar is that of 2100, for which the compiled data has no changes any more: the same weekdays, no leap day.
const LIKE_2100: i64 = 2094;

/// The zone of this name. No name is UTC, and so is "Local": a server's own zone must not matter.
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

/// Finds all changes from 1800 (there are none before) to 2100: looks at every day, halves those with a change.
fn changes(zone: Tz) -> Table {
    let first_day = civil::first_of_month(1800, 1) * DAY;
    let last_day = civil::first_of_month(2101, 1) * DAY;
    let first = offset(zone, first_day);
    let (mut before, mut changes) = (first, Vec::new());
    let mut day = first_day;
    while day < last_day {
        let next = day + DAY;
        let after = offset(zone, next);
        if after != before {
            let (mut old, mut new) = (day, next);
            while new - old > 1 {
                let middle = old + (new - old) / 2;
                if offset(zone, middle) == before {
                    old = middle;
                } else {
                    new = middle;
                }
            }
            changes.push((new, after));
            before = after;
        }
        day = next;
    }
    Table::new(first, changes)
}

/// Local time minus UTC at `time` (seconds since the epoch), seconds.
fn offset(zone: Tz, time: i64) -> i64 {
    let year_2100 = civil::first_of_month(2100, 1) * DAY;
    let like_2100 = civil::first_of_month(LIKE_2100, 1) * DAY;
    let time = if time >= year_2100 { time - year_2100 + like_2100 } else { time };
    let utc: NaiveDateTime = DateTime::from_timestamp(time, 0).unwrap_or_default().naive_utc();
    zone.offset_from_utc_datetime(&utc).fix().local_minus_utc().into()
}
