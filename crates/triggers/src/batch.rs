//! The field `batch`: several records start one run together.

use std::time::Duration;

use serde_saphyr::Spanned;

use crate::{
    Wrong, declaration,
    expression::{self, Expression, Scope},
    limits::{BATCH_RECORDS_MAX, BATCH_WAIT_MAX},
    rule::{Arg, Rule},
    span,
};

/// Which records start one run together, and when there are enough of them.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) records_max: u32,
    pub(crate) within: Duration,
    pub(crate) quiet: Option<Duration>,
    /// `None`: all records of a rule go together.
    pub(crate) key: Option<Expression>,
}

/// Checks the field.
///
/// # Errors
/// The first thing that is wrong.
pub(crate) fn read(batch: Spanned<declaration::Batch>, scope: Scope) -> Result<Batch, Wrong> {
    let declaration::Batch { max, within, quiet, key } = batch.value;
    let records_max = match &max {
        Some(max) if (1..=u64::from(BATCH_RECORDS_MAX)).contains(&max.value) => u32::try_from(max.value).unwrap_or(BATCH_RECORDS_MAX),
        Some(max) => {
            let hint = format!("a batch has 1 to {BATCH_RECORDS_MAX} records");
            return Err(Wrong::at(max, "batch.max", format!("it cannot be {}", max.value), hint));
        }
        None => BATCH_RECORDS_MAX,
    };
    let within = wait(&within, "batch.within")?;
    let quiet = quiet.as_ref().map(|quiet| wait(quiet, "batch.quiet")).transpose()?;
    let key = key.map(|text| {
        Expression::read(&text.value, scope)
            .map_err(|problem| Wrong::at(&text, "batch.key", problem, "records for which it gives the same go together: value.region"))
    });
    Ok(Batch { records_max, within, quiet, key: key.transpose()? })
}

/// Checks that a rule can start runs with the records of a batch; `at` is the field that it stands in.
///
/// # Errors
/// The first thing that is wrong.
pub(crate) fn check(rule: &Rule, all: &Spanned<()>, at: &str) -> Result<(), Wrong> {
    let wrong = |problem: &str, hint: &str| Err(Wrong::at(all, at, problem, hint));
    let Some(start) = rule.start.as_ref().filter(|_| rule.signal.is_none()) else {
        return wrong("rules of a trigger with batch start workflows, and signal none", "make another trigger for the signals");
    };
    if start.args.iter().any(|arg| matches!(arg, Arg::Raw)) {
        return wrong("the arguments of a batch are lists in JSON, and raw bytes have none", "use {path: value}");
    }
    Ok(())
}

fn wait(text: &declaration::Text, field: &str) -> Result<Duration, Wrong> {
    let span = span::read(&text.value).ok_or_else(|| Wrong::at(text, field, format!("{:?} is no time", text.value), span::HINT))?;
    if span.is_zero() || span > BATCH_WAIT_MAX {
        let mut problem = format!("it cannot be {:?}", text.value);
        expression::cut(&mut problem);
        return Err(Wrong::at(text, field, problem, "a record waits for others for up to a day"));
    }
    Ok(span)
}
