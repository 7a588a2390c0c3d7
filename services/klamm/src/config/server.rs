//! `[server]`: where klamm listens, what it keeps, how it logs.

use std::{net::IpAddr, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::units::{Span, optional};

/// `[server]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Address to listen on.
    pub ip: IpAddr,
    /// Port of the gRPC API; 0 takes a free one.
    pub port: u16,
    /// Port of HTTP; 0 takes a free one.
    pub http_port: u16,
    /// Host names under which the HTTP API may be asked, without port. Empty: those of this machine if klamm listens on loopback only, else
    /// any.
    pub http_hosts: Vec<String>,
    /// Origins whose pages may use the HTTP API from a browser, such as `https://tools.example`.
    pub http_origins: Vec<String>,
    /// `host:port` by which other members of the cluster reach this one's gRPC API; see [`Server::advertised`].
    #[serde(with = "optional")]
    pub advertised_address: Option<String>,
    /// Directory of the store and of the visibility index. Its loss loses no data, since both are rebuilt.
    pub data_dir: PathBuf,
    /// Namespaces that are registered if they are missing.
    pub namespaces: Vec<String>,
    /// Retention of the namespaces that are registered at start.
    pub retention: Span,
    /// How long decisions of schedules are kept, for `klamm schedule audit`.
    pub schedule_audit_retention: Span,
    /// error, warn, info, debug, trace, or a filter.
    pub log_level: String,
    /// How log lines look.
    pub log_format: LogFormat,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One object per line.
    Json,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            ip: IpAddr::from([127, 0, 0, 1]),
            port: 7233,
            http_port: 8233,
            http_hosts: Vec::new(),
            http_origins: Vec::new(),
            advertised_address: None,
            data_dir: "klamm-serve-data".into(),
            namespaces: vec!["default".to_owned()],
            retention: Span(Duration::from_secs(24 * 3600)),
            schedule_audit_retention: Span(Duration::from_secs(7 * 24 * 3600)),
            log_level: "info".to_owned(),
            log_format: LogFormat::Text,
        }
    }
}

impl Server {
    /// The address by which other members reach this one. Where none is set, it is `ip`, or this host's name if klamm listens on all
    /// addresses. `port` is the port on which klamm really listens.
    pub fn advertised(&self, port: u16) -> String {
        match &self.advertised_address {
            Some(address) => address.clone(),
            None if self.ip.is_unspecified() => format!("{}:{port}", gethostname::gethostname().to_string_lossy()),
            None => std::net::SocketAddr::new(self.ip, port).to_string(),
        }
    }
}
