//! Calendar strings (`*`, `5`, `mon-fri`, `*/15`, `1-20/3,25` and so on), read as ranges of structured calendars.

use klamm_messages::temporal::schedule::v1::{CalendarSpec, Range, StructuredCalendarSpec};

use super::go_text::atoi;
use super::{InvalidSpec, validate::YEARS};

const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
const DAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/// What a field may hold.
struct Field {
    /// The field's name in messages.
    name: &'static str,
    /// The text that an empty one stands for.
    default: &'static str,
    min: i64,
    max: i64,
    kind: Kind,
}

#[derive(PartialEq)]
enum Kind {
    Number,
    /// `*` becomes the empty list.
    Year,
    /// Names are allowed too, from three letters.
    Month,
    /// Names are allowed too, from two letters. 7 is Sunday.
    DayOfWeek,
}

const fn field(name: &'static str, default: &'static str, min: i64, max: i64, kind: Kind) -> Field {
    Field { name, default, min, max, kind }
}

const SECOND: Field = field("Second", "0", 0, 59, Kind::Number);
const MINUTE: Field = field("Minute", "0", 0, 59, Kind::Number);
const HOUR: Field = field("Hour", "0", 0, 23, Kind::Number);
const DAY_OF_WEEK: Field = field("DayOfWeek", "*", 0, 7, Kind::DayOfWeek);
const DAY_OF_MONTH: Field = field("DayOfMonth", "*", 1, 31, Kind::Number);
const MONTH: Field = field("Month", "*", 1, 12, Kind::Month);
const YEAR: Field = field("Year", "*", *YEARS.start(), *YEARS.end(), Kind::Year);

/// Turns a calendar of strings into a structured one. The error lists all that is wrong, one complaint per field.
pub(super) fn structured(calendar: &CalendarSpec) -> Result<StructuredCalendarSpec, InvalidSpec> {
    let mut wrong = Vec::new();
    let mut parse = |text: &str, field: &Field| {
        ranges(text, field).unwrap_or_else(|InvalidSpec(text)| {
            wrong.push(text);
            Vec::new()
        })
    };
    let structured = StructuredCalendarSpec {
        second: parse(&calendar.second, &SECOND),
        minute: parse(&calendar.minute, &MINUTE),
        hour: parse(&calendar.hour, &HOUR),
        day_of_week: parse(&calendar.day_of_week, &DAY_OF_WEEK),
        day_of_month: parse(&calendar.day_of_month, &DAY_OF_MONTH),
        month: parse(&calendar.month, &MONTH),
        year: parse(&calendar.year, &YEAR),
        comment: calendar.comment.clone(),
    };
    if wrong.is_empty() { Ok(structured) } else { Err(InvalidSpec(wrong.join(", "))) }
}

/// The ranges of one field: one for each part between commas, or two where a part includes Sunday as 7.
fn ranges(text: &str, field: &Field) -> Result<Vec<Range>, InvalidSpec> {
    let text = text.trim();
    let text = if text.is_empty() { field.default } else { text };
    if text == "*" && field.kind == Kind::Year {
        return Ok(Vec::new());
    }
    let mut out = Vec::new();
    for part in text.split(',') {
        let (values, step) = split_step(part, field)?;
        let (start, end) = bounds(values, step.is_some(), field)?;
        push(&mut out, start, end, step.unwrap_or(1), field);
    }
    Ok(out)
}

/// Splits off the `/step`.
fn split_step<'a>(part: &'a str, field: &Field) -> Result<(&'a str, Option<i64>), InvalidSpec> {
    let complaint = |what: &str| InvalidSpec(format!("{} {what}", field.name));
    let Some((values, step)) = part.split_once('/') else {
        return Ok((part, None));
    };
    if step.contains('/') {
        return Err(complaint("has too many slashes"));
    }
    if step.is_empty() {
        return Err(complaint("missing step value"));
    }
    let step = atoi(step)?;
    if step < 1 {
        return Err(complaint("has invalid Step"));
    }
    Ok((values, Some(step)))
}

/// First and last value. A single value with a step reaches to the field's end.
fn bounds(values: &str, has_step: bool, field: &Field) -> Result<(i64, i64), InvalidSpec> {
    let Field { name, min, max, .. } = *field;
    if values == "*" {
        return Ok((min, max));
    }
    let Some((first, last)) = values.split_once('-') else {
        let start = value(values, min, max, &field.kind).ok_or_else(|| InvalidSpec(format!("{name} is not in range [{min}-{max}]")))?;
        return Ok((start, if has_step { max } else { start }));
    };
    if last.contains('-') {
        return Err(InvalidSpec(format!("{name} has too many dashes")));
    }
    let start = value(first, min, max, &field.kind).ok_or_else(|| InvalidSpec(format!("{name} Start is not in range [{min}-{max}]")))?;
    let end = value(last, start, max, &field.kind)
        .ok_or_else(|| InvalidSpec(format!("{name} End is before Start or not in range [{min}-{max}]")))?;
    Ok((start, end))
}

/// Adds a range. Sunday as 7 becomes 0. Where the range and its step do not cover 0 already, 0 gets a range of its own.
fn push(out: &mut Vec<Range>, start: i64, mut end: i64, step: i64, field: &Field) {
    if field.kind == Kind::DayOfWeek && end == 7 {
        if (7 - start) % step == 0 && (step > 1 || start > 1) {
            out.push(Range::default());
            if start == 7 {
                return;
            }
        }
        end = 6;
    }
    // Ranges are written as Temporal writes them: a default is left out, and a step beyond 32 bits wraps around.
    out.push(Range { start: start as i32, end: if end == start { 0 } else { end as i32 }, step: if step == 1 { 0 } else { step as i32 } });
}

/// Reads a number from `min` to `max`, or a name (in upper or lower case, possibly shortened).
fn value(text: &str, min: i64, max: i64, kind: &Kind) -> Option<i64> {
    let (names, letters_min, first): (&[&str], usize, i64) = match kind {
        Kind::Month => (&MONTHS, 3, 1),
        Kind::DayOfWeek => (&DAYS, 2, 0),
        Kind::Number | Kind::Year => (&[], 0, 0),
    };
    let lower = text.to_lowercase();
    let named = if text.len() < letters_min { None } else { names.iter().position(|name| name.starts_with(&lower)) };
    let value = match named {
        Some(index) => first + index as i64,
        None => atoi(text).ok()?,
    };
    (min..=max).contains(&value).then_some(value)
}
