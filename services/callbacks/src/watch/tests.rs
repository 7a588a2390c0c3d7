//! Calls against small servers, over a source that is a map.

use std::{
    future::pending,
    sync::Mutex,
    time::{Duration, Instant},
};

use klamm_messages::temporal::history::v1::{HistoryEvent, WorkflowExecutionCompletedEventAttributes, history_event::Attributes};
use klamm_nexus::{Completion, completion::Outcome};
use klamm_supervise::Supervisor;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::{Notify, watch::Receiver},
};

use super::*;
use crate::Call;

/// Rows by their order, and what was recorded.
#[derive(Default)]
struct Source {
    rows: Mutex<Vec<Arc<CallbackRow>>>,
    recorded: Mutex<Vec<(String, Option<Failure>)>>,
    changed: Notify,
    fails: Mutex<usize>,
    breakers: Arc<Breakers>,
}

impl Source {
    fn add(&self, destination: &str, id: usize) {
        let row = CallbackRow { destination: destination.to_owned(), workflow_id: id.to_string(), ..CallbackRow::default() };
        let mut rows = self.rows.lock().unwrap();
        rows.push(Arc::new(row));
        rows.sort_by(|a, b| a.destination.cmp(&b.destination));
        drop(rows);
        self.changed.notify_one();
    }

    async fn until_recorded(&self, count: usize) -> Vec<(String, Option<Failure>)> {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let recorded = self.recorded.lock().unwrap().clone();
            if recorded.len() >= count {
                return recorded;
            }
            assert!(Instant::now() < deadline, "{} recorded", recorded.len());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl CallbackSource for Source {
    fn partitions(&self) -> Receiver<BTreeMap<u32, i64>> {
        tokio::sync::watch::channel([(0, 0)].into()).1
    }

    fn due(&self, _: u32, from: Option<Vec<u8>>, destinations: usize, each: usize) -> Due {
        let from = String::from_utf8(from.unwrap_or_default()).unwrap();
        let rows = self.rows.lock().unwrap();
        let mut found: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.destination > from) {
            if found.len() == destinations && !found.contains_key(row.destination.as_str()) {
                let next = found.keys().last().map(|last| last.as_bytes().to_vec());
                return Due { rows: found.into_values().flatten().collect(), next };
            }
            let of_destination = found.entry(&row.destination).or_default();
            if of_destination.len() < each {
                of_destination.push(row.clone());
            }
        }
        Due { rows: found.into_values().flatten().collect(), next: None }
    }

    fn call(&self, _: u32, row: &CallbackRow) -> Option<Call> {
        let attributes = Attributes::WorkflowExecutionCompletedEventAttributes(WorkflowExecutionCompletedEventAttributes::default());
        let event = HistoryEvent { attributes: Some(attributes), ..HistoryEvent::default() };
        let completion = Completion { outcome: Outcome::of_closing_event(&event)?, start_time: None, close_time: None, link: None };
        Some(Call { url: format!("{}/{}", row.destination, row.workflow_id), headers: BTreeMap::new(), completion })
    }

    async fn record(&self, _: u32, row: &CallbackRow, failure: Option<Failure>) -> bool {
        {
            let mut fails = self.fails.lock().unwrap();
            if *fails > 0 {
                *fails -= 1;
                return false;
            }
        }
        self.rows.lock().unwrap().retain(|known| known.workflow_id != row.workflow_id);
        self.recorded.lock().unwrap().push((row.workflow_id.clone(), failure));
        true
    }

    fn breakers(&self) -> &Arc<Breakers> {
        &self.breakers
    }

    async fn changed(&self, _: u32) {
        self.changed.notified().await;
    }
}

/// A server that gives every request this answer, or none at all. Its address, and how many connections it has got.
async fn server(answer: Option<&'static str>) -> (String, Arc<Mutex<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(Mutex::new(0));
    let counted = count.clone();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            *counted.lock().unwrap() += 1;
            tokio::spawn(async move {
                let Some(answer) = answer else { return pending().await };
                let mut request = vec![0; 16 * 1024];
                while stream.read(&mut request).await.is_ok_and(|read| read > 0) {
                    let answer = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\n\r\n");
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            });
        }
    });
    (address, count)
}

