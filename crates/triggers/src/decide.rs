//! What a record does by a trigger.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cel::{
    Context, Value as Cel,
    objects::{Key, Map},
};
use serde::Serialize;
use serde_json::{Value as Json, value::RawValue};

use crate::{
    Tombstone, Trigger,
    batch::Batch,
    expression::{self, Seen},
    limits::{BATCH_KEY_BYTES_MAX, VALUE_BYTES_MAX},
    path::{Path, Root},
    record::{self, Document, Format, Input, Unwrap, Value},
    rule::{Arg, Missing, OnConflict, Rule},
    values,
};

/// What a record does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Something is started or signalled.
    Effect(Effect),
    /// Nothing: no rule is about it.
    Filtered,
    /// It cannot be used.
    DeadLetter(Fault),
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// Number of the rule, from 1.
    pub rule: u32,
    /// `start`, `signal` or `signal_with_start`.
    pub kind: &'static str,
    /// The workflow that it is about.
    pub workflow_id: String,
    /// The request: JSON of `klamm.v1.Request`.
    pub request: String,
    /// A signal for a workflow that is not open leaves nothing.
    pub skip_missing: bool,
    /// A start whose workflow id is taken leaves nothing.
    pub skip_conflict: bool,
    /// So long a signal waits for a workflow that is not open; `None`: it does not wait.
    pub wait: Option<Duration>,
    /// The record waits for others with which it starts one run; `None`: it does not wait. Each argument of the request is a list with one element.
    pub batch: Option<BatchTerms>,
}

/// Which records start one run together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchTerms {
    /// Trigger, rule and key: what tells the batch from others.
    pub name: String,
    /// So many records are enough.
    pub records_max: u32,
    /// The first of them waits no longer than this.
    pub within: Duration,
    /// After so long without another record no more are waited for.
    pub quiet: Option<Duration>,
}

/// Why a record cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Number of the rule, from 1; 0: no rule.
    pub rule: u32,
    /// One of [`fault_class`].
    pub class: &'static str,
    /// In words.
    pub reason: String,
}

/// What kinds of faults there are.
pub mod fault_class {
    /// The value is not of its format.
    pub const DECODE: &str = "decode";
    /// An expression failed.
    pub const EXPRESSION: &str = "expression";
    /// What the rule needs is not there, or has no form that fits.
    pub const MAPPING: &str = "mapping";
    /// The record is larger than klamm reads.
    pub const SIZE: &str = "size";
    /// The record has no value, and the declaration wants one.
    pub const TOMBSTONE: &str = "tombstone";
    /// The request that it became was refused.
    pub const REJECTED: &str = "rejected";
}

