//! Lists of runs, schedules and workers: Temporal's filter language, and what an index is asked and answers ([`index`]).
//!
//! The language ([`Query`]; reference D1) is parsed by hand.
//! A general SQL parser does not fit: Temporal's dialect has STARTS_WITH, double-quoted strings and back-quoted names, refuses
//! most of SQL with texts of its own, and reports syntax errors by position as its own parser does. What is left is a page of
//! grammar. Steps: [`lexer`] → [`parser`] (syntax) → [`resolve`] (names, types, values; NOT pushed down to the leaves). An index makes a
//! search of the result; the one in SQLite is in the visibility service. There is none here, so whoever asks links none. Workers are in no
//! index: their filter ([`WorkerQuery`]) is tested here.

mod condition;
mod duration;
mod error;
pub mod index;
mod lexer;
mod literal;
mod parse;
mod parser;
mod resolve;
mod status;
mod workers;

pub use condition::{Column, Comparison, Field, Filter, Query, Scope, Test, Types, Value, tokens};
pub use error::{Error, Result};
pub use index::{Count, Group, Page, VisibilityQueries};
pub use status::{status_name, status_named};
pub use workers::WorkerQuery;

#[cfg(test)]
mod tests;
