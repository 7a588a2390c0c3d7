//! What a filter says once its names and values are resolved: the condition that an index looks for.

use std::collections::BTreeMap;

use klamm_messages::temporal::enums::v1::IndexedValueType;

/// Types of a namespace's custom search attributes.
pub type Types = BTreeMap<String, IndexedValueType>;

/// What a filter is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Workflows: every document that the filter's namespace division lets through. A filter that does not mention the division sees only
    /// documents without one.
    Workflows,
    /// Schedules: the documents of the schedules' division. Filters may not use the system's own attributes, except `ScheduleId` and
    /// `TemporalSchedulePaused`.
    Schedules,
}

/// A filter with all names and values resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// What a run must match; `None`: everything. The clause that hides namespace divisions is included.
    pub filter: Filter,
    /// True when GROUP BY ExecutionStatus was asked for.
    pub group_by_status: bool,
}

/// A condition in SQL's three-valued logic, without NOT. A run matches when the condition is true; unknown does not count as true.
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
            klamm_search_attributes::NAMESPACE_DIVISION => Self::NamespaceDivision,
            _ => return None,
        })
    }
}

/// A value in the form that the index compares: times in microseconds since the epoch, durations in nanoseconds, statuses as enum numbers.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Int, Bool (0, 1), Datetime, ExecutionStatus.
    Int(i64),
    /// Double.
    Real(f64),
    /// Keyword, KeywordList's elements; Text's tokens, lower case.
    Text(String),
}

/// How an attribute is tested. The test of an absent attribute is unknown, unless the test says otherwise.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// The attribute compared with a value.
    Compare(Comparison, Value),
    /// IN; `negated`: NOT IN.
    In {
        /// The list.
        values: Vec<Value>,
        /// True for NOT IN.
        negated: bool,
    },
    /// BETWEEN, with both ends included; `negated`: NOT BETWEEN.
    Between {
        /// Lower end.
        from: Value,
        /// Upper end.
        to: Value,
        /// True for NOT BETWEEN.
        negated: bool,
    },
    /// STARTS_WITH; `negated`: NOT STARTS_WITH.
    StartsWith {
        /// The prefix.
        prefix: String,
        /// True for NOT STARTS_WITH.
        negated: bool,
    },
    /// KeywordList, Text: the attribute has any of these values (false when it is absent). `negated`: it has none of them (true when it is
    /// absent).
    Any {
        /// Elements or tokens.
        values: Vec<Value>,
        /// True for "none of them".
        negated: bool,
    },
    /// IS NULL, which is true when the attribute is absent; `negated`: IS NOT NULL.
    IsNull {
        /// True for IS NOT NULL.
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

    /// The operator in SQL.
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

/// Tokens of a text, by which Text attributes are indexed and searched: sequences of letters and digits, in lower case.
pub fn tokens(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|token| !token.is_empty()).map(str::to_lowercase).collect()
}
