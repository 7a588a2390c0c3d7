//! Random requests to a running server, for every call of its services.
//!
//! Two thirds of the requests are made from the services' descriptors: messages of the right type with ids of things that exist, many of them then
//! damaged. The others are ordinary ones, so that there are tasks and histories to be met. No
//! answer may be the server's fault, every answer must be readable, and after each batch the server must be healthy, must carry a
//! workflow through as ever, and must not have grown beyond a limit.

mod client;
mod known;
mod plain;
mod round_trip;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use prost_reflect::{DynamicMessage, MethodDescriptor, Value};
use tonic::{Code, Status};

use crate::{messages::Messages, mutate::mutate, random::Random};
use client::Client;
use known::Known;

/// Services whose calls are made.
const SERVICES: [&str; 2] = ["temporal.api.workflowservice.v1.WorkflowService", "temporal.api.operatorservice.v1.OperatorService"];
/// Calls that could deprecate the namespace in which everything happens: they are about another.
const ENDS_NAMESPACES: [&str; 2] = ["DeprecateNamespace", "UpdateNamespace"];
/// Requests on their way at once.
const CONCURRENCY: usize = 48;
/// Deadline of a call that waits for something: the least that a poll may have.
const POLL_DEADLINE: Duration = Duration::from_secs(2);
/// Deadline of any other call.
const DEADLINE: Duration = Duration::from_secs(20);
/// What a call may take beyond its deadline before it counts as hanging.
const GRACE: Duration = Duration::from_secs(10);
/// Different failures that are shown.
const SHOWN_MAX: usize = 20;
/// Bytes of a request that are shown.
const SHOWN_BYTES_MAX: usize = 1500;

/// What is to be done.
#[derive(Debug, Clone)]
pub struct Options {
    /// Address of the server's gRPC port.
    pub address: String,
    /// Address of its HTTP port.
    pub http_address: String,
    /// How many requests.
    pub requests: u64,
    /// How many of them between two looks at the server.
    pub batch: u64,
    /// Where the choices come from.
    pub seed: u64,
    /// Process of the server, to look at its memory.
    pub pid: Option<u32>,
    /// Resident memory that it may have, MiB.
    pub memory_max_mib: u64,
}

/// Does it; true when nothing was wrong.
///
/// # Errors
/// The server cannot be reached, or is not well after a batch.
pub async fn run(options: &Options) -> Result<bool, String> {
    let client = Client::connect(&options.address).await?;
    let messages = Messages::of(klamm_api::FILE_DESCRIPTOR_SET);
    let methods: Vec<_> = SERVICES
        .iter()
        .filter_map(|name| messages.pool().get_service_by_name(name))
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .collect();
    let fuzzer = Arc::new(Fuzzer {
        client,
        messages,
        methods,
        known: Mutex::default(),
        report: Mutex::default(),
        next: AtomicU64::new(0),
        seed: options.seed,
    });
    println!("KLAMM_FUZZ_SEED={}, {} calls", options.seed, fuzzer.methods.len());
    fuzzer.check(options, 0).await?;
    let mut sent = 0;
    while sent < options.requests {
        let end = (sent + options.batch).min(options.requests);
        let begin = Instant::now();
        let workers: Vec<_> = (0..CONCURRENCY)
            .map(|_| {
                let fuzzer = fuzzer.clone();
                tokio::spawn(async move { fuzzer.work(end).await })
            })
            .collect();
        for worker in workers {
            worker.await.map_err(|error| format!("the fuzzer itself failed: {error}"))?;
        }
        fuzzer.next.store(end, Ordering::Relaxed);
        sent = end;
        let memory = fuzzer.check(options, end).await?;
        println!("{end} requests, {memory} MiB, batch in {:.1} s: {}", begin.elapsed().as_secs_f64(), fuzzer.report.lock().codes());
    }
    let report = fuzzer.report.lock();
    for failure in report.failures.values().take(SHOWN_MAX) {
        println!("--- {failure}");
    }
    Ok(report.failures.is_empty())
}

struct Fuzzer {
    client: Client,
    messages: Messages,
    methods: Vec<MethodDescriptor>,
    known: Mutex<Known>,
    report: Mutex<Report>,
    next: AtomicU64,
    seed: u64,
}

/// What came of all requests.
#[derive(Default)]
struct Report {
    codes: BTreeMap<String, u64>,
    /// By call and kind.
    failures: BTreeMap<String, String>,
}

impl Report {
    fn codes(&self) -> String {
        self.codes.iter().map(|(code, count)| format!("{code} {count}")).collect::<Vec<_>>().join(", ")
    }
}

