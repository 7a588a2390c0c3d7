//! The binary from outside: starts, answers, stops cleanly, keeps its data, and says what is wrong with its options.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

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
        let mut stream = TcpStream::connect(&self.http).expect("a connection");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: klamm\r\nConnection: close\r\n\r\n").expect("a request");
        let mut response = String::new();
        stream.read_to_string(&mut response).expect("a response");
        response
    }

    fn ask(&self, arguments: &[&str]) -> Output {
        Command::new(KLAMM).args(arguments).args(["--address", &self.grpc]).output().expect("klamm runs")
    }

    /// SIGTERM, and the exit code.
    fn stop(mut self) -> Option<i32> {
        let killed = Command::new("kill").arg(self.child.id().to_string()).status().expect("kill runs");
        assert!(killed.success());
        self.child.wait().expect("it ends").code()
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_server_answers_and_stops_cleanly_on_sigterm() {
    let server = Server::start(&["--in-memory", "--namespace", "shop", "--search-attribute", "Colour=Keyword"]);
    assert!(server.get("/healthz").starts_with("HTTP/1.1 200"));
    assert!(server.get("/metrics").starts_with("HTTP/1.1 200"));

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
        (&["verify", "--address", "127.0.0.1:1"], "connecting to 127.0.0.1:1"),
        (&["topics", "list", "--address", "127.0.0.1:1"], "start klamm"),
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