impl Trigger {
    /// What the record does.
    pub fn decide(&self, input: &Input<'_>) -> Decision {
        // A panic would be one of the library's. Without this, the record that causes it would be read again and again.
        let decided = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.decided(input)));
        let failed = || Fault { rule: 0, class: fault_class::EXPRESSION, reason: "A rule failed inside klamm.".to_owned() };
        match decided.unwrap_or_else(|_| Err(failed())) {
            Ok(decision) => decision,
            Err(mut fault) => {
                expression::cut(&mut fault.reason);
                Decision::DeadLetter(fault)
            }
        }
    }

    fn decided(&self, input: &Input<'_>) -> Result<Decision, Fault> {
        let fault = |class, reason: String| Fault { rule: 0, class, reason };
        if input.bytes.len() > VALUE_BYTES_MAX {
            let reason = format!("The value has {} bytes; klamm reads {VALUE_BYTES_MAX} at most.", input.bytes.len());
            return Err(fault(fault_class::SIZE, reason));
        }
        let nothing = Document { value: None, before: None, op: None };
        let document = match input.value {
            Value::Tombstone => match self.tombstone {
                Tombstone::Skip => return Ok(Decision::Filtered),
                Tombstone::DeadLetter => return Err(fault(fault_class::TOMBSTONE, "The record has no value.".to_owned())),
                Tombstone::Pass => nothing,
            },
            Value::Unread(why) => return Err(fault(fault_class::DECODE, why.to_owned())),
            Value::Raw => nothing,
            Value::Json(text) => record::document(text, self.unwrap).map_err(|why| fault(fault_class::DECODE, why))?,
        };
        let seen = self.seen(input, &document).map_err(|why| fault(fault_class::DECODE, why))?;
        for (number, rule) in (1..).zip(&self.rules) {
            let holds = rule.when.as_ref().map_or(Ok(true), |when| when.holds(&seen));
            let holds = holds.map_err(|reason| Fault { rule: number, class: fault_class::EXPRESSION, reason })?;
            if holds {
                let effect = self.effect(number, rule, input, &document, &seen);
                return effect.map(Decision::Effect).map_err(|reason| Fault { rule: number, class: fault_class::MAPPING, reason });
            }
        }
        Ok(Decision::Filtered)
    }

    /// The record, as expressions see it.
    fn seen<'v>(&self, input: &Input<'_>, document: &Document<'_>) -> Result<Seen<'v>, String> {
        let mut context = Context::with_env(expression::env());
        let mut count = 0;
        let read = |raw: Option<&RawValue>, count: &mut usize| -> Result<Cel, String> {
            let Some(raw) = raw else { return Ok(Cel::Null) };
            let json: Json = serde_json::from_str(raw.get()).map_err(|error| format!("The value is not JSON: {error}."))?;
            values::of_json(json, count)
        };
        let value = match (self.format, input.value) {
            (Format::Raw, Value::Raw) => Cel::Bytes(Arc::new(input.bytes.to_vec())),
            _ => read(document.value, &mut count)?,
        };
        context.add_variable_from_value("value", value);
        if self.unwrap == Unwrap::Debezium {
            context.add_variable_from_value("before", read(document.before, &mut count)?);
            let op = document.op.clone().map_or(Cel::Null, |op| Cel::String(Arc::new(op)));
            context.add_variable_from_value("op", op);
        }
        let text = |text: &str| Cel::String(Arc::new(text.to_owned()));
        let key = match input.key.map(std::str::from_utf8) {
            None => Cel::Null,
            Some(Ok(key)) => text(key),
            Some(Err(_)) => Cel::Bytes(Arc::new(input.key.unwrap_or_default().to_vec())),
        };
        context.add_variable_from_value("key", key);
        let headers = input.headers.iter().map(|(name, value)| (Key::String(Arc::new(name.clone())), text(value)));
        context.add_variable_from_value("headers", Cel::Map(Map { map: Arc::new(headers.collect()) }));
        context.add_variable_from_value("topic", text(input.topic));
        context.add_variable_from_value("partition", Cel::Int(i64::from(input.partition)));
        context.add_variable_from_value("offset", Cel::Int(input.offset));
        let time = chrono::DateTime::from_timestamp_millis(input.timestamp_ms).unwrap_or_default();
        context.add_variable_from_value("time", Cel::Timestamp(time.fixed_offset()));
        Ok(Seen { context, values: count, bytes: input.bytes.len() })
    }

    fn effect(&self, number: u32, rule: &Rule, input: &Input<'_>, document: &Document<'_>, seen: &Seen<'_>) -> Result<Effect, String> {
        let workflow_id = rule.id.text(seen)?;
        if workflow_id.is_empty() {
            return Err(format!("{:?} gave an empty id.", rule.id.source()));
        }
        let request_id = match &rule.idempotency {
            Some(expression) => {
                let name = values::text(&expression.value(seen)?).map_err(|why| format!("{:?} {why}.", expression.text()))?;
                // Triggers may take the same name for different things.
                Some(format!("{}/{number}/{name}", self.name))
            }
            None => None,
        };
        let batch = self.batch.as_ref().map(|batch| self.batch_terms(batch, number, seen)).transpose()?;
        let start = rule.start.as_ref().map(|start| {
            let values = args(&start.args, input, document)?;
            Ok::<_, String>(StartAsked {
                workflow_type: start.workflow_type.text(seen)?,
                task_queue: start.task_queue.text(seen)?,
                values: if batch.is_some() { values.into_lists() } else { values },
                id_conflict_policy: match start.on_conflict {
                    // With a signal the open run is signalled.
                    _ if rule.signal.is_some() => None,
                    OnConflict::UseExisting => Some("use_existing"),
                    OnConflict::TerminateExisting => Some("terminate_existing"),
                    OnConflict::Skip | OnConflict::DeadLetter => Some("fail"),
                },
                search_attributes: attributes(rule, seen)?,
            })
        });
        let signal = rule
            .signal
            .as_ref()
            .map(|signal| Ok::<_, String>(SignalAsked { name: signal.name.text(seen)?, values: args(&signal.args, input, document)? }));
        let asked = Asked { workflow_id: &workflow_id, request_id, start: start.transpose()?, signal: signal.transpose()? };
        let request = serde_json::to_string(&asked).map_err(|error| error.to_string())?;
        Ok(Effect {
            rule: number,
            kind: match (&rule.start, &rule.signal) {
                (Some(_), Some(_)) => "signal_with_start",
                (Some(_), None) => "start",
                (None, _) => "signal",
            },
            workflow_id,
            request,
            skip_missing: rule.signal.as_ref().is_some_and(|signal| signal.missing == Missing::Skip),
            skip_conflict: rule.start.as_ref().is_some_and(|start| start.on_conflict == OnConflict::Skip),
            wait: rule.signal.as_ref().and_then(|signal| if let Missing::Wait(wait) = signal.missing { Some(wait) } else { None }),
            batch,
        })
    }

    fn batch_terms(&self, batch: &Batch, rule: u32, seen: &Seen<'_>) -> Result<BatchTerms, String> {
        let key = match &batch.key {
            Some(expression) => values::text(&expression.value(seen)?).map_err(|why| format!("{:?} {why}.", expression.text()))?,
            None => String::new(),
        };
        if key.len() > BATCH_KEY_BYTES_MAX {
            return Err(format!("The key of the batch has {} bytes, more than {BATCH_KEY_BYTES_MAX}.", key.len()));
        }
        let Batch { records_max, within, quiet, .. } = *batch;
        Ok(BatchTerms { name: format!("{}/{rule}/{key}", self.name), records_max, within, quiet })
    }
}

