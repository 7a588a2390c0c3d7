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
        let of_all = Table::try_from(&self.limits).map_err(|_| fmt::Error)?;
        for (name, namespace) in &self.namespaces {
            let sections = Table::try_from(namespace).map_err(|_| fmt::Error)?;
            for (section, fields) in sections.iter().filter_map(|(section, fields)| Some((section, fields.as_table()?))) {
                // What the section does not name is what all namespaces have.
                let own = fields.iter().filter(|(key, value)| section != "limits" || of_all.get(*key) != Some(value));
                let own: Vec<_> = own.map(|(key, value)| format!("{key} = {value}\n")).collect();
                if !own.is_empty() {
                    write!(f, "\n[namespaces.{}.{section}]\n{}", Value::from(name.as_str()), own.concat())?;
                }
            }
        }
        Ok(())
    }
}
