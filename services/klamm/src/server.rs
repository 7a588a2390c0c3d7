//! A server: all parts put together, run, and stopped in order.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use klamm_api::klamm::v1::inspect_server::InspectServer;
use klamm_engine::{Topics, topic};
use klamm_gateway::{Config as GatewayConfig, Gateway};
use klamm_log::{Clock, Log, SystemClock};
use klamm_machine::{Rejection, Time, time::to_proto};
use klamm_messages::{
    klamm::v1::{AddSearchAttributes, ClusterCommand, Command, RegisterNamespace, cluster_command, command::Body},
    temporal::enums::v1::IndexedValueType,
};
use klamm_processor::{Backend, Committer, Config as ProcessorConfig, Intervals, Processor, backend::Error as BackendError};
use klamm_store::Store;
use klamm_visibility::{Feeder, Index};
use tokio::{net::TcpListener, sync::watch};

use crate::{http, inspect::Inspector, setup_error::SetupError, visibility_source::TopicSource};

/// Prefix of all topics.
const PREFIX: &str = "klamm.";
/// How often the visibility index takes what is new: a short workflow is then written once.
const FEED_INTERVAL: Duration = Duration::from_millis(200);
/// How long calls under way may take to end when the server stops.
const DRAIN: Duration = Duration::from_secs(2);

/// What a server stands on.
pub struct Parts {
    /// The log.
    pub log: Arc<dyn Log>,
    /// The store of its partitions.
    pub store: Arc<Store>,
    /// The visibility index.
    pub index: Index,
}

/// How a server is set up.
pub struct ServerOptions {
    /// Address to listen on.
    pub ip: IpAddr,
    /// Port of the gRPC API; 0: any.
    pub port: u16,
    /// Port of HTTP; 0: any.
    pub http_port: u16,
    /// Number of partitions.
    pub partitions: u32,
    /// Namespaces to make where they are missing.
    pub namespaces: Vec<NamespaceToMake>,
    /// What GetClusterInfo calls the store.
    pub store_name: &'static str,
}

/// A namespace that shall exist.
pub struct NamespaceToMake {
    /// Its name.
    pub name: String,
    /// Retention, if it is made now.
    pub retention: Duration,
    /// Custom search attributes that it shall have.
    pub search_attributes: Vec<(String, IndexedValueType)>,
}

/// Runs until SIGINT or SIGTERM, then stops in order: no new calls, last outputs committed, store flushed.
pub async fn run(options: ServerOptions, parts: Parts) -> Result<(), SetupError> {
    let started = Instant::now();
    let signal = stop_signal()?;
    let metrics = http::install_metrics()?;
    let grpc = listen(options.ip, options.port, "--port").await?;
    let web = listen(options.ip, options.http_port, "--http-port").await?;
    let (grpc_address, web_address) = (address(&grpc)?, address(&web)?);

    let Parts { log, store, index } = parts;
    let topics = Topics::new(PREFIX, options.partitions);
    let member = uuid::Uuid::new_v4().to_string();
    let config = ProcessorConfig::new(topics.clone(), member.clone());
    let (processor, reports) = {
        let log = log.clone();
        // Recovery reads and folds: it would hold up a thread of the runtime.
        let recovered = tokio::task::spawn_blocking(move || Processor::start(config, log, store)).await;
        let hint = "see the error; a damaged store directory may be deleted, it is rebuilt from the log";
        recovered
            .map_err(|error| SetupError::new("recovering the partitions", error, hint))?
            .map_err(|error| SetupError::new("recovering the partitions", error, hint))?
    };
    let processor = Arc::new(processor);
    tracing::info!(replayed = reports.iter().map(|report| report.replayed).sum::<u64>(), "partitions recovered");
    let committer = Committer::start(processor.clone(), Intervals::default())
        .map_err(|error| SetupError::new("starting a thread", error, "raise the limits of the process"))?;
    for namespace in &options.namespaces {
        make_namespace(&processor, namespace).await?;
    }
    let scheduler = tokio::spawn(klamm_scheduler::run(processor.clone(), || Time::from_millis(SystemClock.now_ms())));
    let feeder = feed(&log, &topics, index.clone())?;

    let gateway_config = GatewayConfig {
        cluster_id: member,
        partition_count: options.partitions,
        persistence_store: options.store_name.to_owned(),
        address: grpc_address.to_string(),
        ..GatewayConfig::default()
    };
    let gateway = Arc::new(Gateway::new(processor.clone(), Arc::new(index), gateway_config));
    let inspector = Inspector::new(processor.clone(), log.clone(), topics);
    let (stop, stopped) = watch::channel(false);
    let healthy = {
        let processor = processor.clone();
        move || processor.failure()
    };
    let web = tokio::spawn(http::serve(web, metrics, healthy, wait_for(stopped.clone())));
    let mut serving = tokio::spawn(klamm_gateway::serve_with(gateway, grpc, wait_for(stopped), move |routes| {
        routes.add_service(InspectServer::new(inspector));
    }));

    println!("klamm {} is ready after {} ms", env!("CARGO_PKG_VERSION"), started.elapsed().as_millis());
    println!("gRPC:    {grpc_address}  (any Temporal SDK, the temporal CLI)");
    println!("HTTP:    http://{web_address}  (/metrics, /healthz)");

    let result = tokio::select! {
        () = signal => Ok(()),
        ended = &mut serving => Err(SetupError::new(
            "serving gRPC",
            match ended { Ok(Ok(())) => "ended by itself".to_owned(), Ok(Err(error)) => error.to_string(), Err(error) => error.to_string() },
            "see the log",
        )),
    };
    let _ = stop.send(true);
    scheduler.abort();
    feeder.abort();
    // Parked polls would keep the server for a minute: they are cut off after a while.
    let _ = tokio::time::timeout(DRAIN, async {
        if !serving.is_finished() {
            let _ = (&mut serving).await;
        }
    })
    .await;
    serving.abort();
    web.abort();
    processor.close();
    let _ = tokio::task::spawn_blocking(move || drop(committer)).await;
    result
}