/// `klamm.v1.Request`, as far as triggers ask.
#[derive(Serialize)]
struct Asked<'a> {
    workflow_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<StartAsked>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<SignalAsked>,
}

#[derive(Serialize)]
struct StartAsked {
    workflow_type: String,
    task_queue: String,
    #[serde(flatten)]
    values: Values,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_conflict_policy: Option<&'static str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    search_attributes: BTreeMap<String, Json>,
}

#[derive(Serialize)]
struct SignalAsked {
    name: String,
    #[serde(flatten)]
    values: Values,
}

/// Arguments: JSON texts, or payloads where bytes are among them.
#[derive(Serialize, Default)]
struct Values {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    args_json: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    payloads: Vec<PayloadAsked>,
}

#[derive(Serialize)]
struct PayloadAsked {
    metadata: BTreeMap<&'static str, &'static str>,
    data: String,
}

impl Values {
    /// Each value as the only one of a list. (Bytes stay what they are: declarations with batches have none.)
    fn into_lists(self) -> Self {
        Self { args_json: self.args_json.into_iter().map(|text| format!("[{text}]")).collect(), ..self }
    }
}

enum Argument {
    Json(String),
    Bytes(Vec<u8>),
}

fn args(args: &[Arg], input: &Input<'_>, document: &Document<'_>) -> Result<Values, String> {
    let made = args.iter().map(|arg| argument(arg, input, document)).collect::<Result<Vec<_>, _>>()?;
    if made.iter().all(|it| matches!(it, Argument::Json(_))) {
        let texts = made.into_iter().filter_map(|it| if let Argument::Json(text) = it { Some(text) } else { None });
        return Ok(Values { args_json: texts.collect(), payloads: Vec::new() });
    }
    let payload = |argument| {
        let (encoding, data) = match argument {
            Argument::Json(text) => ("json/plain", text.into_bytes()),
            Argument::Bytes(bytes) => ("binary/plain", bytes),
        };
        PayloadAsked { metadata: [("encoding", encoding)].into(), data: STANDARD.encode(data) }
    };
    Ok(Values { args_json: Vec::new(), payloads: made.into_iter().map(payload).collect() })
}

fn argument(arg: &Arg, input: &Input<'_>, document: &Document<'_>) -> Result<Argument, String> {
    let path = match arg {
        Arg::Raw => return Ok(Argument::Bytes(input.bytes.to_vec())),
        Arg::Path(path) => path,
    };
    let text = |text: &str| Argument::Json(Json::String(text.to_owned()).to_string());
    match path.root {
        Root::Key => match input.key.map(std::str::from_utf8) {
            None => Ok(Argument::Json("null".to_owned())),
            Some(Ok(key)) => Ok(text(key)),
            Some(Err(_)) => Err("The key is not UTF-8.".to_owned()),
        },
        Root::Headers => {
            let name = path.header().unwrap_or_default();
            input.headers.get(name).map(|value| text(value)).ok_or_else(|| format!("There is no header {name:?}."))
        }
        Root::Value => follow(path, document.value, "value"),
        Root::Before => follow(path, document.before, "before"),
    }
}

fn follow(path: &Path, from: Option<&RawValue>, root: &str) -> Result<Argument, String> {
    let null: &RawValue = RawValue::NULL;
    path.follow(from.unwrap_or(null)).map(|found| Argument::Json(found.get().to_owned())).map_err(|why| format!("In {root}: {why}."))
}

fn attributes(rule: &Rule, seen: &Seen<'_>) -> Result<BTreeMap<String, Json>, String> {
    let mut found = BTreeMap::new();
    for (name, expression) in &rule.search_attributes {
        let value = values::attribute(&expression.value(seen)?).map_err(|why| format!("{:?} {why}.", expression.text()))?;
        if let Some(value) = value {
            found.insert(name.clone(), value);
        }
    }
    Ok(found)
}
