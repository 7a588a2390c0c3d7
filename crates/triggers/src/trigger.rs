//! A trigger: its declaration, checked and compiled.

use serde::de::DeserializeOwned;

use crate::{
    BreakAt, Flow, StartAt, Wrong,
    batch::{self, Batch},
    declaration::{self, Declaration, Text},
    expression::Scope,
    faults, flow,
    limits::{NAME_BYTES_MAX, RULES_MAX},
    record::{Format, SchemaIds, Unwrap},
    rule::{self, ReferencedUnit, Rule},
};

/// Stack of the thread that reads a declaration.
const STACK_BYTES: usize = 64 << 20;
/// Longest name of a topic in Kafka.
const TOPIC_BYTES_MAX: usize = 249;
/// Stands for a trigger's name in the topic `dlq.publish`.
const RESERVED: &str = "publish";

/// A trigger that can be used.
#[derive(Debug)]
pub struct Trigger {
    /// Its name.
    pub name: String,
    /// The namespace of its workflows.
    pub namespace: String,
    /// Full name of the topic that it reads.
    pub topic: String,
    /// What stands in the topic's values.
    pub format: Format,
    /// How its records say by which schema their values are written.
    pub schema_ids: SchemaIds,
    /// What is around the values.
    pub unwrap: Unwrap,
    /// What becomes of records without a value.
    pub tombstone: Tombstone,
    /// Where reading begins.
    pub start_at: StartAt,
    /// How fast it may go, and in which order.
    pub flow: Flow,
    /// The share of dead letters at which it stops; `None`: never.
    pub break_at: Option<BreakAt>,
    /// Which records start one run together; `None`: each by itself.
    pub(crate) batch: Option<Batch>,
    pub(crate) rules: Vec<Rule>,
}

/// What becomes of records without a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tombstone {
    /// Nothing.
    Skip,
    /// The rules see a value that is null.
    Pass,
    /// They are dead letters.
    DeadLetter,
}

impl Trigger {
    /// Reads a declaration (YAML), and checks all of it.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line, its field and a hint.
    pub fn read(text: &str) -> Result<Self, Wrong> {
        with_stack(|| Self::read_here(text))
    }

    fn read_here(text: &str) -> Result<Self, Wrong> {
        let Declaration { trigger, namespace, source, start_at, rules, batch, flow, faults } = declaration::read(text)?;
        name(&trigger)?;
        if namespace.value.is_empty() {
            return Err(Wrong::at(&namespace, "namespace", "it is empty", "name the namespace of the workflows"));
        }
        let flow = flow.as_ref().map(flow::read).transpose()?.unwrap_or_default();
        let break_at = faults.map(faults::read).transpose()?.flatten();
        topic(&source.topic)?;
        let format = format(&source.format)?;
        let schema_ids = source.schema_ids.as_ref().map(|text| schema_ids(text, format)).transpose()?.unwrap_or(SchemaIds::Confluent);
        let unwrap = source.unwrap.as_ref().map(|text| self::unwrap(text, format)).transpose()?.unwrap_or(Unwrap::None);
        let tombstone = source.tombstone.as_ref().map(self::tombstone).transpose()?.unwrap_or(Tombstone::Skip);
        let start_at = start_at.as_ref().map(self::start_at).transpose()?.unwrap_or(StartAt::Earliest);
        if rules.value.is_empty() || rules.value.len() > RULES_MAX {
            let problem = format!("there are {} rules", rules.value.len());
            return Err(Wrong::at(&rules, "rules", problem, format!("a trigger has 1 to {RULES_MAX}")));
        }
        let scope = Scope { format, unwrap };
        let all = rules.referenced_unit();
        let read = rules.value.into_iter().enumerate().map(|(index, it)| rule::read(it, &all, &format!("rules[{index}]"), scope));
        let rules = read.collect::<Result<Vec<_>, _>>()?;
        let batch = batch.map(|batch| batch::read(batch, scope)).transpose()?;
        if batch.is_some() {
            rules.iter().enumerate().try_for_each(|(index, rule)| batch::check(rule, &all, &format!("rules[{index}]")))?;
        }
        Ok(Self {
            name: trigger.value,
            namespace: namespace.value,
            topic: source.topic.value,
            format,
            schema_ids,
            unwrap,
            tombstone,
            start_at,
            flow,
            break_at,
            batch,
            rules,
        })
    }
}

