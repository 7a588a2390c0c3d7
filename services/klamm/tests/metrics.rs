//! Metrics: what the catalogue says, the code counts, the docs tell, and the dashboard and the alerts ask for.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use klamm::telemetry::catalogue::{self, CATALOGUE, Kind, Metric};
use klamm_api::workflowservice::v1::{
    DescribeNamespaceRequest, PollWorkflowTaskQueueRequest, StartWorkflowExecutionRequest, workflow_service_client::WorkflowServiceClient,
};
use klamm_messages::temporal::{common::v1::WorkflowType, taskqueue::v1::TaskQueue};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn known() -> BTreeMap<&'static str, &'static Metric> {
    catalogue::metrics().map(|metric| (metric.name, metric)).collect()
}

#[test]
fn the_page_says_what_the_catalogue_says() {
    let mut page = String::from(HEAD);
    for section in CATALOGUE {
        page += &format!("\n## {}\n\n", section.title);
        if !section.about.is_empty() {
            page += &format!("{}\n\n", section.about);
        }
        page += "| metric | kind | unit | labels | |\n|---|---|---|---|---|\n";
        for metric in section.metrics {
            let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
            page +=
                &format!("| `{}` | {} | {} | {} | {} |\n", metric.name, metric.kind.name(), metric.unit, labels.join(", "), metric.meaning);
        }
    }
    if std::env::var_os("KLAMM_UPDATE_DOCS").is_some() {
        std::fs::write(root().join("docs/metrics.md"), &page).expect("the page is written");
    }
    let differs = "docs/metrics.md differs from services/klamm/src/telemetry/catalogue.rs: KLAMM_UPDATE_DOCS=1 writes it anew";
    assert_eq!(read("docs/metrics.md"), page, "{differs}");
}

/// How the page begins.
const HEAD: &str = "# Metrics

`http://HOST:8233/metrics` is Prometheus text. Times are in seconds, sizes in bytes. Histograms have buckets from 0.5 ms to one minute. A metric
that may stay 0 for long and whose labels are known exists from the start, so that an alert can tell 0 from a process that is gone.

klamm's own metrics begin with `klamm_`. Where Temporal's server has a metric of the same meaning, klamm also has one under Temporal's name and
labels. So dashboards made for Temporal's server show calls and task queues.

- [deploy/grafana/klamm.json](../deploy/grafana/klamm.json): a dashboard, to be imported into Grafana
- [deploy/prometheus/alerts.yml](../deploy/prometheus/alerts.yml): alert rules for Prometheus
";

/// Files of the code that is built into klamm, tests left out.
fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && !["tests", "examples", "target"].contains(&name) {
            sources(&path, found);
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

#[test]
fn whatever_the_code_counts_is_in_the_catalogue_and_the_other_way_round() {
    let mut files = Vec::new();
    for dir in ["crates", "services"] {
        sources(&root().join(dir), &mut files);
    }
    let mut counted = BTreeMap::new();
    let mut literals = BTreeSet::new();
    for file in files.iter().filter(|file| !file.ends_with("telemetry/catalogue.rs")) {
        let text = std::fs::read_to_string(file).expect("a file");
        // `counter!("name"`, and `labelled!(counter, "name"`.
        for (place, _) in text.match_indices('!') {
            let (before, after) = (&text[..place], &text[place + 1..]);
            let Some(arguments) = after.strip_prefix('(') else { continue };
            let macro_name = before.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
            let (kind, arguments) = match macro_name {
                "labelled" => arguments.split_once(',').unwrap_or_default(),
                name => (name, arguments),
            };
            if let Some(kind) = [Kind::Counter, Kind::Gauge, Kind::Histogram].into_iter().find(|known| known.name() == kind.trim())
                && let Some(name) = arguments.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next())
            {
                counted.insert(name.to_owned(), (kind, file.clone()));
            }
        }
        literals.extend(text.split('"').skip(1).step_by(2).map(str::to_owned));
        // A quotation mark in a comment or a character turns the pairs round.
        literals.extend(text.split('"').step_by(2).map(str::to_owned));
    }
    let known = known();
    assert!(counted.len() > 30, "{counted:?}");
    for (name, (kind, file)) in &counted {
        let metric = known.get(&**name).unwrap_or_else(|| panic!("{name} of {} is not in the catalogue", file.display()));
        assert_eq!(metric.kind, *kind, "{name}");
    }
    for name in known.keys().filter(|name| !name.starts_with("process_")) {
        assert!(literals.contains(*name), "{name} is counted nowhere");
    }
}

