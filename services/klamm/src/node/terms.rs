//! What a configuration says of namespaces, as the parts of a process take it.

use std::collections::BTreeMap;

use klamm_engine::Topics;
use klamm_gateway::Limits;
use klamm_log::ShareGroup;

use crate::config::{Config, Declared, Namespace};

/// Topics and limits.
#[derive(Clone)]
pub struct Terms {
    /// Names and settings of all topics.
    pub topics: Topics,
    /// The limits of namespaces that have none of their own.
    pub limits: Limits,
    /// Those of the others, with what their workflows may use.
    pub namespace_limits: BTreeMap<String, Limits>,
    /// Share groups of stream task queues.
    pub share_groups: Vec<ShareGroup>,
}

impl Terms {
    /// The terms of a configuration that has been checked.
    pub fn of(config: &Config) -> Self {
        // These stand in other sections.
        let complete = |limits: &Limits| Limits { schedule_audit_retention: config.server.schedule_audit_retention.0, ..limits.clone() };
        let of_namespace = |name: &str, of: &Namespace| {
            let outcomes = of.outcomes.as_ref().map(|outcomes| outcomes.types.clone()).unwrap_or_default();
            let (prefix, brokers) = (&config.kafka.topic_prefix, &config.kafka.bootstrap_servers);
            let lineage = of.openlineage.as_ref().map(|lineage| lineage.settings(name, prefix, brokers));
            Limits { outcomes, stream_queues: of.stream_queues(), destinations: of.destinations(), lineage, ..complete(&of.limits) }
        };
        Self {
            topics: config.topics(),
            limits: complete(&config.limits),
            namespace_limits: config.namespaces.iter().map(|(name, of)| (name.clone(), of_namespace(name, of))).collect(),
            share_groups: config.share_groups(),
        }
    }

    /// The terms of a configuration with these declarations. What cannot be used of them is told, and left out.
    pub fn with(config: &Config, declared: &Declared) -> Self {
        let (config, wrong) = config.with_declared(declared);
        for (namespace, why) in wrong {
            tracing::error!(namespace, reason = why, "the declared topics of the namespace cannot be used any more, and do not count");
        }
        Self::of(&config)
    }
}
