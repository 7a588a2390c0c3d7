//! Chooses the index that a query starts from.
//!
//! SQLite's planner does not know how many runs have a value, so the choice is made here. For every condition of a conjunction that an
//! index answers, the matching runs are counted, up to a limit. The rarest condition leads. If its index is in the order of results, the
//! query walks it until the page is full. If not, but it is rare enough, its runs are fetched and sorted. Otherwise the query walks all
//! runs in order and tests each.

use std::cell::Cell;

use klamm_filters::{Column, Comparison, Field, Filter, Test};
use rusqlite::{Connection, params_from_iter};

use super::sql::{Names, Sql, condition, on_column, on_value, prepare};

/// The runs of a condition are counted up to this number; more count as "many". Counting 40,000 index entries takes one to four
/// milliseconds.
const COUNTED_MAX: i64 = 40_000;

/// Up to so many runs are fetched and sorted. If there are more, all runs are walked in order instead.
const SORTED_MAX: i64 = 20_000;

/// The first so many conditions are looked up in their indexes. There are two reasons for a bound. Each count takes time. And a search for
/// any of several conditions needs one SELECT for each (two for a condition on the root), and SQLite allows 500 SELECTs in one statement.
const SOUGHT_MAX: usize = 200;

/// The way to the runs that may match.
#[derive(Debug)]
pub(super) enum Lead {
    /// This index of `runs`, walked in order. The filter's condition on its column, if there is one, narrows it.
    Ordered(&'static str),
    /// The list of one attribute value, in order: number of the name, condition on `p.value`.
    Posting(i64, Sql),
    /// These runs (a SELECT of run numbers), which then have to be sorted.
    Set(Sql),
    /// Whatever SQLite chooses, sorted. For filters on namespace divisions that no index orders.
    Any,
}

/// A condition that an index answers.
struct Candidate {
    source: Sql,
    count: i64,
    ordered: Option<Lead>,
}

/// Chooses the way for `filter`.
pub(super) fn lead(connection: &Connection, names: &Names<'_>, namespace: i64, filter: &Filter) -> rusqlite::Result<Lead> {
    let planner = Planner { connection, names, namespace, left: Cell::new(SOUGHT_MAX) };
    let mut parts = Vec::new();
    conjuncts(filter, &mut parts);
    let mut best: Option<Candidate> = None;
    let mut best_ordered: Option<Candidate> = None;
    for part in &parts {
        let Some(candidate) = planner.candidate(part)? else { continue };
        let slot = if candidate.ordered.is_some() { &mut best_ordered } else { &mut best };
        if slot.as_ref().is_none_or(|other| candidate.count < other.count) {
            *slot = Some(candidate);
        }
    }
    // Walking a list in order is never worse than sorting the same list. A rarer set is better than a longer list.
    let ordered_count = best_ordered.as_ref().map_or(i64::MAX, |candidate| candidate.count);
    match best {
        Some(set) if set.count < ordered_count && set.count <= SORTED_MAX => return Ok(Lead::Set(set.source)),
        _ => {}
    }
    if let Some(Candidate { ordered: Some(lead), .. }) = best_ordered {
        return Ok(lead);
    }
    let division_is_fixed = parts.iter().any(|part| match part {
        Filter::Test(Field::Column(Column::NamespaceDivision), test) => {
            matches!(test, Test::IsNull { negated: false } | Test::Compare(Comparison::Equal, _))
        }
        _ => false,
    });
    Ok(if division_is_fixed { Lead::Ordered("runs_in_order") } else { Lead::Any })
}

/// The parts of a conjunction, all of which must be true.
fn conjuncts<'f>(filter: &'f Filter, parts: &mut Vec<&'f Filter>) {
    match filter {
        Filter::And(inner) => inner.iter().for_each(|part| conjuncts(part, parts)),
        other => parts.push(other),
    }
}

struct Planner<'p> {
    connection: &'p Connection,
    names: &'p Names<'p>,
    namespace: i64,
    /// How many conditions may still be looked up.
    left: Cell<usize>,
}

