//! The effective configuration as TOML, without secrets: what `klamm serve --check` prints.

use std::fmt::{self, Write as _};

use toml::{Table, Value};

use super::{Config, keys};

impl Config {
    /// The effective configuration as JSON, without secrets.
    pub fn shown(&self) -> serde_json::Value {
        let mut all = serde_json::to_value(self).unwrap_or_default();
        if let Some(kafka) = all.get_mut("kafka").and_then(serde_json::Value::as_object_mut) {
            kafka.remove(keys::PROPERTIES);
            kafka.extend(self.kafka.shown_properties().into_iter().map(|(name, value)| (name.to_owned(), value.into())));
        }
        all
    }
}

impl fmt::Display for Config {
    /// Writes section by section. The text can be used as a file again once the secrets are filled in.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sections = Table::try_from(self).map_err(|_| fmt::Error)?;
        for (place, section) in ["server", "connections", "kafka", "registry", "processor", "limits"].into_iter().enumerate() {
            let Some(Value::Table(mut fields)) = sections.remove(section) else { continue };
            fields.remove(keys::PROPERTIES);
            let mut text = String::new();
            for (key, value) in fields {
                writeln!(text, "{key} = {value}")?;
            }
            if section == "kafka" {
                for (name, value) in self.kafka.shown_properties() {
                    writeln!(text, "{} = {}", Value::from(name), Value::from(value))?;
                }
            }
            let gap = if place == 0 { "" } else { "\n" };
            write!(f, "{gap}[{section}]\n{text}")?;
        }
        let namespaces = self.namespaces.iter().filter_map(|(name, namespace)| Some((name, Table::try_from(&namespace.limits).ok()?)));
        let of_all = Table::try_from(&self.limits).map_err(|_| fmt::Error)?;
        for (name, limits) in namespaces {
            write!(f, "\n[namespaces.{}.limits]\n", Value::from(name.as_str()))?;
            // What the section does not name is what all namespaces have.
            for (key, value) in limits.iter().filter(|(key, value)| of_all.get(*key) != Some(value)) {
                writeln!(f, "{key} = {value}")?;
            }
        }
        Ok(())
    }
}
