//! One start of those of several records.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use klamm_messages::{
    klamm::v1::{Command, FromTrigger, HeldRecord, StartWorkflow, command::Body},
    temporal::common::v1::{Payload, Payloads},
};

/// Whether the command is a start of the workflow that its request names.
pub(crate) fn is_start(command: &Command) -> bool {
    matches!(&command.body, Some(Body::StartWorkflow(start)) if start.request.is_some())
}

/// The first record's start, with the arguments of all of them: each record has lists of one element, the start has the lists of all. `None`:
/// there are no records.
pub(crate) fn start(records: &[Arc<HeldRecord>]) -> Option<Command> {
    let commands: Vec<&Command> = records.iter().filter_map(|record| record.command.as_ref()).collect();
    let (first, rest) = commands.split_first()?;
    let mut start: StartWorkflow = started(first)?.clone();
    let request = start.request.as_mut()?;
    let inputs: Vec<&[Payload]> = commands.iter().map(|command| arguments(command)).collect();
    let count = inputs.iter().map(|input| input.len()).max().unwrap_or_default();
    let lists = (0..count).map(|index| list(inputs.iter().map(|input| input.get(index)))).collect();
    request.input = (count > 0).then_some(Payloads { payloads: lists });
    let alone = |from: &FromTrigger| FromTrigger { batch: None, ..from.clone() };
    Some(Command {
        workflow_id: request.workflow_id.clone(),
        source: None,
        from_trigger: first.from_trigger.as_ref().map(alone),
        from_batch: rest.iter().filter_map(|command| command.from_trigger.as_ref()).map(alone).collect(),
        body: Some(Body::StartWorkflow(Box::new(start))),
        ..(*first).clone()
    })
}

fn started(command: &Command) -> Option<&StartWorkflow> {
    match &command.body {
        Some(Body::StartWorkflow(start)) => Some(start),
        _ => None,
    }
}

fn arguments(command: &Command) -> &[Payload] {
    let request = started(command).and_then(|start| start.request.as_ref());
    request.and_then(|request| request.input.as_ref()).map_or(&[], |input| &input.payloads)
}

/// Joins lists in JSON: `[1]` and `[2]` are `[1,2]`. What is missing, since the declaration has changed meanwhile, is null.
fn list<'a>(parts: impl Iterator<Item = Option<&'a Payload>> + Clone) -> Payload {
    let metadata = parts.clone().flatten().next().map(|first| first.metadata.clone()).unwrap_or_default();
    let mut text = BytesMut::new();
    text.put_u8(b'[');
    for (index, part) in parts.enumerate() {
        if index > 0 {
            text.put_u8(b',');
        }
        text.put_slice(part.and_then(|part| inside(&part.data)).unwrap_or(b"null"));
    }
    text.put_u8(b']');
    Payload { metadata, data: Bytes::from(text), ..Payload::default() }
}

/// What stands between the brackets of a list.
fn inside(text: &[u8]) -> Option<&[u8]> {
    text.trim_ascii().strip_prefix(b"[")?.strip_suffix(b"]")
}
