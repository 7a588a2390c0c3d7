//! What runs while this process owns the partitions: processor, committer, scheduler, gateway.

use std::sync::Arc;

use klamm_api::klamm::v1::inspect_server::InspectServer;
use klamm_gateway::{Config as GatewayConfig, Gateway};
use klamm_log::Log;
use klamm_processor::{Committer, Config as ProcessorConfig, Intervals, Processor};
use klamm_store::Store;
use klamm_visibility::Index;
use tokio::task::JoinHandle;
use tonic::service::Routes;

use crate::{
    inspect::Inspector,
    namespaces::{self, NamespaceToMake},
    setup_error::SetupError,
};

/// The partitions, owned and recovered; nothing is answered yet.
pub struct Recovered {
    /// Their processor.
    pub processor: Arc<Processor>,
    log: Arc<dyn Log>,
    config: ProcessorConfig,
}

/// The partitions at work. Dropping it commits nothing; [`Owned::stop`] stops in order.
pub struct Owned {
    processor: Arc<Processor>,
    committer: Committer,
    sender: JoinHandle<()>,
    scheduler: JoinHandle<()>,
}

/// Takes the partitions over: take-over records, fencing, fold, replay. Blocks its own thread, not the runtime's.
pub async fn recover(config: ProcessorConfig, log: Arc<dyn Log>, store: Arc<Store>) -> Result<Recovered, SetupError> {
    let recovered = {
        let (config, log) = (config.clone(), log.clone());
        tokio::task::spawn_blocking(move || Processor::start(config, log, store)).await
    };
    let hint = "see the error; a damaged store directory may be deleted, it is rebuilt from the log";
    let (processor, reports) = recovered
        .map_err(|error| SetupError::new("recovering the partitions", error, hint))?
        .map_err(|error| SetupError::new("recovering the partitions", error, hint))?;
    tracing::info!(replayed = reports.iter().map(|report| report.replayed).sum::<u64>(), "partitions recovered");
    Ok(Recovered { processor: Arc::new(processor), log, config })
}

impl Recovered {
    /// Begins to commit, to wake and to answer: gives what runs, and the API to serve.
    pub async fn work(
        self,
        intervals: Intervals,
        namespaces: &[NamespaceToMake],
        index: Index,
        gateway: GatewayConfig,
    ) -> Result<(Owned, Routes), SetupError> {
        let Self { processor, log, config } = self;
        let sender = tokio::spawn(klamm_processor::sends::run(processor.clone()));
        let committer = Committer::start(processor.clone(), intervals)
            .map_err(|error| SetupError::new("starting a thread", error, "raise the limits of the process"))?;
        for namespace in namespaces {
            namespaces::make(&processor, namespace).await?;
        }
        let scheduler = {
            let clock = processor.clone();
            tokio::spawn(klamm_scheduler::run(processor.clone(), move || clock.log_now()))
        };
        let gateway = Arc::new(Gateway::new(processor.clone(), Arc::new(index), gateway));
        let inspector = Inspector::new(processor.clone(), log, config.topics);
        let routes = klamm_gateway::routes(gateway, |routes| {
            routes.add_service(InspectServer::new(inspector));
        });
        let routes = routes.await.map_err(|error| SetupError::new("serving gRPC", error, "this is a bug in klamm, please report it"))?;
        Ok((Owned { processor, committer, sender, scheduler }, routes))
    }
}

impl Owned {
    /// The processor.
    pub fn processor(&self) -> &Arc<Processor> {
        &self.processor
    }

    /// Stops: no new commands; what waits is committed while the partitions are still owned; the store is flushed; calls that still wait
    /// end Unavailable.
    pub async fn stop(self) {
        self.scheduler.abort();
        self.processor.close();
        let committer = self.committer;
        // It joins its thread, which commits.
        let _ = tokio::task::spawn_blocking(move || drop(committer)).await;
        self.sender.abort();
        self.processor.lose("klamm is shutting down.".to_owned());
    }
}
