//! The parts that run while this process owns the partitions: processor, committer, scheduler, gateway.

use std::{sync::Arc, time::Instant};

use klamm_api::klamm::v1::inspect_server::InspectServer;
use klamm_engine::{Purpose, Topics, recover::Report};
use klamm_gateway::{Config as GatewayConfig, Gateway};
use klamm_ingress::{AllLimits, DeadLetterTopic, RequestTopic, SchemaSource};
use klamm_log::Log;
use klamm_processor::{Cleaner, Committer, Config as ProcessorConfig, Intervals, Processor, Readers};
use klamm_store::Store;
use klamm_visibility::Index;
use tokio::task::JoinHandle;
use tonic::{
    codec::CompressionEncoding::Gzip,
    service::{Routes, interceptor::InterceptedService},
};

use crate::{
    config::{Config, Inspect},
    inspect::{Declaring, Inspector, Triggers, access},
    node::{
        destinations,
        namespaces::{self, NamespaceToMake},
        progress,
    },
    setup_error::SetupError,
};

/// The partitions, owned and recovered. No call is answered yet.
pub struct Recovered {
    /// Their processor.
    pub processor: Arc<Processor>,
    log: Arc<dyn Log>,
    config: ProcessorConfig,
}

/// The partitions at work. Dropping this commits nothing; [`Owned::stop`] stops in order.
pub struct Owned {
    processor: Arc<Processor>,
    committer: Committer,
    readers: Readers,
    cleaner: Cleaner,
    sender: JoinHandle<()>,
    carer: JoinHandle<()>,
    reclaimer: JoinHandle<()>,
    scheduler: JoinHandle<()>,
    callbacks: JoinHandle<()>,
    batch: JoinHandle<()>,
    ingress: JoinHandle<()>,
    destinations: Option<JoinHandle<()>>,
}

/// What a process knows of topics of others, and of those that may be declared.
pub struct Others {
    /// The schemas of their values.
    pub schemas: Arc<dyn SchemaSource>,
    /// Topics of others that a declaration names are made when they are missing.
    pub makes_topics: bool,
    /// The configuration, to which declarations are added.
    pub config: Arc<Config>,
}

/// Takes the partitions over: take-over records, fencing, fold, replay. This blocks a thread of its own, not the runtime's.
pub async fn recover(config: ProcessorConfig, log: Arc<dyn Log>, store: Arc<Store>) -> Result<Recovered, SetupError> {
    for partition in 0..config.topics.partitions {
        // The partition may have failed when this process owned it before.
        metrics::gauge!("klamm_partition_failed", "partition" => partition.to_string()).set(0.0);
    }
    let began = Instant::now();
    let recovered = {
        let (starting, its_log, its_store) = (config.clone(), log.clone(), store.clone());
        let recovering = tokio::task::spawn_blocking(move || Processor::start(starting, its_log, its_store));
        progress::tell_while(recovering, || true, &config.topics, &log, &store).await
    };
    let hint = "see the error; a damaged store directory may be deleted, it is rebuilt from the log";
    let (processor, reports) = recovered
        .map_err(|error| SetupError::new("recovering the partitions", error, hint))?
        .map_err(|error| SetupError::new("recovering the partitions", error, hint))?;
    let sum = |count: fn(&Report) -> u64| reports.iter().map(count).sum::<u64>();
    let (folded, replayed) = (sum(|report| report.folded), sum(|report| report.replayed));
    tracing::info!(folded, replayed, took_ms = began.elapsed().as_millis() as u64, "partitions recovered");
    Ok(Recovered { processor: Arc::new(processor), log, config })
}

