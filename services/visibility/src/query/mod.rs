//! The filter language: Temporal's (reference D1), parsed by hand.
//!
//! A general SQL parser does not fit: Temporal's dialect has STARTS_WITH, double-quoted strings and back-quoted names, refuses
//! most of SQL with texts of its own, and reports syntax errors by position as its own parser does. What is left is a page of
//! grammar. Steps: [`lexer`] → [`parser`] (syntax) → [`resolve`] (names, types, values; NOT pushed down to the leaves) →
//! [`crate::index::sql`].

mod duration;
mod lexer;
mod literal;
mod parser;
mod resolve;
mod status;

use std::collections::BTreeMap;

use klamm_messages::temporal::enums::v1::IndexedValueType;

pub use status::{status_name, status_named};

use crate::Result;

/// Types of a namespace's custom search attributes.
pub type Types = BTreeMap<String, IndexedValueType>;

/// What a filter is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Workflows: every document that the filter's namespace division lets through, none of a division unless the filter mentions it.
    Workflows,
    /// Schedules: the documents of their division, by filters that the system's own attributes have no part in (but `ScheduleId` and
    /// `TemporalSchedulePaused`).
    Schedules,
}

/// A filter with all names and values resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// What a run must fulfil; `None`: everything. The clause that hides namespace divisions is in it.
    pub filter: Filter,
    /// GROUP BY ExecutionStatus was asked for.
    pub group_by_status: bool,
}

impl Query {
    /// Parses and resolves a filter of `scope`; `types` are the namespace's custom search attributes.
    ///
    /// # Errors
    /// [`crate::Error::InvalidQuery`]; [`crate::Error::NotForSchedules`] for a filter of schedules only.
    pub fn parse(scope: Scope, text: &str, types: &Types) -> Result<Self> {
        let statement = parser::parse(text)?;
        resolve::resolve(&statement, types, scope)
    }
}

/// A condition in SQL's three-valued logic, free of NOT: a run fits when it is true (unknown does not fit).
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// All of them.
    And(Vec<Filter>),
    /// At least one of them.
    Or(Vec<Filter>),
    /// One test of one attribute.
    Test(Field, Test),
}

/// What is tested.
#[derive(Debug, Clone, PartialEq)]
pub enum Field {
    /// A property of every run.
    Column(Column),
    /// A search attribute that travels with the run: custom or predefined.
    Attribute(String, IndexedValueType),
}

/// Properties of a run that are columns of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Column {
    WorkflowId,
    RunId,
    WorkflowType,
    TaskQueue,
    ExecutionStatus,
    StartTime,
    ExecutionTime,
    CloseTime,
    ExecutionDuration,
    HistoryLength,
    HistorySizeBytes,
    StateTransitionCount,
    ParentWorkflowId,
    ParentRunId,
    RootWorkflowId,
    RootRunId,
    NamespaceDivision,
}

impl Column {
    /// The column of a system search attribute.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "WorkflowId" => Self::WorkflowId,
            "RunId" => Self::RunId,
            "WorkflowType" => Self::WorkflowType,
            "TaskQueue" => Self::TaskQueue,
            "ExecutionStatus" => Self::ExecutionStatus,
            "StartTime" => Self::StartTime,
            "ExecutionTime" => Self::ExecutionTime,
            "CloseTime" => Self::CloseTime,
            "ExecutionDuration" => Self::ExecutionDuration,
            "HistoryLength" => Self::HistoryLength,
            "HistorySizeBytes" => Self::HistorySizeBytes,
            "StateTransitionCount" => Self::StateTransitionCount,
            "ParentWorkflowId" => Self::ParentWorkflowId,
            "ParentRunId" => Self::ParentRunId,
            "RootWorkflowId" => Self::RootWorkflowId,
            "RootRunId" => Self::RootRunId,
            klamm_cluster::search_attributes::NAMESPACE_DIVISION => Self::NamespaceDivision,
            _ => return None,
        })
    }
}

/// A value as the index compares it: times in microseconds since the epoch, durations in nanoseconds, statuses as enum numbers.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Int, Bool (0, 1), Datetime, ExecutionStatus.
    Int(i64),
    /// Double.
    Real(f64),
    /// Keyword, KeywordList's elements; Text's tokens, lower case.
    Text(String),
}

/// How an attribute is tested. Tests of an absent attribute are unknown except where said.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// attribute ∘ value.
    Compare(Comparison, Value),
    /// IN; `negated`: NOT IN.
    In {
        /// The list.
        values: Vec<Value>,
        /// NOT IN.
        negated: bool,
    },
    /// BETWEEN, both ends included; `negated`: NOT BETWEEN.
    Between {
        /// Lower end.
        from: Value,
        /// Upper end.
        to: Value,
        /// NOT BETWEEN.
        negated: bool,
    },
    /// STARTS_WITH; `negated`: NOT STARTS_WITH.
    StartsWith {
        /// The prefix.
        prefix: String,
        /// NOT STARTS_WITH.
        negated: bool,
    },
    /// KeywordList, Text: has any of them (absent: false); `negated`: has none of them (absent: true).
    Any {
        /// Elements or tokens.
        values: Vec<Value>,
        /// None of them.
        negated: bool,
    },
    /// IS NULL (true when absent); `negated`: IS NOT NULL.
    IsNull {
        /// IS NOT NULL.
        negated: bool,
    },
}

impl Test {
    /// The test that is true exactly where this one is false, and unknown where it is unknown.
    #[must_use]
    pub fn negate(self) -> Self {
        match self {
            Self::Compare(comparison, value) => Self::Compare(comparison.negate(), value),
            Self::In { values, negated } => Self::In { values, negated: !negated },
            Self::Between { from, to, negated } => Self::Between { from, to, negated: !negated },
            Self::StartsWith { prefix, negated } => Self::StartsWith { prefix, negated: !negated },
            Self::Any { values, negated } => Self::Any { values, negated: !negated },
            Self::IsNull { negated } => Self::IsNull { negated: !negated },
        }
    }
}

/// Comparison operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// The opposite.
    pub fn negate(self) -> Self {
        match self {
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
            Self::Less => Self::GreaterOrEqual,
            Self::LessOrEqual => Self::Greater,
            Self::Greater => Self::LessOrEqual,
            Self::GreaterOrEqual => Self::Less,
        }
    }

    /// As SQL spells it.
    pub fn sql(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

/// Tokens of a text, as Text attributes are indexed and searched: runs of letters and digits, lower case.
pub fn tokens(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|token| !token.is_empty()).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests;
