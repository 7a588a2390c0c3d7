//! Where settings come from: a TOML file, then environment variables; or options, which set limits. Each setting remembers its place, for errors.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
};

use toml::{Table, Value};

use super::{Config, keys, units};
use crate::setup_error::SetupError;

/// Tells where all keys are listed.
const REFERENCE: &str = "docs/configuration.md lists all keys";
/// klamm's own variables that are not settings.
const OTHER_VARIABLES: [&str; 2] = ["KLAMM_ADDRESS", "KLAMM_CONFIG"];

/// Where a setting was found.
#[derive(Debug, Clone)]
enum Place {
    File(PathBuf, String),
    Variable(String),
    Option(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file, key) => write!(f, "{key} in {}", file.display()),
            Self::Variable(name) => write!(f, "the variable {name}"),
            Self::Option(text) => write!(f, "--limit {text}"),
        }
    }
}

/// Settings by their full names, each with its place. Later ones replace earlier ones.
#[derive(Debug)]
pub struct Settings {
    known: BTreeMap<String, Value>,
    set: BTreeMap<String, (Value, Place)>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { known: keys::known(), set: BTreeMap::new() }
    }
}

impl Settings {
    /// Adds the settings in a file.
    pub fn add_file(&mut self, file: &Path) -> Result<(), SetupError> {
        let text = std::fs::read_to_string(file).map_err(|error| {
            let hint = "name the configuration's file with --config, or leave it out and use variables";
            SetupError::new(format!("reading {}", file.display()), error, hint)
        })?;
        self.add_text(file, &text)
    }

    /// Adds the settings in the text of a file of this name.
    pub fn add_text(&mut self, file: &Path, text: &str) -> Result<(), SetupError> {
        let table: Table = toml::from_str(text).map_err(|error| {
            SetupError::new(
                format!("reading {}", file.display()),
                error.to_string().trim_end(),
                format!("write TOML: [sections] with key = value; {REFERENCE}"),
            )
        })?;
        let mut flat = Vec::new();
        flatten("", table, &mut flat);
        for (key, value) in flat {
            self.add(&key, value, Place::File(file.to_owned(), key.clone()))?;
        }
        Ok(())
    }

    /// Adds the settings in environment variables. Their names begin with `KLAMM_` and have two underscores behind a section.
    ///
    /// Other variables do not belong to klamm and are ignored. (Kubernetes sets `KLAMM_SERVICE_HOST` for a service named klamm.) But a
    /// variable whose name differs from a setting's only by an underscore is an error.
    pub fn add_environment(&mut self, variables: impl Iterator<Item = (OsString, OsString)>) -> Result<(), SetupError> {
        for (name, value) in variables {
            let Some(name) = name.to_str().filter(|name| name.starts_with("KLAMM_") && !OTHER_VARIABLES.contains(name)) else { continue };
            let path = name["KLAMM_".len()..].to_lowercase();
            let place = Place::Variable(name.to_owned());
            let Some(value) = value.to_str() else {
                return Err(SetupError::new(format!("reading {place}"), "it is not UTF-8", "write its value in UTF-8"));
            };
            if path.contains("__") {
                let key = keys::canonical(&path.replace("__", "."), &self.known);
                let value = self.typed(&key, value);
                self.add(&key, value, place)?;
            } else if !value.starts_with("tcp://")
                && !value.starts_with("udp://")
                && let Some(key) = self.known.keys().find(|key| key.replace('.', "_") == path)
            {
                let hint = format!("two underscores stand between section and key: {}", keys::variable(key));
                return Err(SetupError::new(format!("reading {place}"), "it is no setting", hint));
            }
        }
        Ok(())
    }

    /// Adds limits, each written `KEY=VALUE`: a key of `[limits]`, or the whole name of a key of one namespace.
    pub fn add_limits(&mut self, limits: &[String]) -> Result<(), SetupError> {
        for text in limits {
            let place = Place::Option(text.clone());
            let Some((key, value)) = text.split_once('=') else {
                return Err(SetupError::new(format!("reading {place}"), "it is not KEY=VALUE", "write it such as --limit signals=500"));
            };
            let key = key.trim();
            let key = if keys::of_namespace(key).is_some() { key.to_owned() } else { format!("limits.{key}") };
            let value = self.typed(&key, value);
            self.add(&key, value, place)?;
        }
        Ok(())
    }

    /// Whether this key is set to this text.
    pub fn says(&self, key: &str, text: &str) -> bool {
        self.set.get(key).is_some_and(|(value, _)| value.as_str() == Some(text))
    }

    /// Turns the settings into a typed configuration.
    pub fn into_config(self) -> Result<Config, SetupError> {
        let mut sections = Table::new();
        // A section that is switched off has no effect, whatever else is set in it.
        let mut off = Vec::new();
        for (key, (value, _)) in &self.set {
            if let Some((name, section, field)) = keys::of_namespace(key) {
                let of_all = sections.get("limits").and_then(Value::as_table).cloned().unwrap_or_default();
                let Some(namespace) = table(&mut sections, keys::NAMESPACES).and_then(|namespaces| table(namespaces, name)) else {
                    continue;
                };
                namespace.entry("limits").or_insert(Value::Table(of_all));
                match field {
                    Some(field) => drop(table(namespace, section.name()).map(|fields| fields.insert(field.to_owned(), value.clone()))),
                    None if value.as_bool() == Some(true) => drop(table(namespace, section.name())),
                    None if value.as_bool() == Some(false) => off.push((name, section)),
                    // Reading it says what is wrong.
                    None => drop(namespace.insert(section.name().to_owned(), value.clone())),
                }
                continue;
            }
            let (section, name) = key.split_once('.').unwrap_or((key, ""));
            let Some(fields) = table(&mut sections, section) else { continue };
            let fields = if self.known.contains_key(key) { Some(fields) } else { table(fields, keys::PROPERTIES) };
            fields.map(|fields| fields.insert(name.to_owned(), value.clone()));
        }
        for (name, section) in off {
            let namespace = table(&mut sections, keys::NAMESPACES).and_then(|namespaces| table(namespaces, name));
            namespace.map(|namespace| namespace.remove(section.name()));
        }
        serde_path_to_error::deserialize(Value::Table(sections)).map_err(|error| {
            let key = error.path().to_string();
            let place = self.set.get(&key).map_or_else(|| key.clone(), |(_, place)| place.to_string());
            let default = self.known.get(&key).map(|default| format!("; its default is {default}")).unwrap_or_default();
            SetupError::new(format!("reading {place}"), error.inner().to_string().trim_end(), format!("{REFERENCE}{default}"))
        })
    }

