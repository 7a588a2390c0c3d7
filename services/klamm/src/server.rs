//! A server that owns its log alone: all parts put together, run, and stopped in order.

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use klamm_engine::Topics;
use klamm_gateway::Config as GatewayConfig;
use klamm_log::Log;
use klamm_processor::{Config as ProcessorConfig, Intervals};
use klamm_store::Store;
use klamm_visibility::Index;
use tokio::{sync::watch, task::JoinHandle};

use crate::{feeding, http, listen::listen, namespaces::NamespaceToMake, owned, setup_error::SetupError, stop_signal::stop_signal};

/// Prefix of all topics.
const PREFIX: &str = "klamm.";
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

/// Runs until SIGINT or SIGTERM, then stops in order: no new calls, last outputs committed, store flushed.
pub async fn run(options: ServerOptions, parts: Parts) -> Result<(), SetupError> {
    let started = Instant::now();
    let signal = stop_signal()?;
    let metrics = http::install_metrics()?;
    let (grpc, grpc_address) = listen(options.ip, options.port, "--port").await?;
    let (web, web_address) = listen(options.ip, options.http_port, "--http-port").await?;

    let Parts { log, store, index } = parts;
    let topics = Topics::new(PREFIX, options.partitions);
    log.ensure_topics(&topics.specs())
        .map_err(|error| SetupError::new("making the topics", error, "see the error; use another --data-dir for other partitions"))?;
    let member = uuid::Uuid::new_v4().to_string();
    let recovered = owned::recover(ProcessorConfig::new(topics.clone(), member.clone()), log.clone(), store).await?;
    let feeder = feeding::feed(&log, &topics, index.clone())?;
    let gateway = GatewayConfig {
        cluster_id: member,
        partition_count: options.partitions,
        persistence_store: options.store_name.to_owned(),
        address: grpc_address.to_string(),
        ..GatewayConfig::default()
    };
    let (owned, routes) = recovered.work(Intervals::default(), &options.namespaces, index, gateway).await?;

    let (stop, stopped) = watch::channel(false);
    let healthy = {
        let processor = owned.processor().clone();
        move || processor.failure()
    };
    let web = tokio::spawn(http::serve(web, metrics, healthy, klamm_registry::serving::routes(PREFIX, None), wait_for(stopped.clone())));
    let mut serving = tokio::spawn(klamm_gateway::serve(routes, grpc, wait_for(stopped)));

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
    feeder.abort();
    drain(serving).await;
    web.abort();
    owned.stop().await;
    result
}

/// Lets a gRPC server that was told to stop answer the calls under way. Parked polls would keep it for a minute: they are cut off after a
/// while.
pub async fn drain<T>(mut serving: JoinHandle<T>) {
    if !serving.is_finished() {
        let _ = tokio::time::timeout(DRAIN, &mut serving).await;
    }
    serving.abort();
}

/// Completes when `stopped` says so, or when nobody can say it any more.
pub async fn wait_for(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
