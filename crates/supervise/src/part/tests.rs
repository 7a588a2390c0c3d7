use std::sync::{
    atomic::AtomicU32,
    mpsc::{self, Receiver},
};

use super::*;
use crate::Role;

fn ready() -> Supervisor {
    let supervisor = Supervisor::default();
    supervisor.health().set_role(Role::Owner);
    supervisor
}

fn severity_of(supervisor: &Supervisor, source: &str) -> Option<Severity> {
    supervisor.look();
    supervisor.health().reasons().into_iter().find(|reason| reason.source == source).map(|reason| reason.severity)
}

/// A thread that says each of its rounds when it is told to come round, and ends with the sender.
fn worker(supervisor: &Supervisor) -> (mpsc::Sender<()>, Receiver<u32>, JoinHandle<()>) {
    let (go, come) = mpsc::channel();
    let (say, said) = mpsc::channel();
    let rounds = AtomicU32::new(0);
    let thread = supervisor.part("worker").thread(move |part| {
        while come.recv().is_ok() {
            part.round();
            say.send(rounds.fetch_add(1, Ordering::SeqCst)).expect("the test listens");
        }
    });
    (go, said, thread.expect("a thread"))
}

#[test]
fn a_thread_that_panics_runs_again_and_health_says_so() {
    let supervisor = ready();
    let (go, said, thread) = worker(&supervisor);
    go.send(()).expect("it runs");
    assert_eq!(said.recv(), Ok(0));
    assert_eq!(severity_of(&supervisor, "worker"), None);
    for _ in 0..PANICS_MAX {
        assert!(supervisor.health().is_ready(), "a few panics are told and mended");
        assert!(supervisor.panic_in("worker"));
        go.send(()).expect("it runs");
        // This round comes after the panic.
        go.send(()).expect("it runs");
        said.recv().expect("it runs again");
        assert!(severity_of(&supervisor, "worker").is_some());
    }
    assert_eq!(severity_of(&supervisor, "worker"), Some(Severity::Failure), "again and again");
    assert!(!supervisor.health().is_ready() && supervisor.health().is_live());
    drop(go);
    thread.join().expect("its panics are caught");
    assert_eq!(supervisor.running(), Vec::<String>::new());
    assert_eq!(severity_of(&supervisor, "worker"), None, "what has ended has no reason");
}

#[test]
fn a_part_that_is_closed_is_not_run_again() {
    let supervisor = ready();
    let part = supervisor.part("once");
    let closer = part.clone();
    let thread = part.thread(|part| {
        part.close();
        panic!("for the last time");
    });
    thread.expect("a thread").join().expect("it ends");
    closer.close();
    assert!(supervisor.running().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_task_that_panics_is_made_again() {
    let supervisor = ready();
    let made = Arc::new(AtomicU32::new(0));
    let (counter, part) = (made.clone(), supervisor.part("task/7"));
    part.task(move |part| {
        let count = counter.fetch_add(1, Ordering::SeqCst);
        async move {
            part.round();
            tokio::task::yield_now().await;
            if count == 0 {
                part.blocking(|| panic!("on another thread")).await;
            }
            assert!(count > 1, "the first two fail");
        }
    })
    .await;
    assert_eq!(made.load(Ordering::SeqCst), 3);
    assert!(supervisor.running().is_empty());
}

#[test]
fn a_part_that_stands_still_makes_the_process_unready() {
    let supervisor = ready();
    let part = supervisor.part_with_rounds("round", Duration::ZERO);
    thread::sleep(Duration::from_millis(2));
    assert_eq!(severity_of(&supervisor, "round"), Some(Severity::Failure));
    part.ended();
    assert_eq!(severity_of(&supervisor, "round"), None);
}

#[test]
fn a_caught_panic_is_given_to_the_caller() {
    let supervisor = ready();
    let part = supervisor.part("driver");
    let panicked = part.catch(|| panic!("no {}", "more")).expect_err("it panics");
    assert_eq!(panicked.text, "no more");
    assert_eq!(part.catch(|| 7), Ok(7));
}

#[tokio::test]
async fn the_first_reason_to_stop_the_process_counts() {
    let supervisor = ready();
    supervisor.stop_process("one".to_owned());
    supervisor.stop_process("two".to_owned());
    assert_eq!(supervisor.until_stopped().await, "one");
    assert!(!supervisor.health().is_live());
}
