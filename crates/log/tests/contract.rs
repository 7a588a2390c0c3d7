//! Every provider keeps the contract.
#![allow(dead_code, missing_docs)]

mod common;

use common::{
    Embedded, Memory,
    broker::{Kafka, bootstrap_servers},
};
use klamm_log::{contract::run_all, embedded, kafka};

#[test]
fn memory_keeps_the_contract() {
    run_all(|| Box::new(Memory::new(true)));
}

#[test]
fn memory_without_transaction_marks_keeps_the_contract() {
    run_all(|| Box::new(Memory::new(false)));
}

#[test]
fn embedded_keeps_the_contract() {
    run_all(|| Box::new(Embedded::new(Embedded::settings())));
}

/// With next to no memory, so that records come from RocksDB and memtables are flushed all the time.
#[test]
fn embedded_without_tail_keeps_the_contract() {
    let settings = embedded::Settings { tail_bytes: 0, write_buffer_bytes: 64 << 10, cache_bytes: 1 << 20, ..Embedded::settings() };
    run_all(|| Box::new(Embedded::new(settings.clone())));
}

#[test]
fn embedded_with_fsync_keeps_the_contract() {
    run_all(|| Box::new(Embedded::new(embedded::Settings { fsync: true, ..Embedded::settings() })));
}

/// On a real broker, named by KAFKA_BOOTSTRAP_SERVERS.
#[test]
fn kafka_keeps_the_contract() {
    run_all(|| Box::new(Kafka::shared()));
}

/// With memory for one record or so: everything comes from the broker.
#[test]
fn kafka_without_tail_keeps_the_contract() {
    let settings = || kafka::Settings { bootstrap_servers: bootstrap_servers(), tail_bytes: 0, ..kafka::Settings::default() };
    run_all(|| Box::new(Kafka::new(settings())));
}
