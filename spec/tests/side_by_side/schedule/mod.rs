//! Random lives of a schedule, lived by the model and by the machine.
//!
//! After each step both must show the same to clients, must have sent the same to workflows and decided the same, and be due at the same time.
//! In the end the machine's events, folded in several ways, must give the state that it has, and a replay of its commands the same events.

mod defined;
#[path = "../../../../crates/schedule/tests/machine/env.rs"]
#[allow(dead_code, reason = "shared with the machine's own tests")]
mod env;
mod shown;
mod steps;
mod world;

use klamm_spec::schedule::{Overlap, Patch};
use proptest::test_runner::{Config, TestRunner};

use crate::cases;
use defined::Defined;
use world::World;

#[test]
fn the_schedule_machine_does_what_the_specification_says() {
    let config = Config { cases: cases(200), failure_persistence: None, max_shrink_iters: 5_000, ..Config::default() };
    let result = TestRunner::new(config).run(&(defined::defined(), steps::steps()), |(defined, steps)| {
        let mut world = World::new();
        world.create("first", &defined, Patch::default());
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

/// Each request takes effect once, as long as it is among the last ten.
#[test]
fn ten_requests_are_remembered() {
    let mut world = World::new();
    world.create("first", &Defined::minutely(Overlap::AllowAll), Patch::default());
    for number in (0..11).chain([1, 10, 0, 0, 2, 1]) {
        world.patch(&format!("request-{number}"), Patch { pause: format!("pause {number}"), ..Patch::default() });
        world.compare("a request");
    }
    world.finish();
}

/// More actions wait than there is room for. Random lives are too short for that.
#[test]
fn a_full_buffer_drops_what_comes_and_backfills_leave_half_of_it() {
    let mut world = World::new();
    world.create("first", &Defined::minutely(Overlap::BufferAll), Patch::default());
    let hours = |hours: i64| hours * 3_600_000;
    world.backfill(hours(-20), hours(11));
    world.compare("a backfill of more actions than half of the buffer");
    world.outage(hours(17));
    world.compare("an outage of more times than there is room for");
    for _ in 0..3 {
        world.answer(0, &steps::Answer::Runs);
        world.close_oldest();
        world.compare("one makes room");
        world.trigger();
        world.compare("and another takes it");
    }
    world.finish();
}