fn begin(source: &Arc<Source>) {
    let part = Supervisor::default().part("callbacks/0");
    tokio::spawn(watch(source.clone(), Client::new(), part, 0));
}

#[tokio::test]
async fn each_answer_is_recorded() {
    let source = Arc::new(Source::default());
    begin(&source);
    for (id, (answer, message, is_final)) in [
        ("200 OK", None, false),
        ("404 Not Found", Some("handler error (NOT_FOUND)"), true),
        ("503 Service Unavailable", Some("handler error (UNAVAILABLE)"), false),
        ("307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/", Some("unexpected response status: \"307 Temporary Redirect\""), false),
    ]
    .into_iter()
    .enumerate()
    {
        let (address, _) = server(Some(answer)).await;
        source.add(&address, id);
        let recorded = source.until_recorded(id + 1).await;
        let failure = recorded[id].1.clone();
        assert_eq!(failure.as_ref().map(|failure| failure.message.as_str()), message);
        let told = failure.and_then(|failure| failure.failure_info);
        assert_eq!(matches!(told, Some(FailureInfo::ApplicationFailureInfo(info)) if info.non_retryable), is_final);
    }
    source.add("http://127.0.0.1:1", 9);
    let recorded = source.until_recorded(5).await;
    let message = recorded[4].1.clone().unwrap().message;
    assert!(message.starts_with("Post \"http://127.0.0.1:1/9\": ") && message.contains("refused"), "{message}");
}

#[tokio::test]
async fn a_target_that_is_silent_holds_up_no_other() {
    let source = Arc::new(Source::default());
    let (silent, connections) = server(None).await;
    let (quick, _) = server(Some("200 OK")).await;
    (0..100).for_each(|id| source.add(&silent, 1000 + id));
    begin(&source);
    (0..50).for_each(|id| source.add(&quick, id));
    let recorded = source.until_recorded(50).await;
    assert!(recorded.iter().all(|(id, failure)| id.len() < 4 && failure.is_none()), "{recorded:?}");
    assert!(*connections.lock().unwrap() <= CALLS_OF_DESTINATION_MAX);
}

#[tokio::test]
async fn a_target_that_keeps_failing_is_left_alone() {
    let source = Arc::new(Source::default());
    let (failing, _) = server(Some("503 Service Unavailable")).await;
    let (well, _) = server(Some("200 OK")).await;
    (0..100).for_each(|id| source.add(&failing, 1000 + id));
    begin(&source);
    source.until_recorded(6).await;
    (0..50).for_each(|id| source.add(&well, id));
    let of_well = |recorded: &[(String, Option<Failure>)]| recorded.iter().filter(|(id, _)| id.len() < 4).count();
    let mut recorded = Vec::new();
    while of_well(&recorded) < 50 {
        recorded = source.until_recorded(recorded.len() + 1).await;
    }
    assert!(source.breakers.is_open(&failing) && !source.breakers.is_open(&well));
    // Some calls were under way when the breaker opened.
    assert!(recorded.len() - 50 <= 5 + CALLS_OF_DESTINATION_MAX, "{} calls of the failing target", recorded.len() - 50);
    assert!(source.rows.lock().unwrap().iter().all(|row| row.destination == failing && row.attempt == 0));
}

#[tokio::test]
async fn what_could_not_be_recorded_is_called_again() {
    let source = Arc::new(Source::default());
    *source.fails.lock().unwrap() = 1;
    let (quick, _) = server(Some("200 OK")).await;
    source.add(&quick, 0);
    begin(&source);
    assert_eq!(source.until_recorded(1).await, [("0".to_owned(), None)]);
}

#[tokio::test]
async fn all_destinations_have_their_turn() {
    let source = Arc::new(Source::default());
    for id in 0..3 * DESTINATIONS {
        // Nobody listens on these ports of the local network.
        source.add(&format!("http://127.0.0.{}:1", id + 2), id);
    }
    begin(&source);
    source.until_recorded(3 * DESTINATIONS).await;
}
