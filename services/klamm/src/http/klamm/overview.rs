//! The process, its partitions, and the members of the cluster.

use std::{sync::Arc, time::UNIX_EPOCH};

use axum::{Json, extract::State};
use klamm_api::klamm::v1::{GetStatusRequest, GetStatusResponse, ListMembersRequest, ListTopicsRequest, MemberInfo};
use klamm_connections::Peer;
use klamm_supervise::Reason;
use prost_types::Timestamp;
use serde_json::{Value, json};
use tonic::{Code, Status};

use super::{
    asked::{Asked, optional, time},
    handling::{Answered, Klamm, from},
};

/// `overview`: answered also while nobody owns the partitions, with what is known then.
pub async fn overview(State(klamm): State<Arc<Klamm>>, asked: Asked) -> Answered {
    klamm.supervisor.look();
    let health = klamm.supervisor.health();
    let (status, problem) = match status(&klamm, asked.peer).await {
        Ok(status) => {
            let problem = status.problem.clone();
            (status, problem)
        }
        Err(error) if error.code() == Code::Unavailable => (GetStatusResponse::default(), error.message().to_owned()),
        Err(error) => return Err(error.into()),
    };
    let members = klamm.inspect().list_members(from(asked.peer, ListMembersRequest {})).await;
    let topics = klamm.inspect().list_topics(from(asked.peer, ListTopicsRequest {})).await;
    Ok(Json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "role": health.role().name(),
        "logKind": klamm.log_kind,
        "address": klamm.address,
        "startTime": time(Some(&Timestamp::from(klamm.started))),
        "owner": optional(&status.owner),
        "ownerSince": time(status.owner_since.as_ref()),
        "problem": optional(&problem),
        "health": {
            "ready": health.is_ready(),
            "live": health.is_live(),
            "reasons": health.reasons().iter().map(reason).collect::<Vec<_>>(),
        },
        "counts": {
            "namespaces": status.namespaces,
            "partitions": status.partitions.len(),
            "taskQueues": status.task_queues,
            "members": members.map(|members| members.into_inner().members.len()).unwrap_or_default(),
            "topics": topics.map(|topics| topics.into_inner().topics.len()).unwrap_or_default(),
        },
    })))
}

/// `partitions`
pub async fn partitions(State(klamm): State<Arc<Klamm>>, asked: Asked) -> Answered {
    let status = status(&klamm, asked.peer).await?;
    let members = klamm.inspect().list_members(from(asked.peer, ListMembersRequest {})).await?.into_inner().members;
    let take_over = |number: i32| {
        let partitions = members.iter().flat_map(|member| &member.partitions);
        partitions.filter(|partition| partition.partition == number).map(|partition| partition.owned_by_take_over_offset).max()
    };
    let partition = |partition: &klamm_api::klamm::v1::PartitionStatus| {
        json!({
            "partition": partition.partition,
            "owner": status.owner,
            "ownerSince": time(status.owner_since.as_ref()),
            "committed": partition.next_command_offset,
            "end": partition.end_offset,
            "lag": partition.end_offset - partition.next_command_offset,
            "visibilityLag": partition.visibility_lag,
            "takeOverOffset": take_over(partition.partition).filter(|offset| *offset >= 0),
            "failure": optional(&partition.failure),
        })
    };
    Ok(Json(json!({ "partitions": status.partitions.iter().map(partition).collect::<Vec<_>>() })))
}

/// `members`
pub async fn members(State(klamm): State<Arc<Klamm>>, asked: Asked) -> Answered {
    let members = klamm.inspect().list_members(from(asked.peer, ListMembersRequest {})).await?.into_inner().members;
    let now = Timestamp::from(std::time::SystemTime::now());
    Ok(Json(json!({ "members": members.iter().map(|member| shown_member(member, &klamm.address, &now)).collect::<Vec<_>>() })))
}

fn shown_member(member: &MemberInfo, own_address: &str, now: &Timestamp) -> Value {
    let partitions = member.partitions.iter().map(|partition| {
        json!({
            "partition": partition.partition,
            "newestTakeOverOffset": partition.newest_take_over_offset,
            "ownedByTakeOverOffset": partition.owned_by_take_over_offset,
            "bidding": partition.bidding,
        })
    });
    json!({
        "member": member.member,
        "address": member.address,
        "roles": member.roles,
        "standing": member.standing,
        "lastBeat": time(member.last_beat.as_ref()),
        "ageMs": member.last_beat.as_ref().map(|beat| (crate::shown::millis(now) - crate::shown::millis(beat)).max(0)),
        "alive": member.alive,
        "self": member.address == own_address,
        "partitions": partitions.collect::<Vec<_>>(),
    })
}

async fn status(klamm: &Klamm, peer: Option<Peer>) -> Result<GetStatusResponse, Status> {
    Ok(klamm.inspect().get_status(from(peer, GetStatusRequest {})).await?.into_inner())
}

fn reason(reason: &Reason) -> Value {
    let since = reason.since.duration_since(UNIX_EPOCH).unwrap_or_default();
    let since = Timestamp { seconds: since.as_secs() as i64, nanos: since.subsec_nanos() as i32 };
    json!({ "source": reason.source, "severity": reason.severity.name(), "text": reason.text, "since": time(Some(&since)) })
}
