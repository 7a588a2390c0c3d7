//! The process's health: its role, and the reasons why something in it is not as it should be.

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use parking_lot::Mutex;
use tokio::sync::watch;

/// What a reason means for a probe of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// An operator should look. All calls are answered.
    Warning,
    /// Some or all calls are refused until the reason has passed: the process is not ready.
    Failure,
    /// Only a restart of the process mends this: it is not ready, and not alive.
    Fatal,
}

impl Severity {
    /// All severities.
    pub const ALL: [Self; 3] = [Self::Warning, Self::Failure, Self::Fatal];

    /// The severity's name, in answers and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Failure => "failure",
            Self::Fatal => "fatal",
        }
    }
}

/// What the process does with the partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// The process answers nobody yet.
    #[default]
    Starting,
    /// Another process owns the partitions; this one forwards calls and could take over.
    Standby,
    /// This process owns the partitions.
    Owner,
    /// The process answers nobody any more.
    Stopping,
}

impl Role {
    /// The role's name, in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Standby => "standby",
            Self::Owner => "owner",
            Self::Stopping => "stopping",
        }
    }
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What the reason is about: a part, a partition, "kafka", "clock"…
    pub source: String,
    /// What the reason means for a probe.
    pub severity: Severity,
    /// What is wrong, in words.
    pub text: String,
    /// Since when `source` has had a reason of this severity, even if the text has changed meanwhile.
    pub since: SystemTime,
}

/// The process's health. Clones share it.
///
/// Each source has one reason at most. A new report of a source replaces its earlier one; a source that is well again clears it.
#[derive(Debug, Clone, Default)]
pub struct Health(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

impl Default for Shared {
    fn default() -> Self {
        Self { state: Mutex::default(), changed: watch::Sender::new(()) }
    }
}

#[derive(Debug, Default)]
struct State {
    role: Role,
    reasons: BTreeMap<String, Reason>,
}

impl Health {
    /// Notes that something is not as it should be. True when this differs from what `source` reported last.
    pub fn report(&self, source: impl Into<String>, severity: Severity, text: impl Into<String>) -> bool {
        let (source, text) = (source.into(), text.into());
        let mut state = self.0.state.lock();
        let known = state.reasons.get(&source).filter(|known| known.severity == severity);
        let is_news = known.is_none_or(|known| known.text != text);
        if is_news {
            let since = known.map_or_else(SystemTime::now, |known| known.since);
            state.reasons.insert(source.clone(), Reason { source, severity, text, since });
            drop(state);
            self.0.changed.send_replace(());
        }
        is_news
    }

    /// Notes that `source` is well again. True when it had a reason until now.
    pub fn clear(&self, source: &str) -> bool {
        let was_there = self.0.state.lock().reasons.remove(source).is_some();
        if was_there {
            self.0.changed.send_replace(());
        }
        was_there
    }

    /// Reports the reason, or clears it where there is none.
    pub fn set(&self, source: &str, severity: Severity, text: Option<String>) {
        match text {
            Some(text) => self.report(source, severity, text),
            None => self.clear(source),
        };
    }

    /// The process has this role from now on.
    pub fn set_role(&self, role: Role) {
        let known = std::mem::replace(&mut self.0.state.lock().role, role);
        if known != role {
            self.0.changed.send_replace(());
        }
    }

    /// The process's role.
    pub fn role(&self) -> Role {
        self.0.state.lock().role
    }

    /// All reasons, the gravest first.
    pub fn reasons(&self) -> Vec<Reason> {
        let mut reasons: Vec<_> = self.0.state.lock().reasons.values().cloned().collect();
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.severity));
        reasons
    }

    /// The gravest severity among all reasons.
    pub fn worst(&self) -> Option<Severity> {
        self.0.state.lock().reasons.values().map(|reason| reason.severity).max()
    }

    /// Whether calls are answered, either here or by the owner to whom they are forwarded.
    pub fn is_ready(&self) -> bool {
        matches!(self.role(), Role::Owner | Role::Standby) && self.worst().is_none_or(|worst| worst < Severity::Failure)
    }

    /// Whether the process can go on without a restart.
    pub fn is_live(&self) -> bool {
        self.worst().is_none_or(|worst| worst < Severity::Fatal)
    }

    /// Is told whenever the role or the reasons change.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.0.changed.subscribe()
    }

    /// Completes when the process is ready.
    pub async fn until_ready(&self) {
        let mut changes = self.changes();
        while !self.is_ready() {
            // The sender lives as long as `self`.
            let _ = changes.changed().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_reason_decides_and_each_source_has_one() {
        let health = Health::default();
        assert!(!health.is_ready() && health.is_live(), "it is starting");
        health.set_role(Role::Owner);
        assert!(health.is_ready());
        assert!(health.report("clock", Severity::Warning, "it stepped back by 1 h"));
        assert!(!health.report("clock", Severity::Warning, "it stepped back by 1 h"), "known");
        assert!(health.is_ready() && health.is_live());
        assert!(health.report("partition 3", Severity::Failure, "stopped"));
        assert!(!health.is_ready() && health.is_live());
        assert!(health.report("committer", Severity::Fatal, "gone"));
        assert!(!health.is_live());
        let sources: Vec<_> = health.reasons().into_iter().map(|reason| reason.source).collect();
        assert_eq!(sources, ["committer", "partition 3", "clock"]);
        assert!(health.clear("committer") && health.clear("partition 3") && !health.clear("partition 3"));
        assert!(health.is_ready());
        health.set_role(Role::Stopping);
        assert!(!health.is_ready());
    }

    #[tokio::test]
    async fn who_waits_for_readiness_is_told() {
        let health = Health::default();
        let (reporter, ready) = (health.clone(), health.until_ready());
        let ((), ()) = tokio::join!(ready, async move {
            reporter.report("kafka", Severity::Failure, "away");
            reporter.set_role(Role::Standby);
            tokio::task::yield_now().await;
            reporter.clear("kafka");
        });
        assert!(health.is_ready());
    }
}
