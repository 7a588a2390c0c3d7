//! `klamm serve` before it has anything to work with: what it waits for, and what it gives up on.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

const KLAMM: &str = env!("CARGO_BIN_EXE_klamm");
/// Where nobody listens.
const NOBODY: &str = "127.0.0.1:1";

/// `klamm serve` on free ports, with these settings.
fn serve(name: &str, variables: &[(&str, &str)]) -> Child {
    let data = format!("{}/serve-{name}", env!("CARGO_TARGET_TMPDIR"));
    Command::new(KLAMM)
        .arg("serve")
        .env_clear()
        .envs([("KLAMM_SERVER__PORT", "0"), ("KLAMM_SERVER__HTTP_PORT", "0"), ("KLAMM_SERVER__DATA_DIR", &data)])
        .env("KLAMM_KAFKA__BOOTSTRAP_SERVERS", NOBODY)
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("klamm starts")
}

/// A registry that answers every request with this.
fn registry(status: &'static str, body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 1 << 20];
            let _ = stream.read(&mut request);
            let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
        }
    });
    format!("http://{address}")
}

/// Where HTTP is, once klamm has said it.
fn http(child: &mut Child) -> String {
    let output = BufReader::new(child.stdout.take().expect("its output"));
    let line = output.lines().map_while(Result::ok).find(|line| line.starts_with("HTTP:")).expect("an address");
    line.split_whitespace().nth(1).expect("an address").trim_start_matches("http://").to_owned()
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("a connection");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: klamm\r\nConnection: close\r\n\r\n").expect("a request");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("a response");
    response
}

#[test]
fn a_registry_that_refuses_ends_it_with_the_remedy() {
    let url = registry("401 Unauthorized", r#"{"error_code":401,"message":"who are you"}"#);
    let child = serve("refused", &[("KLAMM_REGISTRY__URL", &url)]);
    let output = child.wait_with_output().expect("it ends");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains(&url) && error.contains("who are you") && error.contains("hint: correct registry.username"), "{error}");
}

#[test]
fn a_registry_that_is_away_is_waited_for_and_told() {
    let url = format!("http://{NOBODY}");
    let mut child = serve("away", &[("KLAMM_REGISTRY__URL", &url)]);
    let address = http(&mut child);
    let deadline = Instant::now() + Duration::from_secs(30);
    let health = loop {
        let health = get(&address, "/healthz");
        if health.contains("registry") {
            break health;
        }
        assert!(Instant::now() < deadline, "{health}");
        thread::sleep(Duration::from_millis(50));
    };
    assert!(health.starts_with("HTTP/1.1 503") && health.contains(&url), "{health}");
    let ready = get(&address, "/readyz");
    assert!(ready.starts_with("HTTP/1.1 503") && ready.contains("not ready; role: starting\nfailure: ") && ready.contains(&url), "{ready}");
    assert!(get(&address, "/livez").starts_with("HTTP/1.1 200"), "a restart would not help");
    // Its own schemas are there, and it says where others would be.
    assert!(get(&address, "/subjects").contains("klamm.history-value"));
    assert!(get(&address, "/schemas/ids/7").contains(&url));

    kill_process(Pid::from_child(&child), Signal::TERM).expect("it runs");
    let output = child.wait_with_output().expect("it ends");
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{log}");
    assert_eq!(log.lines().filter(|line| line.contains(&url)).count(), 1, "said once: {log}");
}

/// Each line is an object; the messages.
fn messages(lines: &str) -> Vec<String> {
    let message = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(value["timestamp"].is_string() && value["level"].is_string(), "{line}");
        value["fields"]["message"].as_str().unwrap_or_else(|| panic!("no message: {line}")).to_owned()
    };
    lines.lines().map(message).collect()
}

#[test]
fn logs_in_json_are_json_from_the_first_line_to_the_last() {
    let json = ("KLAMM_SERVER__LOG_FORMAT", "json");
    let mut child = serve("json", &[json]);
    let read_until = |output: &mut dyn BufRead, part: &str| {
        let mut read = String::new();
        while !read.contains(part) {
            assert!(output.read_line(&mut read).expect("a line") > 0, "no {part}: {read}");
        }
        read
    };
    let (mut out, mut err) = (BufReader::new(child.stdout.take().expect("output")), BufReader::new(child.stderr.take().expect("errors")));
    let announced = messages(&read_until(&mut out, "listening for HTTP"));
    assert_eq!(announced, ["listening for gRPC", "listening for HTTP"]);
    let mut logged = read_until(&mut err, NOBODY);
    kill_process(Pid::from_child(&child), Signal::TERM).expect("it runs");
    err.read_to_string(&mut logged).expect("the rest");
    messages(&logged);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));

    // What ends it before there is a log, too.
    for (name, value, says) in [
        ("KLAMM_KAFKA__PARTITIONS", "6", "6 is not a power of two"),
        ("KLAMM_SERVER__PORT", "many", "KLAMM_SERVER__PORT"),
        ("KLAMM_KAFKA__ACKS", "1", "acks"),
    ] {
        let output = serve("json-error", &[json, (name, value)]).wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(2));
        let told = messages(&String::from_utf8_lossy(&output.stderr));
        assert!(told.last().is_some_and(|told| told.contains(says)), "{told:?}");
    }
}
