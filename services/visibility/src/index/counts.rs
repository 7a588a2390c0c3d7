//! How many runs there are of each (workflow type, status, namespace division), kept by the writer, so that no count of these has to walk the
//! runs.

use std::collections::BTreeMap;

use klamm_filters::{Column, Field, Filter};
use rusqlite::Transaction;

use super::sql::Sql;
use crate::document::Row;

/// What the runs of one count have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    pub(super) namespace: i64,
    pub(super) workflow_type: String,
    pub(super) status: i32,
    pub(super) division: Option<String>,
}

impl Kind {
    /// That of a run of this namespace.
    pub(super) fn of(namespace: i64, row: &Row) -> Self {
        Self {
            namespace,
            workflow_type: row.fixed.workflow_type.clone(),
            status: row.changing.status,
            division: row.fixed.division.clone(),
        }
    }
}

/// Changes of counts that are not written yet.
pub(super) type Deltas = BTreeMap<Kind, i64>;

/// Adds to the counts of these kinds. Counts that have become 0 go.
pub(super) fn write(transaction: &Transaction<'_>, deltas: Deltas) -> rusqlite::Result<()> {
    let mut add = transaction.prepare_cached(
        "INSERT INTO counts (namespace, workflow_type, status, division, runs) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (namespace, workflow_type, status, ifnull(division, char(0))) DO UPDATE SET runs = runs + ?5",
    )?;
    let mut remove = transaction.prepare_cached(
        "DELETE FROM counts WHERE namespace = ? AND workflow_type = ? AND status = ? AND ifnull(division, char(0)) = ifnull(?, char(0)) AND runs = 0",
    )?;
    for (Kind { namespace, workflow_type, status, division }, delta) in deltas.into_iter().filter(|(_, delta)| *delta != 0) {
        add.execute((namespace, &workflow_type, status, &division, delta))?;
        if delta < 0 {
            remove.execute((namespace, &workflow_type, status, &division))?;
        }
    }
    Ok(())
}

/// Whether the counts say how many runs match.
pub(super) fn answer(filter: &Filter) -> bool {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().all(answer),
        Filter::Test(Field::Column(column), _) => {
            matches!(column, Column::WorkflowType | Column::ExecutionStatus | Column::NamespaceDivision)
        }
        Filter::Test(Field::Attribute(..), _) => false,
    }
}

/// FROM and WHERE over the counts as `r`, given the filter as a condition on `r`.
pub(super) fn from_where(namespace: i64, condition: Sql) -> Sql {
    let mut sql = Sql::new("FROM counts r WHERE r.namespace = ");
    sql.bind(namespace).push(" AND ").append(condition);
    sql
}
