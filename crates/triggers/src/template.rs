//! Texts with expressions in them: `order-${value.id}`.

use crate::{
    expression::{Expression, Scope, Seen},
    limits::{TEMPLATE_BYTES_MAX, TEXT_MADE_BYTES_MAX},
    values,
};

/// A template. `$${` stands for `${` itself.
#[derive(Debug)]
pub(crate) struct Template {
    parts: Vec<Part>,
    text: String,
}

#[derive(Debug)]
enum Part {
    Text(String),
    Expression(Expression),
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn read(text: &str, scope: Scope) -> Result<Self, String> {
        if text.is_empty() {
            return Err("it is empty".to_owned());
        }
        if text.len() > TEMPLATE_BYTES_MAX {
            return Err(format!("the template has {} bytes, more than {TEMPLATE_BYTES_MAX}", text.len()));
        }
        let (mut parts, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find("${") {
            let (before, after) = rest.split_at(at);
            if let Some(before) = before.strip_suffix('$') {
                plain.push_str(before);
                plain.push_str("${");
                rest = &after[2..];
                continue;
            }
            plain.push_str(before);
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            let inside = &after[2..];
            let end = end_of(inside).ok_or_else(|| "a ${ is not closed by }".to_owned())?;
            parts.push(Part::Expression(Expression::read(&inside[..end], scope)?));
            rest = &inside[end + 1..];
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self { parts, text: text.to_owned() })
    }

    /// The text for a record.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn text(&self, seen: &Seen<'_>) -> Result<String, String> {
        let mut made = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => made.push_str(text),
                Part::Expression(expression) => {
                    let value = expression.value(seen)?;
                    made.push_str(&values::text(&value).map_err(|why| format!("{:?} {why}.", expression.text()))?);
                }
            }
            if made.len() > TEXT_MADE_BYTES_MAX {
                return Err(format!("{:?} gave more than {TEXT_MADE_BYTES_MAX} bytes.", self.text));
            }
        }
        Ok(made)
    }

    pub(crate) fn source(&self) -> &str {
        &self.text
    }
}

/// Where the brace is that closes an expression: those in it and in its texts do not count.
fn end_of(text: &str) -> Option<usize> {
    let (mut depth, mut quote, mut escaped) = (0_usize, None, false);
    for (at, it) in text.char_indices() {
        match (quote, it) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if it == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(it),
            (None, '{') => depth += 1,
            (None, '}') if depth == 0 => return Some(at),
            (None, '}') => depth -= 1,
            (None, _) => {}
        }
    }
    None
}