impl Recovered {
    /// Begins to commit, to wake and to answer. Gives the running parts and the API to serve.
    pub async fn work(
        self,
        intervals: Intervals,
        namespaces: &[NamespaceToMake],
        index: Index,
        gateway: GatewayConfig,
        Others { schemas, makes_topics, config: settings }: Others,
        inspect: Inspect,
    ) -> Result<(Owned, Routes), SetupError> {
        let Self { processor, log, config } = self;
        let destinations = destinations::watch(&log, &schemas, config.destinations.values().cloned().collect(), &config.supervisor).await;
        let sender = tokio::spawn(klamm_processor::awaiting_sends::run(processor.clone()));
        let no_thread = |error| SetupError::new("starting a thread", error, "raise the limits of the process");
        let readers = Readers::start(processor.clone()).map_err(no_thread)?;
        let cleaner = Cleaner::start(processor.clone(), &intervals).map_err(no_thread)?;
        let committer = Committer::start(processor.clone(), intervals).map_err(no_thread)?;
        let carer = tokio::spawn(klamm_processor::care::run(processor.clone()));
        let reclaimer = tokio::spawn(klamm_processor::reclaimer::run(processor.clone()));
        for namespace in namespaces {
            namespaces::make(&processor, namespace).await?;
        }
        let scheduler = {
            let clock = processor.clone();
            tokio::spawn(klamm_scheduler::run(processor.clone(), move || clock.log_now(), config.supervisor.clone()))
        };
        let callbacks = tokio::spawn(klamm_callbacks::run(processor.clone(), config.supervisor.clone()));
        let limits = AllLimits { usual: gateway.limits.clone(), of_namespaces: gateway.namespace_limits.clone() };
        let ingress = {
            let topics = config.topics.clone();
            let dead_letters: DeadLetterTopic = Arc::new(move |trigger| topics.dead_letters_spec(trigger));
            let requests = request_topics(&config.topics);
            let read = klamm_ingress::Config { requests, limits: limits.clone(), schemas: schemas.clone(), dead_letters };
            tokio::spawn(klamm_ingress::run(processor.clone(), log.clone(), read, config.supervisor.clone()))
        };
        let triggers = Triggers::new(processor.clone(), log.clone(), config.topics.clone(), schemas, limits, makes_topics);
        let declaring = Declaring { processor: processor.clone(), log: log.clone(), config: settings, makes_topics };
        let inspector = Inspector::new(processor.clone(), log, config.topics, index.clone(), gateway.address.clone(), triggers, declaring);
        let batch_per_second = gateway.limits.batch_per_second;
        let gateway = Arc::new(Gateway::new(processor.clone(), index, gateway));
        let batch = klamm_batch::Settings { per_second: batch_per_second };
        let batch = tokio::spawn(klamm_batch::run(gateway.clone(), processor.clone(), batch, config.supervisor.clone()));
        let routes = klamm_gateway::routes(gateway, |routes| {
            let check = move |request: tonic::Request<()>| access::check(inspect, request.extensions()).map(|()| request);
            let server = InspectServer::new(inspector).accept_compressed(Gzip).send_compressed(Gzip);
            routes.add_service(InterceptedService::new(server, check));
        });
        let routes = routes.await.map_err(|error| SetupError::new("serving gRPC", error, "this is a bug in klamm, please report it"))?;
        let owned =
            Owned { processor, committer, readers, cleaner, sender, carer, reclaimer, scheduler, callbacks, batch, ingress, destinations };
        owned.tell(true);
        Ok((owned, routes))
    }
}

/// The topics of requests that are declared.
fn request_topics(topics: &Topics) -> Vec<RequestTopic> {
    let requests = topics.of_namespaces().filter(|topic| topic.purpose == Purpose::Requests);
    requests.map(|topic| RequestTopic { namespace: topic.namespace.clone(), topic: topics.full(&topic.name) }).collect()
}

impl Owned {
    /// The processor.
    pub fn processor(&self) -> &Arc<Processor> {
        &self.processor
    }

    /// Sets the metrics that say whether this process owns the partitions.
    fn tell(&self, owns: bool) {
        let owned = if owns { 1.0 } else { 0.0 };
        metrics::gauge!("klamm_owner").set(owned);
        for partition in 0..self.processor.partition_count() {
            metrics::gauge!("klamm_partition_owned", "partition" => partition.to_string()).set(owned);
        }
    }

    /// Stops in order. No new commands are taken; outputs that wait are committed while the partitions are still owned; the store is
    /// flushed; calls that still wait end Unavailable.
    pub async fn stop(self) {
        self.tell(false);
        self.scheduler.abort();
        self.callbacks.abort();
        self.reclaimer.abort();
        self.batch.abort();
        self.ingress.abort();
        self.destinations.iter().for_each(JoinHandle::abort);
        self.processor.close();
        let (committer, readers, cleaner) = (self.committer, self.readers, self.cleaner);
        // Dropping these waits for their threads, and the committer's for its last commits. So it is done on a thread for blocking work.
        let _ = tokio::task::spawn_blocking(move || {
            drop(committer);
            drop(readers);
            drop(cleaner);
        })
        .await;
        self.sender.abort();
        self.carer.abort();
        self.processor.lose("klamm is shutting down.".to_owned());
    }
}