async fn listen(ip: IpAddr, port: u16, option: &str) -> Result<TcpListener, SetupError> {
    let address = SocketAddr::new(ip, port);
    TcpListener::bind(address)
        .await
        .map_err(|error| SetupError::new(format!("listening on {address}"), error, format!("choose another port with {option}")))
}

fn address(listener: &TcpListener) -> Result<SocketAddr, SetupError> {
    listener.local_addr().map_err(|error| SetupError::new("listening", error, "choose another --ip"))
}

async fn wait_for(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone: stop as well.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// SIGINT or SIGTERM. The handlers stand from this call on, not only once the future is polled: a signal that comes while the server
/// starts stops it in order too.
fn stop_signal() -> Result<impl Future<Output = ()>, SetupError> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let handler = |kind| signal(kind).map_err(|error| SetupError::new("handling signals", error, "raise the limits of the process"));
        let (mut interrupt, mut terminate) = (handler(SignalKind::interrupt())?, handler(SignalKind::terminate())?);
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

async fn make_namespace(processor: &Arc<Processor>, namespace: &NamespaceToMake) -> Result<(), SetupError> {
    let register = cluster_command::Command::RegisterNamespace(RegisterNamespace {
        name: namespace.name.clone(),
        id: uuid::Uuid::new_v4().to_string(),
        retention: Some(to_proto(namespace.retention)),
        ..RegisterNamespace::default()
    });
    let registered = submit(processor, &namespace.name, register).await;
    match registered {
        Ok(()) | Err(BackendError::Rejected(Rejection::NamespaceAlreadyExists(_) | Rejection::AlreadyExists(_))) => {}
        Err(error) => {
            return Err(SetupError::new(format!("registering namespace {}", namespace.name), error, "use another --namespace"));
        }
    }
    if namespace.search_attributes.is_empty() {
        return Ok(());
    }
    let add = cluster_command::Command::AddSearchAttributes(AddSearchAttributes {
        namespace: namespace.name.clone(),
        search_attributes: namespace.search_attributes.iter().map(|(name, value_type)| (name.clone(), *value_type as i32)).collect(),
    });
    submit(processor, &namespace.name, add)
        .await
        .map_err(|error| SetupError::new("registering search attributes", error, "use other names or types"))
}

async fn submit(processor: &Arc<Processor>, name: &str, command: cluster_command::Command) -> Result<(), BackendError> {
    let command = Command {
        version: 1,
        workflow_id: name.to_owned(),
        body: Some(Body::Cluster(ClusterCommand { command: Some(command) })),
        ..Command::default()
    };
    processor.submit(command).await.map(drop)
}

/// Feeds the visibility index from its topic, on a thread for blocking work.
fn feed(log: &Arc<dyn Log>, topics: &Topics, index: Index) -> Result<tokio::task::JoinHandle<()>, SetupError> {
    let failed = |error: String| SetupError::new("starting the visibility index", error, "delete visibility.sqlite: it is rebuilt");
    let source = TopicSource::new(log.clone(), topics.full(topic::VISIBILITY)).map_err(|error| failed(error.to_string()))?;
    let mut feeder = Feeder::new(index, source, SystemClock.now_ms()).map_err(|error| failed(error.to_string()))?;
    Ok(tokio::spawn(async move {
        loop {
            let step = tokio::task::spawn_blocking(move || {
                let fed = feeder.step(SystemClock.now_ms());
                (feeder, fed)
            });
            let behind = match step.await {
                Ok((back, fed)) => {
                    feeder = back;
                    fed.inspect_err(|error| tracing::warn!(error = %error, "the visibility index waits"))
                        .is_ok_and(|fed| fed.lag_records > 0)
                }
                Err(error) => {
                    tracing::error!(error = %error, "the visibility index has stopped");
                    return;
                }
            };
            if !behind {
                tokio::time::sleep(FEED_INTERVAL).await;
            }
        }
    }))
}
