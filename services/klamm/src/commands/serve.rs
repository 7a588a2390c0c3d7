//! `klamm serve`: a process of a cluster on Kafka.

use std::{
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use klamm_gateway::{Calls, Limits};
use klamm_log::Log;
use klamm_processor::Intervals;
use klamm_supervise::{Health, Role, Severity, Supervisor};
use klamm_visibility::{Index, Location};
use tokio::sync::watch;

use crate::{
    cli::ServeOptions,
    commands::check,
    config::{Config, Namespace},
    http::{self, Safety, Site},
    logging,
    node::{
        announce, data_dir,
        descriptors::{self, Budget, LogKind},
        front::Front,
        kafka_log,
        listen::listen,
        member,
        namespaces::NamespaceToMake,
        parts::{NodeOptions, NodeParts},
        schemas,
        stop_signal::stop_signal,
        stopping::{drain, stopped_by_itself, wait_for},
    },
    setup_error::SetupError,
    telemetry::{self, Sources, Telemetry},
};

/// Pause before a broker that is away is tried again.
const RETRY: Duration = Duration::from_secs(2);
/// Source of the reasons why a start waits.
const START: &str = "start";
/// How long giving the partitions up in order may take. A broker that is silent holds it up. Whoever supervises the process kills it after
/// a while (Docker after 10 s), so it ends by itself before.
const STOP: Duration = Duration::from_secs(5);

/// Runs until SIGINT or SIGTERM.
pub async fn run(options: ServeOptions) -> Result<ExitCode, SetupError> {
    if options.check {
        return check::run(&options).await;
    }
    let config = Config::load(options.config.as_deref())?;
    let started = Instant::now();
    let signal = stop_signal()?;
    logging::start(&config.server.log_level, config.server.log_format, "server.log_level")?;
    let log_kind = LogKind::Kafka { partitions: config.kafka.partitions };
    let budget = Budget::of(descriptors::raise(), log_kind, config.connections.max)?;
    let doors = budget.doors(config.connections.settings());
    let telemetry = Telemetry::install(log_kind, config.kafka.partitions)?;
    let sources = telemetry.sources().clone();
    let (grpc, grpc_address) = listen(config.server.ip, config.server.port, "server.ip", "server.port").await?;
    let (web, web_address) = listen(config.server.ip, config.server.http_port, "server.ip", "server.http_port").await?;

    let (stop, stopped) = watch::channel(false);
    let waiting = format!("Waiting for Kafka at {}.", config.kafka.bootstrap_servers);
    let supervisor = Supervisor::default();
    supervisor.health().report(START, Severity::Failure, waiting.clone());
    let front = Front::new(&waiting, config.connections.inspect);
    let site = Site {
        calls: Calls::new(member::routes(&front)),
        log_kind: "kafka",
        address: config.server.advertised(grpc_address.port()),
        safety: Safety::new(web_address, &config.server.http_hosts, &config.server.http_origins),
        schemas: klamm_registry::serving::routes(schemas::subjects(&config.topics()), config.registry.url.clone()),
        ui: Some(klamm_ui::routes()),
    };
    let web = tokio::spawn(http::serve(web, doors.clone(), telemetry, supervisor.clone(), site, wait_for(stopped.clone())));
    let mut serving = member::serve(&front, grpc, doors, stopped.clone());
    announce::addresses(grpc_address, web_address);
    let ready = tokio::spawn(tell_when_ready(supervisor.health().clone(), front.clone(), started));

    let advertised = config.server.advertised(grpc_address.port());
    let supervised = supervisor.clone();
    let mut running = tokio::spawn(async move {
        let parts = parts(&config, &budget, sources, supervised, stopped.clone()).await?;
        match parts {
            Some(parts) => member::run(node_options(&config, advertised), parts, &front, stopped).await,
            None => Ok(()),
        }
    });
    let result = tokio::select! {
        () = signal => {
            let _ = stop.send(true);
            match tokio::time::timeout(STOP, &mut running).await {
                Ok(ended) => flatten(ended),
                Err(_) => {
                    tracing::warn!("the broker did not take in time what waited: the process ends without it; nothing is lost, the next owner goes on from the log");
                    Ok(())
                }
            }
        }
        ended = &mut running => flatten(ended),
        reason = supervisor.until_stopped() => Err(stopped_by_itself(&reason)),
        ended = &mut serving => Err(SetupError::new("serving gRPC", format!("{ended:?}"), "see the log")),
    };
    supervisor.health().set_role(Role::Stopping);
    let _ = stop.send(true);
    ready.abort();
    drain(serving).await;
    web.abort();
    result.map(|()| ExitCode::SUCCESS)
}

fn flatten(ended: Result<Result<(), SetupError>, tokio::task::JoinError>) -> Result<(), SetupError> {
    ended.unwrap_or_else(|error| Err(SetupError::new("running", error, "this is a bug in klamm, please report it")))
}

async fn tell_when_ready(health: Health, front: Front, started: Instant) {
    health.until_ready().await;
    announce::ready(started, &front.standing());
}

fn node_options(config: &Config, advertised_address: String) -> NodeOptions {
    let retention = config.server.retention.0;
    let namespace = |name: &String| NamespaceToMake { name: name.clone(), retention, search_attributes: Vec::new() };
    // These stand in other sections.
    let complete = |limits: &Limits| Limits { schedule_audit_retention: config.server.schedule_audit_retention.0, ..limits.clone() };
    let of_namespace = |name: &str, of: &Namespace| {
        let outcomes = of.outcomes.as_ref().map(|outcomes| outcomes.types.clone()).unwrap_or_default();
        let (prefix, brokers) = (&config.kafka.topic_prefix, &config.kafka.bootstrap_servers);
        let lineage = of.openlineage.as_ref().map(|lineage| lineage.settings(name, prefix, brokers));
        Limits { outcomes, stream_queues: of.stream_queues(), destinations: of.destinations(), lineage, ..complete(&of.limits) }
    };
    NodeOptions {
        topics: config.topics(),
        advertised_address,
        store_dir: config.server.data_dir.join("store"),
        verify_dir: Some(data_dir::verify_dir(&config.server.data_dir)),
        namespaces: config.server.namespaces.iter().map(namespace).collect(),
        intervals: Intervals { transactions_per_second: Some(config.processor.transactions_per_second), ..config.processor.intervals() },
        uncommitted_commands_max: config.processor.uncommitted_commands_max,
        uncommitted_bytes_max: config.processor.uncommitted_bytes_max,
        inspect: config.connections.inspect,
        producers_schemas: schemas::of_producers(&config.registry),
        share_groups: config.share_groups(),
        limits: complete(&config.limits),
        namespace_limits: config.namespaces.iter().map(|(name, of)| (name.clone(), of_namespace(name, of))).collect(),
    }
}

/// The parts of the process: the log, the store and the index. Waits until the broker answers and the topics are as they should be. `None`
/// when the process was stopped before that.
async fn parts(
    config: &Config,
    budget: &Budget,
    sources: Sources,
    supervisor: Supervisor,
    stopped: watch::Receiver<bool>,
) -> Result<Option<NodeParts>, SetupError> {
    let dir = &config.server.data_dir;
    let hint = "use another server.data_dir, stop the klamm that uses this one, or free some disk";
    let failed = |what: &str, error: String| SetupError::new(format!("opening {what} in {}", dir.display()), error, hint);
    if dir.join("log").exists() {
        let problem = "the directory holds a log, which is klamm dev's: klamm serve keeps its log on Kafka";
        let hint = "use another server.data_dir; its data can be thrown away, the log in this one cannot";
        return Err(SetupError::new(format!("opening the data directory {}", dir.display()), problem, hint));
    }
    std::fs::create_dir_all(dir).map_err(|error| failed("the data directory", error.to_string()))?;
    let store = data_dir::store(&dir.join("store"), budget).map_err(|error| failed("the store", error.to_string()))?;
    let index = Location::File(dir.join("visibility.sqlite"));
    let index = Index::open(index).map_err(|error| failed("the visibility index", error.to_string()))?;

    // Records carry the registry's ids, so the ids have to be known before the first record is written or read.
    if !schemas::register(config, |problem| wait(supervisor.health(), problem), stopped.clone()).await? {
        return Ok(None);
    }
    let Some(log) = connect(config, &supervisor, stopped).await? else { return Ok(None) };
    let beats_log = kafka_log::beats_log(config, &supervisor).map_err(|error| kafka_log::setup_error(&error))?;
    supervisor.health().clear(START);
    let store = Arc::new(store);
    sources.add(telemetry::sources::store(store.clone()));
    Ok(Some(NodeParts { log, beats_log, store, index, supervisor, sources }))
}

/// Tries again and again until the broker answers and the topics exist. Each new reason for waiting is reported once.
async fn connect(config: &Config, supervisor: &Supervisor, stopped: watch::Receiver<bool>) -> Result<Option<Arc<dyn Log>>, SetupError> {
    let specs = config.topics().specs();
    loop {
        let (settings, specs, supervised) = (kafka_log::settings(config), specs.clone(), supervisor.clone());
        let connecting = tokio::task::spawn_blocking(move || kafka_log::connect(settings, &specs, &supervised));
        let connected =
            connecting.await.map_err(|error| SetupError::new("connecting to Kafka", error, "this is a bug in klamm, please report it"))?;
        let error = match connected {
            Ok(log) => return Ok(Some(log)),
            Err(error) if kafka_log::may_pass(&error) => error,
            Err(error) => return Err(kafka_log::setup_error(&error)),
        };
        let problem = format!(
            "Kafka at {} cannot be used yet (kafka.bootstrap_servers and kafka.security.protocol must fit it): {error}",
            config.kafka.bootstrap_servers
        );
        wait(supervisor.health(), problem);
        if tokio::time::timeout(RETRY, wait_for(stopped.clone())).await.is_ok() {
            return Ok(None);
        }
    }
}

/// Reports why the start waits, in health and in the log, once for each new reason.
fn wait(health: &Health, problem: String) {
    if health.report(START, Severity::Failure, problem.clone()) {
        tracing::warn!("{problem}; trying again every {} s", RETRY.as_secs());
    }
}
