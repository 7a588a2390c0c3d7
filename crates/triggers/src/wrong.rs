//! What is wrong with a declaration.

use std::fmt;

use serde_saphyr::Spanned;

/// What is wrong with a declaration: where, what, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The line, from 1. `None`: it is about the whole.
    pub line: Option<u64>,
    /// The field (`rules[1].start.id`); empty: the text as a whole.
    pub field: String,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub hint: String,
}

impl Wrong {
    pub(crate) fn at<T>(spanned: &Spanned<T>, field: &str, problem: impl Into<String>, hint: impl Into<String>) -> Self {
        let line = spanned.referenced.line();
        Self { line: (line > 0).then_some(line), field: field.to_owned(), problem: problem.into(), hint: hint.into() }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        write!(f, "{} ({})", self.problem, self.hint)
    }
}

impl std::error::Error for Wrong {}
