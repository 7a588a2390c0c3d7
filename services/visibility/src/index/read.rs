//! Reads pages of documents, and counts.

use klamm_filters::{Count, Filter, Group, Page, Query, status_name};
use klamm_messages::klamm::v1::VisibilityDocument;
use prost::Message;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::{
    counts,
    plan::{from_where, lead},
    sql::{Names, Sql, condition, prepare},
};
use crate::{Error, Result, token::PageToken};

/// Most runs on one page. A larger request gets this number (Temporal: frontend.visibilityMaxPageSize).
pub const PAGE_SIZE_MAX: usize = 1000;

/// See [`super::Index::list`].
pub(super) fn list(connection: &Connection, namespace: &str, filter: &Filter, page_size: usize, page_token: &[u8]) -> Result<Page> {
    let token = PageToken::decode(page_token)?;
    let page_size = if page_size == 0 { PAGE_SIZE_MAX } else { page_size.min(PAGE_SIZE_MAX) };
    // Choosing the way, finding the runs and reading their documents happen in one transaction, so that all of them see the same state.
    let view = connection.unchecked_transaction()?;
    let Some(namespace) = namespace_number(&view, namespace)? else { return Ok(Page::default()) };
    let sql = select(&view, namespace, filter, token.as_ref(), page_size + 1)?;
    let mut found = Vec::with_capacity(page_size + 1);
    let mut statement = prepare(&view, &sql.text)?;
    let mut rows = statement.query(params_from_iter(&sql.parameters))?;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        found.push((id, PageToken { close: row.get(1)?, start: row.get(2)?, run_id: row.get(3)? }));
    }
    let has_more = found.len() > page_size;
    found.truncate(page_size);
    let mut documents = Vec::with_capacity(found.len());
    let mut statement = view.prepare_cached("SELECT body FROM documents WHERE id = ?")?;
    for (id, place) in &found {
        let body: Vec<u8> = statement.query_row((id,), |row| row.get(0))?;
        let decoded = VisibilityDocument::decode(body.as_slice());
        documents.push(decoded.map_err(|source| Error::Corrupt { run_id: place.run_id.clone(), source })?);
    }
    let last = found.last().filter(|_| has_more);
    Ok(Page { documents, next_page_token: last.map(|(_, place)| place.encode()).unwrap_or_default() })
}

/// The SELECT of one page: number, close, start, run id.
pub(super) fn select(
    connection: &Connection,
    namespace: i64,
    filter: &Filter,
    token: Option<&PageToken>,
    limit: usize,
) -> rusqlite::Result<Sql> {
    let names = Names::new(connection, namespace);
    let lead = lead(connection, &names, namespace, filter)?;
    let is_posting = matches!(lead, super::plan::Lead::Posting(..));
    // Postings repeat the run's times. When they are named here, SQLite sees that the postings are in this order.
    let times = if is_posting { "p" } else { "r" };
    let mut sql = Sql::new("SELECT r.id, r.close, r.start, r.run_id ");
    sql.append(from_where(lead, &names, namespace, filter)?);
    if let Some(PageToken { close, start, run_id }) = token {
        sql.push(&format!(" AND ({times}.close, {times}.start) <= (")).bind(*close).push(", ").bind(*start).push(")");
        sql.push(" AND NOT (r.close = ").bind(*close).push(" AND r.start = ").bind(*start);
        sql.push(" AND r.run_id <= ").bind(run_id.clone()).push(")");
    }
    sql.push(&format!(" ORDER BY {times}.close DESC, {times}.start DESC, r.run_id LIMIT {limit}"));
    Ok(sql)
}

/// See [`super::Index::count`].
pub(super) fn count(connection: &Connection, namespace: &str, query: &Query) -> Result<Count> {
    let view = connection.unchecked_transaction()?;
    let Some(namespace) = namespace_number(&view, namespace)? else { return Ok(Count::default()) };
    let names = Names::new(&view, namespace);
    let (number, from_where) = if counts::answer(&query.filter) {
        ("ifnull(sum(r.runs), 0)", counts::from_where(namespace, condition(&query.filter, &names)?))
    } else {
        let lead = lead(&view, &names, namespace, &query.filter)?;
        ("count(*)", from_where(lead, &names, namespace, &query.filter)?)
    };
    if !query.group_by_status {
        let text = format!("SELECT {number} {}", from_where.text);
        let total = prepare(&view, &text)?.query_row(params_from_iter(&from_where.parameters), |row| row.get(0))?;
        return Ok(Count { total, groups: Vec::new() });
    }
    let text = format!("SELECT r.status, {number} {} GROUP BY r.status ORDER BY r.status", from_where.text);
    let mut statement = prepare(&view, &text)?;
    let rows = statement
        .query_map(params_from_iter(&from_where.parameters), |row| Ok(Group { value: status_name(row.get(0)?), count: row.get(1)? }))?;
    let groups = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(Count { total: groups.iter().map(|group| group.count).sum(), groups })
}

/// Number of a namespace. `None` when it never had a run.
pub(super) fn namespace_number(connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    let mut statement = connection.prepare_cached("SELECT id FROM namespaces WHERE name = ?")?;
    statement.query_row((name,), |row| row.get(0)).optional()
}
