//! Settings of consumer groups and share groups (KIP-848, KIP-932).

use std::{
    collections::BTreeMap,
    ffi::{CStr, CString},
    time::Duration,
};

use rdkafka::{
    ClientContext, bindings as sys,
    client::Client,
    error::{KafkaError, KafkaResult, RDKafkaErrorCode},
};

use crate::owned::{AdminOptions, ConfigResource, Event, Queue};

/// The broker does not take settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The kind of error.
    pub code: RDKafkaErrorCode,
    /// What the broker says.
    pub reason: String,
}

/// The settings of one group by name, also those that it has by default; blocks for as long as it takes, at most for `timeout`. (The client
/// in Rust has this call, and refuses the answer: it does not know of settings that are a group's own.)
///
/// # Errors
/// The broker does not answer.
pub fn group_configs<C: ClientContext>(
    client: &Client<C>,
    group: &str,
    timeout: Duration,
) -> KafkaResult<Result<BTreeMap<String, String>, Refused>> {
    let mut resource = resource(group)?;
    let native = client.native_ptr();
    let queue = Queue::new(native);
    let options = AdminOptions::new(native, sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout);
    let mut resources = [resource.as_mut_ptr()];
    // SAFETY: client, resource, options and queue are alive. The call copies the resource.
    unsafe { sys::rd_kafka_DescribeConfigs(native, resources.as_mut_ptr(), 1, options.as_ptr(), queue.as_ptr()) };
    let event = answer(&queue, timeout)?;
    // SAFETY: the event is alive; it is no null pointer only if it is of this kind.
    let result = unsafe { sys::rd_kafka_event_DescribeConfigs_result(event.as_ptr()) };
    if result.is_null() {
        return Err(KafkaError::AdminOp(RDKafkaErrorCode::Fail));
    }
    let mut count = 0;
    // SAFETY: the result lives as long as the event. It has so many resources, each of which lives as long as the event.
    unsafe {
        let found = sys::rd_kafka_DescribeConfigs_result_resources(result, &raw mut count);
        let resource = only(found, count)?;
        Ok(taken(resource).map(|()| entries(resource)))
    }
}

/// Sets settings of one group, and leaves its others as they are; blocks for as long as it takes, at most for `timeout`. `validates_only`:
/// the broker only says whether it would take them.
///
/// # Errors
/// The broker does not answer.
pub fn set_group_configs<C: ClientContext>(
    client: &Client<C>,
    group: &str,
    configs: &[(&str, &str)],
    validates_only: bool,
    timeout: Duration,
) -> KafkaResult<Result<(), Refused>> {
    let mut resource = resource(group)?;
    for (name, value) in configs {
        resource.set(&text(name)?, &text(value)?).map_err(KafkaError::AdminOp)?;
    }
    let native = client.native_ptr();
    let queue = Queue::new(native);
    let mut options = AdminOptions::new(native, sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS, timeout);
    options.validate_only(validates_only);
    let mut resources = [resource.as_mut_ptr()];
    // SAFETY: client, resource, options and queue are alive. The call copies the resource.
    unsafe { sys::rd_kafka_IncrementalAlterConfigs(native, resources.as_mut_ptr(), 1, options.as_ptr(), queue.as_ptr()) };
    let event = answer(&queue, timeout)?;
    // SAFETY: the event is alive; it is no null pointer only if it is of this kind.
    let result = unsafe { sys::rd_kafka_event_IncrementalAlterConfigs_result(event.as_ptr()) };
    if result.is_null() {
        return Err(KafkaError::AdminOp(RDKafkaErrorCode::Fail));
    }
    let mut count = 0;
    // SAFETY: the result lives as long as the event. It has so many resources, each of which lives as long as the event.
    unsafe {
        let found = sys::rd_kafka_IncrementalAlterConfigs_result_resources(result, &raw mut count);
        Ok(taken(only(found, count)?))
    }
}

/// A text for the library. None with a NUL byte is a name or a value.
fn text(text: &str) -> KafkaResult<CString> {
    CString::new(text).map_err(|_| KafkaError::AdminOp(RDKafkaErrorCode::InvalidArgument))
}

fn resource(group: &str) -> KafkaResult<ConfigResource> {
    if group.is_empty() {
        return Err(KafkaError::AdminOp(RDKafkaErrorCode::InvalidArgument));
    }
    Ok(ConfigResource::new(sys::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_GROUP, &text(group)?))
}

/// The answer to a call, which itself ends by the time that its options say.
fn answer(queue: &Queue, timeout: Duration) -> KafkaResult<Event> {
    let event = queue.next(timeout + Duration::from_secs(5)).ok_or(KafkaError::AdminOp(RDKafkaErrorCode::OperationTimedOut))?;
    event.ok().map_err(KafkaError::AdminOp)?;
    Ok(event)
}

/// # Safety
/// So many resources must be found there.
unsafe fn only(found: *mut *const sys::rd_kafka_ConfigResource_t, count: usize) -> KafkaResult<*const sys::rd_kafka_ConfigResource_t> {
    // SAFETY: by the caller's word there is one.
    if count == 1 { Ok(unsafe { *found }) } else { Err(KafkaError::AdminOp(RDKafkaErrorCode::Fail)) }
}

/// # Safety
/// The resource must be alive.
unsafe fn taken(resource: *const sys::rd_kafka_ConfigResource_t) -> Result<(), Refused> {
    // SAFETY: the caller's resource is alive. An error without a text is a null pointer.
    let (code, reason) = unsafe {
        let reason = sys::rd_kafka_ConfigResource_error_string(resource);
        let reason = (!reason.is_null()).then(|| CStr::from_ptr(reason).to_string_lossy().into_owned());
        (RDKafkaErrorCode::from(sys::rd_kafka_ConfigResource_error(resource)), reason)
    };
    match code {
        RDKafkaErrorCode::NoError => Ok(()),
        code => Err(Refused { code, reason: reason.unwrap_or_else(|| code.to_string()) }),
    }
}

/// # Safety
/// The resource must be alive.
unsafe fn entries(resource: *const sys::rd_kafka_ConfigResource_t) -> BTreeMap<String, String> {
    let mut count = 0;
    // SAFETY: the caller's resource is alive, and so are its entries, which are so many. A value that the broker keeps to itself is a null
    // pointer.
    unsafe {
        let entries = sys::rd_kafka_ConfigResource_configs(resource, &raw mut count);
        let entry = |index| {
            let entry = *entries.add(index);
            let name = CStr::from_ptr(sys::rd_kafka_ConfigEntry_name(entry)).to_string_lossy().into_owned();
            let value = sys::rd_kafka_ConfigEntry_value(entry);
            (name, if value.is_null() { String::new() } else { CStr::from_ptr(value).to_string_lossy().into_owned() })
        };
        (0..count).map(entry).collect()
    }
}