    fn add(&mut self, key: &str, value: Value, place: Place) -> Result<(), SetupError> {
        let key = keys::canonical(key, &self.known);
        if self.known.contains_key(&*keys::model(&key)) {
            let value = if key.ends_with("_bytes") { size(value) } else { joined(&key, value) };
            self.set.insert(key, (value, place));
            return Ok(());
        }
        let near = keys::nearest(&keys::model(&key), &self.known);
        let hint = || match (near, &place) {
            (Some(near), Place::File(..)) => format!("did you mean {near}? {REFERENCE}"),
            (Some(near), Place::Variable(_)) => format!("did you mean {}? {REFERENCE}", keys::variable(near)),
            (Some(near), Place::Option(_)) => format!("did you mean {}? {REFERENCE}", near.trim_start_matches("limits.")),
            (None, _) => REFERENCE.to_owned(),
        };
        if !key.starts_with(keys::KAFKA) {
            return Err(SetupError::new(format!("reading {place}"), "there is no such setting", hint()));
        }
        // An unknown key under `kafka.` is a property of librdkafka, unless its name is nearly that of one of klamm's own keys.
        let slip = near.filter(|near| near.starts_with(keys::KAFKA));
        if slip.is_some_and(|near| keys::slips(&near.replace('_', "."), &key).is_some_and(|slips| slips <= 1)) {
            return Err(SetupError::new(format!("reading {place}"), "there is no such setting", hint()));
        }
        let Some(text) = property(&value) else {
            return Err(SetupError::new(format!("reading {place}"), "its value is no text, number or truth value", "write a text"));
        };
        self.set.insert(key, (Value::String(text), place));
        Ok(())
    }

    /// A variable's text as a value of the setting's type. A text that is not such a value stays a text. Reading it later gives the right
    /// error.
    fn typed(&self, key: &str, text: &str) -> Value {
        let string = || Value::String(text.to_owned());
        match self.known.get(&*keys::model(key)) {
            Some(Value::Integer(_)) => text.trim().parse().map_or_else(|_| string(), Value::Integer),
            Some(Value::Boolean(_)) => text.trim().parse().map_or_else(|_| string(), Value::Boolean),
            Some(Value::Array(_)) => Value::Array(
                text.split(',').map(|item| Value::String(item.trim().to_owned())).filter(|item| item.as_str() != Some("")).collect(),
            ),
            _ => string(),
        }
    }
}

/// The table of this name in another, made if it is missing.
fn table<'a>(within: &'a mut Table, name: &str) -> Option<&'a mut Table> {
    within.entry(name).or_insert_with(|| Value::Table(Table::new())).as_table_mut()
}

/// Turns nested tables into names with dots.
fn flatten(path: &str, table: Table, flat: &mut Vec<(String, Value)>) {
    for (name, value) in table {
        let key = if path.is_empty() { name } else { format!("{path}.{name}") };
        match value {
            Value::Table(inner) => flatten(&key, inner, flat),
            value => flat.push((key, value)),
        }
    }
}

/// Turns a size with a unit into a number.
fn size(value: Value) -> Value {
    let bytes = value.as_str().and_then(units::bytes).and_then(|bytes| i64::try_from(bytes).ok());
    bytes.map_or(value, Value::Integer)
}

/// Turns a list of brokers into one text.
fn joined(key: &str, value: Value) -> Value {
    match &value {
        Value::Array(_) if key.starts_with(keys::KAFKA) => property(&value).map_or(value, Value::String),
        _ => value,
    }
}

/// A property's value in librdkafka's form. A list is joined with commas.
fn property(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(value) => Some(value.to_string()),
        Value::Array(items) => items.iter().map(property).collect::<Option<Vec<_>>>().map(|items| items.join(",")),
        Value::Datetime(_) | Value::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_set_limits_of_all_and_of_one_namespace() {
        let limits = ["signals=7", "blob_bytes=1MiB", "callback_addresses=http://a:*, b", "namespaces.a.b.limits.signals = 3"];
        let config = Config::of_limits(&limits.map(str::to_owned)).expect("they are limits");
        assert_eq!((config.limits.signals, config.limits.blob_bytes), (7, 1 << 20));
        let addresses = klamm_requests::Addresses::new(&["http://a:*".to_owned(), "b".to_owned()]);
        assert_eq!(Ok(config.limits.callback_addresses), addresses);
        let own = &config.namespaces["a.b"].limits;
        assert_eq!((own.signals, own.blob_bytes), (3, 1 << 20));
        let error = Config::of_limits(&["callback_addresses=http://a/b".to_owned()]).expect_err("it is no address");
        assert!(error.to_string().contains("--limit callback_addresses=http://a/b"), "{error}");
    }
}
