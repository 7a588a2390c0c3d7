//! How triggers are doing, as far as this process knows.

use std::{collections::BTreeMap, time::SystemTime};

use klamm_log::Offset;
use parking_lot::Mutex;

/// How all triggers are doing, by name.
#[derive(Debug, Default)]
pub struct TriggerStatuses(Mutex<BTreeMap<String, TriggerStatus>>);

/// How a trigger is doing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TriggerStatus {
    /// What came of its records.
    pub counts: TriggerCounts,
    /// When a record last had an effect.
    pub last_effect: Option<SystemTime>,
    /// By partition of its topic: the offset below which all is dealt with, and the topic's end.
    pub positions: BTreeMap<u32, (Offset, Offset)>,
    /// By partition of its topic: time of the oldest record that was fetched and is not dealt with, ms since the epoch.
    pub oldest: BTreeMap<u32, i64>,
    /// What it waits for, by partition of its topic; `None`: all of them do.
    pub problems: BTreeMap<Option<u32>, String>,
}

/// What came of a trigger's records, since this process owns the partitions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TriggerCounts {
    /// Runs that were started.
    pub started: u64,
    /// Runs that were signalled.
    pub signalled: u64,
    /// Records that no rule is about.
    pub filtered: u64,
    /// Records for which nothing was to be done, or that have had their effect before.
    pub suppressed: u64,
    /// Records that had to wait: signals for a run, and records for others of their batch.
    pub held: u64,
    /// Records that could not be used.
    pub dead_lettered: u64,
}

impl TriggerStatuses {
    /// How the trigger is doing.
    pub fn of(&self, trigger: &str) -> TriggerStatus {
        self.0.lock().get(trigger).cloned().unwrap_or_default()
    }

    /// Changes the counts, and the metrics with them.
    pub fn count(&self, trigger: &str, change: impl FnOnce(&mut TriggerCounts)) {
        let (before, after) = {
            let mut statuses = self.0.lock();
            let counts = &mut statuses.entry(trigger.to_owned()).or_default().counts;
            let before = *counts;
            change(counts);
            (before, *counts)
        };
        let came = [
            ("started", before.started, after.started),
            ("signalled", before.signalled, after.signalled),
            ("filtered", before.filtered, after.filtered),
            ("suppressed", before.suppressed, after.suppressed),
            ("held", before.held, after.held),
            ("dead_lettered", before.dead_lettered, after.dead_lettered),
        ];
        for (came, before, after) in came.into_iter().filter(|(_, before, after)| after > before) {
            let labels = [("trigger", trigger.to_owned()), ("came", came.to_owned())];
            metrics::counter!("klamm_trigger_records_total", &labels).increment(after - before);
        }
    }

    pub(crate) fn effect(&self, trigger: &str, time: SystemTime) {
        self.0.lock().entry(trigger.to_owned()).or_default().last_effect = Some(time);
    }

    pub(crate) fn position(&self, trigger: &str, partition: u32, next: Offset, end: Offset) {
        let mut statuses = self.0.lock();
        let status = statuses.entry(trigger.to_owned()).or_default();
        status.positions.insert(partition, (next, end));
        status.problems.remove(&Some(partition));
    }

    /// The oldest record that is not dealt with; `None`: there is none.
    pub(crate) fn oldest(&self, trigger: &str, partition: u32, time_ms: Option<i64>) {
        let mut statuses = self.0.lock();
        let oldest = &mut statuses.entry(trigger.to_owned()).or_default().oldest;
        match time_ms {
            Some(time_ms) => drop(oldest.insert(partition, time_ms)),
            None => drop(oldest.remove(&partition)),
        }
    }

    pub(crate) fn problem(&self, trigger: &str, partition: Option<u32>, why: &str) {
        self.0.lock().entry(trigger.to_owned()).or_default().problems.insert(partition, why.to_owned());
    }

    pub(crate) fn clear(&self, trigger: &str, partition: Option<u32>) {
        if let Some(status) = self.0.lock().get_mut(trigger) {
            status.problems.remove(&partition);
        }
    }

    /// Forgets triggers that there are no more.
    pub(crate) fn keep(&self, is_known: impl Fn(&str) -> bool) {
        self.0.lock().retain(|trigger, _| is_known(trigger));
    }
}
