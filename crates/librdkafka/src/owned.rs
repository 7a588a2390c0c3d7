//! Things of librdkafka that are given back when they are dropped.

use std::{ptr::NonNull, time::Duration};

use rdkafka::{bindings as sys, types::RDKafka};

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
