//! From a filter's text to its condition.

use crate::{Error, Query, Result, Scope, Types, parser, resolve};

impl Query {
    /// Checks the syntax of a filter alone, whatever names it has.
    ///
    /// # Errors
    /// What is wrong, without "invalid query: ".
    pub fn check_syntax(text: &str) -> std::result::Result<(), String> {
        match parser::parse(text) {
            Ok(_) => Ok(()),
            Err(Error::InvalidQuery(what) | Error::NotForSchedules(what)) => Err(what),
        }
    }

    /// Parses and resolves a filter of `scope`. `types` are the namespace's custom search attributes.
    ///
    /// # Errors
    /// [`Error::InvalidQuery`]; [`Error::NotForSchedules`] for a filter of schedules only.
    pub fn parse(scope: Scope, text: &str, types: &Types) -> Result<Self> {
        let statement = parser::parse(text)?;
        resolve::resolve(&statement, types, scope)
    }
}
