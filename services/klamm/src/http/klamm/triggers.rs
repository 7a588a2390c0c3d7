//! Triggers and their dead letters: what `klamm apply`, `klamm trigger` and `klamm dlq list` tell and do, by the same calls.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::HeaderMap,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use klamm_api::klamm::v1::{
    ApplyRequest, Change, DeadLetterInfo, DeadLetterSelection, DeleteTriggerRequest, ListTriggersRequest, PauseTriggerRequest,
    ReadDeadLettersRequest, ReplayTriggerRequest, TriggerInfo, TriggerPartition,
};
use klamm_connections::Peer;
use serde::Deserialize;
use serde_json::{Value, json};
use tonic::Status;

use super::{
    asked::{Asked, optional, time},
    body,
    handling::{Answered, Klamm, Refused, from},
};

/// Dead letters of a page that says nothing else, and at most.
const LETTERS: u64 = 100;
const LETTERS_MAX: u64 = 1000;

/// `triggers`
pub async fn list(State(klamm): State<Arc<Klamm>>, asked: Asked) -> Answered {
    let triggers = read(&klamm, asked.peer, "").await?;
    Ok(Json(json!({ "triggers": triggers.iter().map(shown).collect::<Vec<_>>() })))
}

/// `triggers/{trigger}`
pub async fn describe(State(klamm): State<Arc<Klamm>>, Path(name): Path<String>, asked: Asked) -> Answered {
    let found = read(&klamm, asked.peer, &name).await?;
    let trigger = found.first().ok_or_else(|| Status::not_found(format!("There is no trigger {name}.")))?;
    Ok(Json(shown(trigger)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Apply {
    declarations: Vec<String>,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    prune: bool,
}

/// `POST triggers`: declares triggers.
pub async fn apply(State(klamm): State<Arc<Klamm>>, asked: Asked, headers: HeaderMap, content: Bytes) -> Answered {
    let Apply { declarations, dry_run, prune } = body::own(&headers, &content)?;
    let request = ApplyRequest { texts: declarations, dry_run, prune };
    let changes = klamm.inspect().apply(from(asked.peer, request)).await?.into_inner().changes;
    let change = |Change { kind, name, change, before, after }| json!({ "kind": kind, "name": name, "change": change, "before": optional(&before), "after": optional(&after) });
    Ok(Json(json!({ "changes": changes.into_iter().map(change).collect::<Vec<_>>() })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pause {
    #[serde(default)]
    reason: String,
}

/// `POST triggers/{trigger}/pause`
pub async fn pause(
    State(klamm): State<Arc<Klamm>>,
    Path(name): Path<String>,
    asked: Asked,
    headers: HeaderMap,
    content: Bytes,
) -> Answered {
    let Pause { reason } = body::own(&headers, &content)?;
    let request = PauseTriggerRequest { trigger: name, paused: true, reason };
    klamm.inspect().pause_trigger(from(asked.peer, request)).await?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// `POST triggers/{trigger}/resume`
pub async fn resume(
    State(klamm): State<Arc<Klamm>>,
    Path(name): Path<String>,
    asked: Asked,
    headers: HeaderMap,
    content: Bytes,
) -> Answered {
    let Nothing {} = body::own(&headers, &content)?;
    let request = PauseTriggerRequest { trigger: name, paused: false, reason: String::new() };
    klamm.inspect().pause_trigger(from(asked.peer, request)).await?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Replay {
    from: Option<String>,
}

/// `POST triggers/{trigger}/replay`
pub async fn replay(
    State(klamm): State<Arc<Klamm>>,
    Path(name): Path<String>,
    asked: Asked,
    headers: HeaderMap,
    content: Bytes,
) -> Answered {
    let Replay { from: place } = body::own(&headers, &content)?;
    let request = ReplayTriggerRequest { trigger: name, start_at: place.unwrap_or_else(|| "earliest".to_owned()) };
    klamm.inspect().replay_trigger(from(asked.peer, request)).await?;
    Ok(Json(json!({})))
}

/// `DELETE triggers/{trigger}`
pub async fn delete(State(klamm): State<Arc<Klamm>>, Path(name): Path<String>, asked: Asked) -> Answered {
    klamm.inspect().delete_trigger(from(asked.peer, DeleteTriggerRequest { trigger: name })).await?;
    Ok(Json(json!({})))
}

/// `triggers/{trigger}/dead-letters`
pub async fn dead_letters(State(klamm): State<Arc<Klamm>>, Path(name): Path<String>, asked: Asked) -> Answered {
    let limit = asked.number("limit")?.unwrap_or(LETTERS);
    if !(1..=LETTERS_MAX).contains(&limit) {
        return Err(Status::invalid_argument(format!("limit={limit} is not from 1 to {LETTERS_MAX}")).into());
    }
    let selection = DeadLetterSelection {
        trigger: name,
        class: asked.text("class")?.unwrap_or_default().to_owned(),
        rule: asked.number("rule")?.unwrap_or_default(),
        since: asked.time("since")?,
        partition: asked.number("partition")?,
        offset: asked.number("offset")?,
        limit,
        ..DeadLetterSelection::default()
    };
    let request = ReadDeadLettersRequest { selection: Some(selection), whole: true };
    let mut letters = klamm.inspect().read_dead_letters(from(asked.peer, request)).await?.into_inner();
    let mut page = Vec::new();
    while let Some(letter) = letters.message().await? {
        page.push(shown_letter(&letter));
    }
    Ok(Json(json!({ "deadLetters": page })))
}

async fn read(klamm: &Klamm, peer: Option<Peer>, name: &str) -> Result<Vec<TriggerInfo>, Refused> {
    let request = ListTriggersRequest { trigger: name.to_owned() };
    Ok(klamm.inspect().list_triggers(from(peer, request)).await?.into_inner().triggers)
}

fn shown(trigger: &TriggerInfo) -> Value {
    let counts = trigger.counts.unwrap_or_default();
    let partition = |it: &TriggerPartition| json!({ "partition": it.partition, "next": it.next_offset, "end": it.end_offset, "lag": it.end_offset - it.next_offset });
    json!({
        "name": trigger.name,
        "namespace": trigger.namespace,
        "topic": trigger.topic,
        "deadLetterTopic": trigger.dead_letter_topic,
        "declaration": trigger.text,
        "generation": trigger.generation,
        "startAt": optional(&trigger.start_at),
        "createTime": time(trigger.create_time.as_ref()),
        "updateTime": time(trigger.update_time.as_ref()),
        "lastEffectTime": time(trigger.last_effect_time.as_ref()),
        "oldestRecordTime": time(trigger.oldest_record_time.as_ref()),
        "paused": trigger.paused,
        "pauseReason": optional(&trigger.pause_reason),
        "problem": optional(&trigger.problem),
        "lag": trigger.partitions.iter().map(|it| it.end_offset - it.next_offset).sum::<i64>(),
        "counts": {
            "started": counts.started,
            "signalled": counts.signalled,
            "filtered": counts.filtered,
            "suppressed": counts.suppressed,
            "held": counts.held,
            "deadLettered": counts.dead_lettered,
        },
        "partitions": trigger.partitions.iter().map(partition).collect::<Vec<_>>(),
    })
}

fn shown_letter(letter: &DeadLetterInfo) -> Value {
    // A text where it is one, else its bytes.
    let bytes = |bytes: &Option<Vec<u8>>| match bytes.as_deref().map(std::str::from_utf8) {
        None => Value::Null,
        Some(Ok(text)) => json!({ "text": text }),
        Some(Err(_)) => json!({ "base64": STANDARD.encode(bytes.as_deref().unwrap_or_default()) }),
    };
    json!({
        "partition": letter.partition,
        "offset": letter.offset,
        "timestamp": time(letter.timestamp.as_ref()),
        "class": letter.class,
        "rule": letter.rule,
        "stage": letter.stage,
        "message": letter.message,
        "source": { "topic": letter.source_topic, "partition": letter.source_partition, "offset": letter.source_offset },
        "key": bytes(&letter.key),
        "value": bytes(&letter.value),
        "valueBytes": letter.value_bytes,
        "replayed": optional(&letter.replayed),
    })
}
