//! Effects: what was acknowledged is there, nothing is there twice, timers fire once and never early.

use std::collections::{BTreeMap, BTreeSet};

use klamm_machine::Time;
use klamm_messages::klamm::v1::TestRecord;

use crate::{
    clients::{Clients, Request},
    instance::{TestPartition, records, wakes},
};

/// One line of a row's log.
struct Line<'a> {
    kind: &'a str,
    id: &'a str,
    amount: i64,
    after: i64,
}

/// Checks one partition as its owner sees it.
pub fn check(partition: &mut TestPartition, clients: &Clients) {
    let rows: BTreeMap<String, TestRecord> = records(partition).into_iter().map(|row| (row.key.clone(), row)).collect();
    let mut timers = BTreeSet::new();
    for row in rows.values() {
        match row.key.split_once('/') {
            Some(("account", _)) => account(row),
            Some(("timer", id)) => timers.extend(timer(row).map(|due| (due, id.to_owned()))),
            _ => {}
        }
    }
    let kept = wakes(partition);
    let kept: BTreeSet<_> =
        kept.iter().map(|wake| (wake.due.as_ref().map_or(0, |due| Time::from(due).millis()), wake.id.clone())).collect();
    assert_eq!(kept, timers, "wake rows are the timers that run");
    let next = partition.next_wake(None).map(Time::millis);
    assert_eq!(next, timers.first().map(|(due, _)| *due), "the earliest wake");
    // A zombie may have read further, and answered.
    let read = |request: &&Request| request.partition == partition.number() && request.answered_at < partition.next_offset();
    for request in clients.requests.iter().filter(read) {
        acknowledged(request, &rows);
    }
}

fn lines(row: &TestRecord) -> impl Iterator<Item = Line<'_>> {
    row.log.iter().map(|line| {
        let parts: Vec<&str> = line.split(' ').collect();
        let [kind, id, amount, after] = parts[..] else { panic!("log line {line:?} of {}", row.key) };
        Line { kind, id, amount: amount.parse().expect("a number"), after: after.parse().expect("a number") }
    })
}

fn account(row: &TestRecord) {
    let mut value = 0;
    let mut seen = BTreeSet::new();
    for line in lines(row) {
        assert!(!["panic", "reject"].contains(&line.kind), "{}: {} {} left something", row.key, line.kind, line.id);
        value += line.amount;
        assert_eq!(value, line.after, "{}: {} {}", row.key, line.kind, line.id);
        // A way may pass an account several times; it then ends there once at most.
        assert!(line.kind == "hop" || seen.insert((line.kind, line.id)), "{}: {} {} took effect twice", row.key, line.kind, line.id);
    }
    assert_eq!(value, row.value, "{}", row.key);
}

/// Due time of a timer that runs.
fn timer(row: &TestRecord) -> Option<i64> {
    let mut due = None;
    let mut seen = BTreeSet::new();
    for line in &row.log {
        let parts: Vec<&str> = line.split(' ').collect();
        let number = |n: usize| parts[n].parse::<i64>().expect("a number");
        match parts[0] {
            "set" => {
                assert!(seen.insert(parts[1]), "{}: {line} twice", row.key);
                due = Some(number(3));
            }
            "fired" => {
                assert_eq!(due.take(), Some(number(1)), "{}: {line} without such a timer", row.key);
                assert!(number(2) >= number(1), "{}: {line} early", row.key);
            }
            _ => panic!("{}: {line}", row.key),
        }
    }
    assert_eq!(due.unwrap_or_default(), row.value, "{}", row.key);
    due
}

fn acknowledged(request: &Request, rows: &BTreeMap<String, TestRecord>) {
    let Some(answer) = request.answer.as_ref().filter(|_| request.leaves_a_line()) else { return };
    let table = if request.kind == "timer" { "timer" } else { "account" };
    let row = rows.get(&format!("{table}/{}", request.command.workflow_id));
    let id = &request.command.request_id;
    let lines = row.into_iter().flat_map(|row| &row.log).filter(|line| line.split(' ').nth(1) == Some(id));
    assert_eq!(lines.count(), 1, "effects of {} {id}, which was answered {answer}", request.kind);
}

/// Checks all partitions together once everything has arrived: what left an account came to one, exactly once.
pub fn check_together(rows: &[TestRecord], clients: &Clients) {
    let mut expected: BTreeMap<(String, String), i64> = BTreeMap::new();
    let mut passed: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut added = 0;
    for request in &clients.requests {
        let Some(klamm_messages::klamm::v1::command::Body::Test(test)) = &request.command.body else { continue };
        if ["add", "refuse"].contains(&request.kind) {
            added += test.value;
        }
        for (n, way) in test.targets.iter().enumerate().filter(|_| request.kind == "transfer") {
            let id = format!("{}/{n}", request.command.request_id);
            let (hops, end) = way.rsplit_once('>').map_or(("", way.as_str()), |(hops, end)| (hops, end));
            for hop in hops.split('>').filter(|hop| !hop.is_empty()) {
                *passed.entry((hop.to_owned(), id.clone())).or_default() += 1;
            }
            expected.insert((end.to_owned(), id), test.value);
        }
    }
    for row in rows.iter().filter(|row| row.key.starts_with("timer/")) {
        let entity = row.key.trim_start_matches("timer/");
        for (n, _) in row.log.iter().enumerate().filter(|(_, line)| line.starts_with("fired ")) {
            expected.insert((entity.to_owned(), format!("fired-{entity}-{n}")), 0);
        }
        assert_eq!(row.value, 0, "{} has fired in the end", row.key);
    }
    let mut sum = 0;
    for row in rows.iter().filter(|row| row.key.starts_with("account/")) {
        let entity = row.key.trim_start_matches("account/");
        sum += row.value;
        for line in lines(row) {
            let place = (entity.to_owned(), line.id.to_owned());
            match line.kind {
                "credit" => assert_eq!(expected.remove(&place), Some(line.amount), "credit {} at {entity}", line.id),
                "hop" => {
                    let left = passed.get_mut(&place).filter(|left| **left > 0);
                    *left.unwrap_or_else(|| panic!("{} passes {entity} too often", line.id)) -= 1;
                }
                _ => {}
            }
        }
    }
    assert!(expected.is_empty(), "never arrived: {expected:?}");
    assert!(passed.values().all(|left| *left == 0), "never passed: {passed:?}");
    assert_eq!(sum, added, "what was added is there, wherever it went");
}
