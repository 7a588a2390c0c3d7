//! How fast triggers go, and in which order.

use super::*;

#[tokio::test]
async fn a_rate_is_kept_and_a_pause_does_not_wait_for_it() {
    let (sink, log) = (Sink::new(1, false), log(1));
    log.ensure_topics(&[TopicSpec::kept("shop.orders", 1)]).unwrap();
    log.append("shop.orders", 0, (0..300).map(order).collect()).unwrap();
    declare(&sink, state(&ORDERS.replace("rules:", "flow: {rate: 50/s}\nrules:")));
    let begun = std::time::Instant::now();
    let (running, _) = start(&sink, &log, Arc::new(NoSchemas));
    // Ten go at a time, the first at once.
    taken(&sink, 60).await;
    assert!(begun.elapsed() >= Duration::from_millis(1_000), "{:?}", begun.elapsed());
    let marks = |sink: &Sink| -> Vec<Offset> {
        let mark = |it: &Command| matches!(it.body, Some(Body::MarkSource(_))).then(|| it.source.as_ref().unwrap().settled);
        sink.taken.lock().iter().filter_map(mark).collect()
    };
    let paused = |text: &str| TriggerState { paused: true, ..state(text) };
    declare(&sink, paused(ORDERS));
    await_that("the mark of the first reader", || marks(&sink).len() == 1).await;
    let settled = marks(&sink)[0];
    assert_eq!(starts(&sink).len() as Offset, settled, "nothing is left out, and nothing taken twice");
    // An hour from one to the next, and nobody waits for it.
    sink.settled.lock().insert(0, settled);
    declare(&sink, state(&ORDERS.replace("rules:", "flow: {rate: 1/h}\nrules:")));
    await_that("one record more", || starts(&sink).len() as Offset > settled).await;
    declare(&sink, paused(ORDERS));
    await_that("the mark of the second reader", || marks(&sink).len() == 2).await;
    assert_eq!(marks(&sink)[1], settled + 1);
    sink.settled.lock().insert(0, settled + 1);
    declare(&sink, state(ORDERS));
    await_that("the rest without a rate", || starts(&sink).len() >= 300).await;
    running.abort();
    let offsets: Vec<_> =
        sink.taken.lock().iter().filter(|it| it.from_trigger.is_some()).map(|it| it.source.as_ref().unwrap().offset).collect();
    assert_eq!(offsets, (0..300).collect::<Vec<_>>());
}

#[tokio::test]
async fn all_records_of_a_partition_keep_their_order_where_that_is_asked_for() {
    for (flow, is_kept) in [("order: key", false), ("order: none", false), ("order: partition", true)] {
        let (sink, log) = (Sink::new(4, true), log(1));
        log.ensure_topics(&[TopicSpec::kept("shop.orders", 1)]).unwrap();
        log.append("shop.orders", 0, (0..100).map(order).collect()).unwrap();
        declare(&sink, state(&ORDERS.replace("rules:", &format!("flow: {{{flow}}}\nrules:"))));
        let (running, _) = start(&sink, &log, Arc::new(NoSchemas));
        await_that("the last record", || (0..4).map(|it| sink.offsets(it).len()).sum::<usize>() == 100).await;
        running.abort();
        // The first time that each was taken: appends fail, and come again.
        let mut first = Vec::new();
        for command in sink.taken.lock().iter() {
            let offset = command.source.as_ref().unwrap().offset;
            if !first.contains(&offset) {
                first.push(offset);
            }
        }
        assert_eq!(first.len(), 100, "{flow}");
        assert_eq!(first.is_sorted(), is_kept, "{flow}: {first:?}");
    }
}

#[tokio::test]
async fn only_so_many_records_are_on_their_way() {
    // Half of the partitions are another process's.
    let (sink, log) = (Sink::new(4, false), log(1));
    sink.owned.send_modify(|owned| owned.retain(|partition, _| *partition < 2));
    log.ensure_topics(&[TopicSpec::kept("shop.orders", 8)]).unwrap();
    for partition in 0..8 {
        log.append("shop.orders", partition, (0..50).map(order).collect()).unwrap();
    }
    sink.held.send_replace(true);
    declare(&sink, state(&ORDERS.replace("rules:", "flow: {max_in_flight: 20}\nrules:")));
    let (running, _) = start(&sink, &log, Arc::new(NoSchemas));
    await_that("as many as may be", || sink.given.lock().0 == 10).await;
    sink.held.send_replace(false);
    taken(&sink, 200).await;
    running.abort();
    assert_eq!(sink.given.lock().1, 10, "never more");
}

#[tokio::test]
async fn two_triggers_of_a_topic_fetch_its_records_once() {
    let (sink, log) = (Sink::new(2, false), log(1));
    log.ensure_topics(&[TopicSpec::kept("shop.orders", 1)]).unwrap();
    let other = TriggerState {
        name: "others".to_owned(),
        ..state(&ORDERS.replace("trigger: orders", "trigger: others").replace("order-", "other-"))
    };
    sink.triggers.send_replace(Arc::new([state(ORDERS), other].into_iter().map(|state| (state.name.clone(), state)).collect()));
    let fetches = Fetches::default();
    let (running, _) = start_with(&sink, &log, Arc::new(NoSchemas), fetches.clone());
    let waits = |trigger: &str| !sink.statuses.of(trigger).positions.is_empty();
    await_that("both readers", || waits("orders") && waits("others")).await;
    for round in 1..=20 {
        log.append("shop.orders", 0, (0..10).map(order).collect()).unwrap();
        taken(&sink, 20 * round).await;
    }
    running.abort();
    assert_eq!(fetches.counts(), (20, 20), "one fetches, the other finds what it needs");
    let mut ids: Vec<_> = starts(&sink).into_iter().map(|(id, ..)| id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), sink.taken.lock().len()), (20, 400));
}
