//! Members over one topic and one command log, in virtual time: single situations, and random ones.

use std::collections::BTreeMap;

use klamm_members::{BEAT_INTERVAL_MS, LEASE_MS, Members, Standing};
use klamm_messages::klamm::v1::Member;
use proptest::prelude::*;

const PARTITIONS: u32 = 2;

/// A process: its view, how far it has read the beats, and whether it runs.
struct Process {
    members: Members,
    read: usize,
    running: bool,
    /// Its own take-over offsets, once it has appended them.
    take_overs: Vec<i64>,
}

/// All processes, the `members` topic and the take-over records on each partition.
struct World {
    processes: BTreeMap<String, Process>,
    beats: Vec<Member>,
    take_overs: Vec<Vec<String>>,
    now: i64,
}

impl World {
    fn new(names: &[&str]) -> Self {
        let mut world = Self { processes: BTreeMap::new(), beats: Vec::new(), take_overs: vec![Vec::new(); PARTITIONS as usize], now: 0 };
        names.iter().for_each(|name| world.start(name));
        world
    }

    fn start(&mut self, name: &str) {
        let me = Member { member: name.to_owned(), address: format!("{name}:7233"), highest_decision_version: 1, ..Member::default() };
        let process = Process { members: Members::new(me, PARTITIONS), read: self.beats.len(), running: true, take_overs: Vec::new() };
        self.processes.insert(name.to_owned(), process);
    }

    fn process(&mut self, name: &str) -> &mut Process {
        self.processes.get_mut(name).expect("a process")
    }

    fn send(&mut self, name: &str) {
        let now = self.now;
        let beat = self.process(name).members.beat(now);
        self.beats.push(beat);
    }

    fn read(&mut self, name: &str) {
        let from = self.process(name).read;
        let beats = self.beats[from..].to_vec();
        let process = self.process(name);
        beats.iter().for_each(|beat| process.members.read(beat));
        process.read += beats.len();
    }

    /// What a process does with what it knows: bid, own, notice that it was overtaken.
    fn act(&mut self, name: &str) {
        let newest: Vec<(i64, String)> =
            self.take_overs.iter().map(|records| (records.len() as i64 - 1, records.last().cloned().unwrap_or_default())).collect();
        let process = self.process(name);
        let before = process.members.standing().clone();
        match before.clone() {
            Standing::Standby if process.members.should_bid() => {
                process.members.set_standing(Standing::Bidding);
                process.take_overs.clear();
            }
            Standing::Bidding if process.take_overs.is_empty() => {
                for partition in 0..PARTITIONS as usize {
                    self.take_overs[partition].push(name.to_owned());
                    let offset = self.take_overs[partition].len() as i64 - 1;
                    self.process(name).take_overs.push(offset);
                }
            }
            Standing::Bidding | Standing::Owner(_) => {
                let overtaken = newest.iter().any(|(_, owner)| owner != name);
                let take_overs = process.take_overs.clone();
                process.members.set_standing(if overtaken { Standing::Standby } else { Standing::Owner(take_overs) });
            }
            _ => {}
        }
        if *self.process(name).members.standing() != before {
            // A beat tells it at once.
            self.send(name);
            self.read(name);
        }
    }

    /// One beat interval of everybody that runs.
    fn round(&mut self) {
        self.now += BEAT_INTERVAL_MS;
        let names: Vec<_> = self.processes.iter().filter(|(_, process)| process.running).map(|(name, _)| name.clone()).collect();
        names.iter().for_each(|name| self.send(name));
        for name in &names {
            self.read(name);
            self.act(name);
        }
    }

    fn rounds(&mut self, count: usize) {
        (0..count).for_each(|_| self.round());
    }

    /// Processes that would answer now: owners with a lease whom everybody that matters knows.
    fn answering(&self) -> Vec<&str> {
        let answers = |process: &Process| {
            matches!(process.members.standing(), Standing::Owner(take_overs) if process.members.all_have_read(take_overs))
                && process.members.lease_until() > self.now
        };
        self.processes.iter().filter(|(_, process)| answers(process)).map(|(name, _)| name.as_str()).collect()
    }
}

#[test]
fn a_single_process_takes_all_after_it_has_heard_nobody() {
    let mut world = World::new(&["a"]);
    world.rounds(4);
    assert!(world.answering().is_empty(), "it cannot know yet");
    world.rounds(5);
    assert_eq!(world.answering(), ["a"]);
}

#[test]
fn of_two_one_owns_and_the_other_knows_where() {
    let mut world = World::new(&["a", "b"]);
    world.rounds(12);
    let owner = world.answering().into_iter().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(owner.len(), 1);
    let other = if owner[0] == "a" { "b" } else { "a" };
    assert_eq!(world.process(other).members.owner().map(|beat| beat.member.clone()), Some(owner[0].clone()));
    // A third one that ranks first changes nothing: who owns stays.
    world.start("zz");
    world.start("c");
    world.rounds(12);
    assert_eq!(world.answering(), owner);
}

#[test]
fn a_killed_owner_is_followed_within_two_seconds() {
    let mut world = World::new(&["a", "b"]);
    world.rounds(12);
    let owner = world.answering()[0].to_owned();
    world.process(&owner).running = false;
    let killed = world.now;
    while world.answering().iter().all(|name| *name == owner) {
        world.round();
        assert!(world.now < killed + 2_000, "nobody took over");
    }
    assert!(world.now > killed + LEASE_MS, "the lease of the one killed had ended before");
}