impl Planner<'_> {
    /// A source of all runs that match `filter`, if an index gives them. It may give runs that do not match, too.
    fn candidate(&self, filter: &Filter) -> rusqlite::Result<Option<Candidate>> {
        match filter {
            Filter::And(parts) => {
                let mut best: Option<Candidate> = None;
                for part in parts {
                    if let Some(candidate) = self.candidate(part)?
                        && best.as_ref().is_none_or(|other| candidate.count < other.count)
                    {
                        best = Some(candidate);
                    }
                }
                Ok(best.map(|best| Candidate { ordered: None, ..best }))
            }
            Filter::Or(parts) => {
                let (mut source, mut count) = (Sql::default(), 0);
                for (i, part) in parts.iter().enumerate() {
                    let Some(candidate) = self.candidate(part)? else { return Ok(None) };
                    if i > 0 {
                        source.push(" UNION ALL ");
                    }
                    source.append(candidate.source);
                    count += candidate.count;
                }
                Ok((!parts.is_empty()).then_some(Candidate { source, count, ordered: None }))
            }
            Filter::Test(field, test) => {
                if !is_sought(test) || self.left.get() == 0 {
                    return Ok(None);
                }
                self.left.set(self.left.get() - 1);
                let Some((source, ordered)) = (match field {
                    Field::Column(column) => self.column(*column, test),
                    Field::Attribute(name, value_type) => self.names.number(name, *value_type)?.map(|number| attribute(number, test)),
                }) else {
                    return Ok(None);
                };
                let count = self.count(&source)?;
                Ok(Some(Candidate { source, count, ordered }))
            }
        }
    }

    fn column(&self, column: Column, test: &Test) -> Option<(Sql, Option<Lead>)> {
        let is_equal = matches!(test, Test::Compare(Comparison::Equal, _));
        let (index, gives_order) = match column {
            Column::WorkflowType => ("runs_by_type", is_equal),
            Column::ExecutionStatus => ("runs_by_status", is_equal),
            Column::TaskQueue => ("runs_by_task_queue", is_equal),
            Column::WorkflowId => ("runs_by_workflow_id", false),
            Column::RunId => ("runs_by_run_id", false),
            Column::StartTime => ("runs_by_start", false),
            Column::ParentWorkflowId => ("runs_by_parent", false),
            Column::RootWorkflowId => return Some((self.of_root(test), None)),
            _ => return None,
        };
        let mut source = Sql::new(format!("SELECT r.id FROM runs r INDEXED BY {index} WHERE r.namespace = "));
        source.bind(self.namespace).push(" AND ").append(on_column(column, test));
        if column == Column::ParentWorkflowId {
            source.push(" AND r.parent_workflow_id IS NOT NULL");
        }
        Some((source, gives_order.then_some(Lead::Ordered(index))))
    }

    /// Runs of a root: those below it, and the root run itself (its root is itself, and it is not in the index of roots).
    fn of_root(&self, test: &Test) -> Sql {
        let mut source = Sql::new("SELECT r.id FROM runs r INDEXED BY runs_by_root WHERE r.namespace = ");
        source.bind(self.namespace).push(" AND r.root_workflow_id <> r.workflow_id AND ");
        source.append(on_column(Column::RootWorkflowId, test));
        source.push(" UNION ALL SELECT r.id FROM runs r INDEXED BY runs_by_workflow_id WHERE r.namespace = ").bind(self.namespace);
        source.push(" AND ").append(on_column(Column::WorkflowId, test));
        source
    }

    /// Number of runs that a source gives, at most one more than [`COUNTED_MAX`].
    fn count(&self, source: &Sql) -> rusqlite::Result<i64> {
        let text = format!("SELECT count(*) FROM ({} LIMIT {})", source.text, COUNTED_MAX + 1);
        prepare(self.connection, &text)?.query_row(params_from_iter(&source.parameters), |row| row.get(0))
    }
}

fn attribute(number: i64, test: &Test) -> (Sql, Option<Lead>) {
    let on_value = on_value("p.value", test);
    let single = match test {
        Test::Compare(Comparison::Equal, _) => true,
        Test::Any { values, .. } => values.len() == 1,
        _ => false,
    };
    let mut source = Sql::new("SELECT p.run FROM postings p WHERE p.name = ");
    source.bind(number).push(" AND ").append(on_value.clone());
    (source, single.then_some(Lead::Posting(number, on_value)))
}

/// True for tests whose matching values are neighbours in an index.
fn is_sought(test: &Test) -> bool {
    match test {
        Test::Compare(comparison, _) => *comparison != Comparison::NotEqual,
        Test::In { negated, .. } | Test::Between { negated, .. } | Test::Any { negated, .. } => !negated,
        Test::StartsWith { prefix, negated } => !negated && !prefix.is_empty(),
        Test::IsNull { .. } => false,
    }
}

/// The FROM and WHERE of a query over the runs `r` that match `filter`, along the chosen way.
pub(super) fn from_where(lead: Lead, names: &Names<'_>, namespace: i64, filter: &Filter) -> rusqlite::Result<Sql> {
    let mut sql = Sql::default();
    let is_posting = matches!(lead, Lead::Posting(..));
    match lead {
        Lead::Ordered(index) => {
            sql.push("FROM runs r INDEXED BY ").push(index).push(" WHERE r.namespace = ").bind(namespace);
        }
        Lead::Posting(number, on_value) => {
            // CROSS JOIN makes SQLite walk the postings in its outer loop.
            sql.push("FROM postings p CROSS JOIN runs r WHERE p.name = ").bind(number).push(" AND ").append(on_value);
            sql.push(" AND r.id = p.run AND +r.namespace = ").bind(namespace);
        }
        Lead::Set(source) => {
            sql.push("FROM runs r NOT INDEXED WHERE r.id IN (").append(source).push(") AND r.namespace = ").bind(namespace);
        }
        Lead::Any => {
            sql.push("FROM runs r WHERE r.namespace = ").bind(namespace);
        }
    }
    let condition = if is_posting { condition(filter, &names.by_postings())? } else { condition(filter, names)? };
    sql.push(" AND ").append(condition);
    Ok(sql)
}
