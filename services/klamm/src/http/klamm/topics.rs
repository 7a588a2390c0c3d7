//! Topics and task queues.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use klamm_api::klamm::v1::{
    DeclaredTopicsInfo, DescribeTopicRequest, ListDeclaredTopicsRequest, ListTaskQueuesRequest, ListTopicsRequest, TaskQueueInfo, TopicInfo,
};
use serde_json::{Value, json};

use super::{
    asked::{Asked, time},
    handling::{Answered, Klamm, from},
};

/// `topics`
pub async fn list(State(klamm): State<Arc<Klamm>>, asked: Asked) -> Answered {
    let topics = klamm.inspect().list_topics(from(asked.peer, ListTopicsRequest {})).await?.into_inner().topics;
    Ok(Json(json!({ "topics": topics.iter().map(shown).collect::<Vec<_>>() })))
}

/// `declared-topics`: what `klamm apply` has declared of topics of namespaces.
pub async fn declared(State(klamm): State<Arc<Klamm>>, asked: Asked) -> Answered {
    let listed = klamm.inspect().list_declared_topics(from(asked.peer, ListDeclaredTopicsRequest {})).await?.into_inner();
    let declaration =
        |it: &DeclaredTopicsInfo| json!({ "namespace": it.namespace, "declaration": it.text, "updateTime": time(it.update_time.as_ref()) });
    Ok(Json(json!({ "declared": listed.declared.iter().map(declaration).collect::<Vec<_>>() })))
}

/// `topics/{topic}`
pub async fn describe(State(klamm): State<Arc<Klamm>>, Path(topic): Path<String>, asked: Asked) -> Answered {
    let described = klamm.inspect().describe_topic(from(asked.peer, DescribeTopicRequest { topic })).await?.into_inner();
    let mut topic = shown(&described.topic.unwrap_or_default());
    let partitions = described.partitions.iter().map(
        |partition| json!({ "partition": partition.partition, "firstOffset": partition.first_offset, "nextOffset": partition.next_offset }),
    );
    topic["partitions"] = partitions.collect();
    Ok(Json(topic))
}

/// `namespaces/{namespace}/task-queues`
pub async fn task_queues(State(klamm): State<Arc<Klamm>>, Path(namespace): Path<String>, asked: Asked) -> Answered {
    let listed = klamm.inspect().list_task_queues(from(asked.peer, ListTaskQueuesRequest { namespace })).await?.into_inner();
    let queue = |queue: &TaskQueueInfo| {
        json!({
            "name": queue.name,
            "type": queue.task_type,
            "kind": if queue.sticky { "sticky" } else { "normal" },
            "backlogCount": queue.backlog_count,
            "backlogAgeMs": queue.backlog_age_ms,
            "pollers": queue.pollers,
        })
    };
    Ok(Json(json!({ "taskQueues": listed.task_queues.iter().map(queue).collect::<Vec<_>>(), "truncated": listed.truncated })))
}

fn shown(topic: &TopicInfo) -> Value {
    json!({
        "name": topic.name,
        "shortName": topic.short_name,
        "partitionCount": topic.partition_count,
        "cleanup": topic.cleanup,
        "description": topic.description,
        "valueType": topic.value_type,
    })
}
