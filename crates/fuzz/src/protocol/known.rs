//! What requests can name: ids that requests use again and again, and what answers have told.

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, Value};

use crate::{messages::Dictionary, random::Random};

/// Values of one kind that are remembered.
const REMEMBERED_MAX: usize = 60;

/// Ids of the workflows that requests are about.
pub(super) const WORKFLOW_IDS: &[&str] = &["fuzz-1", "fuzz-2", "fuzz-3", "fuzz-4"];
/// Names of their task queues.
pub(super) const TASK_QUEUE_NAMES: &[&str] = &["fuzz-q1", "fuzz-q2"];

/// Texts that fields of this name have, most of the time.
const TEXTS: &[(&str, &[&str])] = &[
    ("namespace", &["default"]),
    ("workflow_id", WORKFLOW_IDS),
    ("schedule_id", &["fuzz-s1", "fuzz-s2"]),
    ("activity_id", &["1", "2"]),
    ("timer_id", &["1", "2"]),
    ("timezone_name", &["", "Europe/Berlin"]),
    ("cron_schedule", &["", "", "", "* * * * *"]),
    ("query", &["", "ExecutionStatus = 'Running'", "WorkflowId = 'fuzz-1' OR StartTime > '2020-01-01T00:00:00Z'"]),
];

/// Types whose `name` is the name of a task queue.
const TASK_QUEUES: &[&str] = &["temporal.api.taskqueue.v1.TaskQueue"];

/// Bytes and texts of answers that later requests bring back.
const LEARNT: &[&str] = &["task_token", "next_page_token", "run_id", "conflict_token"];

/// What is known so far.
#[derive(Default)]
pub(super) struct Known {
    /// The request before.
    pub(super) last: Vec<u8>,
    learnt: BTreeMap<String, Vec<Value>>,
    not_built: BTreeSet<String>,
}

impl Known {
    /// Takes from an answer what requests can name.
    pub(super) fn learn(&mut self, message: &DynamicMessage, random: &mut Random) {
        for (field, value) in message.fields() {
            match value {
                Value::Message(inner) => self.learn(inner, random),
                Value::List(items) => items.iter().take(4).filter_map(Value::as_message).for_each(|inner| self.learn(inner, random)),
                value if LEARNT.contains(&field.name()) => {
                    let values = self.learnt.entry(field.name().to_owned()).or_default();
                    match values.len() {
                        REMEMBERED_MAX => values[random.below(REMEMBERED_MAX)] = value.clone(),
                        _ => values.push(value.clone()),
                    }
                }
                _ => {}
            }
        }
    }

    /// The token of a task that was given out, empty where there is none yet.
    pub(super) fn task_token(&self, random: &mut Random) -> Vec<u8> {
        let tokens = self.learnt.get("task_token").map(Vec::as_slice).unwrap_or_default();
        let token = if tokens.is_empty() { None } else { random.pick(tokens).as_bytes() };
        token.map(|token| token.to_vec()).unwrap_or_default()
    }

    pub(super) fn not_built(&mut self, method: &str) {
        self.not_built.insert(method.to_owned());
    }

    pub(super) fn is_not_built(&self, method: &str) -> bool {
        self.not_built.contains(method)
    }
}

impl Dictionary for Known {
    fn value(&mut self, field: &FieldDescriptor, random: &mut Random) -> Option<Value> {
        let name = field.name();
        if let Some(values) = self.learnt.get(name).filter(|values| !values.is_empty())
            && random.chance(3, 4)
        {
            return Some(random.pick(values).clone()).filter(|value| value.is_valid_for_field(field));
        }
        if let Kind::String = field.kind() {
            if name == "name" && TASK_QUEUES.contains(&field.parent_message().full_name()) {
                return Some(Value::String((*random.pick(TASK_QUEUE_NAMES)).to_owned()));
            }
            let (_, texts) = TEXTS.iter().find(|(known, _)| *known == name)?;
            return Some(Value::String((*random.pick(texts)).to_owned()));
        }
        match (name, field.kind()) {
            // Requests about what exists, with tasks of a size that the server takes.
            ("execution" | "workflow_execution" | "task_queue" | "workflow_type" | "activity_type", Kind::Message(_)) => None,
            ("kind", Kind::Enum(_)) if random.chance(3, 4) => Some(Value::EnumNumber(1)),
            ("maximum_page_size" | "page_size", Kind::Int32) => Some(Value::I32(random.below(5) as i32)),
            _ => None,
        }
    }
}
