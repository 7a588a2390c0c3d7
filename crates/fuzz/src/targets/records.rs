//! Records of every topic: decoded, shown, and folded into tables.

use klamm_avro::{Value, frame, json};
use klamm_engine::{Codec, Folded, topic};
use klamm_machine::{Machine, Memory};
use klamm_messages::{
    DESCRIPTOR_SET,
    klamm::v1::{ClusterRecord, Command, HeldRecord, HistoryRecord, Member, ScheduleRecord, VisibilityDocument},
};
use klamm_processor::{AvroCodec, Machines};
use klamm_visibility::{Change, ChangeBody, Index, Location};
use prost::Message;

use super::commands::Ids;
use crate::{campaign::Target, messages::Messages, mutate::mutate, random::Random};

/// Rows that pile up before the tables are emptied.
const ROUNDS: u64 = 2000;

/// Records.
pub struct Records {
    messages: Messages,
    machines: Machines,
    tables: Memory,
    index: Index,
    last: Vec<u8>,
    rounds: u64,
}

/// A record of a topic.
#[derive(Debug)]
pub struct Input {
    topic: &'static str,
    key: Vec<u8>,
    value: Option<Vec<u8>>,
}

impl Target for Records {
    type Input = Input;

    const NAME: &'static str = "records";

    fn new() -> Self {
        Self {
            messages: Messages::of(DESCRIPTOR_SET),
            machines: Machines::default(),
            tables: Memory::default(),
            index: Index::open(Location::Memory).expect("an index in memory"),
            last: Vec::new(),
            rounds: 0,
        }
    }

    fn input(&mut self, random: &mut Random) -> Input {
        let (topic, value) = match random.below(7) {
            0 => (topic::COMMANDS, self.framed::<Command>("klamm.v1.Command", random)),
            1 => (topic::SCHEDULES, self.framed::<ScheduleRecord>("klamm.v1.ScheduleRecord", random)),
            2 => (topic::CLUSTER, self.framed::<ClusterRecord>("klamm.v1.ClusterRecord", random)),
            3 => (topic::VISIBILITY, self.framed::<VisibilityDocument>("klamm.v1.VisibilityDocument", random)),
            5 => (topic::HELD, self.framed::<HeldRecord>("klamm.v1.HeldRecord", random)),
            4 => (topic::MEMBERS, self.framed::<Member>("klamm.v1.Member", random)),
            _ => (topic::HISTORY, self.framed::<HistoryRecord>("klamm.v1.HistoryRecord", random)),
        };
        let value = if random.chance(1, 2) { mutate(value, &self.last, random) } else { value };
        self.last.clone_from(&value);
        let number = random.int();
        let key = match random.below(7) {
            5 => format!("default/w/signal/{number}"),
            0 => format!("default/w/r/~activity/{number}"),
            1 => format!("default/w/~audit/{number}"),
            2 => "~partition".to_owned(),
            3 => "default/w/~deleted/0".to_owned(),
            4 => format!("default/w/{}", random.text()),
            _ => "default/w/definition".to_owned(),
        };
        let key = if random.chance(1, 4) { mutate(key.into_bytes(), &self.last, random) } else { key.into_bytes() };
        Input { topic, key, value: random.chance(7, 8).then_some(value) }
    }

    fn try_input(&mut self, Input { topic, key, value }: &Input) -> Result<(), String> {
        self.rounds += 1;
        if self.rounds.is_multiple_of(ROUNDS) {
            self.tables = Memory::default();
            self.index.reset().map_err(|error| format!("the index: {error}"))?;
        }
        let framed = value.as_deref().unwrap_or_default();
        // What people are shown of it.
        let _ = json::to_json(framed);
        let _ = AvroCodec.decode_command(framed);
        let _ = frame::decode::<Member>(framed);
        if let Ok(document) = frame::decode::<VisibilityDocument>(framed) {
            let change = Change { partition: 0, offset: self.rounds as i64, body: ChangeBody::Document(Box::new(document)) };
            self.index.apply(&[change]).map_err(|error| format!("the index: {error}"))?;
        }
        if let Ok(Folded::Event(event)) = AvroCodec.decode_event(topic, key, value.as_deref()) {
            self.machines.apply(&mut self.tables, &event);
        }
        Ok(())
    }
}

impl Records {
    fn framed<T: Value + Message + Default>(&self, name: &str, random: &mut Random) -> Vec<u8> {
        let bytes = self.messages.bytes(name, &mut Ids::default(), random);
        // Chains that are too deep for protobuf are no message.
        frame::encode(&T::decode(bytes.as_slice()).unwrap_or_default())
    }
}
