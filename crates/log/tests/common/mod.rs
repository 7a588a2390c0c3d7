//! Harnesses of the providers; those without a broker in virtual time.

pub mod broker;

use std::{path::PathBuf, sync::Arc, time::Duration};

use klamm_log::{Clock, EmbeddedLog, Log, ManualClock, MemoryLog, contract::Harness, embedded, memory};

/// When tests begin.
pub const BEGIN_MS: i64 = 1_700_000_000_000;

pub struct Memory {
    pub log: MemoryLog,
    pub clock: Arc<ManualClock>,
}

impl Memory {
    pub fn new(transaction_marks: bool) -> Self {
        let clock = Arc::new(ManualClock::new(BEGIN_MS));
        let settings = memory::Settings { transaction_marks, ..memory::Settings::default() };
        Self { log: MemoryLog::new(clock.clone(), settings), clock }
    }
}

impl Harness for Memory {
    fn log(&self) -> Arc<dyn Log> {
        Arc::new(self.log.clone())
    }

    fn restart(&mut self) {
        // Another process's handle on the same log.
        self.log = self.log.fork();
    }

    fn advance_ms(&self, by: i64) -> bool {
        move_by(&self.clock, by);
        true
    }
}

/// The embedded log in a directory. A restart reopens a copy of it made without closing, which is what a process that died leaves; with
/// small memtables, where RocksDB may be flushing just then, it closes and opens.
pub struct Embedded {
    log: Option<Arc<EmbeddedLog>>,
    settings: embedded::Settings,
    clock: Arc<ManualClock>,
    root: tempfile::TempDir,
    generation: u32,
}

impl Embedded {
    pub fn new(settings: embedded::Settings) -> Self {
        let root = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(BEGIN_MS));
        let mut harness = Self { log: None, settings, clock, root, generation: 0 };
        harness.open();
        harness
    }

    pub fn settings() -> embedded::Settings {
        embedded::Settings { housekeeping_interval: None, reserve_bytes: 0, ..embedded::Settings::default() }
    }

    pub fn embedded(&self) -> &Arc<EmbeddedLog> {
        self.log.as_ref().unwrap()
    }

    fn directory(&self) -> PathBuf {
        self.root.path().join(self.generation.to_string())
    }

    fn open(&mut self) {
        self.log = Some(Arc::new(EmbeddedLog::open(self.directory(), self.clock.clone(), self.settings.clone()).unwrap()));
    }
}

impl Harness for Embedded {
    fn log(&self) -> Arc<dyn Log> {
        self.embedded().clone()
    }

    fn restart(&mut self) {
        if self.settings.write_buffer_bytes >= embedded::Settings::default().write_buffer_bytes {
            let from = self.directory();
            self.generation += 1;
            copy(&from, &self.directory());
        }
        self.log = None;
        self.open();
    }

    fn advance_ms(&self, by: i64) -> bool {
        move_by(&self.clock, by);
        true
    }
}

/// Time goes by, or the wall clock is set back.
fn move_by(clock: &ManualClock, by: i64) {
    match u64::try_from(by) {
        Ok(by) => clock.advance(Duration::from_millis(by)),
        Err(_) => clock.set(clock.now_ms() + by),
    }
}

pub fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        match std::fs::copy(entry.path(), to.join(entry.file_name())) {
            // RocksDB takes files away some time after they are of no use.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            copied => {
                copied.unwrap();
            }
        }
    }
}

/// The embedded log in memory: it can't be restarted, so tests that would are not run against it.
pub fn in_memory() -> EmbeddedLog {
    EmbeddedLog::in_memory(Arc::new(ManualClock::new(BEGIN_MS)), Embedded::settings()).unwrap()
}

/// Awaits `done` with patience.
pub fn until(mut done: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(std::time::Instant::now() < deadline, "waited in vain");
        std::thread::sleep(Duration::from_millis(5));
    }
}