/// A running `klamm dev`.
struct Server {
    child: Child,
    grpc: String,
    http: String,
}

impl Server {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_klamm"))
            .args(["dev", "--in-memory", "--port", "0", "--http-port", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("klamm starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines().map(|line| line.expect("a line"));
        let mut address = |name: &str| {
            let line = lines.by_ref().find(|line| line.starts_with(name)).expect("an address");
            line.split_whitespace().nth(1).expect("an address").trim_start_matches("http://").to_owned()
        };
        let (grpc, http) = (address("gRPC:"), address("HTTP:"));
        Self { child, grpc, http }
    }

    /// Series by their names with labels.
    fn metrics(&self) -> Scrape {
        let mut stream = TcpStream::connect(&self.http).expect("a connection");
        write!(stream, "GET /metrics HTTP/1.1\r\nHost: klamm\r\nConnection: close\r\n\r\n").expect("a request");
        let mut response = String::new();
        stream.read_to_string(&mut response).expect("a response");
        Scrape::parse(&response)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What `/metrics` said.
#[derive(Debug, Default)]
struct Scrape {
    kinds: BTreeMap<String, String>,
    series: BTreeMap<String, f64>,
}

impl Scrape {
    fn parse(text: &str) -> Self {
        let mut scrape = Self::default();
        // Behind the headers of the answer.
        let body = text.split_once("\r\n\r\n").map_or(text, |(_, body)| body);
        for line in body.lines() {
            if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
                assert!(scrape.kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} comes twice");
            } else if let Some((series, value)) = line.rsplit_once(' ')
                && !line.starts_with('#')
                && let Ok(value) = value.parse()
            {
                scrape.series.insert(series.to_owned(), value);
            }
        }
        scrape
    }

    /// The only series of this name whose labels hold all of these.
    fn value(&self, name: &str, labels: &[&str]) -> Option<f64> {
        let fits = |series: &str| {
            let rest = series.strip_prefix(name)?;
            (rest.is_empty() || rest.starts_with('{')).then_some(())?;
            labels.iter().all(|label| rest.contains(label)).then_some(())
        };
        self.series.iter().find(|(series, _)| fits(series).is_some()).map(|(_, value)| *value)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_shows_its_metrics_by_their_names_kinds_and_labels() {
    let server = Server::start();
    // Some are made by parts that begin to run only then.
    let begun = std::time::Instant::now();
    for (name, labels) in [
        ("klamm_owner", &[][..]),
        ("klamm_partition_owned", &["partition=\"0\""]),
        ("klamm_partition_failed", &["partition=\"7\""]),
        ("klamm_commands_failed_total", &[]),
        ("klamm_fold_problems_total", &["topic=\"history\""]),
        ("klamm_wake_ups_total", &[]),
        ("klamm_build_info", &["version="]),
        ("process_cpu_seconds_total", &[]),
        ("process_resident_memory_bytes", &[]),
        ("process_open_fds", &[]),
        ("klamm_rocksdb_keys", &["db=\"log\""]),
        ("klamm_rocksdb_background_errors", &["db=\"store\""]),
        ("klamm_connections", &["listener=\"grpc\""]),
        ("klamm_connections_closed_total", &["listener=\"http\"", "reason=\"idle\""]),
    ] {
        while server.metrics().value(name, labels).is_none() {
            assert!(begun.elapsed().as_secs() < 30, "{name}{labels:?} is there from the start");
        }
    }
    let before = server.metrics();
    assert_eq!(before.value("klamm_partition_owned", &["partition=\"3\""]), Some(1.0));
    assert_eq!(before.value("klamm_partition_failed", &["partition=\"3\""]), Some(0.0));

    let mut client = WorkflowServiceClient::connect(format!("http://{}", server.grpc)).await.expect("a connection");
    let task_queue = Some(TaskQueue { name: "orders \"quoted\"".to_owned(), ..TaskQueue::default() });
    for number in 0..5 {
        let request = StartWorkflowExecutionRequest {
            namespace: "default".to_owned(),
            workflow_id: format!("order-{number}"),
            request_id: format!("request-{number}"),
            workflow_type: Some(WorkflowType { name: "order".to_owned() }),
            task_queue: task_queue.clone(),
            ..StartWorkflowExecutionRequest::default()
        };
        client.start_workflow_execution(request).await.expect("started");
    }
    let poll = PollWorkflowTaskQueueRequest {
        namespace: "default".to_owned(),
        task_queue,
        identity: "worker".to_owned(),
        ..PollWorkflowTaskQueueRequest::default()
    };
    let mut request = tonic::Request::new(poll);
    request.set_timeout(Duration::from_secs(20));
    client.poll_workflow_task_queue(request).await.expect("a task");
    let unknown = DescribeNamespaceRequest { namespace: "nowhere".to_owned(), ..DescribeNamespaceRequest::default() };
    client.describe_namespace(unknown).await.expect_err("there is none");

    let scrape = server.metrics();
    let start = ["operation=\"StartWorkflowExecution\"", "namespace=\"default\""];
    assert_eq!(scrape.value("service_requests", &start), Some(5.0), "{scrape:?}");
    assert_eq!(scrape.value("service_latency_count", &start), Some(5.0));
    assert_eq!(scrape.value("service_pending_requests", &start), Some(0.0));
    assert_eq!(scrape.value("service_errors", &start), Some(0.0));
    let wrong = ["operation=\"DescribeNamespace\"", "namespace=\"_unknown_\"", "error_type=\"serviceerror_NamespaceNotFound\""];
    assert_eq!(scrape.value("service_error_with_type", &wrong), Some(1.0));
    let queue = ["namespace=\"default\"", "taskqueue=\"orders \\\"quoted\\\"\"", "task_type=\"Workflow\""];
    assert_eq!(scrape.value("approximate_backlog_count", &queue), Some(4.0));
    assert_eq!(scrape.value("klamm_pollers", &queue), Some(1.0));
    assert_eq!(scrape.value("poll_success", &queue), Some(1.0));
    assert_eq!(scrape.value("task_schedule_to_start_latency_count", &queue), Some(1.0));
    assert!(scrape.value("approximate_backlog_age_seconds", &queue).is_some());

    let known = known();
    for (name, kind) in &scrape.kinds {
        let metric = known.get(&**name).unwrap_or_else(|| panic!("{name} is not in the catalogue"));
        assert_eq!(metric.kind.name(), kind, "{name}");
    }
    for series in scrape.series.keys() {
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let family =
            ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix)).filter(|name| known.contains_key(name));
        let metric = known[family.unwrap_or(name)];
        let labels: BTreeSet<_> = label_names(labels).into_iter().filter(|label| label != "le").collect();
        assert_eq!(labels, metric.labels.iter().map(|label| (*label).to_owned()).collect(), "{series}");
    }
}

/// Names of the labels in `a="…",b="…"}`.
fn label_names(mut labels: &str) -> Vec<String> {
    let mut names = Vec::new();
    while let Some((name, rest)) = labels.split_once("=\"") {
        names.push(name.trim_start_matches(',').to_owned());
        let mut escaped = false;
        let end = rest.find(|c: char| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        labels = &rest[end.expect("a label ends") + 1..];
    }
    names
}

/// What PromQL has besides metrics and labels.
const WORDS: [&str; 17] = [
    "sum",
    "max",
    "min",
    "by",
    "le",
    "rate",
    "increase",
    "histogram_quantile",
    "and",
    "or",
    "unless",
    "on",
    "ignoring",
    "label_values",
    "without",
    "avg",
    "count",
];

/// Names of metrics in an expression: identifiers outside of braces, brackets, quotes, and lists of labels.
fn metrics_in(expression: &str) -> BTreeSet<String> {
    let mut plain = String::new();
    let (mut braces, mut brackets) = (0, 0);
    let mut labels = false;
    for (place, character) in expression.char_indices() {
        match character {
            '{' => braces += 1,
            '}' => braces -= 1,
            '[' => brackets += 1,
            ']' => brackets -= 1,
            '(' => {
                labels =
                    ["by", "without", "on", "ignoring"].iter().any(|word| expression[..place].trim_end().ends_with(&format!(" {word}")))
            }
            ')' if labels => labels = false,
            _ if braces == 0 && brackets == 0 && !labels => {
                plain.push(character);
                continue;
            }
            _ => {}
        }
        plain.push(' ');
    }
    let identifier = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let names = plain.split(|c: char| !identifier(c)).filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()));
    names.filter(|name| !WORDS.contains(name)).map(str::to_owned).collect()
}

fn check_expression(place: &str, expression: &str) {
    let known = known();
    let names = metrics_in(expression);
    assert!(!names.is_empty(), "{place}: {expression}");
    for name in names {
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
        let is_histogram = family.and_then(|family| known.get(family)).is_some_and(|metric| metric.kind == Kind::Histogram);
        assert!(
            is_histogram || known.get(&*name).is_some_and(|metric| metric.kind != Kind::Histogram),
            "{place}: there is no metric {name}"
        );
    }
}

#[test]
fn the_dashboard_asks_for_metrics_that_there_are() {
    let board: serde_json::Value = serde_json::from_str(&read("deploy/grafana/klamm.json")).expect("JSON");
    let panels = board["panels"].as_array().expect("panels");
    let mut ids = BTreeSet::new();
    let mut targets = 0;
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().expect("an id")), "{panel}");
        for target in panel["targets"].as_array().into_iter().flatten() {
            check_expression(panel["title"].as_str().expect("a title"), target["expr"].as_str().expect("an expression"));
            targets += 1;
        }
    }
    assert!(targets > 50);
    for variable in board["templating"]["list"].as_array().expect("variables").iter().filter(|variable| variable["type"] == "query") {
        let definition = variable["definition"].as_str().expect("a definition");
        let (metric, label) = definition.trim_start_matches("label_values(").trim_end_matches(')').split_once(", ").expect("two arguments");
        check_expression("a variable", metric);
        assert!(label == "instance" || known()[metric].labels.contains(&label), "{definition}");
    }
}

