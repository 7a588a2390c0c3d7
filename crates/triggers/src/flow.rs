//! How fast a trigger may go.

use std::time::Duration;

use crate::{Wrong, declaration};

/// Most effects of a trigger in a span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: u32,
    /// The span.
    pub per: Duration,
}

impl Rate {
    /// Seconds from one effect to the next.
    pub fn seconds_each(self) -> f64 {
        self.per.as_secs_f64() / f64::from(self.count)
    }
}

/// Reads the field `flow`.
///
/// # Errors
/// The first thing that is wrong.
pub(crate) fn read(flow: &declaration::Flow) -> Result<Option<Rate>, Wrong> {
    let declaration::Flow { order, max_in_flight, rate } = flow;
    if let Some(text) = order.as_ref().filter(|text| text.value != "key") {
        return Err(match text.value.as_str() {
            "partition" | "none" => Wrong::not_built(text, "flow.order", "other orders than that of each workflow id (key)"),
            other => Wrong::at(text, "flow.order", format!("{other:?} is not known"), "it can only be key"),
        });
    }
    if let Some(most) = max_in_flight {
        return Err(Wrong::not_built(most, "flow.max_in_flight", "a bound of runs that are open at a time"));
    }
    let wrong = |text: &declaration::Text, problem: &str| Wrong::at(text, "flow.rate", problem, "such as 200/s, 30/m or 1000/h");
    let Some(text) = rate else { return Ok(None) };
    let (count, unit) = text.value.split_once('/').ok_or_else(|| wrong(text, "it is no rate"))?;
    let per = match unit.trim() {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(wrong(text, "it is not per s, m or h")),
    };
    match count.trim().parse() {
        Ok(count) if count > 0 => Ok(Some(Rate { count, per: Duration::from_secs(per) })),
        _ => Err(wrong(text, "the number is not a whole one, from 1 to 4294967295")),
    }
}
