//! Things of librdkafka that are given back when they are dropped.

use std::{ffi::CStr, ptr::NonNull, time::Duration};

use rdkafka::{bindings as sys, error::RDKafkaErrorCode, types::RDKafka};

/// A queue of events, of one client.
pub(crate) struct Queue(NonNull<sys::rd_kafka_queue_t>);

impl Queue {
    /// A queue of this client, which must outlive it.
    pub(crate) fn new(client: *mut RDKafka) -> Self {
        // SAFETY: the caller's client is alive. The call only fails without memory.
        Self(NonNull::new(unsafe { sys::rd_kafka_queue_new(client) }).expect("librdkafka has memory for a queue"))
    }

    pub(crate) fn as_ptr(&self) -> *mut sys::rd_kafka_queue_t {
        self.0.as_ptr()
    }

    /// The next event; `None`: none came in time.
    pub(crate) fn next(&self, timeout: Duration) -> Option<Event> {
        let timeout_ms = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the queue is alive. The event is this caller's.
        NonNull::new(unsafe { sys::rd_kafka_queue_poll(self.0.as_ptr(), timeout_ms) }).map(Event)
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: nobody else has the queue.
        unsafe { sys::rd_kafka_queue_destroy(self.0.as_ptr()) }
    }
}

/// An event. What is read of it lives as long as it does.
pub(crate) struct Event(NonNull<sys::rd_kafka_event_t>);

impl Event {
    pub(crate) fn as_ptr(&self) -> *mut sys::rd_kafka_event_t {
        self.0.as_ptr()
    }

    /// The error that the event tells of, if it does.
    pub(crate) fn ok(&self) -> Result<(), RDKafkaErrorCode> {
        // SAFETY: the event is alive.
        match RDKafkaErrorCode::from(unsafe { sys::rd_kafka_event_error(self.0.as_ptr()) }) {
            RDKafkaErrorCode::NoError => Ok(()),
            code => Err(code),
        }
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: nobody else has the event.
        unsafe { sys::rd_kafka_event_destroy(self.0.as_ptr()) }
    }
}

/// Options of a call of administration.
pub(crate) struct AdminOptions(NonNull<sys::rd_kafka_AdminOptions_t>);

impl AdminOptions {
    /// Options of this kind of call, which may take so long.
    pub(crate) fn new(client: *mut RDKafka, operation: sys::rd_kafka_admin_op_t, timeout: Duration) -> Self {
        // SAFETY: the caller's client is alive. The call only fails without memory.
        let options = unsafe { sys::rd_kafka_AdminOptions_new(client, operation) };
        let options = Self(NonNull::new(options).expect("librdkafka has memory for options"));
        let timeout_ms = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX).clamp(1, 3_600_000);
        // SAFETY: the options are alive; the text of an error is not asked for. A time within these bounds is never refused.
        unsafe { sys::rd_kafka_AdminOptions_set_request_timeout(options.0.as_ptr(), timeout_ms, std::ptr::null_mut(), 0) };
        options
    }

    /// Whether the broker only says what it would do. For calls that can be asked so.
    pub(crate) fn validate_only(&mut self, is_so: bool) {
        // SAFETY: the options are alive; the text of an error is not asked for.
        unsafe { sys::rd_kafka_AdminOptions_set_validate_only(self.0.as_ptr(), i32::from(is_so), std::ptr::null_mut(), 0) };
    }

    pub(crate) fn as_ptr(&self) -> *const sys::rd_kafka_AdminOptions_t {
        self.0.as_ptr()
    }
}

impl Drop for AdminOptions {
    fn drop(&mut self) {
        // SAFETY: nobody else has the options.
        unsafe { sys::rd_kafka_AdminOptions_destroy(self.0.as_ptr()) }
    }
}

/// Something that has settings, and those that it is to get.
pub(crate) struct ConfigResource(NonNull<sys::rd_kafka_ConfigResource_t>);

impl ConfigResource {
    /// A resource of this kind, by its name, which is not empty.
    pub(crate) fn new(kind: sys::rd_kafka_ResourceType_t, name: &CStr) -> Self {
        // SAFETY: the name is alive, and is copied. The call only fails without memory, or for an empty name.
        let resource = unsafe { sys::rd_kafka_ConfigResource_new(kind, name.as_ptr()) };
        Self(NonNull::new(resource).expect("librdkafka has memory for a resource"))
    }

    /// Adds a setting; the others of the resource stay as they are.
    pub(crate) fn set(&mut self, name: &CStr, value: &CStr) -> Result<(), RDKafkaErrorCode> {
        let operation = sys::rd_kafka_AlterConfigOpType_t::RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET;
        // SAFETY: the resource and both texts are alive; the texts are copied.
        let error =
            unsafe { sys::rd_kafka_ConfigResource_add_incremental_config(self.0.as_ptr(), name.as_ptr(), operation, value.as_ptr()) };
        if error.is_null() {
            return Ok(());
        }
        // SAFETY: the error is this function's, which gives it back after reading it.
        let code = unsafe {
            let code = sys::rd_kafka_error_code(error);
            sys::rd_kafka_error_destroy(error);
            code
        };
        Err(RDKafkaErrorCode::from(code))
    }

    pub(crate) fn as_mut_ptr(&mut self) -> *mut sys::rd_kafka_ConfigResource_t {
        self.0.as_ptr()
    }
}

impl Drop for ConfigResource {
    fn drop(&mut self) {
        // SAFETY: nobody else has the resource.
        unsafe { sys::rd_kafka_ConfigResource_destroy(self.0.as_ptr()) }
    }
}
