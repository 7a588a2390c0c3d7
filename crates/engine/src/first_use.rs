//! Topics that are made when the first record goes there: those of stream task queues that are meant by a pattern.
//!
//! Workflows choose the names of such queues. So a topic that cannot be made must not hold up the partition: its records are given up. The
//! attempts of their activities time out, and each later attempt asks for the topic again.

use std::slice;

use klamm_log::{Appended, Error as LogError, Log, Record, TopicSpec};

/// Stands for the place of records that were given up.
pub const NOWHERE: Appended = Appended { first_offset: 0, timestamp_ms: 0 };

/// Makes the topic if it is not there, and appends the records. Gives why they were given up, if they were.
///
/// # Errors
/// The log's: try again later.
pub fn append(log: &dyn Log, spec: &TopicSpec, partition: u32, records: Vec<Record>) -> Result<Option<LogError>, LogError> {
    let count = records.len();
    let appended = log.ensure_topics(slice::from_ref(spec)).and_then(|()| log.append(&spec.name, partition, records));
    match appended {
        Ok(_) => Ok(None),
        Err(error) if is_given_up(&error) => {
            metrics::counter!("klamm_stream_tasks_given_up_total").increment(count as u64);
            let topic = &*spec.name;
            tracing::error!(topic, count, error = %error, "the topic of a stream task queue cannot be used: attempts of activities time out unseen");
            Ok(Some(error))
        }
        Err(error) => Err(error),
    }
}

/// Whether only an operator can change this answer.
fn is_given_up(error: &LogError) -> bool {
    matches!(
        error,
        LogError::Mismatch { .. }
            | LogError::Mismatches { .. }
            | LogError::ShareGroup { .. }
            | LogError::Denied { .. }
            | LogError::Misconfigured { .. }
            | LogError::UnknownTopic { .. }
            | LogError::UnknownPartition { .. }
    )
}
