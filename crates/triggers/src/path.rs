//! Paths into a record: `value`, `value.customer.name`, `value.items[0]`, `before.id`, `key`, `headers['id']`.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// Most steps of a path.
const STEPS_MAX: usize = 32;

/// A path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) root: Root,
    steps: Vec<Step>,
}

/// Where a path begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Root {
    Value,
    Before,
    Key,
    Headers,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Field(String),
    Index(usize),
}

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let end = text.find(['.', '[']).unwrap_or(text.len());
        let (root, mut rest) = text.split_at(end);
        let root = match root {
            "value" => Root::Value,
            "before" => Root::Before,
            "key" => Root::Key,
            "headers" => Root::Headers,
            other => return Err(format!("a path begins with value, before, key or headers, not with {other:?}")),
        };
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if steps.len() == STEPS_MAX {
                return Err(format!("the path has more than {STEPS_MAX} steps"));
            }
            let (step, after) = step(rest)?;
            steps.push(step);
            rest = after;
        }
        match (root, steps.as_slice()) {
            (Root::Key, []) | (Root::Headers, [Step::Field(_)]) | (Root::Value | Root::Before, _) => Ok(Self { root, steps }),
            (Root::Key, _) => Err("the key is a text: nothing stands in it".to_owned()),
            (Root::Headers, _) => Err("a header is named so: headers['name']".to_owned()),
        }
    }

    /// Name of the header that is meant.
    pub(crate) fn header(&self) -> Option<&str> {
        match (self.root, self.steps.as_slice()) {
            (Root::Headers, [Step::Field(name)]) => Some(name),
            _ => None,
        }
    }

    /// What stands there.
    ///
    /// # Errors
    /// There is nothing.
    pub(crate) fn follow<'a>(&self, from: &'a RawValue) -> Result<&'a RawValue, String> {
        let mut at = from;
        for step in &self.steps {
            let found = match step {
                Step::Field(name) if at.get().starts_with('{') => {
                    let fields: BTreeMap<std::borrow::Cow<'a, str>, &'a RawValue> =
                        serde_json::from_str(at.get()).map_err(|it| it.to_string())?;
                    fields.get(name.as_str()).copied()
                }
                Step::Index(index) if at.get().starts_with('[') => {
                    let items: Vec<&'a RawValue> = serde_json::from_str(at.get()).map_err(|it| it.to_string())?;
                    items.get(*index).copied()
                }
                _ => None,
            };
            at = found.ok_or_else(|| match step {
                Step::Field(name) => format!("there is no field {name:?}"),
                Step::Index(index) => format!("there is no element {index}"),
            })?;
        }
        Ok(at)
    }
}

fn step(text: &str) -> Result<(Step, &str), String> {
    let unclear = || format!("{text:?} is no step of a path: .name, ['name'] or [0]");
    if let Some(rest) = text.strip_prefix('.') {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let is_name = !name.is_empty() && name.chars().all(|it| it.is_alphanumeric() || it == '_' || it == '-');
        return if is_name { Ok((Step::Field(name.to_owned()), after)) } else { Err(unclear()) };
    }
    let rest = text.strip_prefix('[').ok_or_else(unclear)?;
    if let Some(quote) = rest.chars().next().filter(|it| matches!(it, '\'' | '"')) {
        let (name, after) = rest.get(1..).and_then(|rest| rest.split_once(quote)).ok_or_else(unclear)?;
        let after = after.strip_prefix(']').ok_or_else(unclear)?;
        return Ok((Step::Field(name.to_owned()), after));
    }
    let (index, after) = rest.split_once(']').ok_or_else(unclear)?;
    Ok((Step::Index(index.parse().map_err(|_| unclear())?), after))
}
