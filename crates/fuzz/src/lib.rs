//! Random inputs for everything that klamm parses, and for every call of its API.
//!
//! [`campaign::run`] drives a [`campaign::Target`]: it makes inputs from a seed, tries each, and reports the first one that panics, takes too
//! long, or breaks what the target promises. The targets stand in [`targets`], one file for each thing that is parsed; `tests/targets.rs` runs
//! them for some seconds each in every run of the tests, `make fuzz` for longer. The binary `klamm-fuzz` sends random requests to a running
//! server ([`protocol`]); the integration suite `fuzz` starts the server for it and looks at its log and memory.
//!
//! Inputs are made from grammars, from descriptors of messages and by mutation, not by watching which code they reach. Watching needs
//! instrumentation by a nightly compiler (cargo-fuzz and libFuzzer), and klamm is built and tested by the stable one alone.

pub mod campaign;
pub mod messages;
pub mod mutate;
pub mod protocol;
pub mod random;
pub mod targets;
