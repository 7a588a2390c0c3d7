//! From a filter's text to its condition.

use crate::{Query, Result, Scope, Types, parser, resolve};

impl Query {
    /// Parses and resolves a filter of `scope`. `types` are the namespace's custom search attributes.
    ///
    /// # Errors
    /// [`Error::InvalidQuery`]; [`Error::NotForSchedules`] for a filter of schedules only.
    pub fn parse(scope: Scope, text: &str, types: &Types) -> Result<Self> {
        let statement = parser::parse(text)?;
        resolve::resolve(&statement, types, scope)
    }
}
