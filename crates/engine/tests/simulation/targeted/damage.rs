//! Stores whose files are damaged: nothing is skipped, and the partition is what it was.

use std::{path::Path, sync::Arc};

use klamm_engine::{Error, recover, topic};
use klamm_log::{Log, ReadLimit};
use klamm_store::{Settings, Store};

use super::{
    rig::{Rig, TestOwned},
    skipped::failures,
};
use crate::{instance::dump, machine::command};

const ACCOUNTS: usize = 200;

/// A partition whose owner mends it.
struct Mending {
    rig: Rig,
    owned: TestOwned,
    /// How often the store was thrown away.
    renewed: usize,
}

fn settings() -> Settings {
    Settings { reserve_bytes: 0, ..Settings::default() }
}

impl Mending {
    fn start(rig: Rig) -> Self {
        let mut renewed = 0;
        loop {
            match rig.try_own() {
                Ok(owned) => return Self { rig, owned, renewed },
                Err(error) => renewed += usize::from(renew(&rig, &error)),
            }
        }
    }

    /// Appends a command and has everything decided, whatever it takes.
    fn ask(&mut self, kind: &str, entity: &str, request: &str) {
        self.rig.append(&command(kind, entity, request, 3, &[]));
        while let Err(error) = self.drive() {
            self.mend(&error);
        }
    }

    fn drive(&mut self) -> Result<(), Error> {
        let commands = self.rig.topics.full(topic::COMMANDS);
        let read = self.rig.log.read(&commands, 0, self.owned.partition.next_offset(), ReadLimit::default())?;
        read.records.iter().try_for_each(|stored| self.owned.partition.handle(stored).map(drop))
    }

    fn mend(&mut self, error: &Error) {
        self.renewed += usize::from(renew(&self.rig, error));
        loop {
            match recover::rebuild(self.owned.partition.plan(), &self.rig.log, self.rig.store.clone()) {
                Ok(owned) => return self.owned = owned,
                Err(error) => self.renewed += usize::from(renew(&self.rig, &error)),
            }
        }
    }

    /// All rows, read again until they could be.
    fn dump(&mut self) -> Vec<(Vec<u8>, Vec<u8>)> {
        loop {
            let rows = dump(&self.owned.partition);
            match self.owned.partition.check() {
                Ok(()) => return rows,
                Err(error) => self.mend(&error),
            }
        }
    }
}

fn renew(rig: &Rig, error: &Error) -> bool {
    let Error::Store(damage) = error else { panic!("{error}") };
    assert!(damage.is_damage(), "{damage}");
    rig.store.renew(rig.store.generation()).expect("a disk")
}

/// A store on the disk, and the log that it was folded from.
fn filled(directory: &Path) -> Rig {
    let rig = Rig { store: Arc::new(Store::open(directory, &settings()).expect("a store")), ..Rig::new() };
    let mut owned = rig.own();
    for round in 0..3 {
        for n in 0..ACCOUNTS {
            rig.ask(&mut owned, &command("add", &format!("a{n}"), &format!("r{round}-{n}"), 1, &[]));
            rig.ask(&mut owned, &command("timer", &format!("t{n}"), &format!("t{round}-{n}"), 1_000, &[]));
        }
        rig.commit(&mut owned);
    }
    rig.store.flush().expect("a disk");
    rig
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
    }
}

/// Opens a store as `klamm` does: one that cannot be opened is thrown away before.
fn open(directory: &Path) -> Store {
    Store::open(directory, &settings()).unwrap_or_else(|error| {
        assert!(error.is_damage(), "{error}");
        std::fs::remove_dir_all(directory).expect("it goes");
        Store::open(directory, &settings()).expect("a new one")
    })
}

/// Commands that read every row, and those that make new ones.
fn go_on(mending: &mut Mending) -> Vec<(Vec<u8>, Vec<u8>)> {
    for n in 0..ACCOUNTS {
        mending.ask("add", &format!("a{n}"), &format!("again-{n}"));
        mending.ask("timer", &format!("t{n}"), &format!("again-{n}"));
    }
    mending.ask("add", "new", "new");
    mending.dump()
}

#[test]
fn whatever_is_damaged_in_the_store_no_command_is_skipped_and_the_state_is_whole() {
    let root = tempfile::tempdir().expect("a directory");
    let whole = root.path().join("whole");
    let rig = filled(&whole);
    let log = rig.log.fork();
    drop(rig);
    let trial = |directory: &Path| Rig { store: Arc::new(open(directory)), ..Rig::new().over(log.fork()) };

    let undamaged = root.path().join("undamaged");
    copy(&whole, &undamaged);
    let expected = go_on(&mut Mending::start(trial(&undamaged)));

    let mut files: Vec<_> = std::fs::read_dir(&whole).expect("a directory").map(|entry| entry.expect("an entry").path()).collect();
    let names = ["sst", "MANIFEST", "CURRENT"];
    files.retain(|file| names.iter().any(|name| file.to_string_lossy().contains(name)));
    let (mut flips, mut renewed) = (0, 0);
    for file in files {
        let length = std::fs::metadata(&file).expect("a file").len() as usize;
        for flip in 0..24 {
            let directory = root.path().join(format!("flip-{flips}"));
            copy(&whole, &directory);
            let name = directory.join(file.file_name().expect("a name"));
            let mut bytes = std::fs::read(&name).expect("a file");
            let at = (length * flip / 24 + flip) % length;
            bytes[at] ^= 1 << (flip % 8);
            std::fs::write(&name, bytes).expect("a file");

            let mut mending = Mending::start(trial(&directory));
            let rows = go_on(&mut mending);
            assert!(rows == expected, "byte {at} of {length} of {}", name.display());
            mending.rig.commit(&mut mending.owned);
            assert_eq!(failures(&mending.rig), [], "byte {at} of {length} of {}", name.display());
            flips += 1;
            renewed += mending.renewed;
            drop(mending);
            std::fs::remove_dir_all(&directory).expect("it goes");
        }
    }
    assert!(renewed > flips / 4, "{renewed} of {flips} flips were found and mended");
}
