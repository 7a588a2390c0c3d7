//! A server on a free port, and plain HTTP requests to it.

#![allow(dead_code, reason = "each test uses its part")]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use axum::Router;

/// Serves until dropped.
pub struct Server {
    pub address: SocketAddr,
    _runtime: tokio::runtime::Runtime,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub content_type: String,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Server {
    pub fn start(routes: Router) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("an address");
        runtime.spawn(async move { axum::serve(listener, routes).await });
        Self { address, _runtime: runtime }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, "")
    }

    pub fn post(&self, path: &str, body: &str) -> Reply {
        self.ask("POST", path, body)
    }

    pub fn ask(&self, method: &str, path: &str, body: &str) -> Reply {
        let mut stream = TcpStream::connect(self.address).expect("a connection");
        let length = body.len();
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: klamm\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")
            .expect("a request");
        let mut response = String::new();
        stream.read_to_string(&mut response).expect("a response");
        let (head, text) = response.split_once("\r\n\r\n").expect("a head");
        let header = |name: &str| head.lines().find_map(|line| line.to_lowercase().strip_prefix(name).map(|it| it.trim().to_owned()));
        Reply {
            status: head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status"),
            content_type: header("content-type:").unwrap_or_default(),
            text: text.to_owned(),
        }
    }
}
