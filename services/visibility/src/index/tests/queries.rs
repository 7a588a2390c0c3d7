//! The filter language as a table: query → runs.

use klamm_messages::temporal::enums::v1::IndexedValueType;

use super::*;

/// Seven runs that differ in everything that filters see.
fn sample() -> Index {
    let mut paid = run(1, 10, None);
    set(&mut paid, "Customer", "Keyword", "\"acme\"");
    set(&mut paid, "My-Field", "Keyword", "\"x\"");
    set(&mut paid, "Note", "Text", "\"Fragile: handle-with CARE\"");
    set(&mut paid, "Amount", "Double", "10");
    set(&mut paid, "Pieces", "Int", "3");
    set(&mut paid, "Paid", "Bool", "true");
    set(&mut paid, "Due", "Datetime", "\"2024-02-01T00:00:00.5Z\"");
    set(&mut paid, "Tags", "KeywordList", "[\"red\", \"blue\"]");
    set(&mut paid, "BuildIds", "KeywordList", "[\"unversioned\"]");
    let mut owed = run(2, 20, Some(80));
    owed.workflow_type = "Refund".to_owned();
    owed.status = WorkflowExecutionStatus::TimedOut as i32;
    set(&mut owed, "Customer", "Keyword", "\"acme's \\\"best\\\"\"");
    set(&mut owed, "Note", "Text", "\"urgent care\"");
    set(&mut owed, "Amount", "Double", "-2.5");
    set(&mut owed, "Pieces", "Int", "7");
    set(&mut owed, "Paid", "Bool", "false");
    set(&mut owed, "Due", "Datetime", "\"2024-03-01T01:00:00+01:00\"");
    set(&mut owed, "Tags", "KeywordList", "[\"green\"]");
    let mut child = run(3, 30, Some(35));
    (child.parent_workflow_id, child.parent_run_id) = ("w1".to_owned(), "r1".to_owned());
    (child.root_workflow_id, child.root_run_id) = ("w1".to_owned(), "r1".to_owned());
    child.task_queue = "children".to_owned();
    child.status = WorkflowExecutionStatus::ContinuedAsNew as i32;
    set(&mut child, "Note", "Text", "\"...\"");
    set(&mut child, "TemporalChangeVersion", "KeywordList", "[\"fix-1\"]");
    let mut scheduled = run(4, 40, None);
    set(&mut scheduled, "TemporalScheduledById", "Keyword", "\"nightly\"");
    set(&mut scheduled, "TemporalScheduledStartTime", "Datetime", "\"2024-01-01T00:00:40Z\"");
    // Unset values, and a value of another type than the attribute has now.
    set(&mut scheduled, "Tags", "KeywordList", "[]");
    set(&mut scheduled, "Paid", "Bool", "null");
    set(&mut scheduled, "Pieces", "Keyword", "\"3\"");
    let mut schedule = run(5, 50, None);
    schedule.workflow_id = "temporal-sys-scheduler:nightly".to_owned();
    set(&mut schedule, "TemporalNamespaceDivision", "Keyword", "\"TemporalScheduler\"");
    set(&mut schedule, "TemporalSchedulePaused", "Bool", "true");
    index_of([paid, owed, child, scheduled, schedule])
}

