//! Commands of the log, decided: by the gateway's hand or by another's that writes to the topic.

use klamm_engine::Codec;
use klamm_machine::{Context, Machine, Memory, TablesExt, Time, Tx, wakes};
use klamm_messages::{
    DESCRIPTOR_SET,
    klamm::v1::{Command, WakeUp, command::Body},
    temporal::enums::v1::IndexedValueType,
};
use klamm_processor::{AvroCodec, Machines};
use prost::Message;
use prost_reflect::{FieldDescriptor, Kind, Value};

use crate::{
    campaign::Target,
    messages::{Dictionary, Messages},
    random::Random,
};

/// Commands before everything begins anew.
const ROUNDS: u64 = 500;

/// Few ids, so that commands meet what earlier ones have made.
#[derive(Debug, Default)]
pub struct Ids {
    /// Run ids that exist.
    pub runs: Vec<String>,
}

impl Dictionary for Ids {
    fn value(&mut self, field: &FieldDescriptor, random: &mut Random) -> Option<Value> {
        let text = |text: &str| Some(Value::String(text.to_owned()));
        match (field.name(), field.kind()) {
            ("namespace", Kind::String) => text("default"),
            ("workflow_id" | "schedule_id", Kind::String) => text(random.pick::<&str>(&["w1", "w2"])),
            ("run_id", Kind::String) if self.runs.is_empty() => text("r1"),
            ("run_id", Kind::String) => Some(Value::String(random.pick(&self.runs).clone())),
            ("machine", Kind::String) => text(random.pick::<&str>(&["workflow", "schedule"])),
            ("activity_id" | "timer_id", Kind::String) => text(random.pick::<&str>(&["1", "2"])),
            ("scheduled_event_id" | "started_event_id" | "stamp", Kind::Int64) => Some(Value::I64(random.below(12) as i64)),
            ("attempt", Kind::Int32) => Some(Value::I32(1 + random.below(2) as i32)),
            ("version" | "decision_version", Kind::Uint32) => Some(Value::U32(1)),
            _ => None,
        }
    }
}

/// Commands.
pub struct Commands {
    messages: Messages,
    machines: Machines,
    tables: Memory,
    ids: Ids,
    offset: i64,
    now: i64,
}

impl Target for Commands {
    type Input = Command;

    const NAME: &'static str = "commands";

    fn new() -> Self {
        let now = 1_700_000_000_000;
        Self {
            messages: Messages::of(DESCRIPTOR_SET),
            machines: Machines::default(),
            tables: Memory::default(),
            ids: Ids::default(),
            offset: 0,
            now,
        }
    }

    fn input(&mut self, random: &mut Random) -> Command {
        if (self.offset as u64).is_multiple_of(ROUNDS) {
            self.tables = Memory::default();
            self.ids.runs.clear();
        }
        self.offset += 1;
        self.now += *random.pick(&[0, 1, 1000, 60_000, 86_400_000]);
        let (from, to) = wakes::due_range(Time::from_millis(self.now));
        let due = self.tables.range::<wakes::Wakes>(&from, &to, 8);
        if !due.is_empty() && random.chance(1, 2) {
            let row = (*random.pick(&due).1).clone();
            let (namespace, workflow_id) = (row.namespace.clone(), row.id.clone());
            let wake_up = WakeUp { machine: row.machine, namespace: row.namespace, id: row.id, run_id: row.run_id, due: row.due };
            return Command { version: 1, namespace, workflow_id, body: Some(Body::WakeUp(wake_up)), ..Command::default() };
        }
        let bytes = self.messages.bytes("klamm.v1.Command", &mut self.ids, random);
        // Chains that are too deep for protobuf are no message.
        let mut command = Command::decode(bytes.as_slice()).unwrap_or_default();
        if let Some(settings) = &mut command.settings
            && random.chance(1, 2)
        {
            settings.search_attribute_types = [("Int".to_owned(), IndexedValueType::Int as i32)].into();
        }
        // As it stands on the topic: what Avro cannot say is cut.
        klamm_avro::canonical(&command).unwrap_or_default()
    }

    fn try_input(&mut self, command: &Command) -> Result<(), String> {
        if matches!(&command.body, Some(Body::TakeOver(_)) | None) {
            return Ok(());
        }
        let mut scratch = self.tables.clone();
        let mut context = Context::new(Time::from_millis(self.now), 1, "topic", 0, self.offset);
        let mut tx = Tx::new(&self.machines, &mut scratch, &mut context);
        if self.machines.decide(&mut tx, command).is_err() {
            return Ok(());
        }
        let effects = tx.finish();
        for encoded in effects.events.iter().flat_map(|event| AvroCodec.encode_event(event)) {
            AvroCodec
                .decode_event(&encoded.topic, encoded.key.as_bytes(), encoded.value.as_deref())
                .map_err(|error| format!("an event of {} cannot be read: {error}", encoded.topic))?;
        }
        for sent in &effects.commands {
            AvroCodec.decode_command(&AvroCodec.encode_command(sent)).map_err(|error| format!("a sent command cannot be read: {error}"))?;
        }
        // A store keeps rows as protobuf: each must be readable.
        for (key, row) in &scratch.0 {
            if !self.tables.0.get(key).is_some_and(|old| std::sync::Arc::ptr_eq(old, row)) {
                readable(key, &row.encode_row())?;
            }
        }
        self.tables = scratch;
        if let Some(Body::StartWorkflow(start)) = &command.body
            && !start.run_id.is_empty()
            && self.ids.runs.len() < 4
        {
            self.ids.runs.push(start.run_id.clone());
        }
        Ok(())
    }
}

/// Whether a row of a store can be read again.
fn readable(key: &[u8], bytes: &[u8]) -> Result<(), String> {
    use klamm_messages::{
        klamm::v1::{RunState, ScheduleDecision, ScheduleDefinition, ScheduleOutcome, ScheduleProgress, ScheduleRemains},
        temporal::history::v1::HistoryEvent,
    };
    let read = match key.first() {
        Some(3) => RunState::decode(bytes).map(drop),
        Some(4) => HistoryEvent::decode(bytes).map(drop),
        Some(8) => ScheduleDefinition::decode(bytes).map(drop),
        Some(9) => ScheduleProgress::decode(bytes).map(drop),
        Some(10) => ScheduleOutcome::decode(bytes).map(drop),
        Some(11) => ScheduleDecision::decode(bytes).map(drop),
        Some(12) => ScheduleRemains::decode(bytes).map(drop),
        _ => Ok(()),
    };
    read.map_err(|error| format!("a row of kind {:?} cannot be read: {error}", key.first()))
}
