//! Topics of others to which workflows publish, and which take no records: what is meant for them becomes dead letters, so that history goes on.

use klamm_engine::Topics;
use klamm_log::Error as LogError;

use super::guarded::Guarded;

/// After so many attempts whose outcome was unknown, a topic that gives no answer, or that the broker names, is taken for the cause.
const ATTEMPTS_MIN: u32 = 2;
/// After so many, any topic of others is.
const ATTEMPTS_MAX: u32 = 6;

/// Makes dead letters of the batch's records for topics that took none a moment ago.
///
/// # Errors
/// The log's, when there is no topic of dead letters and none can be made.
pub(super) fn divert_known(guarded: &Guarded) -> Result<(), LogError> {
    if guarded.process.refusing.is_empty() {
        return Ok(());
    }
    let foreign = guarded.locked().map(|state| state.foreign_topics()).unwrap_or_default();
    for topic in foreign {
        if let Some(reason) = guarded.process.refusing.reason(&topic) {
            divert(guarded, &topic, &reason)?;
        }
    }
    Ok(())
}

/// Makes dead letters of the batch's records for a topic of others if the error says that the log takes none for it. Gives whether that is so.
pub(super) fn divert_refused(guarded: &Guarded, error: &LogError) -> bool {
    let Some(topic) = error.refusing_topic() else { return false };
    if !guarded.locked().is_some_and(|state| state.foreign_topics().iter().any(|it| **it == *topic)) {
        return false;
    }
    begin(guarded, topic, &error.to_string());
    true
}

/// The same after `attempts` attempts in a row whose outcome was unknown, and did not stand. `reason` is what the last one said.
pub(super) fn divert_stuck(guarded: &Guarded, attempts: u32, reason: &str) {
    let foreign = guarded.locked().map(|state| state.foreign_topics()).unwrap_or_default();
    let process = &guarded.process;
    if attempts < ATTEMPTS_MIN || foreign.is_empty() || process.log.end_offset(&process.commands_topic, guarded.number).is_err() {
        return;
    }
    for topic in foreign {
        let is_named = reason.contains(&format!("\"{topic}\"")) || reason.contains(&format!("topic {topic} "));
        if attempts >= ATTEMPTS_MAX || is_named || process.log.end_offset(&topic, 0).is_err() {
            begin(guarded, &topic, reason);
        }
    }
}

/// The topic takes no records from now on. (The batch under way is looked at before its next attempt.)
fn begin(guarded: &Guarded, topic: &str, reason: &str) {
    tracing::error!(
        partition = guarded.number,
        topic,
        reason,
        "what workflows publish there goes to dlq.publish for now: the log takes none for it"
    );
    guarded.process.refusing.add(topic, reason);
}

fn divert(guarded: &Guarded, topic: &str, reason: &str) -> Result<(), LogError> {
    let (process, topics) = (&guarded.process, &guarded.process.config.topics);
    if !topics.publishes() {
        process.log.ensure_topics(&[topics.dead_letters_spec(Topics::PUBLISHED)])?;
    }
    let diverted = guarded.locked().map_or(0, |mut state| state.divert(topic, reason));
    metrics::counter!("klamm_publish_diverted_total").increment(diverted as u64);
    Ok(())
}
