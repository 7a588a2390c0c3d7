//! What command-line tools ask of a server whose broker takes its time.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use klamm::inspect::{Declaring, Inspector, Triggers};
use klamm_api::klamm::v1::{ListTopicsRequest, inspect_server::Inspect};
use klamm_engine::Topics;
use klamm_ingress::{AllLimits, NoSchemas};
use klamm_processor::{Config, Processor};
use klamm_store::{Settings as StoreSettings, Store};
use tonic::Request;

use klamm_visibility::{Index, Location};

use super::{log, severed::Severed};

/// On one thread: while a call waited for the log on it, nothing else would run.
#[tokio::test]
async fn a_broker_that_takes_its_time_holds_no_thread_of_the_runtime() {
    let log = log();
    let store = Arc::new(Store::in_memory(&StoreSettings::default()).expect("a store"));
    let topics = Topics::new("klamm.", 2);
    let (processor, _) = Processor::start(Config::new(topics.clone(), "me".to_owned()), log.clone(), store).expect("a processor");
    let held = Arc::new(AtomicBool::new(true));
    let index = Index::open(Location::Memory).expect("an index");
    let log = Arc::new(Severed::held(log, held.clone()));
    let processor = Arc::new(processor);
    let triggers = Triggers::new(processor.clone(), log.clone(), topics.clone(), Arc::new(NoSchemas), AllLimits::default(), false);
    let declaring = Declaring { processor: processor.clone(), log: log.clone(), config: Arc::default(), makes_topics: false };
    let inspector = Inspector::new(processor, log, topics, index, "here".to_owned(), triggers, declaring);
    let listing = inspector.list_topics(Request::new(ListTopicsRequest::default()));
    let (listed, ()) = tokio::join!(listing, async { held.store(false, Ordering::SeqCst) });
    assert_eq!(listed.expect("listed").into_inner().topics.len(), 11);
}