#[test]
fn filters_find_what_they_say() {
    let index = sample();
    for (query, expected) in [
        ("", "w4 w1 w2 w3"),
        ("   ", "w4 w1 w2 w3"),
        // Strings, names, keywords.
        ("Customer = 'acme'", "w1"),
        ("Customer = \"acme\"", "w1"),
        ("Customer = \"acme's \\\"best\\\"\"", "w2"),
        ("Customer = 'acme''s \"best\"'", "w2"),
        ("`My-Field` = 'x'", "w1"),
        ("`Customer`='acme'", "w1"),
        ("WorkflowType=\"Order\" AND ExecutionStatus=\"Running\"", "w4 w1"),
        ("workflowtype = 'Order' or 1 = 1", "!"),
        ("Customer = 'acme' and NoT Paid = FALSE", "w1"),
        ("(((Customer = 'acme')) OR (Pieces = 7))", "w1 w2"),
        ("Customer = 'acme' OR Pieces = 7 AND Paid = true", "w1"),
        ("(Customer = 'acme' OR Pieces = 7) AND Paid = false", "w2"),
        ("Customer = 'acme' && Paid = true || Pieces = 7", "w1 w2"),
        // Keyword.
        ("Customer != 'acme'", "w2"),
        ("Customer <> 'acme'", "w2"),
        ("NOT Customer = 'acme'", "w2"),
        ("Customer > 'acme'", "w2"),
        ("Customer >= 'acme'", "w1 w2"),
        ("Customer IN ('acme', 'x')", "w1"),
        ("Customer NOT IN ('acme', 'x')", "w2"),
        ("Customer STARTS_WITH 'acme'", "w1 w2"),
        ("Customer starts_with \"acme'\"", "w2"),
        ("Customer NOT STARTS_WITH \"acme'\"", "w1"),
        ("Customer STARTS_WITH ''", "w1 w2"),
        ("Customer BETWEEN 'a' AND 'acme'", "w1"),
        ("Customer NOT BETWEEN 'a' AND 'acme'", "w2"),
        ("Customer IS NULL", "w4 w3"),
        ("Customer is not null", "w1 w2"),
        ("NOT (Customer IS NULL)", "w1 w2"),
        ("Customer = '%' OR Customer STARTS_WITH '%'", ""),
        // KeywordList: any element may match. A list that is not set is unequal to everything.
        ("Tags = 'red'", "w1"),
        ("Tags = 'blue' AND Tags = 'red'", "w1"),
        ("Tags IN ('green', 'red')", "w1 w2"),
        ("Tags != 'red'", "w4 w2 w3"),
        ("Tags NOT IN ('green', 'red')", "w4 w3"),
        ("NOT Tags = 'green'", "w4 w1 w3"),
        ("Tags IS NULL", "w4 w3"),
        ("BuildIds = 'unversioned'", "w1"),
        // Text: any token may match, whatever its case.
        ("Note = 'care'", "w1 w2"),
        ("Note = 'Fragile parcel'", "w1"),
        ("Note = 'with'", "w1"),
        ("Note = 'car'", ""),
        ("Note != 'care'", "w4 w3"),
        ("Note IS NOT NULL", "w1 w2 w3"),
        // Int, Double.
        ("Pieces = 3", "w1"),
        ("Pieces = 3.0", "w1"),
        ("Pieces >= 3 AND Pieces < 7.5", "w1 w2"),
        ("Pieces IN (1, 7)", "w2"),
        ("Pieces != 7", "w1"),
        ("Amount = 10", "w1"),
        ("Amount > -2.5", "w1"),
        ("Amount >= -2.5", "w1 w2"),
        ("Amount BETWEEN -3 AND 1e1", "w1 w2"),
        ("Amount NOT BETWEEN -3 AND +5", "w1"),
        // Bool.
        ("Paid = true", "w1"),
        ("Paid != true", "w2"),
        ("Paid IS NULL", "w4 w3"),
        // Datetime: text or nanoseconds.
        ("Due = '2024-02-01T00:00:00.5Z'", "w1"),
        ("Due > '2024-02-01T01:00:00+01:00'", "w1 w2"),
        ("Due = 1709251200000000000", "w2"),
        ("Due BETWEEN '2024-01-01T00:00:00Z' AND '2024-02-28T00:00:00.000000001Z'", "w1"),
        ("StartTime < '2024-01-01T00:00:30Z'", "w1 w2"),
        ("StartTime BETWEEN '2024-01-01T00:00:20Z' AND '2024-01-01T00:00:30Z'", "w2 w3"),
        ("ExecutionTime >= '2024-01-01T00:00:30Z'", "w4 w3"),
        // An open run's close time is NULL, and in comparisons later than all others.
        ("CloseTime IS NULL", "w4 w1"),
        ("CloseTime IS NOT NULL", "w2 w3"),
        ("CloseTime > '2024-01-01T00:01:00Z'", "w4 w1 w2"),
        ("CloseTime < '2024-01-01T00:01:00Z'", "w3"),
        ("CloseTime BETWEEN '2024-01-01T00:00:00Z' AND '2024-01-01T00:05:00Z'", "w2 w3"),
        // Status.
        ("ExecutionStatus = 'Running'", "w4 w1"),
        ("ExecutionStatus = 'TimedOut'", "w2"),
        ("ExecutionStatus = 'WORKFLOW_EXECUTION_STATUS_TIMED_OUT'", "w2"),
        ("ExecutionStatus = 6", "w3"),
        ("ExecutionStatus != 'Running'", "w2 w3"),
        ("ExecutionStatus IN ('TimedOut', 'ContinuedAsNew')", "w2 w3"),
        ("ExecutionStatus NOT IN ('Running', 'TimedOut')", "w3"),
        // Other system attributes.
        ("WorkflowId = 'w3'", "w3"),
        ("WorkflowId STARTS_WITH 'w'", "w4 w1 w2 w3"),
        ("WorkflowId = 'w3' OR RunId = 'r4'", "w4 w3"),
        ("RunId IN ('r1', 'r2', 'r9')", "w1 w2"),
        ("TaskQueue = 'children'", "w3"),
        ("TaskQueue != 'children' AND WorkflowType != 'Order'", "w2"),
        ("ParentWorkflowId = 'w1'", "w3"),
        ("ParentWorkflowId IS NULL", "w4 w1 w2"),
        ("ParentRunId = 'r1'", "w3"),
        ("RootWorkflowId = 'w1'", "w1 w3"),
        ("RootRunId = 'r1' AND ParentRunId IS NOT NULL", "w3"),
        ("HistoryLength = 11", "w2 w3"),
        ("HistoryLength IS NULL", "w4 w1"),
        ("HistorySizeBytes > 1000 AND StateTransitionCount <= 5", "w2 w3"),
        ("ExecutionDuration = '1m'", "w2"),
        ("ExecutionDuration > '00:00:30'", "w2"),
        ("ExecutionDuration < '1d'", "w2 w3"),
        ("ExecutionDuration = 5000000000", "w3"),
        ("ExecutionDuration BETWEEN '1s' AND '5s'", "w3"),
        // The prefix "Temporal" may be left out or added.
        ("TemporalScheduledById = 'nightly'", "w4"),
        ("ScheduledById = 'nightly'", "w4"),
        ("TemporalWorkflowId = 'w3'", "w3"),
        ("TemporalScheduledStartTime <= '2024-01-01T00:00:40Z'", "w4"),
        ("ChangeVersion = 'fix-1'", "w3"),
        // Divisions.
        ("WorkflowId STARTS_WITH 'temporal-sys'", ""),
        ("TemporalNamespaceDivision = 'TemporalScheduler'", "temporal-sys-scheduler:nightly"),
        ("TemporalNamespaceDivision = 'TemporalScheduler' AND ScheduleId = 'nightly'", "temporal-sys-scheduler:nightly"),
        ("NamespaceDivision = 'TemporalScheduler' AND TemporalScheduleId = 'nightly'", "temporal-sys-scheduler:nightly"),
        ("TemporalNamespaceDivision = 'TemporalScheduler' AND TemporalSchedulePaused = false", ""),
        ("TemporalNamespaceDivision IS NULL", "w4 w1 w2 w3"),
        ("TemporalNamespaceDivision IS NOT NULL", "temporal-sys-scheduler:nightly"),
        (
            "TemporalNamespaceDivision IS NULL OR TemporalNamespaceDivision = 'TemporalScheduler'",
            "temporal-sys-scheduler:nightly w4 w1 w2 w3",
        ),
        // No run ever had these attributes.
        ("BatcherUser = 'x'", ""),
        ("BatcherUser IS NULL AND Tags != 'red'", "w4 w2 w3"),
        ("BinaryChecksums != 'x'", "w4 w1 w2 w3"),
    ] {
        if expected == "!" {
            assert!(index.list(Scope::Workflows, "default", query, &types(), 10, &[]).is_err(), "{query}");
            continue;
        }
        for page_size in [1, 10] {
            assert_eq!(ids(&index, query, page_size), expected, "{query}");
        }
        let total = index.count(Scope::Workflows, "default", query, &types()).expect("a count").total;
        assert_eq!(total as usize, expected.split_whitespace().count(), "{query}");
    }
}

