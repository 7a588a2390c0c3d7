//! A running `klamm dev`, and a client of it.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use klamm_api::workflowservice::v1::workflow_service_client::WorkflowServiceClient;
use tonic::transport::Channel;

/// A running `klamm dev`; it is killed when dropped.
pub struct Server {
    child: Child,
    pub client: WorkflowServiceClient<Channel>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts it with its data there, and with these options.
pub async fn server(data: &Path, options: &[&str]) -> Server {
    let mut child = Command::new(env!("CARGO_BIN_EXE_klamm"))
        .args(["dev", "--port", "0", "--http-port", "0", "--data-dir"])
        .arg(data)
        .args(options)
        .stdout(Stdio::piped())
        .spawn()
        .expect("klamm starts");
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let line = lines.map(|line| line.expect("a line")).find(|line| line.starts_with("gRPC:")).expect("an address");
    let address = line.split_whitespace().nth(1).expect("an address").to_owned();
    let client = WorkflowServiceClient::connect(format!("http://{address}")).await.expect("a connection");
    Server { child, client }
}
