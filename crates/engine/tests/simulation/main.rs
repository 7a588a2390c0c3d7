//! The engine in virtual time: a simulation of everything that goes wrong, by seeds, and tests of single situations.
//!
//! A simulation runs on one thread; each of its steps is drawn by the numbers of its seed. A failure prints the seed; then
//! `KLAMM_SIM_SEED=<seed> cargo test --release -p klamm-engine --test simulation -- seeds --nocapture` runs it alone and prints its trace.
//! That builds neither RocksDB nor librdkafka: the stores are ordered maps. With `--features rocksdb`, as in the tests of the whole workspace,
//! one member's store is RocksDB.

mod checks;
mod clients;
mod codec;
mod faults;
mod heal;
mod instance;
mod machine;
mod prng;
mod steps;
mod stores;
mod targeted;
mod world;

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    rc::Rc,
    sync::{
        Once,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use stores::Stores;
use world::{Trace, World};

/// Seeds that are run, unless `KLAMM_SIM_SEEDS` says otherwise.
const SEEDS: u64 = 2_000;

/// Seeds after which the stores are opened anew: what was deleted slows them down.
const SEEDS_PER_STORE: u64 = 20;

/// Lines of a trace that a failure shows.
const LINES_SHOWN: usize = 60;

#[test]
fn seeds_hold_every_promise_under_faults_and_come_to_an_end() {
    quiet_panics();
    if let Ok(seed) = std::env::var("KLAMM_SIM_SEED") {
        let seed = seed.parse().expect("KLAMM_SIM_SEED is a number");
        println!("{}", run(seed, &Stores::open(), usize::MAX));
        return;
    }
    let seeds = std::env::var("KLAMM_SIM_SEEDS").map_or(SEEDS, |seeds| seeds.parse().expect("KLAMM_SIM_SEEDS is a number"));
    let next = AtomicU64::new(0);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut stores = Stores::open();
                for run_here in 1.. {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        break;
                    }
                    run(seed, &stores, LINES_SHOWN);
                    if run_here % SEEDS_PER_STORE == 0 {
                        stores = Stores::open();
                    }
                }
            });
        }
    });
}

#[test]
fn same_seed_same_trace() {
    quiet_panics();
    let stores = Stores::open();
    for seed in 5_000..5_020 {
        let first = run(seed, &stores, LINES_SHOWN);
        assert_eq!(first, run(seed, &stores, LINES_SHOWN), "seed {seed}, used stores");
        assert_eq!(first, run(seed, &Stores::open(), LINES_SHOWN), "seed {seed}, new stores");
    }
    assert_ne!(run(5_000, &stores, LINES_SHOWN), run(5_001, &stores, LINES_SHOWN));
}

/// Runs a seed and gives its trace; a failure shows the seed and the last `lines` of the trace.
fn run(seed: u64, stores: &Stores, lines: usize) -> String {
    let trace = Trace::new(RefCell::new(String::new()));
    let result = catch_unwind(AssertUnwindSafe(|| {
        let mut world = World::new(seed, stores, trace.clone());
        for _ in 0..100 + world.rng.below(200) {
            let step = world.rng.weighted(&steps::STEPS);
            world.step(step);
        }
        world.heal();
    }));
    let trace = Rc::unwrap_or_clone(trace).into_inner();
    if let Err(panic) = result {
        let skipped = trace.lines().count().saturating_sub(lines);
        eprintln!("{}", trace.lines().skip(skipped).collect::<Vec<_>>().join("\n"));
        eprintln!("KLAMM_SIM_SEED={seed} failed");
        resume_unwind(panic);
    }
    trace
}

/// The test machine panics on purpose: nobody needs to read of it.
fn quiet_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let text = info.payload().downcast_ref::<String>().map(String::as_str).or(info.payload().downcast_ref::<&str>().copied());
            if text != Some(machine::PANIC) {
                others(info);
            }
        }));
    });
}