/// The largest filters that the parser lets through. SQLite has limits of its own on variables, on the depth of expressions and on SELECTs
/// in a union.
#[test]
fn the_largest_filters_are_answered() {
    let index = sample();
    let chain = |count: usize, part: &str, joint: &str| vec![part; count].join(joint);
    let nested = |levels: usize, inner: &str| {
        let mut query = inner.to_owned();
        for level in 0..levels {
            query = format!("({query} {} Pieces != 99)", if level % 2 == 0 { "AND" } else { "OR" });
        }
        query
    };
    let list = |count: usize| vec!["'w1'"; count].join(", ");
    for query in [
        chain(1000, "Customer = 'acme'", " AND "),
        chain(1000, "Customer = 'acme'", " OR "),
        chain(1000, "WorkflowId = 'w1'", " OR "),
        chain(300, "(RootWorkflowId = 'w1' AND WorkflowId = 'w1')", " OR "),
        format!("WorkflowId IN ({})", list(10_000)),
        format!("RootWorkflowId IN ({}) AND WorkflowId = 'w1'", list(9_999)),
        format!("RootWorkflowId IN ({}) AND ({})", list(9_000), chain(998, "WorkflowId STARTS_WITH 'w1'", " OR ")),
        nested(199, "Customer = 'acme'").replace(" OR Pieces != 99", " OR Pieces = 99"),
        format!("{}(WorkflowId = 'w1')", "NOT NOT ".repeat(99)),
    ] {
        assert_eq!(ids(&index, &query, 10), "w1", "{}", &query[..query.len().min(60)]);
        assert_eq!(index.count(Scope::Workflows, "default", &query, &types()).expect("a count").total, 1);
    }
}

