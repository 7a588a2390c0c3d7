//! Turns a filter into parameterised SQL over the run `r`. A client's text never becomes SQL text.

use klamm_filters::{Column, Field, Filter, Test, Value};
use klamm_messages::temporal::enums::v1::IndexedValueType;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Statement, types::Value as Sqlite};

use crate::document::OPEN;

/// Longest text whose prepared statement is kept. Longer ones are seldom used twice, and take much memory.
const KEPT_TEXT_BYTES_MAX: usize = 8 << 10;

/// SQL text and its parameters, in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Sql {
    pub(super) text: String,
    pub(super) parameters: Vec<Sqlite>,
}

impl Sql {
    /// A text without parameters.
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), parameters: Vec::new() }
    }

    /// Appends text.
    pub(super) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends a parameter.
    pub(super) fn bind(&mut self, value: impl Into<Sqlite>) -> &mut Self {
        self.text.push('?');
        self.parameters.push(value.into());
        self
    }

    /// Appends another piece.
    pub(super) fn append(&mut self, other: Self) -> &mut Self {
        self.text.push_str(&other.text);
        self.parameters.extend(other.parameters);
        self
    }
}

/// A prepared statement: either one that the connection keeps for later, or one for this time only.
pub(super) enum Prepared<'c> {
    Kept(CachedStatement<'c>),
    Once(Statement<'c>),
}

impl<'c> std::ops::Deref for Prepared<'c> {
    type Target = Statement<'c>;

    fn deref(&self) -> &Statement<'c> {
        match self {
            Self::Kept(statement) => statement,
            Self::Once(statement) => statement,
        }
    }
}

impl<'c> std::ops::DerefMut for Prepared<'c> {
    fn deref_mut(&mut self) -> &mut Statement<'c> {
        match self {
            Self::Kept(statement) => statement,
            Self::Once(statement) => statement,
        }
    }
}

/// Prepares a text that was made from a filter.
pub(super) fn prepare<'c>(connection: &'c Connection, text: &str) -> rusqlite::Result<Prepared<'c>> {
    if text.len() <= KEPT_TEXT_BYTES_MAX {
        return connection.prepare_cached(text).map(Prepared::Kept);
    }
    connection.prepare(text).map(Prepared::Once)
}

/// A filter's value as SQLite binds it.
pub(super) fn sqlite(value: &Value) -> Sqlite {
    match value {
        Value::Int(value) => Sqlite::Integer(*value),
        Value::Real(value) => Sqlite::Real(*value),
        Value::Text(value) => Sqlite::Text(value.clone()),
    }
}

/// The numbers of names in one namespace.
pub(super) struct Names<'c> {
    connection: &'c Connection,
    namespace: i64,
    /// The SQL expression for the number of the run that is tested.
    run: &'static str,
}

impl<'c> Names<'c> {
    /// Names that are looked up in `connection`.
    pub(super) fn new(connection: &'c Connection, namespace: i64) -> Self {
        Self { connection, namespace, run: "r.id" }
    }

    /// The same names, with the run's number taken from the postings `p`, so that attributes are tested before the run's row is fetched.
    pub(super) fn by_postings(&self) -> Self {
        Self { run: "p.run", ..*self }
    }

    /// Number of an attribute; `None` when no run ever had this attribute.
    pub(super) fn number(&self, name: &str, value_type: IndexedValueType) -> rusqlite::Result<Option<i64>> {
        let mut statement = self.connection.prepare_cached("SELECT id FROM names WHERE namespace = ? AND name = ? AND type = ?")?;
        statement.query_row((self.namespace, name, value_type as i32), |row| row.get(0)).optional()
    }
}

/// The filter as a condition on the run `r`.
pub(super) fn condition(filter: &Filter, names: &Names<'_>) -> rusqlite::Result<Sql> {
    match filter {
        Filter::And(parts) => joined(parts, names, " AND ", "1"),
        Filter::Or(parts) => joined(parts, names, " OR ", "0"),
        Filter::Test(Field::Column(column), test) => Ok(on_column(*column, test)),
        Filter::Test(Field::Attribute(name, value_type), test) => Ok(on_attribute(names.number(name, *value_type)?, names.run, test)),
    }
}

/// Joins the parts in halves. SQLite turns a plain chain into a tree as deep as the chain is long, and refuses more than 1000 levels.
fn joined(parts: &[Filter], names: &Names<'_>, joint: &str, empty: &str) -> rusqlite::Result<Sql> {
    match parts {
        [] => Ok(Sql::new(empty)),
        [one] => condition(one, names),
        _ => {
            let (left, right) = parts.split_at(parts.len() / 2);
            let mut sql = Sql::new("(");
            sql.append(joined(left, names, joint, empty)?).push(joint).append(joined(right, names, joint, empty)?).push(")");
            Ok(sql)
        }
    }
}

