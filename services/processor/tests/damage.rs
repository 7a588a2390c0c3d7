//! A store that is damaged while the process runs: nothing is skipped, callers try again, and all is as it was.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use klamm_engine::Topics;
use klamm_log::{EmbeddedLog, Log, SystemClock, embedded::Settings as LogSettings};
use klamm_machine::Rejection;
use klamm_messages::klamm::v1::{ClusterCommand, Command, RegisterNamespace, cluster_command, command::Body};
use klamm_processor::{
    Backend, Committer, Config, Intervals, Processor,
    backend::{Error, Reply},
};
use klamm_store::{Settings as StoreSettings, Store};

const NAMESPACES: usize = 200;

fn topics() -> Topics {
    Topics::new("klamm.", 2)
}

fn registration(name: &str) -> Command {
    let retention = Some(klamm_machine::time::to_proto(Duration::from_secs(86_400)));
    let description = name.repeat(20);
    let register =
        RegisterNamespace { name: name.to_owned(), id: format!("id of {name}"), retention, description, ..RegisterNamespace::default() };
    Command {
        version: 1,
        workflow_id: name.to_owned(),
        body: Some(Body::Cluster(ClusterCommand { command: Some(cluster_command::Command::RegisterNamespace(register)) })),
        ..Command::default()
    }
}

fn start(log: &Arc<dyn Log>, store: Store) -> (Arc<Processor>, Committer) {
    let (processor, _) = Processor::start(Config::new(topics(), "m".to_owned()), log.clone(), Arc::new(store)).expect("a processor");
    let processor = Arc::new(processor);
    let intervals = Intervals { batch: Duration::from_millis(5), ..Intervals::default() };
    let committer = Committer::start(processor.clone(), intervals).expect("a thread");
    (processor, committer)
}

fn open(directory: &Path) -> Store {
    Store::open(directory, &StoreSettings { reserve_bytes: 0, ..StoreSettings::default() }).expect("a store")
}

/// Asks until the partition is there.
async fn submit(processor: &Arc<Processor>, command: &Command) -> Result<Reply, Error> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        match processor.submit(Box::new(command.clone())).await {
            Err(Error::Unavailable(reason)) if Instant::now() < deadline => {
                assert!(reason.contains("is being rebuilt; try again"), "{reason}");
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            result => return result,
        }
    }
}

/// Damages what stands in the middle of every table file.
fn damage(directory: &Path, seed: usize) -> usize {
    let mut damaged = 0;
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "sst") {
            let mut bytes = std::fs::read(&path).expect("a file");
            let at = bytes.len() * (1 + seed % 8) / 10;
            bytes[at] ^= 1 << (seed % 8);
            std::fs::write(&path, bytes).expect("a file");
            damaged += 1;
        }
    }
    damaged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_store_is_rebuilt_while_the_process_runs_and_no_command_is_skipped() {
    let log = EmbeddedLog::in_memory(Arc::new(SystemClock), LogSettings::default()).expect("a log");
    log.ensure_topics(&topics().specs()).expect("topics");
    let log: Arc<dyn Log> = Arc::new(log);
    let directory = tempfile::tempdir().expect("a directory");
    let (processor, committer) = start(&log, open(directory.path()));
    for n in 0..NAMESPACES {
        submit(&processor, &registration(&format!("n{n}"))).await.expect("accepted");
    }
    drop(committer);
    drop(processor);

    for seed in 0..8 {
        assert!(damage(directory.path(), seed) > 0, "something was flushed");
        // Opened before, so that the damage is met by a fold, or by a command, or by nobody.
        let (processor, committer) = start(&log, open(directory.path()));
        for n in 0..NAMESPACES {
            let answer = submit(&processor, &registration(&format!("n{n}"))).await;
            assert!(matches!(answer, Err(Error::Rejected(Rejection::NamespaceAlreadyExists(_)))), "n{n} is known: {answer:?}");
        }
        submit(&processor, &registration(&format!("new-{seed}"))).await.expect("accepted");
        assert_eq!(processor.namespaces().len(), NAMESPACES + seed + 1);
        drop(committer);
        let verified = processor.verify(0).expect("a verification");
        assert_eq!(verified.differences, Vec::<String>::new(), "seed {seed}");
        assert_eq!(processor.failure(), None);
        processor.flush();
        drop(processor);
    }
}
