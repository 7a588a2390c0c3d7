//! The binary from outside: starts, answers, stops cleanly, keeps its data, and says what is wrong with its options.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

const KLAMM: &str = env!("CARGO_BIN_EXE_klamm");

/// A running `klamm dev` on free ports.
struct Server {
    child: Child,
    grpc: String,
    http: String,
}

impl Server {
    fn start(options: &[&str]) -> Self {
        let mut child = Command::new(KLAMM)
            .args(["dev", "--port", "0", "--http-port", "0"])
            .args(options)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("klamm starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut address = |name: &str| {
            let line = lines.by_ref().map(|line| line.expect("a line")).find(|line| line.starts_with(name)).expect("an address");
            line.split_whitespace().nth(1).expect("an address").trim_start_matches("http://").to_owned()
        };
        let grpc = address("gRPC:");
        let http = address("HTTP:");
        Self { child, grpc, http }
    }

    fn get(&self, path: &str) -> String {
        self.get_as(path, "*/*")
    }

    fn get_as(&self, path: &str, accept: &str) -> String {
        let mut stream = TcpStream::connect(&self.http).expect("a connection");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: klamm\r\nAccept: {accept}\r\nConnection: close\r\n\r\n").expect("a request");
        let mut response = String::new();
        stream.read_to_string(&mut response).expect("a response");
        response
    }

    fn ask(&self, arguments: &[&str]) -> Output {
        Command::new(KLAMM).args(arguments).args(["--address", &self.grpc]).output().expect("klamm runs")
    }

