//! Histories of what waits, as texts, and that folding what stands on the topic gives the same tables.

use std::{collections::BTreeMap, time::Duration};

use klamm_machine::{Context, Machine, Memory, Rejection, Time, Tx, tx::Effects, wakes};
use klamm_messages::{
    klamm::v1::{Batch, Command, FromTrigger, SignalWorkflow, StartWorkflow, WakeUp, command::Body},
    temporal::{
        common::v1::{Payload, Payloads},
        workflowservice::v1::{SignalWorkflowExecutionRequest, StartWorkflowExecutionRequest},
    },
};
use proptest::prelude::*;

use super::*;
use crate::signals::Wait;

/// A partition: its tables, what it has emitted, and where its log is.
#[derive(Default)]
struct Lab {
    memory: Memory,
    events: Vec<Event>,
    sent: Vec<Command>,
    now: i64,
    offset: i64,
}

impl Lab {
    fn decide<R>(&mut self, decide: impl FnOnce(&mut Tx<'_, Held>) -> R) -> R {
        let mut context = Context::new(Time::from_millis(self.now), 1, "t", 0, self.offset);
        self.offset += 1;
        let mut tx = Tx::new(&Held, &mut self.memory, &mut context);
        let result = decide(&mut tx);
        let Effects { events, commands, .. } = tx.finish();
        self.events.extend(events);
        self.sent.extend(commands);
        result
    }

    fn join(&mut self, value: &str, terms: &Batch) {
        let command = start(value, terms);
        self.decide(|tx| batch::join(tx, &command, terms)).unwrap();
    }

    /// The wake-ups that are due; what they are about.
    fn woken(&mut self) -> Vec<Queue> {
        let (from, to) = wakes::due_range(Time::from_millis(self.now));
        let rows = self.decide(|tx| tx.range::<wakes::Wakes>(&from, &to, 100));
        let woken = rows.into_iter().filter_map(|(_, row)| {
            let body = WakeUp { namespace: row.namespace.clone(), id: row.id.clone(), run_id: row.run_id.clone(), ..WakeUp::default() };
            self.decide(|tx| signals::woken(tx, &body))
        });
        woken.collect()
    }

    /// Completes the batches that are due, and gives the starts that were sent.
    fn starts(&mut self) -> Vec<String> {
        for queue in self.woken() {
            self.decide(|tx| batch::complete(tx, &queue));
        }
        std::mem::take(&mut self.sent).iter().map(shown).collect()
    }
}

/// All rows, as the store keeps them.
fn rows(memory: &Memory) -> BTreeMap<&[u8], Vec<u8>> {
    memory.0.iter().map(|(key, row)| (key.as_slice(), row.encode_row())).collect()
}

fn start(value: &str, terms: &Batch) -> Command {
    let payload = Payload { data: format!("[{value}]").into(), ..Payload::default() };
    let request = StartWorkflowExecutionRequest {
        workflow_id: format!("w-{}", value.get(..4).unwrap_or(value)),
        input: Some(Payloads { payloads: vec![payload] }),
        ..StartWorkflowExecutionRequest::default()
    };
    let from =
        FromTrigger { trigger: "t".to_owned(), value: Some(value.to_owned().into()), batch: Some(terms.clone()), ..FromTrigger::default() };
    Command {
        namespace: "n".to_owned(),
        workflow_id: terms.name.clone(),
        from_trigger: Some(from),
        body: Some(Body::StartWorkflow(Box::new(StartWorkflow { request: Some(request), ..StartWorkflow::default() }))),
        ..Command::default()
    }
}

fn shown(command: &Command) -> String {
    let Some(Body::StartWorkflow(start)) = &command.body else { panic!("a start") };
    let request = start.request.as_ref().unwrap();
    assert_eq!(command.workflow_id, request.workflow_id);
    assert!(command.from_trigger.as_ref().is_some_and(|from| from.batch.is_none()));
    let input = request.input.as_ref().map(|input| String::from_utf8_lossy(&input.payloads[0].data).into_owned());
    format!("{} {} +{}", command.workflow_id, input.unwrap_or_default(), command.from_batch.len())
}

fn terms(records_max: u32, within: u64, quiet: Option<u64>) -> Batch {
    let seconds = |seconds| klamm_machine::time::to_proto(Duration::from_secs(seconds));
    Batch { name: "t/1/eu".to_owned(), records_max, within: Some(seconds(within)), quiet: quiet.map(seconds) }
}

#[test]
fn a_batch_is_complete_with_enough_records() {
    let (mut lab, terms) = (Lab::default(), terms(3, 5, None));
    for value in ["1", "2", "3", "4"] {
        lab.join(value, &terms);
    }
    assert_eq!(lab.starts(), ["w-1 [1,2,3] +2"]);
    lab.now = 5_000;
    assert_eq!(lab.starts(), ["w-4 [4] +0"]);
    assert!(rows(&lab.memory).is_empty(), "nothing is left");
}

#[test]
fn a_batch_waits_for_its_first_record_no_longer_than_it_may() {
    let (mut lab, terms) = (Lab::default(), terms(100, 5, None));
    for value in ["1", "2", "3"] {
        lab.join(value, &terms);
        lab.now += 2_000;
    }
    lab.now = 4_999;
    assert!(lab.starts().is_empty());
    lab.now = 5_000;
    assert_eq!(lab.starts(), ["w-1 [1,2,3] +2"]);
    assert!(lab.starts().is_empty(), "a wake-up that comes again changes nothing");
}

#[test]
fn a_batch_is_complete_when_no_record_has_come_for_a_while() {
    let (mut lab, terms) = (Lab::default(), terms(100, 5, Some(2)));
    for (now, value) in [(0, "1"), (1_500, "2"), (6_000, "3")] {
        lab.now = now;
        if value == "3" {
            lab.now = 3_499;
            assert!(lab.starts().is_empty());
            lab.now = 3_500;
            assert_eq!(lab.starts(), ["w-1 [1,2] +1"]);
            lab.now = now;
        }
        lab.join(value, &terms);
    }
    for now in [7_500, 9_000, 10_500] {
        lab.now = now;
        lab.join("4", &terms);
    }
    lab.now = 11_000;
    assert_eq!(lab.starts(), ["w-3 [3,4,4,4] +3"], "it never waits for longer than `within`");
}

#[test]
fn a_record_that_has_no_place_begins_another_batch() {
    let (mut lab, terms) = (Lab::default(), terms(100, 5, None));
    let large = format!("\"{}\"", "x".repeat(400_000));
    lab.join(&large, &terms);
    lab.join("2", &terms);
    lab.join(&large, &terms);
    let sent = lab.starts();
    assert_eq!((sent.len(), sent[0].ends_with("+1")), (1, true));
    let larger = format!("\"{}\"", "x".repeat(3_000_000));
    lab.join(&larger, &terms);
    lab.now = 5_000;
    assert_eq!(lab.starts().len(), 2, "one record alone may be larger");
}

#[test]
fn only_starts_join_batches() {
    let mut lab = Lab::default();
    let command = signal(None);
    let refused = lab.decide(|tx| batch::join(tx, &command, &terms(1, 1, None)));
    assert!(matches!(refused, Err(Rejection::Internal(_))));
}

fn signal(wait: Option<u64>) -> Command {
    let wait = wait.map(|wait| klamm_machine::time::to_proto(Duration::from_secs(wait)));
    Command {
        namespace: "n".to_owned(),
        workflow_id: "w".to_owned(),
        from_trigger: Some(FromTrigger { wait, ..FromTrigger::default() }),
        body: Some(Body::SignalWorkflow(SignalWorkflow { request: Some(SignalWorkflowExecutionRequest::default()) })),
        ..Command::default()
    }
}

#[test]
fn what_a_signal_waits_for() {
    let (missing, busy) = (Rejection::not_found("no"), Rejection::BusyWorkflow("closing".to_owned()));
    assert_eq!(signals::waits(&missing, &signal(None)), None);
    assert_eq!(signals::waits(&missing, &signal(Some(0))), None);
    assert_eq!(signals::waits(&missing, &signal(Some(9))), Some(Wait::ForRun(Duration::from_secs(9))));
    assert_eq!(signals::waits(&busy, &signal(None)), Some(Wait::ForClose));
    assert_eq!(signals::waits(&Rejection::invalid("no"), &signal(Some(9))), None);
}

#[test]
fn signals_wait_each_for_its_time_and_in_their_order() {
    let mut lab = Lab::default();
    for seconds in [10, 3] {
        let command = signal(Some(seconds));
        lab.decide(|tx| signals::put(tx, &command, Wait::ForRun(Duration::from_secs(seconds)))).unwrap();
    }
    let queue = signals::queue("n", "w");
    let numbers = |lab: &mut Lab| lab.decide(|tx| queue.records(tx)).iter().map(|it| it.number).collect::<Vec<_>>();
    assert_eq!(numbers(&mut lab), [0, 1]);
    lab.now = 2_999;
    assert!(lab.woken().is_empty());
    lab.now = 3_000;
    assert_eq!(lab.woken(), std::slice::from_ref(&queue));
    let records = lab.decide(|tx| queue.records(tx));
    let waits_on = |lab: &mut Lab, index: usize| {
        lab.decide(|tx| signals::wait_on(tx, &records[index], Wait::ForRun(Duration::from_secs(99)))).is_some()
    };
    assert_eq!((waits_on(&mut lab, 0), waits_on(&mut lab, 1)), (true, false));
    lab.decide(|tx| queue.end(tx, 1));
    lab.now = 10_000;
    assert_eq!((lab.woken(), waits_on(&mut lab, 0)), (vec![queue.clone()], false), "how long it waits counts from its beginning");
    lab.decide(|tx| queue.end(tx, 0));
    assert!(rows(&lab.memory).is_empty());
}

#[test]
fn a_signal_for_a_workflow_that_is_closing_is_tried_again_and_then_waits_for_a_run() {
    let mut lab = Lab::default();
    let command = signal(Some(5));
    lab.decide(|tx| signals::put(tx, &command, Wait::ForClose)).unwrap();
    let queue = signals::queue("n", "w");
    let record = |lab: &mut Lab| lab.decide(|tx| queue.record(tx, 0)).unwrap();
    for now in [1_000, 2_000] {
        lab.now = now;
        assert_eq!(lab.woken().len(), 1);
        let held = record(&mut lab);
        lab.decide(|tx| signals::wait_on(tx, &held, Wait::ForClose)).unwrap();
        assert!(lab.woken().is_empty());
    }
    let held = record(&mut lab);
    lab.decide(|tx| signals::wait_on(tx, &held, Wait::ForRun(Duration::from_secs(5)))).unwrap();
    assert_eq!(record(&mut lab).until, Some(Time::from_millis(7_000).into()));
}

#[test]
fn too_many_signals_are_refused() {
    let mut lab = Lab::default();
    let command = signal(Some(5));
    let mut put = |_| lab.decide(|tx| signals::put(tx, &command, Wait::ForRun(Duration::from_secs(5))));
    assert!((0..limits::SIGNALS_MAX).all(|n| put(n).is_ok()));
    assert!(matches!(put(0), Err(Rejection::FailedPrecondition(_))));
}

#[test]
fn keys_of_the_topic_come_back() {
    let mut lab = Lab::default();
    lab.join("1", &terms(9, 5, None));
    let command = signal(Some(5));
    lab.decide(|tx| signals::put(tx, &command, Wait::ForClose)).unwrap();
    let keys: Vec<_> = lab.events.iter().map(topic_key).collect();
    assert_eq!(keys, ["n/t%2F1%2Feu/batch/0", "n/w/signal/1"]);
    for (key, event) in keys.iter().zip(&lab.events) {
        let Event::Waits(record) = event else { panic!("it waits") };
        assert_eq!(tombstone(key), Some(Event::Ended { queue: Queue::of(record), number: record.number }));
    }
    for strange in ["", "n/w/signal", "n/w/other/1", "n/w/signal/x", "n/w/signal/1/2", "~partition"] {
        assert_eq!(tombstone(strange), None, "{strange}");
    }
}

/// One step of a random life.
#[derive(Debug, Clone)]
enum Step {
    Join(u8, u32),
    Signal(u64),
    Later(i64),
    Look,
    End,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (any::<u8>(), 1_u32..5).prop_map(|(value, max)| Step::Join(value, max)),
        (1_u64..9).prop_map(Step::Signal),
        (1_i64..6_000).prop_map(Step::Later),
        Just(Step::Look),
        Just(Step::End),
    ]
}

