use std::thread;

use klamm_supervise::Supervisor;

use super::*;
use crate::{
    Topic, TopicSpec,
    kafka::{core::TopicState, settings::Settings},
};

#[test]
fn while_a_broken_producer_is_put_away_appends_are_refused_and_nobody_waits() {
    let settings = Settings { bootstrap_servers: "127.0.0.1:1".to_owned(), ..Settings::default() };
    let core = Arc::new(Core::new(settings, Supervisor::default()).unwrap());
    let topic = Topic { spec: TopicSpec::kept("t", 2), id: "id".into() };
    core.topics.write().insert("t".into(), Arc::new(TopicState::new(topic, 1 << 20)));
    // This record waits for a broker that is not there.
    let unsettled = core.append_one("t", 0, Record::new("k", "v"));
    core.appender.broken.store(true, Ordering::SeqCst);
    // While the view is locked, the record that the producer has taken cannot be settled.
    let known = core.topic("t").unwrap();
    let view = known.partitions[0].view.lock();
    let mending = thread::spawn({
        let core = core.clone();
        move || core.mend_producer()
    });
    while core.appender.producer.read().is_some() {
        thread::yield_now();
    }
    let refused = core.append_one("t", 1, Record::new("k", "v")).wait();
    assert!(matches!(&refused, Err(Error::Unavailable { reason }) if reason.contains("being made anew")), "{refused:?}");
    assert!(!mending.is_finished(), "the old one is still put away, and no new one is made before");
    drop(view);
    mending.join().unwrap();
    assert!(matches!(unsettled.wait(), Err(Error::InDoubt { .. })));
    assert!(!core.appender.broken.load(Ordering::SeqCst));
}
