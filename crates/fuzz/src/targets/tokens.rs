//! Tokens of tasks and pages, as clients give them back.

use klamm_messages::klamm::v1::{ActivityTaskToken, WorkflowTaskToken};
use klamm_requests::tokens::{HistoryPage, decode_activity_task, decode_workflow_task};
use prost::Message;

use crate::{campaign::Target, mutate::mutate, random::Random};

/// Event ids of tokens that were taken must leave room to count on.
const ROOM: i64 = 1 << 32;

/// Tokens.
#[derive(Debug)]
pub struct Tokens {
    last: Vec<u8>,
}

impl Target for Tokens {
    type Input = Vec<u8>;

    const NAME: &'static str = "tokens";

    fn new() -> Self {
        Self { last: Vec::new() }
    }

    fn input(&mut self, random: &mut Random) -> Vec<u8> {
        let (namespace, workflow_id, run_id) = (random.text(), random.text(), random.text());
        let token = match random.below(4) {
            0 => WorkflowTaskToken {
                namespace,
                workflow_id,
                run_id,
                scheduled_event_id: random.int(),
                started_event_id: random.int(),
                attempt: random.int() as i32,
                stamp: random.int(),
                query_id: random.text(),
            }
            .encode_to_vec(),
            1 => ActivityTaskToken {
                namespace,
                workflow_id,
                run_id,
                scheduled_event_id: random.int(),
                attempt: random.int() as i32,
                activity_id: random.text(),
                activity_type: random.text(),
                stamp: random.int(),
            }
            .encode_to_vec(),
            2 => HistoryPage { run_id, next: random.int(), end: random.int(), running: random.chance(1, 2) }.encode_to_vec(),
            _ => random.bytes(60),
        };
        let token = if random.chance(1, 2) { mutate(token, &self.last, random) } else { token };
        self.last.clone_from(&token);
        token
    }

    fn try_input(&mut self, token: &Vec<u8>) -> Result<(), String> {
        let _ = (decode_workflow_task(token), decode_activity_task(token));
        for page in [HistoryPage::decode_for(token, ""), HistoryPage::decode_reverse_for(token, "")].into_iter().flatten() {
            if page.next < 1 || page.end < 0 || page.next.max(page.end) > i64::MAX - ROOM {
                return Err(format!("taken: {page:?}"));
            }
        }
        Ok(())
    }
}
