//! Queries on rows, paging, restart and rebuild.

#[path = "../../../../crates/filters/src/tests/attributes.rs"]
mod attributes;
mod model;
mod queries;

use std::collections::BTreeMap;

use klamm_messages::{
    klamm::v1::VisibilityDocument,
    temporal::{
        common::v1::{Payload, SearchAttributes},
        enums::v1::WorkflowExecutionStatus,
    },
};
use proptest::prelude::*;
use prost_types::Timestamp;

use attributes::types;

use super::{read::namespace_number, *};

/// A run that started `start` seconds into 2024. With `close` it closed so many seconds into 2024. Its ids are made of `n`.
fn run(n: u32, start: i64, close: Option<i64>) -> VisibilityDocument {
    const YEAR_2024: i64 = 1_704_067_200;
    let at = |seconds: i64| Some(Timestamp { seconds: YEAR_2024 + seconds, nanos: 0 });
    VisibilityDocument {
        namespace: "default".to_owned(),
        workflow_id: format!("w{n}"),
        run_id: format!("r{n}"),
        workflow_type: "Order".to_owned(),
        task_queue: "orders".to_owned(),
        status: if close.is_some() { WorkflowExecutionStatus::Completed } else { WorkflowExecutionStatus::Running } as i32,
        start_time: at(start),
        execution_time: at(start),
        close_time: close.and_then(at),
        execution_duration: close.map(|close| prost_types::Duration { seconds: close - start, nanos: 0 }),
        history_length: if close.is_some() { 11 } else { 0 },
        history_size_bytes: if close.is_some() { 1100 } else { 0 },
        state_transition_count: if close.is_some() { 5 } else { 0 },
        root_workflow_id: format!("w{n}"),
        root_run_id: format!("r{n}"),
        ..VisibilityDocument::default()
    }
}

/// Sets a search attribute, its value as JSON.
fn set(document: &mut VisibilityDocument, name: &str, value_type: &str, json: &str) {
    let metadata = [("encoding", "json/plain"), ("type", value_type)];
    let payload = Payload {
        metadata: metadata.map(|(key, value)| (key.to_owned(), value.to_owned().into())).into(),
        data: json.as_bytes().to_vec().into(),
        ..Payload::default()
    };
    let attributes = document.search_attributes.get_or_insert_with(SearchAttributes::default);
    attributes.indexed_fields.insert(name.to_owned(), payload);
}

/// Documents as changes of partition 0, offsets from `from`.
fn changes(from: i64, documents: impl IntoIterator<Item = VisibilityDocument>) -> Vec<Change> {
    let documents = documents.into_iter().zip(from..);
    documents.map(|(document, offset)| Change { partition: 0, offset, body: ChangeBody::Document(Box::new(document)) }).collect()
}

fn deletion(offset: i64, n: u32) -> Change {
    let (namespace, workflow_id, run_id) = ("default".to_owned(), format!("w{n}"), format!("r{n}"));
    Change { partition: 0, offset, body: ChangeBody::Deletion { namespace, workflow_id, run_id } }
}

/// An index in memory with these documents.
fn index_of(documents: impl IntoIterator<Item = VisibilityDocument>) -> Index {
    let index = Index::open(Location::Memory).expect("an index");
    index.apply(&changes(0, documents)).expect("applied");
    index
}

/// Workflow ids of all pages, in order, separated by spaces.
fn ids(index: &Index, query: &str, page_size: usize) -> String {
    let (mut ids, mut token) = (Vec::new(), Vec::new());
    loop {
        let page =
            index.list(Scope::Workflows, "default", query, &types(), page_size, &token).unwrap_or_else(|error| panic!("{query}: {error}"));
        assert!(page.documents.len() <= page_size.max(1));
        assert!(page.next_page_token.is_empty() || page.documents.len() == page_size, "only the last page is short");
        ids.extend(page.documents.into_iter().map(|document| document.workflow_id));
        token = page.next_page_token;
        if token.is_empty() {
            return ids.join(" ");
        }
    }
}