/// Name of a column in `runs`.
pub(super) fn column_name(column: Column) -> &'static str {
    match column {
        Column::WorkflowId => "workflow_id",
        Column::RunId => "run_id",
        Column::WorkflowType => "workflow_type",
        Column::TaskQueue => "task_queue",
        Column::ExecutionStatus => "status",
        Column::StartTime => "start",
        Column::ExecutionTime => "execution_time",
        Column::CloseTime => "close",
        Column::ExecutionDuration => "execution_duration",
        Column::HistoryLength => "history_length",
        Column::HistorySizeBytes => "history_size_bytes",
        Column::StateTransitionCount => "state_transition_count",
        Column::ParentWorkflowId => "parent_workflow_id",
        Column::ParentRunId => "parent_run_id",
        Column::RootWorkflowId => "root_workflow_id",
        Column::RootRunId => "root_run_id",
        Column::NamespaceDivision => "division",
    }
}

/// A test of a column. The close time of an open run is NULL for IS NULL, and later than all others for comparisons.
pub(super) fn on_column(column: Column, test: &Test) -> Sql {
    let name = format!("r.{}", column_name(column));
    match (column, test) {
        (Column::CloseTime, Test::IsNull { negated }) => {
            let mut sql = Sql::new(format!("{name} {} ", if *negated { "<>" } else { "=" }));
            sql.bind(OPEN);
            sql
        }
        (_, Test::IsNull { negated }) => Sql::new(format!("{name} IS {}NULL", if *negated { "NOT " } else { "" })),
        _ => on_value(&name, test),
    }
}

/// A test of an attribute, with the table `attributes`.
fn on_attribute(number: Option<i64>, run: &str, test: &Test) -> Sql {
    let absent_fits = matches!(test, Test::Any { negated: true, .. } | Test::IsNull { negated: false });
    let Some(number) = number else { return Sql::new(if absent_fits { "1" } else { "0" }) };
    let mut sql = Sql::new(if absent_fits { "NOT EXISTS " } else { "EXISTS " });
    sql.push("(SELECT 1 FROM attributes v WHERE v.run = ").push(run).push(" AND v.name = ").bind(number);
    match test {
        Test::IsNull { .. } => {}
        Test::Any { values, .. } => {
            sql.push(" AND ").append(list("v.value", values, false));
        }
        _ => {
            sql.push(" AND ").append(on_value("v.value", test));
        }
    }
    sql.push(")");
    sql
}

/// A test of the value in the SQL column `name`, which may be NULL.
pub(super) fn on_value(name: &str, test: &Test) -> Sql {
    let mut sql = Sql::default();
    match test {
        Test::Compare(comparison, value) => {
            sql.push(name).push(" ").push(comparison.sql()).push(" ").bind(sqlite(value));
        }
        Test::In { values, negated } | Test::Any { values, negated } => return list(name, values, *negated),
        Test::Between { from, to, negated } => {
            sql.push(name).push(if *negated { " NOT BETWEEN " } else { " BETWEEN " });
            sql.bind(sqlite(from)).push(" AND ").bind(sqlite(to));
        }
        Test::StartsWith { prefix, negated } => match (successor(prefix), negated) {
            (Some(end), false) => {
                sql.push("(").push(name).push(" >= ").bind(prefix.clone()).push(" AND ").push(name).push(" < ").bind(end).push(")");
            }
            (Some(end), true) => {
                sql.push("(").push(name).push(" < ").bind(prefix.clone()).push(" OR ").push(name).push(" >= ").bind(end).push(")");
            }
            (None, false) => {
                sql.push(name).push(" >= ").bind(prefix.clone());
            }
            (None, true) => {
                sql.push(name).push(" < ").bind(prefix.clone());
            }
        },
        Test::IsNull { negated } => {
            sql.push(name).push(if *negated { " IS NOT NULL" } else { " IS NULL" });
        }
    }
    sql
}

fn list(name: &str, values: &[Value], negated: bool) -> Sql {
    let mut sql = Sql::new(name);
    sql.push(if negated { " NOT IN (" } else { " IN (" });
    for (i, value) in values.iter().enumerate() {
        if i > 0 {
            sql.push(", ");
        }
        sql.bind(sqlite(value));
    }
    sql.push(")");
    sql
}

/// The first text after all texts that begin with `prefix`. Texts are in the order of code points, which is the order of their UTF-8 bytes.
/// `None` when there is no such text (an empty prefix).
fn successor(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        let next = match last {
            '\u{d7ff}' => Some('\u{e000}'),
            other => char::from_u32(u32::from(other) + 1),
        };
        if let Some(next) = next {
            text.push(next);
            return Some(text);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::successor;

    #[test]
    fn successors_follow_all_texts_with_the_prefix() {
        assert_eq!(successor("ab").as_deref(), Some("ac"));
        assert_eq!(successor("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(successor("\u{d7ff}").as_deref(), Some("\u{e000}"));
        assert_eq!(successor(""), None);
    }
}
