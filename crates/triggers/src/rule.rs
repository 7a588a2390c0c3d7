//! The rules of a trigger, checked and compiled.

use std::time::Duration;

use serde_saphyr::Spanned;

use crate::{
    Wrong,
    declaration::{self, Text},
    expression::{Expression, Scope},
    limits::{ARGS_MAX, WAIT_MAX},
    path::{Path, Root},
    record::{Format, Unwrap},
    span,
    template::Template,
};

/// What a rule does, and when.
#[derive(Debug)]
pub(crate) struct Rule {
    /// `None`: always.
    pub(crate) when: Option<Expression>,
    pub(crate) id: Template,
    pub(crate) start: Option<Start>,
    pub(crate) signal: Option<Signal>,
    pub(crate) search_attributes: Vec<(String, Expression)>,
    pub(crate) idempotency: Option<Expression>,
}

#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) workflow_type: Template,
    pub(crate) task_queue: Template,
    pub(crate) on_conflict: OnConflict,
    pub(crate) args: Vec<Arg>,
}

#[derive(Debug)]
pub(crate) struct Signal {
    pub(crate) name: Template,
    pub(crate) missing: Missing,
    pub(crate) args: Vec<Arg>,
}

/// What becomes of a start whose workflow id has an open run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnConflict {
    UseExisting,
    TerminateExisting,
    Skip,
    DeadLetter,
}

#[derive(Debug)]
pub(crate) enum Arg {
    /// What stands there, as it stands there.
    Path(Path),
    /// The bytes of the value.
    Raw,
}

/// What becomes of a signal for a workflow that is not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    Start,
    Skip,
    DeadLetter,
    /// It waits for a run. Then it is a dead letter.
    Wait(Duration),
}

/// Compiles a rule; `at` is the field that it stands in.
///
/// # Errors
/// The first thing that is wrong.
pub(crate) fn read(rule: declaration::Rule, all: &Spanned<()>, at: &str, scope: Scope) -> Result<Rule, Wrong> {
    let declaration::Rule { when, start, signal, args, search_attributes, idempotency } = rule;
    let when = when.map(|text| expression(&text, &format!("{at}.when"), scope)).transpose()?;
    let idempotency = idempotency.map(|text| expression(&text, &format!("{at}.idempotency"), scope)).transpose()?;
    let args = self::args(args, &format!("{at}.args"), scope)?;
    let has_start = start.is_some();
    let missing = match &signal {
        Some(signal) => Some(missing(&signal.value, &format!("{at}.signal.missing"), has_start)?),
        None => None,
    };
    if let (Some(Missing::Start), None) = (&missing, &start) {
        let text = signal.as_ref().and_then(|signal| signal.value.missing.as_ref());
        let wrong = |text: &Text| {
            Wrong::at(text, &format!("{at}.signal.missing"), "the rule does not say what to start", "add a start to the rule")
        };
        return Err(text.map_or_else(|| Wrong::at(all, at, "nothing to start", "add a start to the rule"), wrong));
    }
    let start_id = start.as_ref().map(|start| (start.value.id.clone(), format!("{at}.start.id")));
    let signal_id = signal.as_ref().and_then(|signal| signal.value.id.clone()).map(|id| (id, format!("{at}.signal.id")));
    let id = match (start_id, signal_id) {
        (Some((id, _)), Some((other, field))) if id.value != other.value => {
            return Err(Wrong::at(&other, &field, "start and signal of one rule are about the same workflow", "leave signal.id out"));
        }
        (Some((id, field)), _) | (None, Some((id, field))) => template(&id, &field, scope)?,
        (None, None) => {
            return Err(match &signal {
                Some(signal) => Wrong::at(signal, &format!("{at}.signal"), "the id of the workflow is missing", "add id: \"…\""),
                None => Wrong::at(all, at, "a rule has a start or a signal", "add one of them"),
            });
        }
    };
    let search_attributes = attributes(search_attributes, &format!("{at}.search_attributes"), has_start, scope)?;
    let mut args = Some(args);
    let start = match start {
        Some(start) => {
            let declaration::Start { workflow_type, task_queue, id: _, on_conflict } = start.value;
            let field = format!("{at}.start.on_conflict");
            let found = on_conflict.as_ref().map(|text| Ok((text, conflict(text, &field)?))).transpose()?;
            if let (Some((text, it)), true) = (found, missing.is_some())
                && it != OnConflict::UseExisting
            {
                let problem = "with a signal, an open run is signalled; there is no conflict";
                return Err(Wrong::at(text, &field, problem, "leave it out"));
            }
            Some(Start {
                workflow_type: template(&workflow_type, &format!("{at}.start.type"), scope)?,
                task_queue: template(&task_queue, &format!("{at}.start.task_queue"), scope)?,
                on_conflict: found.map_or(OnConflict::DeadLetter, |(_, it)| it),
                args: args.take().unwrap_or_default(),
            })
        }
        None => None,
    };
    let signal = match signal {
        Some(signal) => {
            let declaration::Signal { name, args: own, .. } = signal.value;
            if let (Some(own), false) = (&own, has_start) {
                return Err(Wrong::at(own, &format!("{at}.signal.args"), "the rule's args are the signal's", "move them to the rule"));
            }
            let own = self::args(own, &format!("{at}.signal.args"), scope)?;
            Some(Signal {
                name: template(&name, &format!("{at}.signal.name"), scope)?,
                missing: missing.unwrap_or(Missing::DeadLetter),
                args: args.take().unwrap_or(own),
            })
        }
        None => None,
    };
    Ok(Rule { when, id, start, signal, search_attributes, idempotency })
}

