//! A process that owns its log alone: puts all parts together, runs them, and stops them in order.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use klamm_engine::{NamespaceTopic, Purpose, Topics};
use klamm_gateway::{Calls, Config as GatewayConfig, Limits};
use klamm_ingress::NoSchemas;
use klamm_log::{Clock, Log, TopicSpec};
use klamm_messages::klamm::v1::LineageSettings;
use klamm_processor::{Config as ProcessorConfig, Intervals};
use klamm_requests::Destinations;
use klamm_store::Store;
use klamm_supervise::{Role, Supervisor};
use klamm_visibility::Index;
use tokio::sync::watch;

use crate::{
    config::Inspect,
    http::{self, Safety, Site},
    node::{
        announce,
        descriptors::{Doors, LogKind},
        feeding::{self, Pace},
        listen::listen,
        namespaces::NamespaceToMake,
        owned, schemas,
        stop_signal::stop_signal,
        stopping::{drain, stopped_by_itself, wait_for},
    },
    setup_error::SetupError,
    telemetry::{Telemetry, sources},
};

/// Prefix of all topics.
const PREFIX: &str = "klamm.";
/// Namespace of topics in OpenLineage events. There is no broker by whose address they could be known.
const EMBEDDED_DATASETS: &str = "klamm://embedded";
/// While changes are few, outputs are committed this soon after a user's change, since a transaction of the embedded log is cheap.
const PROMPT: Duration = Duration::from_millis(8);
/// The parts that a server is made of.
pub struct Parts {
    /// The log.
    pub log: Arc<dyn Log>,
    /// The store of its partitions.
    pub store: Arc<Store>,
    /// The visibility index.
    pub index: Index,
    /// Supervises the parts of the process.
    pub supervisor: Supervisor,
    /// Where a verification keeps the stores that it rebuilds; `None`: in memory.
    pub verify_dir: Option<PathBuf>,
    /// This machine's clocks: health warns where they and the log's time differ.
    pub clock: Arc<dyn Clock>,
}

/// How a server is set up.
pub struct ServerOptions {
    /// Address to listen on.
    pub ip: IpAddr,
    /// Port of the gRPC API; 0: any.
    pub port: u16,
    /// Port of HTTP; 0: any.
    pub http_port: u16,
    /// Host names under which the HTTP API may be asked.
    pub http_hosts: Vec<String>,
    /// Origins whose pages may use the HTTP API.
    pub http_origins: Vec<String>,
    /// Number of partitions.
    pub partitions: u32,
    /// Namespaces that are made if they are missing.
    pub namespaces: Vec<NamespaceToMake>,
    /// Topics of these namespaces.
    pub namespace_topics: Vec<NamespaceTopic>,
    /// Task queues of activities whose tasks go to topics of their own, in all namespaces that have topics.
    pub stream_queues: Vec<String>,
    /// Where workflows of all these namespaces may publish: names and topics. Topics that are missing are made.
    pub destinations: Vec<(String, String)>,
    /// Name of the store in GetClusterInfo.
    pub store_name: &'static str,
    /// How connections are accepted.
    pub doors: Doors,
    /// Which clients klamm's own service answers.
    pub inspect: Inspect,
    /// The gateway's limits.
    pub limits: Limits,
    /// Those of namespaces that have limits of their own.
    pub namespace_limits: BTreeMap<String, Limits>,
}

/// Limits of the namespaces that have limits of their own. Where the namespace has the topic of outcomes, all types of closed runs are
/// published, and its stream task queues are those of the options. So are the destinations of all.
fn namespace_limits(options: &ServerOptions) -> BTreeMap<String, Limits> {
    let mut limits = options.namespace_limits.clone();
    for topic in options.namespace_topics.iter().filter(|topic| topic.purpose == Purpose::Outcomes) {
        let of_namespace = limits.entry(topic.namespace.clone()).or_insert_with(|| options.limits.clone());
        of_namespace.outcomes = vec!["*".to_owned()];
        of_namespace.stream_queues.clone_from(&options.stream_queues);
    }
    for topic in options.namespace_topics.iter().filter(|topic| topic.purpose == Purpose::Lineage) {
        let of_namespace = limits.entry(topic.namespace.clone()).or_insert_with(|| options.limits.clone());
        of_namespace.lineage = Some(LineageSettings {
            types: vec!["*".to_owned()],
            job_namespace: format!("{PREFIX}{}", topic.namespace),
            dataset_namespace: EMBEDDED_DATASETS.to_owned(),
        });
    }
    for namespace in options.namespaces.iter().filter(|_| !options.destinations.is_empty()) {
        let of_namespace = limits.entry(namespace.name.clone()).or_insert_with(|| options.limits.clone());
        of_namespace.destinations = Destinations::new(options.destinations.iter().cloned());
    }
    limits
}

