//! Which requests of the API and the UI are refused because a web page may have sent them without its user's knowledge.
//!
//! - A page of another site may make a browser send requests here (CSRF). Requests that may change something are refused if `Origin` or
//!   `Sec-Fetch-Site` says that they come from elsewhere.
//! - A page may give its own host name the address of this machine (DNS rebinding); then the browser takes klamm for a part of that page. A
//!   process that listens on loopback only is refused under any other name than those of this machine.
//! - A page of another origin cannot read answers, because no CORS headers are sent, unless its origin is configured.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE,
            ACCESS_CONTROL_REQUEST_METHOD, HOST, ORIGIN, VARY,
        },
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use tonic::Status;

use super::status;

/// Headers that pages of configured origins may send.
const HEADERS: &str = "accept, authorization, content-type, grpc-timeout, last-event-id, x-csrf-token";
/// Methods that they may use.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
/// How long a browser may keep this answer, seconds.
const MAX_AGE: &str = "600";

/// Which requests are let through.
#[derive(Debug, Clone, Default)]
pub struct Safety {
    /// Whether klamm listens on loopback only.
    loopback: bool,
    /// Names under which klamm may be asked, besides those of the loopback interface. Where there are some, no others may.
    hosts: Vec<String>,
    /// Origins whose pages may use the API.
    origins: Vec<String>,
}

impl Safety {
    /// The rules of a process that listens on `address`.
    pub fn new(address: SocketAddr, hosts: &[String], origins: &[String]) -> Self {
        let origins = origins.iter().map(|origin| origin.trim_end_matches('/').to_ascii_lowercase()).collect();
        let hosts = hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
        Self { loopback: address.ip().to_canonical().is_loopback(), hosts, origins }
    }

    fn allows_host(&self, host: Option<&str>) -> bool {
        // Browsers always send a host.
        let Some(host) = host else { return true };
        let name = name_of(host);
        let is_local = name == "localhost"
            || name.ends_with(".localhost")
            || name.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback());
        let checks = self.loopback || !self.hosts.is_empty();
        !checks || is_local || self.hosts.iter().any(|allowed| *allowed == name || *allowed == host.to_ascii_lowercase())
    }

    fn is_configured(&self, origin: &str) -> bool {
        self.origins.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
    }

    /// Why a request is refused.
    fn refusal(&self, method: &Method, headers: &HeaderMap) -> Option<String> {
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let host = text(HOST.as_str());
        if !self.allows_host(host) {
            return Some("Host not allowed".to_owned());
        }
        let origin = text(ORIGIN.as_str());
        if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) || origin.is_some_and(|origin| self.is_configured(origin)) {
            return None;
        }
        let is_own = |origin: &str| {
            let of_origin = origin.split_once("://").map(|(_, host)| host);
            of_origin.is_some_and(|of_origin| host.is_some_and(|host| host.eq_ignore_ascii_case(of_origin)))
        };
        if let Some(origin) = origin.filter(|origin| !is_own(origin)) {
            return Some(format!("Requests of pages of {origin} are not allowed. See server.http_origins (klamm dev: --http-origin)."));
        }
        let is_foreign = text("sec-fetch-site").is_some_and(|site| matches!(site, "cross-site" | "same-site"));
        is_foreign
            .then(|| "Requests of pages of other sites are not allowed. See server.http_origins (klamm dev: --http-origin).".to_owned())
    }
}

/// A host without its port, in lower case.
fn name_of(host: &str) -> String {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// Refuses what is not safe, and tells browsers which pages may read the answer.
pub(super) async fn guard(State(safety): State<Arc<Safety>>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(ORIGIN).and_then(|origin| origin.to_str().ok()).filter(|origin| safety.is_configured(origin));
    let origin = origin.and_then(|origin| HeaderValue::from_str(origin).ok());
    let is_preflight = *request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match safety.refusal(request.method(), request.headers()) {
        Some(reason) => status::response(&Status::permission_denied(reason), klamm_rest::Form::default()),
        None if is_preflight && origin.is_some() => StatusCode::NO_CONTENT.into_response(),
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    if !safety.origins.is_empty() {
        headers.append(VARY, HeaderValue::from_static("Origin"));
    }
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if is_preflight {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(HEADERS));
            headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(safety: &Safety, method: Method, headers: &[(&'static str, &str)]) -> bool {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap())).collect();
        safety.refusal(&method, &headers).is_some()
    }

    #[test]
    fn a_loopback_server_has_only_the_names_of_its_machine() {
        let local = Safety::new("127.0.0.1:8233".parse().unwrap(), &[], &[]);
        for host in [
            "localhost",
            "localhost:8233",
            "LOCALHOST:1",
            "klamm.localhost:8233",
            "127.0.0.1:8233",
            "127.1.2.3",
            "[::1]:8233",
            "localhost.:80",
        ] {
            assert!(!refused(&local, Method::GET, &[("host", host)]), "{host}");
        }
        for host in
            ["evil.example", "evil.example:8233", "localhost.evil.example", "10.0.0.1:8233", "127.0.0.1.evil.example", "[fe80::1]:1", ""]
        {
            assert!(refused(&local, Method::GET, &[("host", host)]), "{host}");
        }
        let anywhere = Safety::new("0.0.0.0:8233".parse().unwrap(), &[], &[]);
        assert!(!refused(&anywhere, Method::GET, &[("host", "klamm.example")]));
        let named = Safety::new("0.0.0.0:8233".parse().unwrap(), &["klamm.example".to_owned()], &[]);
        assert!(!refused(&named, Method::GET, &[("host", "Klamm.Example:8233")]));
        assert!(!refused(&named, Method::GET, &[("host", "localhost:8233")]));
        assert!(refused(&named, Method::GET, &[("host", "evil.example")]));
    }

    #[test]
    fn pages_of_elsewhere_change_nothing() {
        let safety = Safety::new("127.0.0.1:8233".parse().unwrap(), &[], &["http://localhost:5173/".to_owned()]);
        let host = ("host", "localhost:8233");
        assert!(!refused(&safety, Method::POST, &[host]), "a program");
        assert!(!refused(&safety, Method::POST, &[host, ("origin", "http://localhost:8233"), ("sec-fetch-site", "same-origin")]));
        assert!(!refused(&safety, Method::POST, &[host, ("sec-fetch-site", "none")]));
        assert!(!refused(&safety, Method::POST, &[host, ("origin", "http://localhost:5173"), ("sec-fetch-site", "same-site")]));
        for origin in ["http://evil.example", "null", "http://localhost:8234", "http://localhost:8233.evil.example", "localhost:8233"] {
            assert!(refused(&safety, Method::POST, &[host, ("origin", origin)]), "{origin}");
            assert!(refused(&safety, Method::DELETE, &[host, ("origin", origin)]), "{origin}");
            assert!(!refused(&safety, Method::GET, &[host, ("origin", origin)]), "{origin}");
        }
        for site in ["cross-site", "same-site"] {
            assert!(refused(&safety, Method::POST, &[host, ("sec-fetch-site", site)]), "{site}");
        }
    }
}
