//! `klamm dev`: every role in one process, over the embedded log.

use std::{collections::BTreeSet, process::ExitCode, sync::Arc, time::Duration};

use klamm_engine::Purpose;
use klamm_log::{EmbeddedLog, Error as LogError, SystemClock, embedded::Settings as LogSettings};
use klamm_machine::stream_queue::{Format, StreamQueue};
use klamm_messages::temporal::enums::v1::IndexedValueType;
use klamm_store::{Settings as StoreSettings, Store};
use klamm_supervise::Supervisor;
use klamm_visibility::{Index, Location};

use crate::{
    cli::DevOptions,
    config::{
        Config, LogFormat, Namespace, Openlineage, Outcomes, Publish, Requests, Tasks, check_stream_queues, checked_destination, topic_name,
    },
    logging,
    node::{
        alone::{self, Parts, ServerOptions},
        data_dir,
        descriptors::{self, Budget, LogKind},
        namespaces::NamespaceToMake,
    },
    setup_error::SetupError,
};

/// Prefix of all topics.
const PREFIX: &str = "klamm.";
/// Namespace of topics in OpenLineage events. There is no broker by whose address they could be known.
const EMBEDDED_DATASETS: &str = "klamm://embedded";
/// Retention of namespaces that are made at start, as in Temporal's dev server.
const RETENTION: Duration = Duration::from_secs(24 * 3600);

/// Runs until SIGINT or SIGTERM.
pub async fn run(options: DevOptions) -> Result<ExitCode, SetupError> {
    logging::start(&options.log_level, LogFormat::Text, "--log-level")?;
    if !options.partitions.is_power_of_two() || options.partitions > 1024 {
        let problem = format!("{} is not a power of two up to 1024", options.partitions);
        return Err(SetupError::new("reading --partitions", problem, "use 1, 2, 4, 8, 16, …"));
    }
    let search_attributes = options.search_attributes.iter().map(|text| search_attribute(text)).collect::<Result<Vec<_>, _>>()?;
    let mut names = vec!["default".to_owned()];
    names.extend(options.namespaces.iter().filter(|name| *name != "default").cloned());
    let config = config(&options, &names)?;
    let namespaces = names
        .into_iter()
        .map(|name| NamespaceToMake { name, retention: RETENTION, search_attributes: search_attributes.clone() })
        .collect();
    let budget = Budget::of(descriptors::raise(), LogKind::Embedded, 0)?;
    let parts = if options.in_memory { in_memory(&options)? } else { on_disk(&options, &budget)? };
    let options = ServerOptions {
        ip: options.ip,
        port: options.port,
        http_port: options.http_port,
        http_hosts: options.http_hosts,
        http_origins: options.http_origins,
        config,
        namespaces,
        store_name: "klamm",
        doors: budget.doors(klamm_connections::Settings::default()),
        inspect: options.inspect,
    };
    alone::run(options, parts).await?;
    Ok(ExitCode::SUCCESS)
}

fn in_memory(options: &DevOptions) -> Result<Parts, SetupError> {
    let failed = |error: String| SetupError::new("starting in memory", error, "free some memory");
    let supervisor = Supervisor::default();
    let settings = LogSettings { fsync: options.fsync, supervisor: supervisor.clone(), ..LogSettings::default() };
    Ok(Parts {
        log: Arc::new(EmbeddedLog::in_memory(Arc::new(SystemClock), settings).map_err(|error| failed(error.to_string()))?),
        store: Arc::new(Store::in_memory(&StoreSettings::default()).map_err(|error| failed(error.to_string()))?),
        index: Index::open(Location::Memory).map_err(|error| failed(error.to_string()))?,
        verify_dir: None,
        supervisor,
        clock: Arc::new(SystemClock),
    })
}

fn on_disk(options: &DevOptions, budget: &Budget) -> Result<Parts, SetupError> {
    let dir = &options.data_dir;
    let hint = "use another --data-dir, stop the klamm that uses this one, or free some disk";
    let failed = |what: &str, error: String| SetupError::new(format!("opening {what} in {}", dir.display()), error, hint);
    std::fs::create_dir_all(dir).map_err(|error| failed("the data directory", error.to_string()))?;
    let supervisor = Supervisor::default();
    let settings = LogSettings {
        fsync: options.fsync,
        salvage: options.salvage,
        open_files_max: budget.tables,
        supervisor: supervisor.clone(),
        ..LogSettings::default()
    };
    let log = EmbeddedLog::open(dir.join("log"), Arc::new(SystemClock), settings).map_err(|error| match error {
        LogError::Corrupt { .. } => {
            let hint = "restore the directory from a copy, or start once with --salvage: that keeps what stands before the damage";
            SetupError::new(format!("opening the log in {}", dir.display()), error, hint)
        }
        error => failed("the log", error.to_string()),
    })?;
    let store = data_dir::store(&dir.join("store"), budget).map_err(|error| failed("the store", error.to_string()))?;
    let path = dir.join("visibility.sqlite");
    let index = Index::open(Location::File(path)).map_err(|error| failed("the visibility index", error.to_string()))?;
    let (log, store) = (Arc::new(log), Arc::new(store));
    Ok(Parts { log, store, index, verify_dir: Some(data_dir::verify_dir(dir)), supervisor, clock: Arc::new(SystemClock) })
}

