//! How fast a trigger may go, and in which order.

use std::time::Duration;

use crate::{Wrong, declaration};

/// Most records on their way that may be asked for. More would stand in nobody's memory.
const IN_FLIGHT_MAX: u32 = 1_000_000;

/// What the field `flow` says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flow {
    /// Which records keep their order.
    pub order: Order,
    /// Most records that are read and not yet durable as commands; `None`: as many as are read at a time.
    pub max_in_flight: Option<u32>,
    /// Most effects in a span of time; `None`: as many as can be.
    pub rate: Option<Rate>,
}

/// Which records of a partition of the topic keep their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// Those of one workflow id.
    #[default]
    Key,
    /// All.
    Partition,
}

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
pub(crate) fn read(flow: &declaration::Flow) -> Result<Flow, Wrong> {
    let declaration::Flow { order, max_in_flight, rate } = flow;
    let order = match order.as_ref().map(|text| (text, text.value.as_str())) {
        // Where no order is asked for, that of each workflow id costs nothing.
        None | Some((_, "key" | "none")) => Order::Key,
        Some((_, "partition")) => Order::Partition,
        Some((text, other)) => {
            return Err(Wrong::at(text, "flow.order", format!("{other:?} is not known"), "key, partition or none"));
        }
    };
    let in_flight = |text: &declaration::Text| match text.value.parse() {
        Ok(most @ 1..=IN_FLIGHT_MAX) => Ok(most),
        _ => {
            let hint = format!("a whole number from 1 to {IN_FLIGHT_MAX}, such as 500");
            Err(Wrong::at(text, "flow.max_in_flight", format!("{:?} is no number of records", text.value), hint))
        }
    };
    Ok(Flow { order, max_in_flight: max_in_flight.as_ref().map(in_flight).transpose()?, rate: rate.as_ref().map(read_rate).transpose()? })
}

fn read_rate(text: &declaration::Text) -> Result<Rate, Wrong> {
    let wrong = |problem: &str| Wrong::at(text, "flow.rate", problem, "such as 200/s, 30/m or 1000/h");
    let (count, unit) = text.value.split_once('/').ok_or_else(|| wrong("it is no rate"))?;
    let per = match unit.trim() {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(wrong("it is not per s, m or h")),
    };
    match count.trim().parse() {
        Ok(count) if count > 0 => Ok(Rate { count, per: Duration::from_secs(per) }),
        _ => Err(wrong("the number is not a whole one, from 1 to 4294967295")),
    }
}