    /// SIGTERM, and the exit code.
    fn stop(mut self) -> Option<i32> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("it runs");
        self.child.wait().expect("it ends").code()
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_server_answers_and_stops_cleanly_on_sigterm() {
    let server = Server::start(&["--in-memory", "--namespace", "shop", "--search-attribute", "Colour=Keyword"]);
    for (path, body) in [("/healthz", "\r\n\r\nok\n"), ("/livez", "\r\n\r\nok\n"), ("/readyz", "\r\n\r\nrole: owner\n")] {
        let answer = server.get(path);
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with(body), "{answer}");
    }
    let answer = server.get_as("/readyz", "application/json");
    assert!(answer.ends_with(r#"{"live":true,"ready":true,"reasons":[],"role":"owner"}"#), "{answer}");
    let metrics = server.get("/metrics");
    for line in [
        r#"klamm_panics_total{part="committer"} 0"#,
        r#"klamm_parts_running{part="scheduler"} 8"#,
        r#"klamm_parts_running{part="log-housekeeper"} 1"#,
        r#"klamm_health_reasons{severity="failure"} 0"#,
    ] {
        assert!(metrics.lines().any(|known| known == line), "{line} is missing: {metrics}");
    }

    let schema = server.get("/subjects/klamm.history-value/versions/latest");
    assert!(schema.starts_with("HTTP/1.1 200") && schema.contains("klamm.v1") && schema.contains("vnd.schemaregistry"), "{schema}");

    let topics = text(&server.ask(&["topics", "list"]));
    for topic in ["klamm.commands", "klamm.history", "klamm.visibility", "klamm.cluster"] {
        assert!(topics.contains(topic), "{topics}");
    }
    let described = text(&server.ask(&["topics", "describe", "history"]));
    assert!(described.contains("klamm.v1.HistoryRecord"), "{described}");
    let commands = text(&server.ask(&["topics", "cat", "commands", "--partition", "0", "--json"]));
    assert!(commands.lines().any(|line| line.contains("register_namespace") && line.contains("shop")), "{commands}");
    assert!(commands.lines().any(|line| line.contains("Colour")), "{commands}");

    let verified = server.ask(&["verify"]);
    assert!(verified.status.success(), "{}", text(&verified));
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn namespaces_have_topics_of_their_own_where_they_are_asked_for() {
    let server = Server::start(&["--in-memory", "--partitions", "2", "--namespace", "shop", "--stream-queue", "x", "--stream-queue", "y"]);
    let topics = text(&server.ask(&["topics", "list"]));
    for topic in [
        "klamm.outcomes.default",
        "klamm.outcomes.shop",
        "klamm.requests.default",
        "klamm.requests.shop",
        "klamm.tasks.default.x",
        "klamm.tasks.shop.y",
    ] {
        assert!(topics.contains(topic), "{topics}");
    }
    let described = text(&server.ask(&["topics", "describe", "outcomes.shop"]));
    assert!(described.contains("klamm.v1.Outcome") && described.contains("cleanup: delete"), "{described}");
    assert_eq!(server.stop(), Some(0));
    for (options, says) in
        [(["--namespace", "a b", "--requests"], "requests.a b"), (["--requests", "--stream-queue", "ship.*"], "\"ship.*\" has a '.'")]
    {
        let refused = Command::new(KLAMM).args(["dev", "--in-memory"]).args(options).output().expect("klamm runs");
        let error = String::from_utf8_lossy(&refused.stderr);
        assert!(refused.status.code() == Some(2) && error.contains(says) && error.contains("hint: "), "{error}");
    }
}

#[test]
fn data_survives_a_restart_and_a_lost_store() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().to_str().expect("a path");
    let cluster = |server: &Server| text(&server.ask(&["topics", "cat", "cluster", "--json"]));
    let server = Server::start(&["--data-dir", data, "--namespace", "kept"]);
    // Outputs are committed a moment after the commands; a clean stop commits them all.
    assert_eq!(server.stop(), Some(0));
    let server = Server::start(&["--data-dir", data]);
    let before = cluster(&server);
    assert!(before.contains("\"kept\""), "{before}");
    assert_eq!(server.stop(), Some(0));

    std::fs::remove_dir_all(Path::new(data).join("store")).expect("the store goes");
    let server = Server::start(&["--data-dir", data, "--namespace", "kept"]);
    assert_eq!(cluster(&server), before, "the namespace is known: nothing is registered again");
    assert!(server.ask(&["verify"]).status.success());
    assert_eq!(server.stop(), Some(0));
}

/// The newest write-ahead log of the log.
fn write_ahead_log(data: &Path) -> std::path::PathBuf {
    let files = std::fs::read_dir(data.join("log")).expect("the log").map(|entry| entry.expect("an entry").path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "log")).max().expect("a write-ahead log")
}

#[test]
fn a_damaged_log_is_refused_with_a_hint_and_salvaged_on_request() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().to_str().expect("a path");
    let server = Server::start(&["--data-dir", data, "--namespace", "kept", "--namespace", "lost"]);
    assert_eq!(server.stop(), Some(0));
    let log = write_ahead_log(dir.path());
    let mut bytes = std::fs::read(&log).expect("the file");
    let at = bytes.windows(4).rposition(|window| window == b"lost").expect("it was written");
    bytes[at] ^= 0x20;
    std::fs::write(&log, &bytes).expect("the file");

    let refused = Command::new(KLAMM).args(["dev", "--port", "0", "--http-port", "0", "--data-dir", data]).output().expect("klamm runs");
    let error = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{error}");
    assert!(error.contains("the log is damaged") && error.contains("acknowledged changes") && error.contains("--salvage"), "{error}");
    assert_eq!(std::fs::read(&log).expect("the file"), bytes, "nothing was changed");

