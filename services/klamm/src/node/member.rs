//! A process of a cluster on Kafka: it stands by or owns the partitions, and its gRPC API answers in both cases.
//!
//! ```text
//!             all partitions folded, nobody owns            take-over records, fencing, fold, replay
//!   standby ────────────────────────────────────▶ bidding ────────────────────────────────────────▶ owner
//!      ▲  folds; forwards calls to the owner         │ failed                                          │
//!      └───────────────────────────────────────────◀─┴──────────────◀── overtaken, fenced ◀────────────┘
//! ```
//! [`beats`](super::beats) says who lives and who owns. [`standby`](super::standby) keeps the store warm. [`front`](super::front) answers
//! or forwards. [`owned`](super::owned) is what an owner runs.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use klamm_engine::{Topics, partition::DECISION_VERSION};
use klamm_gateway::Config as GatewayConfig;
use klamm_log::ShareGroup;
use klamm_members::{Members, PROCESSOR, Standing};
use klamm_messages::klamm::v1::Member;
use klamm_processor::{Config as ProcessorConfig, Lease};
use klamm_supervise::{Health, Role as HealthRole, Severity};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tonic::service::Routes;

use crate::{
    config::Declared,
    node::{
        beats::Beats,
        declared,
        descriptors::Doors,
        feeding::{self, Pace},
        front::{Front, Role},
        giving_back,
        owned::{self, Owned},
        parts::{NodeOptions, NodeParts},
        progress, share_groups,
        standby::Standby,
        stopping::wait_for,
        terms::Terms,
        topics_watch,
    },
    setup_error::SetupError,
    telemetry::sources,
};

/// How long a process whose take-over failed lets others try first.
const UNABLE: Duration = Duration::from_secs(5);

const NO_OWNER: &str = "No process owns the partitions yet.";
const LEASE_ENDED: &str = "This process cannot tell for now whether it still owns the partitions: its beats do not come back from Kafka.";

/// Source of the reason that nobody owns the partitions.
const OWNER: &str = "owner";
/// Source of the reason that this process could not take them over.
const TAKE_OVER: &str = "take-over";
/// Source of the reason that this process's lease has ended.
const LEASE: &str = "lease";
/// A lease that has ended is reported only after this time. When it ends for a shorter time, calls just wait.
const LEASE_ENDED_FOR: Duration = Duration::from_secs(5);

/// The front as routes.
pub fn routes(front: &Front) -> Routes {
    Routes::from(axum::Router::new().fallback_service(front.clone()))
}

/// Serves gRPC with the front on a listener until `stopped`.
pub fn serve(front: &Front, listener: TcpListener, doors: Doors, stopped: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(klamm_gateway::serve(routes(front), listener, doors.grpc, doors.settings, wait_for(stopped)))
}

/// Stands by, takes over and owns, again and again until `stopped`. Then gives the partitions up in order.
pub async fn run(options: NodeOptions, parts: NodeParts, front: &Front, mut stopped: watch::Receiver<bool>) -> Result<(), SetupError> {
    let health = parts.supervisor.health();
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
    let feeder = feeding::feed(&parts.log, &options.topics, parts.index.clone(), Pace::Steady, &parts.supervisor)?;
    let giving_back = giving_back::give_back(&parts.supervisor);
    let topics_watcher = topics_watch::watch(&parts.log, &options.topics, &parts.supervisor);
    let beats = Beats::start(members, parts.beats_log.clone(), &options.topics, lease.clone(), &parts.supervisor)?;

    let result = loop {
        let bid = tokio::select! {
            biased;
            () = wait_for(stopped.clone()) => break Ok(()),
            bid = progress::tell_while(
                until_bid(&beats, &standby, front, health), || !standby.is_warm(), &options.topics, &parts.log, &parts.store
            ) => bid,
        };
        if let Err(error) = bid {
            break Err(error);
        }
        front.set(Role::Nobody("This process is taking the partitions over; try again.".to_owned()));
        let began = Instant::now();
        let Taken { owned, routes, declared, share_groups: groups } =
            match take_over(&options, &parts, &beats, &standby, &member, lease.clone()).await {
                Ok(taken) => taken,
                Err(error) => {
                    tracing::error!(error = %error, "the partitions could not be taken over");
                    health.report(TAKE_OVER, Severity::Failure, error.to_string());
                    beats.set_standing(Standing::Unable);
                    let _ = tokio::time::timeout(UNABLE, wait_for(stopped.clone())).await;
                    beats.set_standing(Standing::Standby);
                    standby.resume();
                    continue;
                }
            };
        tracing::info!(took_ms = began.elapsed().as_millis() as u64, "this process owns the partitions");
        metrics::histogram!("klamm_take_over_seconds").record(began.elapsed().as_secs_f64());
        parts.sources.add(sources::task_queues(Arc::downgrade(owned.processor())));
        parts.sources.add(sources::triggers(Arc::downgrade(owned.processor())));
        front.set(Role::Here(routes));
        health.clear(TAKE_OVER);
        health.set_role(HealthRole::Owner);
        health.clear(OWNER);
        let share_groups = share_groups::Watch::start(&parts.log, &groups, &parts.supervisor);
        let ended = own(&owned, &declared, health, &mut stopped).await;
        drop(share_groups);
        health.clear(LEASE);
        match ended {
            Ended::Stopping => {
                health.set_role(HealthRole::Stopping);
                front.set(Role::Nobody("klamm is shutting down.".to_owned()));
                owned.stop().await;
                break Ok(());
            }
            Ended::Declared => {
                tracing::info!("other topics are declared than before: the partitions are given up, and taken over with these");
                front.set(Role::Nobody(
                    "The partitions are taken over anew, with the topics that have been declared; try again.".to_owned(),
                ));
                // The declaration is committed while the partitions are still owned, so that the next owner knows it.
                owned.stop().await;
                beats.set_standing(Standing::Standby);
                standby.resume();
                continue;
            }
            Ended::Lost => {}
        }
        health.report(OWNER, Severity::Failure, NO_OWNER);
        health.set_role(HealthRole::Standby);
        front.set(Role::Nobody("Another process is taking the partitions over; try again.".to_owned()));
        beats.set_standing(Standing::Standby);
        owned.stop().await;
        standby.resume();
    };
    feeder.abort();
    topics_watcher.abort();
    giving_back.abort();
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
        // The front comes first: once health says that calls are answered, they must already go to the owner.
        match &owner {
            Some(owner) => front.forward_to(&owner.address),
            None => front.set(Role::Nobody("No process owns the partitions yet; try again.".to_owned())),
        }
        // This is reported before the role is set, because a standby without a known owner is not ready.
        health.set(OWNER, Severity::Failure, owner.is_none().then(|| NO_OWNER.to_owned()));
        if owner.is_some() {
            // The owner has managed the take-over that failed here, so the failure no longer matters.
            health.clear(TAKE_OVER);
        }
        health.set_role(HealthRole::Standby);
        if standby.is_warm() && beats.should_bid() {
            return Ok(());
        }
        tokio::select! {
            _ = changes.changed() => {}
            _ = progress.changed() => {}
        }
    }
}

