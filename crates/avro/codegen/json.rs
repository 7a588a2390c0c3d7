//! JSON whose members keep the given order. A value that fits on one line is written on one line. People read the schemas and compare them
//! line by line.

/// A JSON value.
pub enum Json {
    Null,
    Bool(bool),
    Integer(i64),
    /// A number with a fraction, as text.
    Number(&'static str),
    String(String),
    Array(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
}

/// Longest line before a value is broken into several.
const WIDTH_MAX: usize = 150;

impl Json {
    /// A string.
    pub fn text(text: impl Into<String>) -> Self {
        Self::String(text.into())
    }

    /// The text of the whole document.
    pub fn document(&self) -> String {
        let mut out = String::new();
        self.write(0, &mut out);
        out.push('\n');
        out
    }

    fn write(&self, indent: usize, out: &mut String) {
        let line = self.line();
        if indent + line.len() <= WIDTH_MAX {
            out.push_str(&line);
            return;
        }
        let inner = " ".repeat(indent + 2);
        match self {
            Self::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index == 0 { "\n" } else { ",\n" });
                    out.push_str(&inner);
                    item.write(indent + 2, out);
                }
                out.push_str(&format!("\n{}]", " ".repeat(indent)));
            }
            Self::Object(members) => {
                out.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    out.push_str(if index == 0 { "\n" } else { ",\n" });
                    out.push_str(&format!("{inner}{}: ", quoted(name)));
                    value.write(indent + 2, out);
                }
                out.push_str(&format!("\n{}}}", " ".repeat(indent)));
            }
            _ => out.push_str(&line),
        }
    }

    fn line(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Integer(value) => value.to_string(),
            Self::Number(text) => (*text).to_owned(),
            Self::String(text) => quoted(text),
            Self::Array(items) => format!("[{}]", items.iter().map(Self::line).collect::<Vec<_>>().join(", ")),
            Self::Object(members) => {
                let members: Vec<String> = members.iter().map(|(name, value)| format!("{}: {}", quoted(name), value.line())).collect();
                format!("{{{}}}", members.join(", "))
            }
        }
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            control if control < ' ' => out.push_str(&format!("\\u{:04x}", control as u32)),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}