/// Reads a declaration in YAML that is none of a trigger. `hint` says what its form is.
///
/// # Errors
/// What is wrong, with its line.
pub fn yaml<T: DeserializeOwned + Send>(text: &str, hint: &str) -> Result<T, Wrong> {
    with_stack(|| declaration::of_form(text, hint))
}

/// The parsers use the stack as deep as the text is nested, which is bounded by its length. A worker's stack may be smaller than that.
fn with_stack<T: Send>(read: impl FnOnce() -> Result<T, Wrong> + Send) -> Result<T, Wrong> {
    std::thread::scope(|scope| {
        let failed = |problem: String| Wrong { line: None, field: String::new(), problem, hint: "please report this".to_owned() };
        let reading = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, read);
        let read = reading.map_err(|error| failed(format!("no thread could be started: {error}")))?.join();
        read.unwrap_or_else(|_| Err(failed("reading the declaration failed".to_owned())))
    })
}

fn name(name: &Text) -> Result<(), Wrong> {
    let fits = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    if name.value.is_empty() || name.value.len() > NAME_BYTES_MAX || !name.value.chars().all(fits) || name.value.starts_with('.') {
        let hint = format!("1 to {NAME_BYTES_MAX} of A-Z, a-z, 0-9, '-', '_' and '.': it is part of a topic's name");
        return Err(Wrong::at(name, "trigger", format!("{:?} is no name of a trigger", name.value), hint));
    }
    if name.value == RESERVED {
        let hint = format!("use another name: dlq.{RESERVED} has dead letters of what workflows publish");
        return Err(Wrong::at(name, "trigger", format!("{RESERVED:?} is no name of a trigger"), hint));
    }
    Ok(())
}

fn topic(topic: &Text) -> Result<(), Wrong> {
    let fits = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    let is_name = !topic.value.is_empty() && topic.value.len() <= TOPIC_BYTES_MAX && topic.value.chars().all(fits);
    if !is_name || matches!(topic.value.as_str(), "." | "..") {
        return Err(Wrong::at(topic, "source.topic", format!("{:?} is no name of a topic", topic.value), "give one topic's full name"));
    }
    Ok(())
}

fn format(text: &Text) -> Result<Format, Wrong> {
    Ok(match text.value.as_str() {
        "json" => Format::Json,
        "avro" => Format::Avro,
        "raw" => Format::Raw,
        "protobuf" => Format::Protobuf,
        "json_schema" => Format::JsonSchema,
        other => {
            return Err(Wrong::at(text, "source.format", format!("{other:?} is not known"), "json, avro, protobuf, json_schema or raw"));
        }
    })
}

fn schema_ids(text: &Text, format: Format) -> Result<SchemaIds, Wrong> {
    let wrong = |problem: String, hint: &str| Err(Wrong::at(text, "source.schema_ids", problem, hint));
    if matches!(format, Format::Json | Format::Raw) {
        return wrong(
            "values of this format name no schema".to_owned(),
            "leave it out, or set source.format to avro, protobuf or json_schema",
        );
    }
    match text.value.as_str() {
        "confluent" => Ok(SchemaIds::Confluent),
        "apicurio_global" => Ok(SchemaIds::ApicurioGlobal),
        "apicurio_content" => Ok(SchemaIds::ApicurioContent),
        other => wrong(format!("{other:?} is not known"), "confluent, apicurio_global or apicurio_content"),
    }
}

fn unwrap(text: &Text, format: Format) -> Result<Unwrap, Wrong> {
    Ok(match text.value.as_str() {
        "none" => Unwrap::None,
        "debezium" if format == Format::Raw => {
            return Err(Wrong::at(
                text,
                "source.unwrap",
                "a raw value has no envelope",
                "set source.format to json, avro, protobuf or json_schema",
            ));
        }
        "debezium" => Unwrap::Debezium,
        other => return Err(Wrong::at(text, "source.unwrap", format!("{other:?} is not known"), "none or debezium")),
    })
}

fn tombstone(text: &Text) -> Result<Tombstone, Wrong> {
    Ok(match text.value.as_str() {
        "skip" => Tombstone::Skip,
        "pass" => Tombstone::Pass,
        "dead_letter" => Tombstone::DeadLetter,
        other => return Err(Wrong::at(text, "source.tombstone", format!("{other:?} is not known"), "skip, pass or dead_letter")),
    })
}

fn start_at(text: &Text) -> Result<StartAt, Wrong> {
    StartAt::read(&text.value).ok_or_else(|| Wrong::at(text, "start_at", format!("{:?} is not known", text.value), StartAt::HINT))
}