/// The place of a value without the value.
pub(crate) trait ReferencedUnit {
    fn referenced_unit(&self) -> Spanned<()>;
}

impl<T> ReferencedUnit for Spanned<T> {
    fn referenced_unit(&self) -> Spanned<()> {
        Spanned::new((), self.referenced, self.defined)
    }
}

fn expression(text: &Text, field: &str, scope: Scope) -> Result<Expression, Wrong> {
    Expression::read(&text.value, scope).map_err(|problem| Wrong::at(text, field, problem, "expressions are CEL: value.status == 'PAID'"))
}

fn template(text: &Text, field: &str, scope: Scope) -> Result<Template, Wrong> {
    Template::read(&text.value, scope)
        .map_err(|problem| Wrong::at(text, field, problem, "a text with expressions in it: order-${value.id}"))
}

fn args(args: Option<Spanned<Vec<Spanned<declaration::Arg>>>>, field: &str, scope: Scope) -> Result<Vec<Arg>, Wrong> {
    let Some(args) = args else { return Ok(Vec::new()) };
    if args.value.len() > ARGS_MAX {
        return Err(Wrong::at(&args, field, format!("there are more than {ARGS_MAX} arguments"), "pass an object"));
    }
    args.value.iter().enumerate().map(|(index, arg)| self::arg(arg, &format!("{field}[{index}]"), scope)).collect()
}

fn arg(arg: &Spanned<declaration::Arg>, field: &str, scope: Scope) -> Result<Arg, Wrong> {
    match &arg.value {
        declaration::Arg { path: Some(text), raw: None } => {
            let field = format!("{field}.path");
            let path =
                Path::read(&text.value).map_err(|problem| Wrong::at(text, &field, problem, "such as value.customer or headers['id']"))?;
            if path.root == Root::Before && scope.unwrap == Unwrap::None {
                return Err(Wrong::at(text, &field, "there is no `before`", "it needs source.unwrap: debezium"));
            }
            if path.root == Root::Value && scope.format == Format::Raw {
                return Err(Wrong::at(text, &field, "nothing is known of a raw value", "use {raw: value}"));
            }
            Ok(Arg::Path(path))
        }
        declaration::Arg { path: None, raw: Some(text) } if text.value == "value" => Ok(Arg::Raw),
        declaration::Arg { path: None, raw: Some(text) } => {
            Err(Wrong::at(text, &format!("{field}.raw"), format!("{:?} is not value", text.value), "write {raw: value}"))
        }
        _ => Err(Wrong::at(arg, field, "an argument has a path or raw", "write {path: value} or {raw: value}")),
    }
}

fn attributes(
    found: Option<Spanned<std::collections::BTreeMap<String, Text>>>,
    field: &str,
    has_start: bool,
    scope: Scope,
) -> Result<Vec<(String, Expression)>, Wrong> {
    let Some(found) = found else { return Ok(Vec::new()) };
    if !has_start {
        return Err(Wrong::at(&found, field, "only a start sets search attributes", "leave them out"));
    }
    if found.value.len() > ARGS_MAX {
        return Err(Wrong::at(&found, field, format!("there are more than {ARGS_MAX} search attributes"), "leave some out"));
    }
    found.value.into_iter().map(|(name, text)| Ok((name.clone(), expression(&text, &format!("{field}.{name}"), scope)?))).collect()
}

fn conflict(text: &Text, field: &str) -> Result<OnConflict, Wrong> {
    Ok(match text.value.as_str() {
        "use_existing" => OnConflict::UseExisting,
        "terminate_existing" => OnConflict::TerminateExisting,
        "skip" => OnConflict::Skip,
        "dead_letter" => OnConflict::DeadLetter,
        other => {
            return Err(Wrong::at(text, field, format!("{other:?} is not known"), "use_existing, terminate_existing, skip or dead_letter"));
        }
    })
}

fn missing(signal: &declaration::Signal, field: &str, has_start: bool) -> Result<Missing, Wrong> {
    let Some(text) = &signal.missing else { return Ok(if has_start { Missing::Start } else { Missing::DeadLetter }) };
    match (text.value.as_str(), has_start) {
        ("start", _) => Ok(Missing::Start),
        (other, true) if other == "skip" || other == "dead_letter" || wait(other).is_some() => {
            Err(Wrong::at(text, field, "a rule with a start and a signal starts the workflow if it is missing", "write missing: start"))
        }
        ("skip", false) => Ok(Missing::Skip),
        ("dead_letter", false) => Ok(Missing::DeadLetter),
        (other, _) => match wait(other) {
            Some(wait) if !wait.is_zero() && wait <= WAIT_MAX => Ok(Missing::Wait(wait)),
            Some(_) => Err(Wrong::at(text, field, format!("{other:?} is too short or too long"), "a signal waits for up to 30 days")),
            None => Err(Wrong::at(text, field, format!("{other:?} is not known"), "start, skip, dead_letter, or wait and a time: wait 1h")),
        },
    }
}

/// How long a signal waits for its workflow. `None`: the text says nothing of waiting.
fn wait(text: &str) -> Option<Duration> {
    span::read(text.strip_prefix("wait ")?)
}
