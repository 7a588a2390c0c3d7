//! Topics.

use std::time::Duration;

use super::harness::Harness;
use crate::{Cleanup, Error, TopicSpec};

pub(super) fn topics_are_made_once_and_checked(harness: &mut dyn Harness) {
    let kept = TopicSpec::kept(harness.topic_name("kept"), 8);
    let compacted = TopicSpec::compacted(harness.topic_name("compacted"), 2);
    harness.log().ensure_topics(&[kept.clone(), compacted.clone()]).unwrap();
    let ids = |harness: &dyn Harness| {
        let log = harness.log();
        [&kept, &compacted].map(|spec| log.topic(&spec.name).unwrap().id.clone())
    };
    let first = ids(harness);
    assert_ne!(first[0], first[1]);
    assert!(first[0].len() >= 20, "an id that nothing else has");
    harness.restart();
    assert_eq!(ids(harness), first);

    let log = harness.log();
    let changed =
        TopicSpec { cleanup: Cleanup::Delete { retention: Some(Duration::from_secs(60)) }, max_message_bytes: 6 << 20, ..kept.clone() };
    let changed = if harness.changes_topics() {
        log.ensure_topics(std::slice::from_ref(&changed)).unwrap();
        changed
    } else {
        // The broker's topic may keep more than is asked for. One that keeps less is an error.
        let larger = TopicSpec { max_message_bytes: 6 << 20, ..kept.clone() };
        assert!(matches!(log.ensure_topics(&[larger]), Err(Error::Mismatch { .. })));
        log.ensure_topics(&[TopicSpec { max_message_bytes: 1_000, cleanup: changed.cleanup, ..kept.clone() }]).unwrap();
        kept.clone()
    };
    assert_eq!(log.topic(&kept.name).unwrap().spec, changed);
    assert_eq!(log.topic(&kept.name).unwrap().id, first[0]);
    let listed: Vec<_> =
        log.topics().unwrap().into_iter().map(|topic| topic.spec).filter(|spec| *spec == changed || *spec == compacted).collect();
    assert_eq!(listed, [compacted.clone(), changed.clone()], "by name");
    let nobodys = harness.topic_name("nobodys");
    let missing = log.missing_topics(&[kept.name.clone(), nobodys.as_str().into(), compacted.name.clone()]).unwrap();
    assert_eq!(missing.iter().map(|name| &**name).collect::<Vec<_>>(), [nobodys.as_str()]);

    for wrong in [
        TopicSpec { partitions: 16, ..changed.clone() },
        TopicSpec { log_append_time: false, ..changed.clone() },
        TopicSpec { cleanup: compacted.cleanup, ..changed.clone() },
    ] {
        assert!(matches!(log.ensure_topics(&[wrong]), Err(Error::Mismatch { .. } | Error::Mismatches { .. })));
    }
    assert_eq!(log.topic(&kept.name).unwrap().spec, changed);
}