/// The configuration that the options stand for: they hold for all these namespaces. Requests are answered on the topic of outcomes.
fn config(options: &DevOptions, names: &[String]) -> Result<Config, SetupError> {
    let requests = options.requests || !options.stream_queues.is_empty();
    let outcomes = options.outcomes || requests;
    let wrong_queues =
        |problem| SetupError::new("reading --stream-queue", problem, "give names and patterns such as billing, ship-* and ship-*=avro");
    let declared = options.stream_queues.iter().map(|text| StreamQueue::parse(text, Format::Json));
    let declared = declared.collect::<Result<Vec<_>, _>>().map_err(wrong_queues)?;
    for destination in &options.destinations {
        named(destination)?;
    }
    let mut config = Config::of_limits(&options.limits)?;
    PREFIX.clone_into(&mut config.kafka.topic_prefix);
    config.kafka.partitions = options.partitions;
    let datasets = || Openlineage { dataset_namespace: EMBEDDED_DATASETS.to_owned(), ..Openlineage::default() };
    let mut topics = BTreeSet::new();
    for name in names {
        let limits = config.limits.clone();
        let namespace = config.namespaces.entry(name.clone()).or_insert_with(|| Namespace { limits, ..Namespace::default() });
        namespace.requests = requests.then(Requests::default);
        namespace.outcomes = outcomes.then(Outcomes::default);
        namespace.openlineage = options.openlineage.then(datasets);
        let queues = options.stream_queues.clone();
        namespace.tasks = (!queues.is_empty()).then(|| Tasks { queues, ..Tasks::default() });
        let published = options.destinations.clone();
        namespace.publish = (!published.is_empty()).then(|| Publish { topics: published, ..Publish::default() });
        // Outcomes may be there only because of others, which are what was asked for.
        let mut all: Vec<_> = namespace.topics(name).collect();
        all.sort_by_key(|topic| topic.purpose == Purpose::Outcomes);
        for topic in all {
            let option = match topic.purpose {
                Purpose::Outcomes => "--outcomes",
                Purpose::Requests => "--requests",
                Purpose::Lineage => "--openlineage",
                Purpose::Tasks => "--stream-queue",
            };
            let wrong = |problem| {
                let hint = "give namespaces and task queues names of letters, digits, '.', '_' and '-', each once, or leave the option out";
                SetupError::new(format!("reading {option}"), problem, hint)
            };
            topic_name(&topic.name.replace('*', "")).map_err(wrong)?;
            if topic.name.ends_with('.') || !topics.insert(topic.name.clone()) {
                return Err(wrong(format!("{:?} is no name of a topic, or is there twice", topic.name)));
            }
        }
    }
    let of_all = |name| (name, declared.iter().map(|queue| queue.name).collect());
    check_stream_queues(names.iter().map(String::as_str).map(of_all)).map_err(|(_, problem)| wrong_queues(problem))?;
    Ok(config)
}

/// A topic for workflows to publish on.
fn named(text: &str) -> Result<(String, String), SetupError> {
    let hint = "write --publish invoices=shop.invoices, or --publish shop.invoices";
    checked_destination(text).map_err(|problem| SetupError::new("reading --publish", problem, hint))
}

/// `Name=Type`.
fn search_attribute(text: &str) -> Result<(String, IndexedValueType), SetupError> {
    let hint = "write --search-attribute Name=Type with Text, Keyword, Int, Double, Bool, Datetime or KeywordList";
    let wrong = || SetupError::new("reading --search-attribute", format!("{text:?} is not Name=Type"), hint);
    let (name, value_type) = text.split_once('=').ok_or_else(wrong)?;
    let value_type = match value_type.to_ascii_lowercase().as_str() {
        "text" => IndexedValueType::Text,
        "keyword" => IndexedValueType::Keyword,
        "int" => IndexedValueType::Int,
        "double" => IndexedValueType::Double,
        "bool" => IndexedValueType::Bool,
        "datetime" => IndexedValueType::Datetime,
        "keywordlist" => IndexedValueType::KeywordList,
        _ => return Err(wrong()),
    };
    if name.is_empty() { Err(wrong()) } else { Ok((name.to_owned(), value_type)) }
}
