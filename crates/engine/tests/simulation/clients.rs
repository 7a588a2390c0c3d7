//! Clients: they ask, and ask again with the same request id until they are answered.

use klamm_engine::partition::{ANSWER_HEADER, command_record};
use klamm_log::{Record, Stored};
use klamm_machine::key::partition_of;
use klamm_messages::klamm::v1::Command;

use crate::{
    codec::TestCodec,
    machine::{NAMESPACE, command},
    prng::Prng,
};

/// Accounts (and timers) that clients know.
const ENTITIES: usize = 7;

/// One request.
pub struct Request {
    /// Its command.
    pub command: Command,
    /// What it asks for.
    pub kind: &'static str,
    /// Where it goes.
    pub partition: u32,
    /// The record.
    pub record: Record,
    /// The answer, as text.
    pub answer: Option<String>,
    /// Offset of the command that was answered first.
    pub answered_at: i64,
}

impl Request {
    /// Whether its effects are found by its id in the log of a row.
    pub fn leaves_a_line(&self) -> bool {
        ["add", "refuse", "transfer", "timer"].contains(&self.kind)
    }
}

/// All requests made.
#[derive(Default)]
pub struct Clients {
    /// By number, which is in their ids: `r<number>`.
    pub requests: Vec<Request>,
}

impl Clients {
    /// A new request; not sent yet. Its number.
    pub fn ask(&mut self, rng: &mut Prng, partitions: u32) -> usize {
        let kinds = [(30, "add"), (25, "transfer"), (14, "timer"), (6, "put"), (4, "delete"), (4, "refuse"), (4, "reject"), (3, "panic")];
        let kind = rng.weighted(&kinds);
        // Notes are on a topic that partition 0 alone writes, as namespaces are; no other takes their commands.
        let is_note = ["put", "delete"].contains(&kind);
        let entity = loop {
            let entity = entity(rng);
            if !is_note || partition_of(NAMESPACE, &entity, partitions) == 0 {
                break entity;
            }
        };
        let value = if kind == "timer" { rng.weighted(&[(3, 400), (3, 60), (1, 5_000), (1, 1)]) } else { 1 + rng.below(9) as i64 };
        let targets: Vec<String> = match kind {
            "transfer" => (0..1 + rng.below(3)).map(|_| way(rng)).collect(),
            _ => Vec::new(),
        };
        let number = self.requests.len();
        let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
        let command = command(kind, &entity, &format!("r{number}"), value, &targets);
        let record = command_record(&TestCodec, &command).with_header(ANSWER_HEADER, format!("client/{number}"));
        let partition = partition_of(NAMESPACE, &entity, partitions);
        self.requests.push(Request { command, kind, partition, record, answer: None, answered_at: 0 });
        number
    }

    /// Numbers of the requests that wait for their answer.
    pub fn waiting(&self) -> Vec<usize> {
        (0..self.requests.len()).filter(|number| self.requests[*number].answer.is_none()).collect()
    }

    /// The owner answers the appender of a command.
    pub fn answered(&mut self, stored: &Stored, answer: &str) {
        let header = stored.record.header(ANSWER_HEADER).and_then(|header| std::str::from_utf8(header).ok());
        let number = header.and_then(|header| header.strip_prefix("client/")).and_then(|number| number.parse::<usize>().ok());
        let Some(request) = number.and_then(|number| self.requests.get_mut(number)) else { return };
        match &request.answer {
            None => {
                request.answer = Some(answer.to_owned());
                request.answered_at = stored.offset;
            }
            Some(before) if request.leaves_a_line() => {
                assert_eq!(before, answer, "request {} was answered twice, differently", request.command.request_id);
            }
            Some(_) => {}
        }
    }
}

fn entity(rng: &mut Prng) -> String {
    format!("e{}", rng.below(ENTITIES))
}

fn way(rng: &mut Prng) -> String {
    let stations = 1 + rng.below(3);
    (0..stations).map(|_| entity(rng)).collect::<Vec<_>>().join(">")
}
