//! The codec server that the pages may ask, beside this server.
//!
//! Its address is a setting of the browser, in which the pages keep it. A page must be permitted to ask it by the header that comes with the
//! page, so the pages keep the address's origin in a cookie, too. A page of another site cannot set the cookie, and an origin that another
//! program on this machine has set lets only pages of this server ask there, which do so where the setting says it.

use axum::http::{HeaderMap, HeaderValue, header::COOKIE};

use crate::files::File;

/// The cookie that holds the origin.
const NAME: &str = "klamm-codec";
/// Longest origin, in bytes: a name of 253, its scheme, its port.
const ORIGIN_BYTES_MAX: usize = 280;

/// The policy with the codec server's origin at its end, where the cookie names one. `policy` ends with `connect-src`.
pub fn policy(policy: &'static str, headers: &HeaderMap) -> HeaderValue {
    let with_origin = origin(headers).and_then(|origin| HeaderValue::from_str(&format!("{policy} {origin}")).ok());
    with_origin.unwrap_or(HeaderValue::from_static(policy))
}

/// A file's etag. That of the page changes with the origin: a browser that keeps the page keeps its policy with it.
pub fn etag(file: &File, headers: &HeaderMap) -> String {
    match origin(headers).filter(|_| file.content_type.starts_with("text/html")) {
        Some(origin) => format!("{}-{origin}\"", file.etag.trim_end_matches('"')),
        None => file.etag.clone(),
    }
}

fn origin(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|cookies| cookies.to_str().ok()).flat_map(|cookies| cookies.split(';'));
    cookies.filter_map(|cookie| cookie.trim().split_once('=')).find(|(name, _)| *name == NAME).map(|(_, origin)| origin).filter(is_origin)
}

/// Whether a text is an origin and nothing else: no other source, and no further directive, can be named by it.
fn is_origin(text: &&str) -> bool {
    let Some(authority) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else { return false };
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) if address.parse::<std::net::Ipv6Addr>().is_ok() => ("v6", port),
        Some(_) => return false,
        None => authority.find(':').map_or((authority, ""), |colon| authority.split_at(colon)),
    };
    let is_name = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    text.len() <= ORIGIN_BYTES_MAX && is_name && is_port
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy_with(cookies: &str) -> String {
        let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(cookies).unwrap())]);
        policy("connect-src 'self'", &headers).to_str().unwrap().to_owned()
    }

    #[test]
    fn an_origin_may_be_asked() {
        for origin in ["https://codec.example", "http://localhost:8888", "http://127.0.0.1:1", "https://[::1]:8888"] {
            assert_eq!(policy_with(&format!("a=b; klamm-codec={origin}; c=d")), format!("connect-src 'self' {origin}"));
        }
    }

    #[test]
    fn nothing_else_may() {
        let texts = [
            "",
            "*",
            "https:",
            "https://",
            "https://*",
            "http://a.example/path",
            "http://a.example b.example",
            "'unsafe-inline'",
            "data:",
            "http://a.example, script-src *",
            "ftp://a.example",
            "http://a.example:70000",
            "http://a.example:",
            "http://u@a.example",
            "http://[::1",
            "http://[x]",
            "HTTP://a.example",
        ];
        for text in texts {
            assert_eq!(policy_with(&format!("klamm-codec={text}")), "connect-src 'self'", "{text}");
        }
        assert_eq!(policy_with("other=http://a.example"), "connect-src 'self'");
        assert_eq!(policy_with(&format!("klamm-codec=http://{}.example", "a".repeat(300))), "connect-src 'self'");
    }
}
