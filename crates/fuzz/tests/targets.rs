//! Every target, for as long as `KLAMM_FUZZ_SECONDS` says.

use klamm_fuzz::{campaign::run, targets};

#[test]
fn filters() {
    run::<targets::Filters>();
}

#[test]
fn tokens() {
    run::<targets::Tokens>();
}

#[test]
fn records() {
    run::<targets::Records>();
}

#[test]
fn commands() {
    run::<targets::Commands>();
}

#[test]
fn specs() {
    run::<targets::Specs>();
}

#[test]
fn crons() {
    run::<targets::Crons>();
}

#[test]
fn zones() {
    run::<targets::Zones>();
}

#[test]
fn configuration() {
    run::<targets::Configuration>();
}

#[test]
fn values() {
    run::<targets::Values>();
}