impl Fuzzer {
    /// Sends requests until number `end` has been taken.
    async fn work(&self, end: u64) {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= end {
                return;
            }
            self.send(number).await;
        }
    }

    async fn send(&self, number: u64) {
        let mut random = Random::new(self.seed.wrapping_add(number));
        let (method, request) = self.request(&mut random);
        let deadline = if waits(method.name()) { POLL_DEADLINE } else { DEADLINE };
        let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
        let sent_at = Instant::now();
        let answer = tokio::time::timeout(deadline + GRACE, self.client.call(&path, request.clone(), deadline)).await;
        let (code, wrong) = match answer {
            Err(_) => ("hangs".to_owned(), Some("no answer".to_owned())),
            Ok(Ok(bytes)) => {
                let decoded = DynamicMessage::decode(method.output(), bytes.as_slice());
                let wrong = decoded.as_ref().err().map(|error| format!("the answer cannot be read: {error}"));
                if let Ok(message) = decoded {
                    self.known.lock().learn(&message, &mut random);
                }
                ("Ok".to_owned(), wrong)
            }
            Ok(Err(status)) => {
                if status.code() == Code::Unimplemented {
                    self.known.lock().not_built(method.full_name());
                }
                // At the deadline the client itself ends the call.
                let is_late = !waits(method.name()) && sent_at.elapsed() >= deadline;
                let is_fault = is_fault_of_server(&status) || is_late;
                (format!("{:?}", status.code()), is_fault.then(|| format!("{:?}: {}", status.code(), status.message())))
            }
        };
        let mut report = self.report.lock();
        *report.codes.entry(code).or_default() += 1;
        if let Some(wrong) = wrong {
            let kind: String = wrong.chars().filter(|c| !c.is_ascii_digit()).take(60).collect();
            let shown = &request[..request.len().min(SHOWN_BYTES_MAX)];
            let hex: String = shown.iter().map(|byte| format!("{byte:02x}")).collect();
            let decoded =
                DynamicMessage::decode(method.input(), request.as_slice()).map(|message| format!("{message:?}")).unwrap_or_default();
            let decoded: String = decoded.chars().take(SHOWN_BYTES_MAX).collect();
            report
                .failures
                .entry(format!("{} {kind}", method.name()))
                .or_insert_with(|| format!("request {number}, {}: {wrong}\n{decoded}\n{} bytes: {hex}", method.name(), request.len()));
        }
    }

    fn request(&self, random: &mut Random) -> (MethodDescriptor, Vec<u8>) {
        let mut known = self.known.lock();
        if random.chance(1, 3) {
            let (name, bytes) = plain::request(&mut known, &self.messages, random);
            if let Some(method) = self.methods.iter().find(|method| method.name() == name) {
                let bytes = if random.chance(1, 10) { mutate(bytes, &known.last, random) } else { bytes };
                return (method.clone(), bytes);
            }
        }
        let method = loop {
            let method = random.pick(&self.methods);
            // What is not built answers at once: a few are enough. What waits takes its time.
            let is_rare = known.is_not_built(method.full_name()) || waits(method.name());
            if !is_rare || random.chance(1, 8) {
                break method.clone();
            }
        };
        let mut message = self.messages.message(&method.input(), &mut *known, random);
        if ENDS_NAMESPACES.contains(&method.name()) {
            message.set_field_by_name("namespace", Value::String("fuzz-other".to_owned()));
        }
        let bytes = prost::Message::encode_to_vec(&message);
        let bytes = match random.below(10) {
            0..3 => mutate(bytes, &known.last, random),
            3 => random.bytes(40),
            _ => bytes,
        };
        known.last.clone_from(&bytes);
        (method, bytes)
    }

    /// Whether the server is well; its resident memory, MiB.
    async fn check(&self, options: &Options, sent: u64) -> Result<u64, String> {
        let at = |error: String| format!("after {sent} requests: {error}");
        client::healthz(&options.http_address).await.map_err(at)?;
        round_trip::run(&self.client, sent).await.map_err(at)?;
        let Some(pid) = options.pid else { return Ok(0) };
        let memory = resident_mib(pid).map_err(at)?;
        if memory > options.memory_max_mib {
            return Err(at(format!("the server has {memory} MiB of memory, {} are allowed", options.memory_max_mib)));
        }
        Ok(memory)
    }
}

/// Calls that wait for something to happen.
fn waits(method: &str) -> bool {
    method.starts_with("Poll") || matches!(method, "GetWorkflowExecutionHistory" | "QueryWorkflow")
}

/// What Temporal's server answers to bad input with the code Internal; so klamm does, too.
const BAD_INPUT_TEXTS: [&str; 1] = ["unknown reset reapply type: "];

/// Whether the server says by the code that it is at fault.
fn is_fault_of_server(status: &Status) -> bool {
    if status.code() == Code::Internal && BAD_INPUT_TEXTS.iter().any(|text| status.message().starts_with(text)) {
        return false;
    }
    matches!(status.code(), Code::Internal | Code::Unknown | Code::DataLoss | Code::Unavailable | Code::Aborted | Code::OutOfRange)
}

fn resident_mib(pid: u32) -> Result<u64, String> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).map_err(|error| format!("the server is gone: {error}"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    let kib = line.split_whitespace().next().and_then(|text| text.parse::<u64>().ok());
    kib.map(|kib| kib / 1024).ok_or_else(|| "the server's memory is not told".to_owned())
}