#[test]
fn a_custom_attribute_named_like_the_alias_of_the_schedule_wins() {
    let mut document = run(1, 10, None);
    set(&mut document, "ScheduleId", "Keyword", "\"mine\"");
    let index = index_of([document]);
    let mut types = types();
    types.insert("ScheduleId".to_owned(), IndexedValueType::Keyword);
    let page = index.list(Scope::Workflows, "default", "ScheduleId = 'mine'", &types, 10, &[]).expect("a page");
    assert_eq!(page.documents.len(), 1);
}

#[test]
fn schedules_are_seen_by_themselves_and_only_there() {
    let schedule = |n: u32, start: i64, close: Option<i64>, paused: bool| {
        let mut document = run(n, start, close);
        document.workflow_id = format!("temporal-sys-scheduler:s{n}");
        set(&mut document, "TemporalNamespaceDivision", "Keyword", "\"TemporalScheduler\"");
        set(&mut document, "TemporalSchedulePaused", "Bool", if paused { "true" } else { "false" });
        set(&mut document, "Customer", "Keyword", "\"acme\"");
        document
    };
    let mut workflow = run(9, 50, None);
    set(&mut workflow, "Customer", "Keyword", "\"acme\"");
    let documents = [
        schedule(1, 10, None, false),
        schedule(2, 20, None, true),
        schedule(3, 30, Some(40), false),
        schedule(4, 40, None, false),
        workflow,
    ];
    let index = index_of(documents);
    let list = |query: &str, page_size: usize| {
        let (mut ids, mut token) = (Vec::new(), Vec::new());
        loop {
            let page = index.list(Scope::Schedules, "default", query, &types(), page_size, &token).expect("a page");
            ids.extend(page.documents.into_iter().map(|document| document.workflow_id.replace("temporal-sys-scheduler:", "")));
            token = page.next_page_token;
            if token.is_empty() {
                return ids.join(" ");
            }
        }
    };
    assert_eq!(list("", 10), "s4 s2 s1", "newest first, those that have ended not at all");
    assert_eq!(list("", 1), "s4 s2 s1");
    assert_eq!(list("TemporalSchedulePaused = true", 10), "s2");
    assert_eq!(list("Customer = 'acme' AND ScheduleId != 's4'", 10), "s2 s1");
    assert_eq!(list("ScheduleId IN ('s1', 's3') OR ScheduleId STARTS_WITH 's4'", 10), "s4 s1");
    assert_eq!(index.count(Scope::Schedules, "default", "Customer = 'acme'", &types()).expect("a count").total, 3);
    assert_eq!(ids(&index, "Customer = 'acme'", 10), "w9", "workflows are listed without schedules");
}
