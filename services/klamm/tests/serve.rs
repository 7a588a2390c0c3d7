//! `klamm serve` before it has anything to work with: what it waits for, and what it gives up on.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

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
    // Its own schemas are there, and it says where others would be.
    assert!(get(&address, "/subjects").contains("klamm.history-value"));
    assert!(get(&address, "/schemas/ids/7").contains(&url));

    assert!(Command::new("kill").arg(child.id().to_string()).status().expect("kill runs").success());
    let output = child.wait_with_output().expect("it ends");
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{log}");
    assert_eq!(log.lines().filter(|line| line.contains(&url)).count(), 1, "said once: {log}");
}
