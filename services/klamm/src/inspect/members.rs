//! The processes of the cluster, as their last beats on the topic `members` show them.

use std::collections::BTreeMap;

use klamm_api::klamm::v1::{MemberInfo, MemberPartitionInfo};
use klamm_avro::frame;
use klamm_engine::{Topics, topic};
use klamm_log::Log;
use klamm_members::{BEAT_INTERVAL_MS, PROCESSOR, SILENT_AFTER_BEATS};
use klamm_messages::klamm::v1::Member;
use tonic::Status;

use super::{asking::status, reading};

/// How far back beats are looked for: some minutes of a small cluster.
const BEATS: i64 = 4096;

/// The members that beats of the last minutes show. None: nobody sends beats, because the process that answers is alone.
pub(super) fn heard(log: &dyn Log, topics: &Topics) -> Result<Vec<MemberInfo>, Status> {
    let topic = topics.full(topic::MEMBERS);
    let end = log.end_offset(&topic, 0).map_err(status)?;
    let from = log.start_offset(&topic, 0).map_err(status)?.max(end - BEATS);
    let beats = reading::newest(log, &topic, from, end, BEATS as usize)?;
    let newest = beats.iter().map(|stored| stored.timestamp_ms).max().unwrap_or_default();
    let mut members = BTreeMap::new();
    for stored in beats {
        // A beat that another version cannot read tells nothing.
        if let Ok(beat) = frame::decode::<Member>(stored.record.value.as_deref().unwrap_or_default()) {
            // The owner beats, too. So the newest beat says what time it is.
            let alive = !beat.leaving && newest - stored.timestamp_ms <= i64::from(SILENT_AFTER_BEATS) * BEAT_INTERVAL_MS;
            members.insert(beat.member.clone(), info(beat, stored.timestamp_ms, alive));
        }
    }
    Ok(members.into_values().collect())
}

/// A process that is alone, named by its address. It owns all partitions, by take-over records at these offsets.
pub(super) fn alone(address: String, take_overs: &[i64]) -> MemberInfo {
    let partitions = take_overs.iter().zip(0..).map(|(offset, partition)| MemberPartitionInfo {
        partition,
        newest_take_over_offset: *offset,
        owned_by_take_over_offset: *offset,
        bidding: false,
    });
    let roles = vec![PROCESSOR.to_owned()];
    MemberInfo {
        member: address.clone(),
        address,
        roles,
        standing: "owner".to_owned(),
        last_beat: None,
        alive: true,
        partitions: partitions.collect(),
    }
}

fn info(beat: Member, at_ms: i64, alive: bool) -> MemberInfo {
    let owns = beat.partitions.iter().any(|partition| {
        partition.owned_by_take_over_offset >= 0 && partition.owned_by_take_over_offset >= partition.newest_take_over_offset
    });
    let standing = match () {
        () if beat.leaving => "leaving",
        () if owns => "owner",
        () if beat.partitions.iter().any(|partition| partition.bidding) => "bidding",
        () if beat.roles.is_empty() => "unable",
        () => "standby",
    };
    let partitions = beat.partitions.iter().map(|partition| MemberPartitionInfo {
        partition: partition.partition,
        newest_take_over_offset: partition.newest_take_over_offset,
        owned_by_take_over_offset: partition.owned_by_take_over_offset,
        bidding: partition.bidding,
    });
    MemberInfo {
        partitions: partitions.collect(),
        member: beat.member,
        address: beat.address,
        roles: beat.roles,
        standing: standing.to_owned(),
        last_beat: Some(klamm_machine::Time::from_millis(at_ms).into()),
        alive,
    }
}
