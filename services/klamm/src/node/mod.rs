//! A process of a cluster on Kafka: it stands by or owns the partitions, and its gRPC API answers in both cases.
//!
//! ```text
//!             all partitions folded, nobody owns            take-over records, fencing, fold, replay
//!   standby ────────────────────────────────────▶ bidding ────────────────────────────────────────▶ owner
//!      ▲  folds; forwards calls to the owner         │ failed                                          │
//!      └───────────────────────────────────────────◀─┴──────────────◀── overtaken, fenced ◀────────────┘
//! ```
//! [`beats`] tells who lives and owns, [`standby`] keeps the store warm, [`front`] answers or forwards, [`crate::owned`] is what an owner
//! runs.

pub mod beats;
pub mod front;
pub mod standby;

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use klamm_engine::{Topics, partition::DECISION_VERSION};
use klamm_gateway::Config as GatewayConfig;
use klamm_log::Log;
use klamm_members::{Members, PROCESSOR, Standing};
use klamm_messages::klamm::v1::Member;
use klamm_processor::{Config as ProcessorConfig, Intervals, Lease};
use klamm_store::Store;
use klamm_visibility::Index;
use tokio::{net::TcpListener, sync::watch};
use tonic::service::Routes;

use crate::{
    feeding,
    namespaces::NamespaceToMake,
    owned::{self, Owned},
    server::wait_for,
    setup_error::SetupError,
};

use beats::Beats;
use front::{Front, Role};
use standby::Standby;

/// How long a process whose take-over failed lets others try first.
const UNABLE: Duration = Duration::from_secs(5);

/// How a process of a cluster is set up.
#[derive(Clone)]
pub struct NodeOptions {
    /// Names of the topics and number of partitions.
    pub topics: Topics,
    /// `host:port` by which other members reach this one's gRPC API.
    pub advertised_address: String,
    /// Directory of the store, for words.
    pub store_dir: PathBuf,
    /// Namespaces to make where they are missing.
    pub namespaces: Vec<NamespaceToMake>,
    /// Batches, transactions and what is kept.
    pub intervals: Intervals,
    /// The processor's limits and the gateway's.
    pub uncommitted_commands_max: u64,
    /// See above.
    pub uncommitted_bytes_max: usize,
    /// The gateway's limits.
    pub limits: klamm_gateway::Limits,
}

/// What a process stands on once the log answers.
pub struct NodeParts {
    /// The log, its topics made or verified.
    pub log: Arc<dyn Log>,
    /// The store.
    pub store: Arc<Store>,
    /// The visibility index.
    pub index: Index,
}

/// What is going on, for `/healthz`: `None` when calls are answered, here or by the owner.
pub type Health = watch::Sender<Option<String>>;

/// Serves gRPC with the front on a listener until `stopped`.
pub fn serve(front: &Front, listener: TcpListener, stopped: watch::Receiver<bool>) -> tokio::task::JoinHandle<Result<(), String>> {
    let routes = Routes::from(axum::Router::new().fallback_service(front.clone()));
    tokio::spawn(async move { klamm_gateway::serve(routes, listener, wait_for(stopped)).await.map_err(|error| error.to_string()) })
}

