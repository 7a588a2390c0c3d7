//! Kafka for tests: the broker that is given, and brokers of one's own to kill.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

use klamm_log::{KafkaLog, Log, contract::Harness, kafka::Settings};
use klamm_supervise::Supervisor;
use rustix::process::{Pid, Signal, kill_process};

/// The broker that all tests share.
pub fn bootstrap_servers() -> String {
    std::env::var("KAFKA_BOOTSTRAP_SERVERS").unwrap_or_else(|_| {
        panic!(
            "KAFKA_BOOTSTRAP_SERVERS is not set: tests on Kafka need a broker\n\
             hint: integration-tests/kafka run -- cargo test --release -p klamm-log, or make unit"
        )
    })
}

/// A log on a broker, with topics of its own.
pub struct Kafka {
    log: Option<Arc<KafkaLog>>,
    pub settings: Settings,
    pub prefix: String,
}

impl Kafka {
    pub fn new(settings: Settings) -> Self {
        let prefix = format!("test.{}.", uuid::Uuid::new_v4().simple());
        let settings = Settings { topic_prefix: prefix.clone(), ..settings };
        let log = Some(Arc::new(KafkaLog::open(settings.clone()).unwrap()));
        Self { log, settings, prefix }
    }

    /// On the broker that all tests share.
    pub fn shared() -> Self {
        Self::new(Settings { bootstrap_servers: bootstrap_servers(), ..Settings::default() })
    }

    pub fn kafka(&self) -> &Arc<KafkaLog> {
        self.log.as_ref().unwrap()
    }

    /// Likewise, its threads under supervision.
    pub fn supervised(&self, supervisor: &Supervisor) -> KafkaLog {
        KafkaLog::open_supervised(self.settings.clone(), supervisor).unwrap()
    }

    /// Another process's log.
    pub fn other(&self) -> KafkaLog {
        KafkaLog::open(self.settings.clone()).unwrap()
    }
}

impl Harness for Kafka {
    fn log(&self) -> Arc<dyn Log> {
        self.kafka().clone()
    }

    fn restart(&mut self) {
        self.log = None;
        self.log = Some(Arc::new(self.other()));
    }

    fn advance_ms(&self, _by: i64) -> bool {
        false
    }

    fn changes_topics(&self) -> bool {
        false
    }

    fn topic_name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

/// A broker of one's own; killed when dropped.
pub struct Broker {
    directory: tempfile::TempDir,
    pub bootstrap_servers: String,
}

impl Broker {
    pub fn start() -> Self {
        let mut broker = Self { directory: tempfile::tempdir().unwrap(), bootstrap_servers: String::new() };
        broker.bootstrap_servers = broker.run("start");
        broker
    }

    /// One that wants TLS and SCRAM; its only user, `klamm` with password `secret`, may do nothing.
    pub fn start_guarded() -> Self {
        const PROGRAM: &str = "import sys\nfrom pathlib import Path\nsys.path.insert(0, sys.argv[1])\n\
            from support.kafka import KafkaBroker\nfrom support.kafka_security import ScramOverTls\n\
            broker = KafkaBroker(Path(sys.argv[2]), security=ScramOverTls({'klamm': 'secret'}))\n\
            broker.start()\nprint(broker.bootstrap_servers)\n";
        let directory = tempfile::tempdir().unwrap();
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../integration-tests");
        let output =
            Command::new("python3").args(["-c", PROGRAM]).arg(tests).arg(directory.path()).stderr(Stdio::inherit()).output().unwrap();
        assert!(output.status.success());
        let bootstrap_servers = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        Self { directory, bootstrap_servers }
    }

    /// The certificate of a guarded broker's authority.
    pub fn authority(&self) -> PathBuf {
        self.directory.path().join("authority.crt")
    }

    pub fn kill(&self) {
        self.run("kill");
    }

    /// After [`Broker::kill`]: the same data on the same port.
    pub fn start_again(&self) {
        assert_eq!(self.run("start"), self.bootstrap_servers);
    }

    pub fn settings(&self) -> Settings {
        Settings { bootstrap_servers: self.bootstrap_servers.clone(), ..Settings::default() }
    }

    /// Sends a signal to the broker's process.
    pub fn signal(&self, signal: Signal) {
        let state = std::fs::read_to_string(self.directory.path().join("broker.json")).unwrap();
        let pid = state.split("\"pid\":").nth(1).unwrap().trim_matches(|c: char| !c.is_ascii_digit());
        let pid: String = pid.chars().take_while(char::is_ascii_digit).collect();
        kill_process(Pid::from_raw(pid.parse().unwrap()).unwrap(), signal).unwrap();
    }

    fn run(&self, action: &str) -> String {
        let script: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../integration-tests/kafka");
        let output = Command::new(script).arg(action).arg("--dir").arg(self.directory.path()).stderr(Stdio::inherit()).output().unwrap();
        assert!(output.status.success(), "kafka {action}: {}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stdout).unwrap().lines().last().unwrap_or_default().trim().to_owned()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}
