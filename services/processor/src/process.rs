//! What all partitions of a process share.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use klamm_cluster::DeclaredTopics;
use klamm_engine::{Error as EngineError, fold::Pace, partition::Settings, topic};
use klamm_log::{Error as LogError, Log};
use klamm_machine::stream_queue;
use klamm_messages::klamm::v1::{
    Command, CommandSettings, DeclaredTopics as DeclaredTopicsState, TaskKind, TaskRow, WakeRow, WakeUp, command::Body,
};
use klamm_requests::Destinations;
use klamm_store::Store;
use klamm_supervise::Health;

use crate::{
    answers::Answers, arrivals::Arrivals, backend::Error, codec::AvroCodec, config::Config, first_uses::FirstUses, known::Known,
    log_clock::LogClock, machines::Machines, memory::Memory, namespaces::Namespaces, ownership::Ownership, refusing::Refusing,
    task_queues::Home, to_read::ToRead, triggers::Triggers, update_waiters::UpdateWaiters, warnings::Warnings, watchers::Watchers,
};

/// What the partitions of a process use, and whom they tell of their changes. It does not know the partitions.
pub(crate) struct Process {
    pub(crate) config: Config,
    pub(crate) log: Arc<dyn Log>,
    pub(crate) store: Arc<Store>,
    pub(crate) codec: Arc<AvroCodec>,
    pub(crate) machines: Arc<Machines>,
    pub(crate) commands_topic: Arc<str>,
    /// Callers that wait for answers.
    pub(crate) answers: Answers,
    /// Where tasks are offered.
    pub(crate) home: Arc<dyn Home>,
    /// Callers that wait for rows to change.
    pub(crate) watchers: Watchers,
    /// Callers that wait for updates.
    pub(crate) update_waiters: UpdateWaiters,
    pub(crate) namespaces: Namespaces,
    pub(crate) triggers: Triggers,
    pub(crate) declared_topics: Known<DeclaredTopics>,
    /// Whether the process may own partitions, and may answer from them.
    pub(crate) ownership: Ownership,
    pub(crate) log_clock: LogClock,
    pub(crate) memory: Arc<Memory>,
    pub(crate) arrivals: Arc<Arrivals>,
    pub(crate) to_read: ToRead,
    /// The process is stopping: it takes no new commands.
    closing: AtomicBool,
    pub(crate) warnings: Warnings,
    /// Topics of others that take no records.
    pub(crate) refusing: Refusing,
    /// Topics that were made when they were used.
    pub(crate) first_uses: FirstUses,
    /// Metric klamm_commands_total, looked up once.
    pub(crate) commands_total: metrics::Counter,
}

impl Process {
    pub(crate) fn new(config: Config, log: Arc<dyn Log>, store: Arc<Store>, home: Arc<dyn Home>) -> Self {
        Self {
            // A new name, so that commands that an earlier processor of this process appended find nobody waiting here.
            answers: Answers::new(uuid::Uuid::new_v4().to_string()),
            ownership: Ownership::new(config.lease.clone()),
            log_clock: LogClock::new(config.clock.clone()),
            to_read: ToRead::default(),
            memory: Arc::new(Memory::new(config.uncommitted_bytes_max, config.memory_limit)),
            arrivals: Arc::default(),
            commands_topic: config.topics.full(topic::COMMANDS),
            config,
            log,
            store,
            codec: Arc::new(AvroCodec),
            machines: Arc::default(),
            home,
            watchers: Watchers::default(),
            update_waiters: UpdateWaiters::default(),
            namespaces: Namespaces::default(),
            triggers: Triggers::default(),
            declared_topics: Known::new(|state: &DeclaredTopicsState| &state.namespace),
            closing: AtomicBool::new(false),
            warnings: Warnings::default(),
            refusing: Refusing::default(),
            first_uses: FirstUses::default(),
            commands_total: metrics::counter!("klamm_commands_total"),
        }
    }

    pub(crate) fn health(&self) -> &Health {
        self.config.supervisor.health()
    }

    /// How each partition is set up.
    ///
    /// # Errors
    /// The log's, when it does not tell the id of the commands topic.
    pub(crate) fn partition_settings(&self) -> Result<Settings, EngineError> {
        Ok(Settings {
            topics: self.config.topics.clone(),
            commands_topic_id: self.log.topic(&self.commands_topic)?.id.clone(),
            member: self.config.member.clone(),
            uncommitted_commands_max: self.config.uncommitted_commands_max,
            uncommitted_bytes_max: self.config.uncommitted_bytes_max,
            fold_pace: Pace::default(),
            checks: self.config.checks,
        })
    }

    /// From now on takes no new commands.
    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
    }

    /// Whether the process takes no commands any more.
    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    /// The error for callers once the process gives no answers any more.
    pub(crate) fn shutting_down() -> Error {
        Error::Unavailable("klamm is shutting down.".to_owned())
    }

    /// Settings for a command about a workflow that the processor makes by itself. They come from the configuration and the namespace, as
    /// those that a gateway stamps do.
    pub(crate) fn workflow_settings(&self, namespace: &str) -> CommandSettings {
        CommandSettings { schedule_audit_retention: None, ..self.settings(namespace) }
    }

    /// The command that makes a machine look again.
    pub(crate) fn wake_up(&self, row: &WakeRow) -> Command {
        let WakeRow { machine, namespace, id, run_id, due } = row.clone();
        let settings = if machine == klamm_workflow::MACHINE { self.workflow_settings(&namespace) } else { self.settings(&namespace) };
        Command {
            version: 1,
            settings: Some(settings),
            namespace: namespace.clone(),
            workflow_id: id.clone(),
            body: Some(Body::WakeUp(WakeUp { machine, namespace, id, run_id, due })),
            ..Command::default()
        }
    }

    /// Whether the task goes to the topic of a stream task queue, by the configuration as it is now.
    pub(crate) fn is_streamed(&self, task: &TaskRow) -> bool {
        let settings = self.config.namespace_settings.get(&task.namespace).unwrap_or(&self.config.settings);
        task.kind() == TaskKind::Activity && stream_queue::declaration(&settings.stream_queues, &task.namespace, &task.task_queue).is_some()
    }

    /// As [`Process::workflow_settings`], but for a command about a workflow or a schedule. If the namespace is not known (yet), the
    /// retention is unset.
    pub(crate) fn settings(&self, namespace: &str) -> CommandSettings {
        let settings = self.config.namespace_settings.get(namespace).unwrap_or(&self.config.settings);
        let destinations = self.config.destinations.get(namespace).map(Destinations::now).unwrap_or_default();
        CommandSettings { retention: self.namespaces.retention_of(namespace), destinations, ..settings.clone() }
    }
}

/// True when the same call may succeed later. This includes an unknown topic: brokers may not know a topic for a moment.
pub(crate) fn may_pass(error: &LogError) -> bool {
    matches!(
        error,
        LogError::Unavailable { .. }
            | LogError::InDoubt { .. }
            | LogError::Full { .. }
            | LogError::Denied { .. }
            | LogError::UnknownTopic { .. }
    )
}
