//! Namespaces that must exist when a server is ready.

use std::{sync::Arc, time::Duration};

use klamm_machine::{Rejection, time::to_proto};
use klamm_messages::{
    klamm::v1::{AddSearchAttributes, ClusterCommand, Command, RegisterNamespace, cluster_command, command::Body},
    temporal::enums::v1::IndexedValueType,
};
use klamm_processor::{Backend, Processor, backend::Error as BackendError};

use crate::setup_error::SetupError;

/// A namespace that must exist.
#[derive(Debug, Clone)]
pub struct NamespaceToMake {
    /// Its name.
    pub name: String,
    /// Its retention, if it is made now.
    pub retention: Duration,
    /// Its custom search attributes.
    pub search_attributes: Vec<(String, IndexedValueType)>,
}

/// Registers the namespace and its search attributes if they are missing.
pub async fn make(processor: &Arc<Processor>, namespace: &NamespaceToMake) -> Result<(), SetupError> {
    let register = cluster_command::Command::RegisterNamespace(RegisterNamespace {
        name: namespace.name.clone(),
        id: uuid::Uuid::new_v4().to_string(),
        retention: Some(to_proto(namespace.retention)),
        ..RegisterNamespace::default()
    });
    if !processor.namespaces().contains_key(&namespace.name) {
        match submit(processor, &namespace.name, register).await {
            Ok(()) | Err(BackendError::Rejected(Rejection::NamespaceAlreadyExists(_) | Rejection::AlreadyExists(_))) => {}
            Err(error) => {
                return Err(SetupError::new(format!("registering namespace {}", namespace.name), error, "use another --namespace"));
            }
        }
    }
    if !processor.namespaces().contains_key(&namespace.name) {
        tracing::warn!(namespace = namespace.name, "the namespace is being deleted, so it could not be registered; start again later");
        return Ok(());
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
    processor.submit(Box::new(command)).await.map(drop)
}