/// Runs until SIGINT or SIGTERM, then stops in order: no new calls, last outputs committed, store flushed.
pub async fn run(options: ServerOptions, parts: Parts) -> Result<(), SetupError> {
    let started = Instant::now();
    let signal = stop_signal()?;
    let telemetry = Telemetry::install(LogKind::Embedded, options.partitions)?;
    let (grpc, grpc_address) = listen(options.ip, options.port, "--ip", "--port").await?;
    let (web, web_address) = listen(options.ip, options.http_port, "--ip", "--http-port").await?;

    let Parts { log, store, index, verify_dir, supervisor, clock } = parts;
    let namespace_limits = namespace_limits(&options);
    let publishes = !options.destinations.is_empty();
    let topics = Topics::new(PREFIX, options.partitions).with_namespaces(options.namespace_topics).with_published(publishes);
    let mut specs = topics.specs();
    // Nobody else can make topics here.
    for (name, topic) in &options.destinations {
        if topics.is_own(topic) {
            let problem = format!("destination {name:?}: {topic} would be a topic of klamm's own");
            return Err(SetupError::new("reading --publish", problem, "give another topic: --publish NAME=TOPIC"));
        }
        let is_there = log.topic(topic).is_ok() || specs.iter().any(|spec| *spec.name == **topic);
        specs.extend((!is_there).then(|| TopicSpec { log_append_time: false, ..TopicSpec::kept(topic.as_str(), options.partitions) }));
    }
    log.ensure_topics(&specs)
        .map_err(|error| SetupError::new("making the topics", error, "see the error; use another --data-dir for other partitions"))?;
    let member = uuid::Uuid::new_v4().to_string();
    let config = ProcessorConfig {
        supervisor: supervisor.clone(),
        verify_dir,
        clock,
        settings: klamm_requests::settings::configured(&options.limits),
        namespace_settings: klamm_requests::settings::of_namespaces(&namespace_limits),
        destinations: klamm_requests::settings::destinations(&namespace_limits),
        ..ProcessorConfig::new(topics.clone(), member.clone())
    };
    telemetry.sources().add(sources::store(store.clone()));
    telemetry.sources().add(sources::log(log.clone()));
    let recovered = owned::recover(config, log.clone(), store).await?;
    let feeder = feeding::feed(&log, &topics, index.clone(), Pace::Prompt, &supervisor)?;
    let gateway = GatewayConfig {
        // The next start would make them again.
        protected_namespaces: options.namespaces.iter().map(|namespace| namespace.name.clone()).collect(),
        cluster_id: member,
        partition_count: options.partitions,
        persistence_store: options.store_name.to_owned(),
        address: grpc_address.to_string(),
        limits: options.limits,
        namespace_limits,
        ..GatewayConfig::default()
    };
    let intervals = Intervals { prompt: Some(PROMPT), ..Intervals::default() };
    // Nobody else can make topics here.
    let foreign = owned::Schemas { schemas: Arc::new(NoSchemas), makes_sources: true };
    let (owned, routes) = recovered.work(intervals, &options.namespaces, index, gateway, foreign, options.inspect).await?;
    telemetry.sources().add(sources::task_queues(Arc::downgrade(owned.processor())));

    let (stop, stopped) = watch::channel(false);
    let site = Site {
        calls: Calls::new(routes.clone()),
        log_kind: "embedded",
        address: grpc_address.to_string(),
        safety: Safety::new(web_address, &options.http_hosts, &options.http_origins),
        schemas: klamm_registry::serving::routes(schemas::subjects(&topics), None),
        ui: Some(klamm_ui::routes()),
    };
    let web = http::serve(web, options.doors.clone(), telemetry, supervisor.clone(), site, wait_for(stopped.clone()));
    let web = tokio::spawn(web);
    let mut serving = tokio::spawn(klamm_gateway::serve(routes, grpc, options.doors.grpc, options.doors.settings, wait_for(stopped)));

    supervisor.health().set_role(Role::Owner);
    announce::ready(started, "");
    announce::addresses(grpc_address, web_address);

    let result = tokio::select! {
        () = signal => Ok(()),
        reason = supervisor.until_stopped() => Err(stopped_by_itself(&reason)),
        ended = &mut serving => Err(SetupError::new(
            "serving gRPC",
            ended.map_or_else(|error| error.to_string(), |()| "ended by itself".to_owned()),
            "see the log",
        )),
    };
    supervisor.health().set_role(Role::Stopping);
    let _ = stop.send(true);
    feeder.abort();
    drain(serving).await;
    web.abort();
    owned.stop().await;
    result
}