/// The rules of the file, each with its keys; a nested key has its parent's before it. It holds plain scalars only, one per line, which is all of
/// YAML that it uses: anything else is an error here.
fn rules(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut rules: Vec<BTreeMap<String, String>> = Vec::new();
    let mut parent = String::new();
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let mut lines = lines.skip_while(|line| *line != "    rules:");
    assert_eq!(lines.next(), Some("    rules:"));
    for line in lines {
        let (key, value) =
            line.split_once(": ").or_else(|| line.strip_suffix(':').map(|key| (key, ""))).unwrap_or_else(|| panic!("{line}"));
        let begins_well = !value.starts_with(|c| "{}[]&*!|>'\"%@`#,?-".contains(c));
        assert!(begins_well && !value.contains(": ") && !value.contains(" #") && value.trim() == value, "not a plain scalar: {line}");
        match key.len() - key.trim_start().len() {
            6 => {
                assert_eq!(key, "      - alert", "{line}");
                rules.push(BTreeMap::from([("alert".to_owned(), value.to_owned())]));
            }
            8 if value.is_empty() => parent = key.trim().to_owned(),
            indentation => {
                let key = match indentation {
                    8 => key.trim().to_owned(),
                    10 => format!("{parent}.{}", key.trim()),
                    _ => panic!("indented otherwise: {line}"),
                };
                let rule = rules.last_mut().expect("a rule has begun");
                assert!(rule.insert(key, value.to_owned()).is_none(), "{line} comes twice");
            }
        }
    }
    rules
}

