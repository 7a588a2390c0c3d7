//! Commands of the cluster; they go to partition 0.

use klamm_messages::klamm::v1::{ClusterCommand, Command, cluster_command, command::Body};

use crate::settings::DECISION_VERSION;

/// A command of the cluster about `name`.
pub(super) fn command(name: &str, command: cluster_command::Command) -> Command {
    Command {
        version: DECISION_VERSION,
        workflow_id: name.to_owned(),
        body: Some(Body::Cluster(ClusterCommand { command: Some(command) })),
        ..Command::default()
    }
}
