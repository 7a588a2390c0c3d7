//! The processor in virtual time: a simulation of everything that its callers, its log and its fellow processes may do, by seeds.
//!
//! One thread does everything. Each step is drawn by the numbers of the seed: which caller goes on, which append arrives and is acknowledged, when
//! a committer commits, what fails. The processor is the real one, with the real machines and encodings, over a log and stores in memory; only its
//! threads are not there, and their rounds are steps instead. A failure prints the seed; then
//! `KLAMM_PROCESSOR_SIM_SEED=<seed> cargo test --release --workspace --test simulation -- seeds --nocapture` runs it alone and prints its trace.

mod book;
mod calls;
mod checks;
mod clients;
mod doomed;
mod executor;
mod faults;
mod heal;
mod line;
mod meanwhile;
mod member;
mod panics;
#[path = "../../../../crates/engine/tests/simulation/prng.rs"]
mod prng;
mod program;
mod requests;
mod steps;
mod virtual_time;
mod witness;
mod workers;
mod world;

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    rc::Rc,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use world::{Trace, World};

/// Seeds that are run, unless `KLAMM_PROCESSOR_SIM_SEEDS` says otherwise.
const SEEDS: u64 = 300;

/// Lines of a trace that a failure shows.
const LINES_SHOWN: usize = 80;

#[test]
fn seeds_hold_every_promise_under_faults_and_come_to_an_end() {
    if let Ok(seed) = std::env::var("KLAMM_PROCESSOR_SIM_SEED") {
        let seed = seed.parse().expect("KLAMM_PROCESSOR_SIM_SEED is a number");
        println!("{}", run(seed, usize::MAX));
        return;
    }
    let seeds =
        std::env::var("KLAMM_PROCESSOR_SIM_SEEDS").map_or(SEEDS, |seeds| seeds.parse().expect("KLAMM_PROCESSOR_SIM_SEEDS is a number"));
    let next = AtomicU64::new(0);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        break;
                    }
                    run(seed, LINES_SHOWN);
                }
            });
        }
    });
}

#[test]
fn same_seed_same_trace() {
    for seed in 5_000..5_010 {
        let first = run(seed, LINES_SHOWN);
        let second = run(seed, LINES_SHOWN);
        let difference = first.lines().zip(second.lines()).find(|(first, second)| first != second);
        assert_eq!((difference, first.lines().count()), (None, second.lines().count()), "seed {seed}");
    }
}

/// Runs a seed and gives its trace; a failure shows the seed and the last `lines` of the trace.
fn run(seed: u64, lines: usize) -> String {
    panics::watch();
    let trace = Trace::new(RefCell::new(String::new()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    let result = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            let mut world = World::new(seed, trace.clone());
            let steps = steps::drawn(&mut world.rng);
            for _ in 0..1_000 + world.rng.below(2_500) {
                let step = world.rng.weighted(&steps);
                world.step(step).await;
            }
            world.heal().await;
        });
    }));
    drop(runtime);
    let trace = Rc::unwrap_or_clone(trace).into_inner();
    if let Err(panic) = result {
        let skipped = trace.lines().count().saturating_sub(lines);
        eprintln!("{}", trace.lines().skip(skipped).collect::<Vec<_>>().join("\n"));
        eprintln!("KLAMM_PROCESSOR_SIM_SEED={seed} failed");
        resume_unwind(panic);
    }
    trace
}