#[test]
fn the_alerts_ask_for_metrics_that_there_are() {
    let mut names = BTreeSet::new();
    for rule in rules(&read("deploy/prometheus/alerts.yml")) {
        let (name, expression) = (&rule["alert"], &rule["expr"]);
        assert!(names.insert(name.clone()), "{name} comes twice");
        check_expression(name, expression);
        assert!(["critical", "warning"].contains(&&*rule["labels.severity"]), "{name}");
        let keys = ["alert", "annotations.description", "annotations.summary", "expr", "for", "labels.severity"];
        assert!(rule.keys().all(|key| keys.contains(&&**key)), "{rule:?}");
        for text in ["annotations.summary", "annotations.description"] {
            // Labels that a text names are those of a metric in the expression.
            for label in rule[text].split("$labels.").skip(1).filter_map(|rest| rest.split(' ').next()) {
                let has = metrics_in(expression).iter().any(|name| {
                    let family = name.strip_suffix("_bucket").unwrap_or(name);
                    known().get(family).is_some_and(|metric| metric.labels.contains(&label))
                });
                assert!(has, "{name}: {label}");
            }
        }
    }
    assert!(names.len() > 10);
}

#[test]
fn promtool_takes_the_alerts_where_it_is_installed() {
    let rules = root().join("deploy/prometheus/alerts.yml");
    match Command::new("promtool").arg("check").arg("rules").arg(&rules).output() {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => eprintln!("promtool is not installed ({error}): its part of the check is left to machines that have it"),
    }
}