#[test]
fn a_document_comes_back_as_it_went_in_and_the_newest_counts() {
    let mut first = run(1, 10, None);
    set(&mut first, "Customer", "Keyword", "\"acme\"");
    set(&mut first, "Tags", "KeywordList", "[\"a\", \"b\"]");
    let index = index_of([first.clone(), run(2, 20, None)]);
    let page = index.list(Scope::Workflows, "default", "Customer = 'acme'", &types(), 10, &[]).expect("a page");
    assert_eq!(page.documents, [first.clone()]);
    // The second run changes a value and closes.
    let mut second = run(1, 10, Some(40));
    set(&mut second, "Customer", "Keyword", "\"other\"");
    second.memo = Some(Default::default());
    index.apply(&changes(2, [second.clone()])).expect("applied");
    assert_eq!(ids(&index, "Customer = 'acme' OR Tags = 'a'", 10), "");
    assert_eq!(
        index.list(Scope::Workflows, "default", "Customer = 'other'", &types(), 10, &[]).expect("a page").documents,
        [second.clone()]
    );
    assert_eq!(ids(&index, "", 10), "w2 w1", "open runs first");
    // Even columns that never change in a run's life can be overwritten.
    second.workflow_type = "Refund".to_owned();
    index.apply(&changes(3, [second])).expect("applied");
    check_counts(&index);
    assert_eq!((ids(&index, "WorkflowType = 'Refund'", 10), ids(&index, "WorkflowType = 'Order'", 10)), ("w1".into(), "w2".into()));
    index.apply(&[deletion(4, 1), deletion(5, 77)]).expect("applied");
    assert_eq!(ids(&index, "", 10), "w2");
    assert_eq!(ids(&index, "Customer IS NOT NULL", 10), "");
    assert_eq!(leftovers(&index), (1, 0, 0));
}

/// Rows of documents, attributes and postings.
fn leftovers(index: &Index) -> (i64, i64, i64) {
    let count = |table: &str| {
        index.read(|connection| Ok(connection.query_row(&format!("SELECT count(*) FROM {table}"), (), |row| row.get(0))?)).expect("a count")
    };
    (count("documents"), count("attributes"), count("postings"))
}

/// Checks that the counts are those of the runs.
fn check_counts(index: &Index) {
    let rows = |text: &str| {
        index
            .read(|connection| {
                let mut statement = connection.prepare(text)?;
                let rows = statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?;
                Ok(rows.collect::<rusqlite::Result<Vec<(i64, String, i32, Option<String>, i64)>>>()?)
            })
            .expect("rows")
    };
    let counted = rows("SELECT namespace, workflow_type, status, division, count(*) FROM runs GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4");
    assert_eq!(rows("SELECT namespace, workflow_type, status, division, runs FROM counts ORDER BY 1, 2, 3, 4"), counted);
}

#[test]
fn within_a_batch_the_last_change_of_a_run_counts() {
    let index = Index::open(Location::Memory).expect("an index");
    let mut batch = changes(0, [run(1, 10, None), run(1, 10, Some(20)), run(2, 30, None)]);
    batch.push(deletion(3, 2));
    assert_eq!(index.apply(&batch).expect("applied"), 4);
    assert_eq!(ids(&index, "", 10), "w1");
    assert_eq!(ids(&index, "ExecutionStatus = 'Completed'", 10), "w1");
}

#[test]
fn namespaces_do_not_see_each_other() {
    let mut foreign = run(1, 10, None);
    foreign.namespace = "other".to_owned();
    set(&mut foreign, "Customer", "Keyword", "\"acme\"");
    let index = index_of([foreign, run(2, 10, None)]);
    for query in ["", "Customer = 'acme'", "RunId = 'r1'", "WorkflowId STARTS_WITH 'w'", "WorkflowType = 'Order'"] {
        assert!(!ids(&index, query, 10).contains("w1"), "{query}");
    }
    assert_eq!(index.count(Scope::Workflows, "other", "", &types()).expect("a count").total, 1);
    assert_eq!(index.count(Scope::Workflows, "nobody", "", &types()).expect("a count"), Count::default());
}

#[test]
fn counts_may_be_grouped_by_status_and_lists_may_not() {
    let mut failed = run(3, 30, Some(50));
    failed.status = WorkflowExecutionStatus::Failed as i32;
    let index = index_of([run(1, 10, None), run(2, 20, None), failed]);
    let grouped = index.count(Scope::Workflows, "default", "GROUP BY ExecutionStatus", &types()).expect("a count");
    let groups: Vec<_> = grouped.groups.iter().map(|group| (group.value.as_str(), group.count)).collect();
    assert_eq!((grouped.total, groups), (3, vec![("Running", 2), ("Failed", 1)]));
    let filtered =
        index.count(Scope::Workflows, "default", "StartTime < '2024-01-01T00:00:15Z' group by ExecutionStatus", &types()).expect("a count");
    assert_eq!((filtered.total, filtered.groups.len()), (1, 1));
    let error = index.list(Scope::Workflows, "default", "GROUP BY ExecutionStatus", &types(), 10, &[]).expect_err("refused");
    assert_eq!(error.to_string(), "invalid query: operation is not supported: 'GROUP BY' clause");
}