/// Bids, recovers, and waits until all other processes that could act as an owner know of it ([`Members::all_have_read`]).
async fn take_over(
    options: &NodeOptions,
    parts: &NodeParts,
    beats: &Beats,
    standby: &Standby,
    member: &str,
    lease: Lease,
) -> Result<Taken, SetupError> {
    beats.set_standing(Standing::Bidding);
    standby.pause().await;
    let declared = declared::committed(&parts.log, &options.topics).await?;
    let Terms { topics, limits, namespace_limits, share_groups } = Terms::with(&options.config, &declared);
    options.subjects.set(topics.with_schemas());
    let config = ProcessorConfig {
        uncommitted_commands_max: options.uncommitted_commands_max,
        uncommitted_bytes_max: options.uncommitted_bytes_max,
        lease,
        supervisor: parts.supervisor.clone(),
        settings: klamm_requests::settings::configured(&limits),
        namespace_settings: klamm_requests::settings::of_namespaces(&namespace_limits),
        destinations: klamm_requests::settings::destinations(&namespace_limits),
        verify_dir: options.verify_dir.clone(),
        ..ProcessorConfig::new(topics, member.to_owned())
    };
    let recovered = owned::recover(config, parts.log.clone(), parts.store.clone()).await?;
    let take_overs = recovered.processor.take_overs();
    beats.set_standing(Standing::Owner(take_overs.clone()));
    let mut changes = beats.changes();
    while !beats.all_have_read(&take_overs) {
        let _ = changes.changed().await;
    }
    let gateway = GatewayConfig {
        // The next start would make them again.
        protected_namespaces: options.namespaces.iter().map(|namespace| namespace.name.clone()).collect(),
        cluster_id: cluster_id(&options.topics),
        partition_count: options.topics.partitions,
        persistence_store: "klamm".to_owned(),
        address: options.advertised_address.clone(),
        limits,
        namespace_limits,
        ..GatewayConfig::default()
    };
    let others = owned::Others { schemas: options.producers_schemas.clone(), makes_topics: false, config: options.config.clone() };
    let (owned, routes) =
        recovered.work(options.intervals.clone(), &options.namespaces, parts.index.clone(), gateway, others, options.inspect).await?;
    Ok(Taken { owned, routes, declared, share_groups })
}

/// The cluster's id. It is the same for all processes of a cluster, and stays the same after a take-over.
fn cluster_id(topics: &Topics) -> String {
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, topics.full("").as_bytes()).to_string()
}

/// What a take-over gives.
struct Taken {
    owned: Owned,
    routes: Routes,
    /// The declarations that count.
    declared: Declared,
    /// Share groups whose settings the owner writes.
    share_groups: Vec<ShareGroup>,
}

/// Why a process owns the partitions no longer.
enum Ended {
    /// It is to stop.
    Stopping,
    /// Others have them.
    Lost,
    /// Other topics are declared than those that it knows.
    Declared,
}

/// Waits while the partitions are owned, with these declared topics.
async fn own(owned: &Owned, declared: &Declared, health: &Health, stopped: &mut watch::Receiver<bool>) -> Ended {
    let mut look = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            biased;
            () = wait_for(stopped.clone()) => return Ended::Stopping,
            () = owned.processor().ownership().until_lost() => return Ended::Lost,
            () = declared::until_changed(owned.processor(), declared) => return Ended::Declared,
            _ = look.tick() => {
                let ended = owned.processor().ownership().lease_ended_for().is_some_and(|time| time >= LEASE_ENDED_FOR);
                health.set(LEASE, Severity::Failure, ended.then(|| LEASE_ENDED.to_owned()));
            }
        }
    }
}
