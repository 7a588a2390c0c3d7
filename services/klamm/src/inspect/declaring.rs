//! Declares topics of namespaces.

use std::{collections::BTreeMap, sync::Arc};

use klamm_api::klamm::v1::{Change, DeclaredTopicsInfo, ListDeclaredTopicsResponse};
use klamm_log::{Error as LogError, Log, TopicSpec};
use klamm_messages::klamm::v1::{ClusterCommand, Command, DeclareTopics, DeclaredTopics, cluster_command, command::Body};
use klamm_processor::{
    Backend, Processor,
    backend::{Error as BackendError, Reply},
};
use tonic::Status;

use super::asking::ask;
use crate::{
    config::{Config, Declared, Namespace, declares_nothing, read_declared},
    node::schemas,
};

/// What declarations of topics need of the process.
#[derive(Clone)]
pub struct Declaring {
    /// Takes the commands.
    pub processor: Arc<Processor>,
    /// Where the topics are.
    pub log: Arc<dyn Log>,
    /// The configuration, to which declarations are added.
    pub config: Arc<Config>,
    /// Topics of others that are missing are made: on the embedded log nobody else can make them.
    pub makes_topics: bool,
}

/// Declarations that can be used.
pub(super) struct Checked {
    /// What would change.
    pub(super) changes: Vec<Change>,
    /// What they come to, with all others.
    config: Config,
    /// Names and topics of their destinations.
    published: Vec<(String, String)>,
}

impl Declaring {
    fn known(&self) -> Arc<BTreeMap<String, DeclaredTopics>> {
        self.processor.declared_topics().borrow().clone()
    }

    /// All declarations.
    pub(super) fn list(&self) -> ListDeclaredTopicsResponse {
        let info = |state: &DeclaredTopics| DeclaredTopicsInfo {
            namespace: state.namespace.clone(),
            text: state.text.clone(),
            update_time: state.update_time,
        };
        ListDeclaredTopicsResponse { declared: self.known().values().map(info).collect() }
    }

    /// Checks the declarations, and says what would change.
    ///
    /// # Errors
    /// One of them is wrong.
    pub(super) fn check(&self, texts: &[String]) -> Result<Checked, Status> {
        let known = self.known();
        let mut declared: BTreeMap<String, (Namespace, &String)> = BTreeMap::new();
        for text in texts {
            let (name, namespace) = read_declared(text).map_err(|wrong| Status::invalid_argument(wrong.to_string()))?;
            if !declares_nothing(&namespace) && !self.processor.namespaces().contains_key(&name) {
                let problem = format!("topics_of: there is no namespace {name:?} (register it first)");
                return Err(Status::invalid_argument(problem));
            }
            if declared.insert(name.clone(), (namespace, text)).is_some() {
                return Err(Status::invalid_argument(format!("the topics of {name} are declared twice")));
            }
        }
        let others: Declared = known
            .values()
            .filter(|state| !declared.contains_key(&state.namespace))
            .map(|state| (state.namespace.clone(), state.text.clone()))
            .collect();
        // What was wrong before is told where it counts.
        let (mut config, _) = self.config.with_declared(&others);
        let (mut changes, mut published) = (Vec::new(), Vec::new());
        for (name, (namespace, text)) in declared {
            let before = known.get(&name).map(|state| state.text.clone());
            let is_gone = declares_nothing(&namespace);
            let change = match &before {
                None if is_gone => "unchanged",
                None => "created",
                Some(before) if before == text => "unchanged",
                Some(_) if is_gone => "deleted",
                Some(_) => "changed",
            };
            published.extend(namespace.published());
            config = config.and_declared(&name, namespace).map_err(|error| Status::invalid_argument(error.to_string()))?;
            let after = if is_gone { String::new() } else { text.clone() };
            changes.push(Change { kind: "topics".to_owned(), name, change: change.to_owned(), before: before.unwrap_or_default(), after });
        }
        Ok(Checked { changes, config, published })
    }

    /// Makes the topics that are missing, looks for those of others, registers schemas, and declares.
    ///
    /// # Errors
    /// A topic cannot be made or is missing, or the registry does not take the schemas: nothing is declared then.
    pub(super) async fn declare(&self, checked: &Checked) -> Result<(), Status> {
        let Checked { changes, config, published } = checked;
        let changes: Vec<_> = changes.iter().filter(|change| change.change != "unchanged").collect();
        if changes.is_empty() {
            return Ok(());
        }
        let (specs, makes, partitions) = (config.topics().specs(), self.makes_topics, config.kafka.partitions);
        let published = published.clone();
        let made = ask(&self.log, move |log| {
            log.ensure_topics(&specs).map_err(|error| error.to_string())?;
            for (name, topic) in published {
                let found = match log.topic(&topic) {
                    Err(LogError::UnknownTopic { .. }) if makes => {
                        let spec = TopicSpec { log_append_time: false, ..TopicSpec::kept(topic.as_str(), partitions) };
                        log.ensure_topics(&[spec])
                    }
                    other => other.map(drop),
                };
                found.map_err(|error| format!("destination {name:?}: {error}"))?;
            }
            Ok::<_, String>(())
        });
        made.await.map_err(Status::failed_precondition)?;
        schemas::register_more(config).await.map_err(|error| Status::failed_precondition(error.to_string()))?;
        for change in changes {
            let declare = DeclareTopics { namespace: change.name.clone(), text: change.after.clone() };
            let command = Command {
                version: 1,
                workflow_id: change.name.clone(),
                body: Some(Body::Cluster(ClusterCommand { command: Some(cluster_command::Command::DeclareTopics(declare)) })),
                ..Command::default()
            };
            match self.processor.submit(Box::new(command)).await {
                Ok(Reply::Cluster(_)) => {}
                Ok(_) => return Err(Status::internal("another answer than expected")),
                Err(BackendError::Rejected(rejection)) => return Err(Status::invalid_argument(rejection.to_string())),
                Err(error) => return Err(Status::unavailable(error.to_string())),
            }
        }
        Ok(())
    }
}
