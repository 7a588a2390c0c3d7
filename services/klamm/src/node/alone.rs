//! A process that owns its log alone: puts all parts together, runs them, and stops them in order.

use std::{
    net::{IpAddr, SocketAddr},
    num::NonZero,
    path::PathBuf,
    sync::Arc,
    thread::available_parallelism,
    time::{Duration, Instant},
};

use klamm_engine::Topics;
use klamm_gateway::{Calls, Config as GatewayConfig};
use klamm_ingress::NoSchemas;
use klamm_log::{Clock, Log, TopicSpec};
use klamm_processor::{Config as ProcessorConfig, Intervals};
use klamm_store::Store;
use klamm_supervise::{Role as HealthRole, Supervisor};
use klamm_visibility::Index;
use tokio::sync::watch;
use tonic::service::Routes;

use crate::{
    config::{Config, Declared, Inspect, Namespace},
    http::{self, Safety, Site},
    node::{
        announce, declared,
        descriptors::{Doors, LogKind},
        feeding::{self, Pace},
        front::{Front, Role},
        giving_back,
        listen::listen,
        member,
        namespaces::NamespaceToMake,
        owned::{self, Owned},
        schemas,
        stop_signal::stop_signal,
        stopping::{drain, stopped_by_itself, wait_for},
        terms::Terms,
    },
    setup_error::SetupError,
    telemetry::{Telemetry, sources},
};

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
    /// The configuration: partitions, limits, and what namespaces have. What is declared while klamm runs is added to it.
    pub config: Config,
    /// Namespaces that are made if they are missing.
    pub namespaces: Vec<NamespaceToMake>,
    /// Name of the store in GetClusterInfo.
    pub store_name: &'static str,
    /// How connections are accepted.
    pub doors: Doors,
    /// Which clients klamm's own service answers.
    pub inspect: Inspect,
}

/// Runs until SIGINT or SIGTERM, then stops in order: no new calls, last outputs committed, store flushed. When other topics are declared
/// than before, all but the listeners, the log and the store begins anew; callers wait meanwhile.
pub async fn run(options: ServerOptions, parts: Parts) -> Result<(), SetupError> {
    let started = Instant::now();
    let mut signal = std::pin::pin!(stop_signal()?);
    let partitions = options.config.kafka.partitions;
    let telemetry = Telemetry::install(LogKind::Embedded, partitions)?;
    let (grpc, grpc_address) = listen(options.ip, options.port, "--ip", "--port").await?;
    let (web, web_address) = listen(options.ip, options.http_port, "--ip", "--http-port").await?;
    telemetry.sources().add(sources::store(parts.store.clone()));
    telemetry.sources().add(sources::log(parts.log.clone()));

    let supervisor = parts.supervisor.clone();
    let (base, health) = (Arc::new(options.config.clone()), supervisor.health());
    make_topics(&*parts.log, &base)?;
    let topics = base.topics();
    let feeder = feeding::feed(&parts.log, &topics, parts.index.clone(), Pace::Prompt, &supervisor)?;
    let giving_back = giving_back::give_back(&supervisor);
    let mut owning = begin(&options, &parts, &base, grpc_address).await?;
    telemetry.sources().add(sources::task_queues(Arc::downgrade(owning.owned.processor())));
    telemetry.sources().add(sources::triggers(Arc::downgrade(owning.owned.processor())));

    let (stop, stopped) = watch::channel(false);
    let front = Front::new("klamm starts.", options.inspect);
    let subjects = schemas::subjects(&owning.topics);
    let site = Site {
        calls: Calls::new(member::routes(&front)),
        log_kind: "embedded",
        address: grpc_address.to_string(),
        safety: Safety::new(web_address, &options.http_hosts, &options.http_origins),
        schemas: klamm_registry::serving::routes(subjects.clone(), None),
        ui: Some(klamm_ui::routes()),
    };
    let sources = telemetry.sources().clone();
    let web = http::serve(web, options.doors.clone(), telemetry, supervisor.clone(), site, wait_for(stopped.clone()));
    let web = tokio::spawn(web);
    front.set(Role::Here(owning.routes.clone()));
    let mut serving = member::serve(&front, grpc, options.doors.clone(), stopped);

    health.set_role(HealthRole::Owner);
    announce::ready(started, "");
    announce::addresses(grpc_address, web_address);

    let result = loop {
        tokio::select! {
            () = &mut signal => break Ok(()),
            reason = supervisor.until_stopped() => break Err(stopped_by_itself(&reason)),
            ended = &mut serving => break Err(SetupError::new(
                "serving gRPC",
                ended.map_or_else(|error| error.to_string(), |()| "ended by itself".to_owned()),
                "see the log",
            )),
            () = declared::until_changed(owning.owned.processor(), &owning.declared) => {}
        }
        tracing::info!("other topics are declared than before: klamm begins anew with these");
        front.set(Role::Nobody("klamm begins anew, with the topics that have been declared; try again.".to_owned()));
        // The declaration is committed before it is read.
        owning.owned.stop().await;
        owning = begin(&options, &parts, &base, grpc_address).await?;
        sources.add(sources::task_queues(Arc::downgrade(owning.owned.processor())));
        sources.add(sources::triggers(Arc::downgrade(owning.owned.processor())));
        subjects.set(owning.topics.with_schemas());
        front.set(Role::Here(owning.routes.clone()));
    };
    health.set_role(HealthRole::Stopping);
    let _ = stop.send(true);
    feeder.abort();
    giving_back.abort();
    drain(serving).await;
    web.abort();
    owning.owned.stop().await;
    result
}

