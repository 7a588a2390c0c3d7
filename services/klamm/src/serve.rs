//! `klamm serve`: a process of a cluster on Kafka.

use std::{
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use klamm_engine::Topics;
use klamm_gateway::Limits;
use klamm_log::Log;
use klamm_processor::Intervals;
use klamm_visibility::{Index, Location};
use tokio::sync::watch;

use crate::{
    cli::ServeOptions,
    config::Config,
    dev, http, kafka,
    listen::listen,
    logging,
    namespaces::NamespaceToMake,
    node::{self, Health, NodeOptions, NodeParts, front::Front},
    registry,
    server::{drain, wait_for},
    setup_error::SetupError,
    stop_signal::stop_signal,
};

/// How often a broker that is away is tried again.
const RETRY: Duration = Duration::from_secs(2);
/// Longest time that giving up the partitions in order may take.
const STOP: Duration = Duration::from_secs(30);

/// Runs until SIGINT or SIGTERM.
pub async fn run(options: ServeOptions) -> Result<ExitCode, SetupError> {
    let config = Config::load(options.config.as_deref())?;
    if options.check {
        print!("{config}");
        return Ok(ExitCode::SUCCESS);
    }
    let started = Instant::now();
    let signal = stop_signal()?;
    logging::start(&config.server.log_level, config.server.log_format, "server.log_level")?;
    let metrics = http::install_metrics()?;
    let (grpc, grpc_address) = listen(config.server.ip, config.server.port, "server.port").await?;
    let (web, web_address) = listen(config.server.ip, config.server.http_port, "server.http_port").await?;

    let (stop, stopped) = watch::channel(false);
    let waiting = format!("Waiting for Kafka at {}.", config.kafka.bootstrap_servers);
    let health = Health::new(Some(waiting.clone()));
    let front = Front::new(&waiting);
    let healthy = health.subscribe();
    let schemas = klamm_registry::serving::routes(&config.kafka.topic_prefix, config.registry.url.clone());
    let web = tokio::spawn(http::serve(web, metrics, move || healthy.borrow().clone(), schemas, wait_for(stopped.clone())));
    let mut serving = node::serve(&front, grpc, stopped.clone());
    println!("gRPC:    {grpc_address}  (any Temporal SDK, the temporal CLI)");
    println!("HTTP:    http://{web_address}  (/metrics, /healthz)");
    let ready = tokio::spawn(tell_when_ready(health.subscribe(), started));

    let advertised = config.server.advertised(grpc_address.port());
    let mut running = tokio::spawn(async move {
        let parts = parts(&config, &health, stopped.clone()).await?;
        match parts {
            Some(parts) => node::run(node_options(&config, advertised), parts, &front, &health, stopped).await,
            None => Ok(()),
        }
    });
    let result = tokio::select! {
        () = signal => {
            let _ = stop.send(true);
            match tokio::time::timeout(STOP, &mut running).await {
                Ok(ended) => flatten(ended),
                Err(_) => Err(SetupError::new("stopping", "what waited was not written in time", "nothing is lost: the next owner goes on from the log")),
            }
        }
        ended = &mut running => flatten(ended),
        ended = &mut serving => Err(SetupError::new("serving gRPC", format!("{ended:?}"), "see the log")),
    };
    let _ = stop.send(true);
    ready.abort();
    drain(serving).await;
    web.abort();
    result.map(|()| ExitCode::SUCCESS)
}

fn flatten(ended: Result<Result<(), SetupError>, tokio::task::JoinError>) -> Result<(), SetupError> {
    ended.unwrap_or_else(|error| Err(SetupError::new("running", error, "this is a bug in klamm, please report it")))
}

async fn tell_when_ready(mut health: watch::Receiver<Option<String>>, started: Instant) {
    if health.wait_for(Option::is_none).await.is_ok() {
        println!("klamm {} is ready after {} ms", env!("CARGO_PKG_VERSION"), started.elapsed().as_millis());
    }
}

fn node_options(config: &Config, advertised_address: String) -> NodeOptions {
    let retention = config.server.retention.0;
    let namespace = |name: &String| NamespaceToMake { name: name.clone(), retention, search_attributes: Vec::new() };
    NodeOptions {
        topics: Topics::new(&config.kafka.topic_prefix, config.kafka.partitions),
        advertised_address,
        store_dir: config.server.data_dir.join("store"),
        namespaces: config.server.namespaces.iter().map(namespace).collect(),
        intervals: Intervals { transactions_per_second: Some(config.processor.transactions_per_second), ..config.processor.intervals() },
        uncommitted_commands_max: config.processor.uncommitted_commands_max,
        uncommitted_bytes_max: config.processor.uncommitted_bytes_max,
        limits: Limits { schedule_audit_retention: config.server.schedule_audit_retention.0, ..config.limits.clone() },
    }
}

/// The log, once it answers and its topics are as they should be, and what is kept on the disk. `None`: stopped before.
async fn parts(config: &Config, health: &Health, stopped: watch::Receiver<bool>) -> Result<Option<NodeParts>, SetupError> {
    let dir = &config.server.data_dir;
    let hint = "use another server.data_dir, stop the klamm that uses this one, or free some disk";
    let failed = |what: &str, error: String| SetupError::new(format!("opening {what} in {}", dir.display()), error, hint);
    std::fs::create_dir_all(dir).map_err(|error| failed("the data directory", error.to_string()))?;
    let store = dev::store(&dir.join("store")).map_err(|error| failed("the store", error.to_string()))?;
    let index = Location::File(dir.join("visibility.sqlite"));
    let index = Index::open(index).map_err(|error| failed("the visibility index", error.to_string()))?;

    // Records carry the registry's ids: they have to be known before the first one is written or read.
    if !registry::register(config, |problem| wait(health, problem), stopped.clone()).await? {
        return Ok(None);
    }
    match connect(config, health, stopped).await? {
        Some(log) => Ok(Some(NodeParts { log, store: Arc::new(store), index })),
        None => Ok(None),
    }
}

/// Tries until the broker answers and the topics are there; says so once for each new reason.
async fn connect(config: &Config, health: &Health, stopped: watch::Receiver<bool>) -> Result<Option<Arc<dyn Log>>, SetupError> {
    let specs = Topics::new(&config.kafka.topic_prefix, config.kafka.partitions).specs();
    loop {
        let (settings, specs) = (kafka::settings(config), specs.clone());
        let connecting = tokio::task::spawn_blocking(move || kafka::connect(settings, &specs));
        let connected =
            connecting.await.map_err(|error| SetupError::new("connecting to Kafka", error, "this is a bug in klamm, please report it"))?;
        let error = match connected {
            Ok(log) => return Ok(Some(log)),
            Err(error) if kafka::may_pass(&error) => error,
            Err(error) => return Err(kafka::setup_error(&error)),
        };
        let problem = format!(
            "Kafka at {} cannot be used yet (kafka.bootstrap_servers and kafka.security.protocol must fit it): {error}",
            config.kafka.bootstrap_servers
        );
        wait(health, problem);
        if tokio::time::timeout(RETRY, wait_for(stopped.clone())).await.is_ok() {
            return Ok(None);
        }
    }
}

/// Something has to be waited for: `/healthz` says what, and the log too, once for each new reason.
fn wait(health: &Health, problem: String) {
    let news = health.send_if_modified(|known| {
        let news = known.as_ref() != Some(&problem);
        *known = Some(problem.clone());
        news
    });
    if news {
        tracing::warn!("{problem}; trying again every {} s", RETRY.as_secs());
    }
}