#[test]
fn pages_neither_skip_nor_repeat_even_among_equal_times() {
    // 40 runs with the same start time, half of them open. Their run ids decide the order.
    let documents: Vec<_> = (0..40).map(|n| run(n, 10, (n % 2 == 0).then_some(20))).collect();
    let index = index_of(documents);
    let whole = ids(&index, "", 1000);
    let expected: Vec<_> = {
        let mut names: Vec<_> = (0..40).map(|n| (n % 2 == 0, format!("r{n}"), format!("w{n}"))).collect();
        names.sort();
        names.into_iter().map(|(.., workflow_id)| workflow_id).collect()
    };
    assert_eq!(whole, expected.join(" "));
    for page_size in [1, 3, 7, 39, 40] {
        assert_eq!(ids(&index, "", page_size), whole, "{page_size}");
    }
    let page = index.list(Scope::Workflows, "default", "", &types(), 3, &[]).expect("a page");
    let error = index.list(Scope::Workflows, "default", "", &types(), 3, &page.next_page_token[1..]).expect_err("a foreign token");
    assert_eq!(error.to_string(), "Invalid NextPageToken.");
}

#[test]
fn a_restart_goes_on_where_it_stood() {
    let folder = tempfile::tempdir().expect("a folder");
    let location = Location::File(folder.path().join("visibility.db"));
    let all = changes(5, (0..20).map(|n| run(n, i64::from(n), None)));
    {
        let index = Index::open(location.clone()).expect("an index");
        index.bind("topic").expect("bound");
        index.apply(&all[..12]).expect("applied");
        index.apply_until(&[], &[(1, 9)].into()).expect("applied");
        index.mark_caught_up(77).expect("noted");
    }
    let index = Index::open(location.clone()).expect("an index");
    assert_eq!(index.next_offsets(), BTreeMap::from([(0, 17), (1, 9)]));
    assert_eq!(index.caught_up_at().expect("a fact"), Some(77));
    assert!(!index.bind("topic").expect("bound"), "the same topic");
    // The whole topic comes again: records that were taken before are skipped.
    assert_eq!(index.apply(&all).expect("applied"), 8);
    assert_eq!(index.apply(&all).expect("applied"), 0);
    assert_eq!(index.count(Scope::Workflows, "default", "", &types()).expect("a count").total, 20);
    // With another topic, everything begins anew.
    assert!(index.bind("another").expect("bound"));
    assert_eq!((index.next_offsets(), index.caught_up_at().expect("a fact")), (BTreeMap::new(), None));
    assert_eq!(index.count(Scope::Workflows, "default", "", &types()).expect("a count").total, 0);
}

#[test]
fn a_lost_or_damaged_file_is_built_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("visibility.db");
    let all = changes(0, (0..5).map(|n| run(n, i64::from(n), None)));
    let before = {
        let index = Index::open(Location::File(path.clone())).expect("an index");
        index.apply(&all).expect("applied");
        ids(&index, "", 10)
    };
    for damage in
        [None, Some(&b"this is no database, and longer than a header of a hundred bytes has to be so that it is looked at ..."[..])]
    {
        fs::remove_file(&path).expect("removed");
        if let Some(bytes) = damage {
            fs::write(&path, bytes).expect("written");
        }
        let index = Index::open(Location::File(path.clone())).expect("an index");
        assert_eq!(index.next_offsets(), BTreeMap::new());
        index.apply(&all).expect("applied");
        assert_eq!(ids(&index, "", 10), before);
    }
    Connection::open(&path).and_then(|file| file.pragma_update(None, "user_version", 99)).expect("another layout");
    let index = Index::open(Location::File(path)).expect("an index");
    assert_eq!(index.count(Scope::Workflows, "default", "", &types()).expect("a count").total, 0);
}

#[test]
fn a_folder_that_is_missing_is_an_error() {
    let location = Location::File(PathBuf::from("/nowhere/at/all/visibility.db"));
    assert!(matches!(Index::open(location), Err(Error::Unavailable(_))));
}

#[test]
fn readers_see_whole_batches_while_they_are_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let index = Index::open(Location::File(folder.path().join("visibility.db"))).expect("an index");
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for batch in 0..30u32 {
                let documents = (0..10).map(|n| run(batch * 10 + n, i64::from(batch), None));
                index.apply(&changes(i64::from(batch) * 10, documents)).expect("applied");
            }
        });
        let mut last = 0;
        while !writer.is_finished() {
            let total = index.count(Scope::Workflows, "default", "", &types()).expect("a count").total;
            assert!(total % 10 == 0 && total >= last, "{total} after {last}");
            last = total;
        }
    });
    assert_eq!(index.count(Scope::Workflows, "default", "", &types()).expect("a count").total, 300);
}

