//! The log in trouble: reads that take long, commits that fail. Nobody waits who need not, nothing grows, and health says what is wrong.

mod ends;
mod gated;
mod overload;
mod publishing;
mod reading;
mod streams;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gated::Gated;
use klamm_engine::Topics;
use klamm_log::{Log, MemoryLog, SystemClock, memory::Settings as LogSettings};
use klamm_messages::klamm::v1::{ClusterCommand, Command, RegisterNamespace, cluster_command, command::Body};
use klamm_processor::{Config, Processor};
use klamm_store::{Settings as StoreSettings, Store};
use klamm_supervise::{Role, Supervisor};

const PATIENCE: Duration = Duration::from_secs(30);

fn topics() -> Topics {
    Topics::new("klamm.", 2)
}

/// A log whose faults a test sets, behind a gate that it opens and closes.
fn logs() -> (MemoryLog, Arc<Gated>) {
    let memory = MemoryLog::new(Arc::new(SystemClock), LogSettings::default());
    memory.ensure_topics(&topics().specs()).expect("topics");
    let gated = Arc::new(Gated::new(Arc::new(memory.clone())));
    (memory, gated)
}

fn config() -> Config {
    let supervisor = Supervisor::default();
    supervisor.health().set_role(Role::Owner);
    Config { supervisor, ..Config::new(topics(), "first".to_owned()) }
}

fn start(config: &Config, log: Arc<dyn Log>) -> Arc<Processor> {
    let store = Arc::new(Store::in_memory(&StoreSettings::default()).expect("a store"));
    let (processor, _) = Processor::start(config.clone(), log, store).expect("a processor");
    Arc::new(processor)
}

/// Registers a namespace, described in so many bytes.
fn registration(name: &str, bytes: usize) -> Command {
    let retention = Some(klamm_machine::time::to_proto(Duration::from_secs(86_400)));
    let register = RegisterNamespace {
        name: name.to_owned(),
        id: format!("id of {name}"),
        description: "x".repeat(bytes),
        retention,
        ..RegisterNamespace::default()
    };
    Command {
        version: 1,
        workflow_id: name.to_owned(),
        body: Some(Body::Cluster(ClusterCommand { command: Some(cluster_command::Command::RegisterNamespace(register)) })),
        ..Command::default()
    }
}

/// Waits until something is so.
fn await_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