/// Stands by and owns in turns until `stopped`; then gives up in order.
pub async fn run(
    options: NodeOptions,
    parts: NodeParts,
    front: &Front,
    health: &Health,
    mut stopped: watch::Receiver<bool>,
) -> Result<(), SetupError> {
    let member = uuid::Uuid::new_v4().to_string();
    let lease = Lease::ended();
    let me = Member {
        member: member.clone(),
        address: options.advertised_address.clone(),
        roles: vec![PROCESSOR.to_owned()],
        lowest_decision_version: 1,
        highest_decision_version: DECISION_VERSION,
        ..Member::default()
    };
    let members = Members::new(me, options.topics.partitions);
    let standby = Standby::start(&options, &parts)?;
    let feeder = feeding::feed(&parts.log, &options.topics, parts.index.clone())?;
    let beats = Beats::start(members, parts.log.clone(), &options.topics, lease.clone())?;

    let result = loop {
        let bid = tokio::select! {
            biased;
            () = wait_for(stopped.clone()) => break Ok(()),
            bid = until_bid(&beats, &standby, front, health) => bid,
        };
        if let Err(error) = bid {
            break Err(error);
        }
        front.set(Role::Nobody("This process is taking the partitions over; try again.".to_owned()));
        let began = Instant::now();
        let (owned, routes) = match take_over(&options, &parts, &beats, &standby, &member, lease.clone()).await {
            Ok(taken) => taken,
            Err(error) => {
                tracing::error!(error = %error, "the partitions could not be taken over");
                let _ = health.send_replace(Some(error.to_string()));
                beats.set_standing(Standing::Unable);
                let _ = tokio::time::timeout(UNABLE, wait_for(stopped.clone())).await;
                beats.set_standing(Standing::Standby);
                standby.resume();
                continue;
            }
        };
        tracing::info!(took_ms = began.elapsed().as_millis() as u64, "this process owns the partitions");
        metrics::histogram!("klamm_take_over_seconds").record(began.elapsed().as_secs_f64());
        metrics::gauge!("klamm_owner").set(1.0);
        front.set(Role::Here(routes));
        let _ = health.send_replace(None);
        let stopping = own(&owned, health, &mut stopped).await;
        if stopping {
            front.set(Role::Nobody("klamm is shutting down.".to_owned()));
            owned.stop().await;
            break Ok(());
        }
        metrics::gauge!("klamm_owner").set(0.0);
        front.set(Role::Nobody("Another process is taking the partitions over; try again.".to_owned()));
        beats.set_standing(Standing::Standby);
        owned.stop().await;
        standby.resume();
    };
    feeder.abort();
    standby.stop();
    beats.leave();
    result
}

/// Waits until this process shall bid, and keeps the front pointed at the owner meanwhile.
async fn until_bid(beats: &Beats, standby: &Standby, front: &Front, health: &Health) -> Result<(), SetupError> {
    let mut changes = beats.changes();
    let mut progress = standby.progress();
    loop {
        if let Some(problem) = standby.problem() {
            return Err(problem);
        }
        let owner = beats.owner();
        let unhealthy = match &owner {
            Some(_) => None,
            None => Some("No process owns the partitions yet.".to_owned()),
        };
        health.send_if_modified(|known| {
            let changed = *known != unhealthy;
            *known = unhealthy;
            changed
        });
        match owner {
            Some(owner) => front.forward_to(&owner.address),
            None => front.set(Role::Nobody("No process owns the partitions yet; try again.".to_owned())),
        }
        if standby.is_warm() && beats.should_bid() {
            return Ok(());
        }
        tokio::select! {
            _ = changes.changed() => {}
            _ = progress.changed() => {}
        }
    }
}

/// Bids, recovers, and waits until nobody who matters can be unaware of it.
async fn take_over(
    options: &NodeOptions,
    parts: &NodeParts,
    beats: &Beats,
    standby: &Standby,
    member: &str,
    lease: Lease,
) -> Result<(Owned, Routes), SetupError> {
    beats.set_standing(Standing::Bidding);
    standby.pause().await;
    let config = ProcessorConfig {
        uncommitted_commands_max: options.uncommitted_commands_max,
        uncommitted_bytes_max: options.uncommitted_bytes_max,
        lease,
        ..ProcessorConfig::new(options.topics.clone(), member.to_owned())
    };
    let recovered = owned::recover(config, parts.log.clone(), parts.store.clone()).await?;
    let take_overs = recovered.processor.take_overs();
    beats.set_standing(Standing::Owner(take_overs.clone()));
    let mut changes = beats.changes();
    while !beats.all_have_read(&take_overs) {
        let _ = changes.changed().await;
    }
    let gateway = GatewayConfig {
        cluster_id: cluster_id(&options.topics),
        partition_count: options.topics.partitions,
        persistence_store: "klamm".to_owned(),
        address: options.advertised_address.clone(),
        limits: options.limits.clone(),
        ..GatewayConfig::default()
    };
    recovered.work(options.intervals.clone(), &options.namespaces, parts.index.clone(), gateway).await
}

/// The same for all processes of a cluster and after each take-over.
fn cluster_id(topics: &Topics) -> String {
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, topics.full("").as_bytes()).to_string()
}

/// While the partitions are owned; true when the process shall stop, false when they are lost.
async fn own(owned: &Owned, health: &Health, stopped: &mut watch::Receiver<bool>) -> bool {
    let mut look = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            biased;
            () = wait_for(stopped.clone()) => return true,
            () = owned.processor().ownership().until_lost() => return false,
            _ = look.tick() => {
                let failure = owned.processor().failure().or_else(|| owned.processor().ownership().check_lease().err().map(|error| error.to_string()));
                let _ = health.send_replace(failure);
            }
        }
    }
}
