//! The form of a declaration.

use std::collections::BTreeMap;

use serde::{Deserialize, de::DeserializeOwned};
use serde_saphyr::Spanned;

use crate::{Wrong, limits::TEXT_BYTES_MAX};

pub(crate) type Text = Spanned<String>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Declaration {
    pub(crate) trigger: Text,
    pub(crate) namespace: Text,
    pub(crate) source: Source,
    pub(crate) start_at: Option<Text>,
    pub(crate) rules: Spanned<Vec<Rule>>,
    pub(crate) batch: Option<Spanned<Batch>>,
    pub(crate) flow: Option<Flow>,
    pub(crate) faults: Option<Faults>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    pub(crate) topic: Text,
    pub(crate) format: Text,
    pub(crate) schema_ids: Option<Text>,
    pub(crate) unwrap: Option<Text>,
    pub(crate) tombstone: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    pub(crate) when: Option<Text>,
    pub(crate) start: Option<Spanned<Start>>,
    pub(crate) signal: Option<Spanned<Signal>>,
    pub(crate) args: Option<Spanned<Vec<Spanned<Arg>>>>,
    pub(crate) search_attributes: Option<Spanned<BTreeMap<String, Text>>>,
    pub(crate) idempotency: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Start {
    #[serde(rename = "type")]
    pub(crate) workflow_type: Text,
    pub(crate) task_queue: Text,
    pub(crate) id: Text,
    pub(crate) on_conflict: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Signal {
    pub(crate) id: Option<Text>,
    pub(crate) name: Text,
    pub(crate) missing: Option<Text>,
    pub(crate) args: Option<Spanned<Vec<Spanned<Arg>>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arg {
    pub(crate) path: Option<Text>,
    pub(crate) raw: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Faults {
    pub(crate) record: Option<Text>,
    pub(crate) target: Option<Text>,
    pub(crate) break_at: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Batch {
    pub(crate) max: Option<Spanned<u64>>,
    pub(crate) within: Text,
    pub(crate) quiet: Option<Text>,
    pub(crate) key: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Flow {
    pub(crate) order: Option<Text>,
    pub(crate) max_in_flight: Option<Text>,
    pub(crate) rate: Option<Text>,
}

/// Reads the text.
///
/// # Errors
/// It is not YAML, or not of this form.
pub(crate) fn read(text: &str) -> Result<Declaration, Wrong> {
    let hint = "a declaration has the fields trigger, namespace, source, start_at, rules, batch, flow and faults; see docs/triggers.md";
    of_form(text, hint)
}

/// Reads a text of any form. `hint` says what the form is.
///
/// # Errors
/// It is not YAML, or not of this form.
pub(crate) fn of_form<T: DeserializeOwned>(text: &str, hint: &str) -> Result<T, Wrong> {
    if text.len() > TEXT_BYTES_MAX {
        let problem = format!("the declaration has {} bytes, more than {TEXT_BYTES_MAX}", text.len());
        return Err(Wrong { line: None, field: String::new(), problem, hint: "make several triggers of it".to_owned() });
    }
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let line = error.location().map(|location| location.line()).filter(|line| *line > 0);
        let problem = error.to_string().lines().next().unwrap_or_default().to_owned();
        Wrong { line, field: String::new(), problem, hint: hint.to_owned() }
    })
}
