//! Makes topics of stream task queues that are meant by a pattern.

use std::{sync::Arc, thread};

use klamm_engine::first_use;
use klamm_log::{Appending, Error as LogError, Record, TopicSpec};
use klamm_supervise::Severity;

use crate::process::Process;

/// Makes the topic, and appends the records after that, on a thread of its own: a broker takes a while, and others go on. Records that are
/// given up count as appended.
pub(super) fn append(process: &Arc<Process>, spec: TopicSpec, partition: u32, records: Vec<Record>) -> Appending {
    let (promise, appending) = Appending::promised();
    let process = process.clone();
    let work = move || {
        let source = format!("tasks/{}", spec.name);
        let appended = first_use::append(&*process.log, &spec, partition, records);
        match &appended {
            Ok(None) => {
                process.first_uses.made(&spec.name);
                process.health().clear(&source);
            }
            Ok(Some(error)) => {
                let text = format!("The topic {} of a stream task queue cannot be used: {error}. Its activities time out.", spec.name);
                process.health().report(source, Severity::Warning, text);
            }
            Err(_) => {}
        }
        promise.keep(appended.map(|_| first_use::NOWHERE));
    };
    match thread::Builder::new().name("first-use".to_owned()).spawn(work) {
        Ok(_) => appending,
        Err(error) => Appending::done(Err(LogError::Unavailable { reason: format!("no thread could be started: {error}") })),
    }
}