#[test]
fn lists_walk_an_index_in_order() {
    let mut documents: Vec<_> = (0..50).map(|n| run(n, i64::from(n), None)).collect();
    documents.iter_mut().for_each(|document| set(document, "Customer", "Keyword", "\"acme\""));
    let index = index_of(documents);
    for (query, expected) in [
        ("", "runs_in_order (namespace=? AND division=?)"),
        ("WorkflowType = 'Order' AND StartTime > '2020-01-01T00:00:00Z'", "runs_by_type (namespace=? AND workflow_type=?)"),
        ("ExecutionStatus = 'Running'", "runs_by_status (namespace=? AND status=?)"),
        ("Customer = 'acme'", "SEARCH p USING PRIMARY KEY (name=? AND value=?)"),
    ] {
        for token in [None, Some(crate::token::PageToken { close: i64::MAX, start: 5, run_id: "r5".to_owned() })] {
            let filter = Query::parse(Scope::Workflows, query, &types()).expect("a query").filter;
            let plan = index.read(|connection| {
                let namespace = namespace_number(connection, "default")?.expect("a namespace");
                let sql = read::select(connection, namespace, &filter, token.as_ref(), 11)?;
                let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", sql.text))?;
                let rows = explain.query_map(rusqlite::params_from_iter(&sql.parameters), |row| row.get::<_, String>(3))?;
                Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?.join("\n"))
            });
            let plan = plan.expect("a plan");
            let expected = if token.is_some() { expected.replace("?)", "? AND (close,start)<(?,?))") } else { expected.to_owned() };
            assert!(plan.contains(&expected), "{query}: {plan}");
            assert!(plan.contains("USE TEMP B-TREE FOR LAST TERM OF ORDER BY"), "{query}: {plan}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_index_agrees_with_a_naive_reading(
        documents in prop::collection::vec(model::any_document(), 0..30),
        closings in prop::collection::vec(0usize..30, 0..8),
        deleted in prop::collection::vec(0u32..12, 0..4),
        conditions in prop::collection::vec(model::any_condition(), 1..6),
        page_size in 1usize..6,
        batch_size in 1usize..12,
    ) {
        let mut documents = documents;
        // Some of the runs close. Nothing else about them changes.
        for i in closings.into_iter().filter(|&i| i < documents.len()).collect::<Vec<_>>() {
            let mut closed = documents[i].clone();
            closed.close_time = Some(Timestamp { seconds: 1_704_067_229, nanos: 0 });
            closed.status = WorkflowExecutionStatus::Completed as i32;
            documents.push(closed);
        }
        let index = Index::open(Location::Memory).expect("an index");
        for batch in changes(0, documents.clone()).chunks(batch_size) {
            index.apply(batch).expect("applied");
        }
        let offset = documents.len() as i64;
        let deletions: Vec<_> = deleted.iter().zip(offset..).map(|(&n, offset)| deletion(offset, n)).collect();
        index.apply(&deletions).expect("applied");
        let mut newest: BTreeMap<_, _> = documents.into_iter().map(|document| (document.workflow_id.clone(), document)).collect();
        for n in deleted {
            newest.remove(&format!("w{n}"));
        }
        for condition in conditions {
            let query = condition.text();
            let mut expected: Vec<_> = newest.values().filter(|document| condition.holds(document) == Some(true)).collect();
            expected.sort_by_key(|document| model::place(document));
            let expected: Vec<_> = expected.into_iter().map(|document| document.workflow_id.as_str()).collect();
            prop_assert_eq!(ids(&index, &query, page_size), expected.join(" "), "{}", query);
            let count = index.count(Scope::Workflows, "default", &query, &types()).expect("a count");
            prop_assert_eq!(count.total, expected.len() as i64, "{}", query);
        }
        prop_assert_eq!(leftovers(&index).0, newest.len() as i64);
        check_counts(&index);
        let numbers = newest.keys().map(|id| id[1..].parse().expect("a number"));
        let deletions: Vec<_> = numbers.zip(1000..).map(|(n, offset)| deletion(offset, n)).collect();
        index.apply(&deletions).expect("applied");
        prop_assert_eq!(leftovers(&index), (0, 0, 0));
        check_counts(&index);
    }
}
