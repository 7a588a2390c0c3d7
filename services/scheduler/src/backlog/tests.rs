//! Which rows go first, and which are read.

use super::*;

fn row(namespace: &str, id: u32, due: i64) -> WakeRow {
    WakeRow {
        machine: "m".to_owned(),
        namespace: namespace.to_owned(),
        id: id.to_string(),
        run_id: String::new(),
        due: Some(Time::from_millis(due).into()),
    }
}

/// Gives the backlog what a look at this moment finds.
fn fill(backlog: &mut Backlog, rows: Vec<WakeRow>, now: Instant) {
    backlog.refill(backlog.look(now), rows, Time::from_millis(9), now);
}

fn names(rows: &[WakeRow]) -> Vec<String> {
    rows.iter().map(|row| format!("{}{}", row.namespace, row.id)).collect()
}

#[test]
fn namespaces_take_turns_and_the_earliest_of_each_goes_first() {
    let (mut backlog, now) = (Backlog::new(4), Instant::now());
    let mass = (0..5).map(|id| row("a", id, 1));
    fill(&mut backlog, mass.chain([row("b", 0, 2), row("b", 1, 3), row("c", 0, 9)]).collect(), now);
    assert_eq!(names(&backlog.take(4)), ["a0", "b0", "c0", "a1"]);
    assert_eq!(names(&backlog.take(4)), ["b1", "a2", "a3", "a4"]);
    assert!(backlog.take(8).is_empty());
}

#[test]
fn a_namespace_that_comes_late_is_served_in_the_next_round() {
    let (mut backlog, start) = (Backlog::new(2), Instant::now());
    let mass = |from: u32| (from..100).map(|id| row("a", id, 1));
    fill(&mut backlog, mass(0).collect(), start);
    let first = backlog.take(2);
    backlog.sent(&first, start);
    assert!(!backlog.wants_rows(start + SCAN_AGAIN / 2), "rows wait here");
    assert!(backlog.wants_rows(start + SCAN_AGAIN));
    fill(&mut backlog, mass(2).chain([row("b", 0, 5)]).collect(), start + SCAN_AGAIN);
    assert_eq!(names(&backlog.take(2)), ["b0", "a2"]);
}

#[test]
fn what_was_sent_is_sent_again_only_when_it_is_still_there_after_a_while() {
    let (mut backlog, start) = (Backlog::new(8), Instant::now());
    let rows = || vec![row("a", 0, 1), row("a", 1, 1)];
    fill(&mut backlog, rows(), start);
    let sent = backlog.take(8);
    backlog.sent(&sent, start);
    fill(&mut backlog, rows(), start + SEND_AGAIN / 2);
    assert!(backlog.take(8).is_empty());
    fill(&mut backlog, rows(), start + SEND_AGAIN);
    assert_eq!(names(&backlog.take(4)), ["a0", "a1"]);
}

#[test]
fn the_look_goes_deeper_when_more_rows_are_due_than_it_gave() {
    let (mut backlog, now) = (Backlog::new(4), Instant::now());
    let all = |limit| Look { after: None, limit };
    assert_eq!(backlog.look(now), all(8));
    fill(&mut backlog, (0..8).map(|id| row("a", id, 1)).collect(), now);
    assert_eq!(backlog.look(now), all(SCAN_MAX));
    fill(&mut backlog, (0..8).map(|id| row("a", id, 1)).collect(), now);
    backlog.take(8);
    assert_eq!(backlog.look(now), all(8));
}

#[test]
fn a_look_that_gave_less_than_was_asked_for_saw_everything() {
    let (mut backlog, start) = (Backlog::new(4), Instant::now());
    let rows = |count| (0..count).map(|id| row("a", id, 1)).collect::<Vec<_>>();
    backlog.sent(&rows(4), start);
    assert_eq!(backlog.look(start).limit, 12);
    fill(&mut backlog, rows(10), start + SEND_AGAIN);
    backlog.take(10);
    assert_eq!(backlog.look(start).limit, 8, "nothing is on its way any more, and nothing lies deeper");
}

#[test]
fn a_mass_of_rows_is_read_once_and_then_only_what_has_become_due() {
    let (mut backlog, start) = (Backlog::new(64), Instant::now());
    let at = Time::from_millis;
    let all = backlog.look(start);
    backlog.refill(all, (0..100).map(|id| row("a", id, 5_000)).collect(), at(10_000), start);
    let mut now = start + SCAN_AGAIN;
    let look = backlog.look(now);
    assert_eq!(look, Look { after: Some(at(7_000)), limit: SCAN_MAX });
    backlog.refill(look, vec![row("b", 0, 9_900)], at(10_500), now);
    // What is read twice stands here once.
    now += SCAN_AGAIN;
    let look = backlog.look(now);
    assert_eq!(look.after, Some(at(7_500)));
    backlog.refill(look, vec![row("b", 0, 9_900), row("b", 1, 10_700)], at(11_000), now);
    assert_eq!(backlog.len(), 102);
    assert_eq!(names(&backlog.take(4)), ["a0", "b0", "a1", "b1"]);
    assert_eq!(backlog.look(start + SCAN_ALL_AGAIN), Look { after: None, limit: SCAN_MAX }, "a wake-up may have been lost");
    backlog.take(100);
    assert_eq!(backlog.look(now).after, None, "nothing waits here, so there is little to read");
}