    // The store and the list index have seen what is gone: they are made anew.
    let server = Server::start(&["--data-dir", data, "--salvage"]);
    assert!(server.get("/healthz").starts_with("HTTP/1.1 200"));
    let verified = server.ask(&["verify"]);
    assert!(verified.status.success(), "{}", text(&verified));
    assert!(text(&server.ask(&["topics", "cat", "commands", "--json"])).contains("kept"));
    assert_eq!(server.stop(), Some(0));
    let server = Server::start(&["--data-dir", data, "--namespace", "again"]);
    assert!(server.ask(&["verify"]).status.success());
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_store_of_another_log_is_thrown_away_and_a_log_is_no_place_for_serve() {
    let dir = tempfile::tempdir().expect("a directory");
    let (ours, theirs) = (dir.path().join("ours"), dir.path().join("theirs"));
    let (ours, theirs) = (ours.to_str().expect("a path"), theirs.to_str().expect("a path"));
    for (data, namespace) in [(ours, "mine"), (theirs, "foreign")] {
        assert_eq!(Server::start(&["--data-dir", data, "--namespace", namespace]).stop(), Some(0));
    }
    // Another log's copies under our log.
    for copy in ["store", "visibility.sqlite"] {
        let (from, to) = (Path::new(theirs).join(copy), Path::new(ours).join(copy));
        let cleared = if to.is_dir() { std::fs::remove_dir_all(&to) } else { std::fs::remove_file(&to) };
        cleared.expect("it goes");
        std::fs::rename(from, to).expect("it comes");
    }
    let server = Server::start(&["--data-dir", ours]);
    assert!(server.ask(&["verify"]).status.success(), "nothing of the other log is left");
    let cluster = text(&server.ask(&["topics", "cat", "cluster", "--json"]));
    assert!(cluster.contains("\"mine\"") && !cluster.contains("\"foreign\""), "{cluster}");
    assert_eq!(server.stop(), Some(0));

    let serve = Command::new(KLAMM)
        .args(["serve"])
        .envs([("KLAMM_SERVER__DATA_DIR", ours), ("KLAMM_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")])
        .envs([("KLAMM_SERVER__PORT", "0"), ("KLAMM_SERVER__HTTP_PORT", "0")])
        .output()
        .expect("klamm runs");
    let error = String::from_utf8_lossy(&serve.stderr);
    assert_eq!(serve.status.code(), Some(2), "{error}");
    assert!(error.contains("holds a log") && error.contains("hint: "), "{error}");
}

#[test]
fn wrong_options_are_one_clear_error_with_a_hint_and_exit_code_2() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("file");
    std::fs::write(&file, "no directory").expect("a file");
    let file = file.to_str().expect("a path");
    for (options, says) in [
        (&["dev", "--in-memory", "--partitions", "6"][..], "6 is not a power of two"),
        (&["dev", "--in-memory", "--search-attribute", "Colour"], "is not Name=Type"),
        (&["dev", "--in-memory", "--search-attribute", "Colour=Paint"], "is not Name=Type"),
        (&["dev", "--in-memory", "--log-level", "a=b=c"], "--log-level"),
        (&["dev", "--data-dir", file], "the data directory"),
        (&["dev", "--in-memory", "--limit", "signals"], "--limit signals: it is not KEY=VALUE"),
        (&["dev", "--in-memory", "--limit", "signal=5"], "did you mean signals?"),
        (&["dev", "--in-memory", "--limit", "signals=many"], "--limit signals=many"),
        (&["dev", "--in-memory", "--limit", "command_bytes=6MiB"], "limits.command_bytes"),
        (&["dev", "--in-memory", "--limit", "namespaces.orders.limits.message_bytes=5"], "there is no such setting"),
        (&["dev", "--in-memory", "--log-level", "loud"], "\"loud\" is no level"),
    ] {
        let output = Command::new(KLAMM).args(options).output().expect("klamm runs");
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{options:?}: {error}");
        assert!(error.contains(says) && error.contains("hint: "), "{options:?}: {error}");
    }
}

#[test]
fn a_taken_port_and_a_taken_data_directory_are_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().to_str().expect("a path");
    let server = Server::start(&["--data-dir", data]);
    let port = server.grpc.rsplit(':').next().expect("a port").to_owned();
    for (options, says) in [(vec!["--in-memory", "--port", &port], "--port"), (vec!["--data-dir", data, "--port", "0"], "in use")] {
        let output = Command::new(KLAMM).args(["dev", "--http-port", "0"]).args(&options).output().expect("klamm runs");
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{options:?}: {error}");
        assert!(error.contains(says), "{options:?}: {error}");
    }
    assert_eq!(server.stop(), Some(0));
}