/// What runs while certain topics are declared.
struct Owning {
    owned: Owned,
    routes: Routes,
    topics: Topics,
    declared: Declared,
}

/// Makes the topics that are missing, also those of others: nobody else can make topics here.
fn make_topics(log: &dyn Log, config: &Config) -> Result<(), SetupError> {
    let topics = config.topics();
    let mut specs = topics.specs();
    for (name, topic) in config.namespaces.values().flat_map(Namespace::published) {
        if topics.is_own(&topic) {
            let problem = format!("destination {name:?}: {topic} would be a topic of klamm's own");
            return Err(SetupError::new("reading --publish", problem, "give another topic: --publish NAME=TOPIC"));
        }
        let is_there = log.topic(&topic).is_ok() || specs.iter().any(|spec| *spec.name == *topic);
        let partitions = config.kafka.partitions;
        specs.extend((!is_there).then(|| TopicSpec { log_append_time: false, ..TopicSpec::kept(topic.as_str(), partitions) }));
    }
    log.ensure_topics(&specs)
        .map_err(|error| SetupError::new("making the topics", error, "see the error; use another --data-dir for other partitions"))
}

async fn begin(options: &ServerOptions, parts: &Parts, base: &Arc<Config>, grpc_address: SocketAddr) -> Result<Owning, SetupError> {
    let Parts { log, store, index, verify_dir, supervisor, clock } = parts;
    let declared = declared::committed(log, &base.topics()).await?;
    let Terms { topics, limits, namespace_limits, .. } = Terms::with(base, &declared);
    let member = uuid::Uuid::new_v4().to_string();
    let config = ProcessorConfig {
        supervisor: supervisor.clone(),
        verify_dir: verify_dir.clone(),
        clock: clock.clone(),
        settings: klamm_requests::settings::configured(&limits),
        namespace_settings: klamm_requests::settings::of_namespaces(&namespace_limits),
        destinations: klamm_requests::settings::destinations(&namespace_limits),
        // Nothing is waited for: more threads than cores would only need more memory.
        recoveries_max: available_parallelism().map_or(1, NonZero::get),
        ..ProcessorConfig::new(topics.clone(), member.clone())
    };
    let recovered = owned::recover(config, log.clone(), store.clone()).await?;
    let gateway = GatewayConfig {
        // The next start would make them again.
        protected_namespaces: options.namespaces.iter().map(|namespace| namespace.name.clone()).collect(),
        cluster_id: member,
        partition_count: topics.partitions,
        persistence_store: options.store_name.to_owned(),
        address: grpc_address.to_string(),
        limits,
        namespace_limits,
        ..GatewayConfig::default()
    };
    let intervals = Intervals { prompt: Some(PROMPT), ..Intervals::default() };
    let others = owned::Others { schemas: Arc::new(NoSchemas), makes_topics: true, config: base.clone() };
    let (owned, routes) = recovered.work(intervals, &options.namespaces, index.clone(), gateway, others, options.inspect).await?;
    Ok(Owning { owned, routes, topics, declared })
}