proptest! {
    /// The tables are the fold of the events, also when compaction has left only the newest of each key.
    #[test]
    fn state_is_the_fold_of_events(steps in proptest::collection::vec(step(), 0..60)) {
        let mut lab = Lab::default();
        let queue = signals::queue("n", "w");
        for step in steps {
            match step {
                Step::Join(value, max) => lab.join(&value.to_string(), &terms(max, 5, Some(3))),
                Step::Signal(wait) => {
                    let command = signal(Some(wait));
                    lab.decide(|tx| signals::put(tx, &command, Wait::ForClose)).unwrap();
                }
                Step::Later(millis) => lab.now += millis,
                Step::Look => for woken in lab.woken() {
                    if woken.kind == Kind::Batch {
                        lab.decide(|tx| batch::complete(tx, &woken));
                        continue;
                    }
                    for record in lab.decide(|tx| woken.records(tx)) {
                        lab.decide(|tx| {
                            if signals::wait_on(tx, &record, Wait::ForRun(Duration::from_secs(4))).is_none() {
                                woken.end(tx, record.number);
                            }
                        });
                    }
                },
                Step::End => if let Some(first) = lab.decide(|tx| queue.records(tx)).first() {
                    lab.decide(|tx| queue.end(tx, first.number));
                },
            }
        }
        let fold = |events: &[&Event]| {
            let mut folded = Memory::default();
            events.iter().for_each(|event| Held.apply(&mut folded, event));
            folded
        };
        let all: Vec<_> = lab.events.iter().collect();
        let folded = fold(&all);
        prop_assert_eq!(rows(&folded), rows(&lab.memory));
        let newest: BTreeMap<_, _> = all.iter().enumerate().map(|(at, event)| (topic_key(event), at)).collect();
        let left: std::collections::BTreeSet<_> = newest.into_values().collect();
        let compacted: Vec<_> = left.into_iter().map(|at| all[at]).collect();
        let folded = fold(&compacted);
        prop_assert_eq!(rows(&folded), rows(&lab.memory));
    }
}