#[test]
fn a_process_that_leaves_is_followed_at_once() {
    let mut world = World::new(&["a", "b"]);
    world.rounds(12);
    let owner = world.answering()[0].to_owned();
    world.process(&owner).members.set_standing(Standing::Leaving);
    world.send(&owner);
    world.process(&owner).running = false;
    world.rounds(3);
    assert_eq!(world.answering().len(), 1);
    assert_ne!(world.answering(), [owner]);
}

#[test]
fn whoever_wakes_from_a_long_sleep_reads_nothing_and_takes_nothing() {
    let mut world = World::new(&["a", "b"]);
    world.rounds(12);
    let owner = world.answering()[0].to_owned();
    let other = if owner == "a" { "b" } else { "a" }.to_owned();
    // The standby sleeps: it takes nothing when it wakes, though it has heard nothing for long.
    world.process(&other).running = false;
    world.rounds(75);
    world.process(&other).running = true;
    world.round();
    assert!(!world.process(&other).members.should_bid());
    world.rounds(12);
    assert_eq!(world.answering(), std::slice::from_ref(&owner));
    // The owner sleeps: the other one takes over, and the sleeper's lease has ended when it wakes.
    world.process(&owner).running = false;
    world.rounds(75);
    assert_eq!(world.answering(), std::slice::from_ref(&other));
    world.process(&owner).running = true;
    let now = world.now;
    assert!(world.process(&owner).members.lease_until() < now);
    world.rounds(3);
    assert_eq!(world.answering(), [other]);
    assert_eq!(*world.process(&owner).members.standing(), Standing::Standby);
}

#[test]
fn whoever_wakes_does_not_trust_its_next_beat_when_another_one_has_taken_over() {
    let mut world = World::new(&["a", "b"]);
    world.rounds(12);
    let sleeper = world.answering()[0].to_owned();
    world.process(&sleeper).running = false;
    world.rounds(20);
    assert_eq!(world.answering().len(), 1, "the other one answers");
    // It sends and reads beats, and has not looked at the command log yet.
    for _ in 0..5 {
        world.now += BEAT_INTERVAL_MS;
        world.send(&sleeper);
        world.read(&sleeper);
        assert!(matches!(world.process(&sleeper).members.standing(), Standing::Owner(_)));
        let (now, until) = (world.now, world.process(&sleeper).members.lease_until());
        assert!(until <= now, "it would read what another one has changed");
    }
}

#[test]
fn an_owner_answers_only_when_a_beat_that_says_so_has_come_back() {
    let me = Member { member: "a".to_owned(), highest_decision_version: 1, ..Member::default() };
    let mut members = Members::new(me, 1);
    members.set_standing(Standing::Bidding);
    let bid = members.beat(0);
    members.set_standing(Standing::Owner(vec![7]));
    members.read(&bid);
    assert!(!members.all_have_read(&[7]));
    let owned = members.beat(200);
    assert!(!members.all_have_read(&[7]));
    members.read(&owned);
    assert!(members.all_have_read(&[7]));
}

#[test]
fn whose_own_beats_do_not_come_back_takes_nothing() {
    let mut world = World::new(&["a", "b"]);
    world.rounds(12);
    let owner = world.answering()[0].to_owned();
    let other = if owner == "a" { "b" } else { "a" };
    // The other one sends and reads nothing: the log is away for it.
    for _ in 0..50 {
        world.now += BEAT_INTERVAL_MS;
        let now = world.now;
        world.process(other).members.beat(now);
        assert!(!world.process(other).members.should_bid());
    }
}

#[test]
fn one_that_cannot_take_over_is_passed_over() {
    let mut world = World::new(&["a", "b"]);
    world.process("a").members.set_standing(Standing::Unable);
    world.rounds(10);
    assert_eq!(world.answering(), ["b"]);
}

#[derive(Debug, Clone)]
enum Step {
    Round,
    /// One process alone sends, reads and acts.
    Alone(usize),
    /// One process acts on what it last read, later than the others.
    Act(usize),
    Stop(usize),
    Continue(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Round),
        2 => (0..3usize).prop_map(Step::Alone),
        2 => (0..3usize).prop_map(Step::Act),
        1 => (0..3usize).prop_map(Step::Stop),
        1 => (0..3usize).prop_map(Step::Continue),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_one_answers_in_the_end(steps in proptest::collection::vec(step(), 0..120)) {
        let names = ["a", "b", "c"];
        let mut world = World::new(&names);
        for step in steps {
            match step {
                Step::Round => world.round(),
                Step::Alone(process) if world.process(names[process]).running => {
                    world.now += 50;
                    world.send(names[process]);
                    world.read(names[process]);
                    world.act(names[process]);
                }
                Step::Act(process) if world.process(names[process]).running => world.act(names[process]),
                Step::Stop(process) => world.process(names[process]).running = false,
                Step::Continue(process) => world.process(names[process]).running = true,
                Step::Alone(_) | Step::Act(_) => {}
            }
        }
        for name in names {
            world.process(name).running = true;
        }
        world.rounds(60);
        prop_assert_eq!(world.answering().len(), 1, "one owner, and it answers");
        let owner = world.answering()[0].to_owned();
        prop_assert!(world.take_overs.iter().all(|records| records.last() == Some(&owner)));
        let settled = world.take_overs.clone();
        world.rounds(30);
        prop_assert_eq!(&world.take_overs, &settled, "nobody goes on bidding");
        for name in names.into_iter().filter(|name| *name != owner) {
            prop_assert_eq!(world.process(name).members.owner().map(|beat| beat.member.clone()), Some(owner.clone()));
        }
    }
}
