//! Random lives of a schedule against a small reference model, in virtual time.
//!
//! After each step machine and model must stand alike and have sent the same. In the end every nominal time has had exactly one decision, the
//! counters are those of the audit, folds give the state, and a replay gives the same events. `KLAMM_MODEL_CASES` sets the number of lives.

#[path = "../machine/env.rs"]
#[allow(dead_code, reason = "shared with the tests that tell lives as text")]
mod env;
mod reference;
mod steps;
mod world;

use proptest::test_runner::{Config, TestRunner};

use world::World;

/// Lives, where nobody says otherwise.
const CASES: u32 = 20_000;

#[test]
fn the_machine_does_what_the_model_does() {
    #[allow(clippy::disallowed_methods, reason = "a test may be told how long to run; the machine is told nothing")]
    let cases = std::env::var("KLAMM_MODEL_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() };
    let result = TestRunner::new(config).run(&(steps::settings(), steps::steps()), |(settings, steps)| {
        let mut world = World::new(settings);
        for step in &steps {
            world.take(step);
        }
        world.finish();
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}
