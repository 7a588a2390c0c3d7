//! Topics with their ids (KIP-516).

use std::{
    collections::BTreeMap,
    ffi::{CStr, CString, c_char},
    time::Duration,
};

use rdkafka::{
    ClientContext, bindings as sys,
    client::Client,
    error::{KafkaError, KafkaResult, RDKafkaErrorCode},
};
use uuid::Uuid;

use crate::owned::{AdminOptions, Event, Queue};

/// A topic as the broker describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Described {
    /// Its id, which a topic that is made anew does not share. `None`: the broker gives none.
    pub id: Option<Uuid>,
    /// How many partitions it has.
    pub partitions: u32,
}

/// Asks the broker about topics; blocks for as long as it takes, at most for `timeout`. Gives a description or an error by name.
///
/// # Errors
/// The broker does not answer.
pub fn describe_topics<C: ClientContext>(
    client: &Client<C>,
    names: &[&str],
    timeout: Duration,
) -> KafkaResult<BTreeMap<String, Result<Described, RDKafkaErrorCode>>> {
    // A name with a NUL byte is no name of a topic.
    let names = names.iter().map(|name| CString::new(*name)).collect::<Result<Vec<_>, _>>();
    let names = names.map_err(|_| KafkaError::AdminOp(RDKafkaErrorCode::InvalidTopic))?;
    if names.is_empty() {
        return Ok(BTreeMap::new());
    }
    let native = client.native_ptr();
    let queue = Queue::new(native);
    let options = AdminOptions::new(native, sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, timeout);
    let mut pointers: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
    // SAFETY: the names outlive the collection, which is given back right after the call that copies what it needs. Client, options and queue
    // are alive.
    unsafe {
        let topics = sys::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len());
        sys::rd_kafka_DescribeTopics(native, topics, options.as_ptr(), queue.as_ptr());
        sys::rd_kafka_TopicCollection_destroy(topics);
    }
    // The call itself ends by the time that its options say.
    let event = queue.next(timeout + Duration::from_secs(5)).ok_or(KafkaError::AdminOp(RDKafkaErrorCode::OperationTimedOut))?;
    read(&event)
}

fn read(event: &Event) -> KafkaResult<BTreeMap<String, Result<Described, RDKafkaErrorCode>>> {
    event.ok().map_err(KafkaError::AdminOp)?;
    // SAFETY: the event is alive; it is no null pointer only if it is of this kind.
    let result = unsafe { sys::rd_kafka_event_DescribeTopics_result(event.as_ptr()) };
    if result.is_null() {
        return Err(KafkaError::AdminOp(RDKafkaErrorCode::Fail));
    }
    let mut count = 0;
    // SAFETY: the result lives as long as the event.
    let found = unsafe { sys::rd_kafka_DescribeTopics_result_topics(result, &raw mut count) };
    // SAFETY: the result has so many descriptions, each of which lives as long as the event.
    Ok((0..count).map(|index| unsafe { described(*found.add(index)) }).collect())
}

/// # Safety
/// The description must be alive.
unsafe fn described(description: *const sys::rd_kafka_TopicDescription_t) -> (String, Result<Described, RDKafkaErrorCode>) {
    // SAFETY: the caller's description is alive, and so is what it consists of. An error that is a null pointer is none.
    unsafe {
        let name = CStr::from_ptr(sys::rd_kafka_TopicDescription_name(description)).to_string_lossy().into_owned();
        let error = sys::rd_kafka_TopicDescription_error(description);
        if !error.is_null() {
            let code = RDKafkaErrorCode::from(sys::rd_kafka_error_code(error));
            if code != RDKafkaErrorCode::NoError {
                return (name, Err(code));
            }
        }
        let id = sys::rd_kafka_TopicDescription_topic_id(description);
        let id = (!id.is_null()).then(|| {
            let (high, low) = (sys::rd_kafka_Uuid_most_significant_bits(id), sys::rd_kafka_Uuid_least_significant_bits(id));
            Uuid::from_u64_pair(high.cast_unsigned(), low.cast_unsigned())
        });
        let mut partitions = 0;
        sys::rd_kafka_TopicDescription_partitions(description, &raw mut partitions);
        let partitions = u32::try_from(partitions).unwrap_or(u32::MAX);
        (name, Ok(Described { id: id.filter(|id| !id.is_nil()), partitions }))
    }
}
