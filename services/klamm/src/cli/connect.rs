//! Connects the command-line tools to a running server.

use std::time::Duration;

use klamm_api::klamm::v1::inspect_client::InspectClient;
use tonic::{
    Code, Status,
    transport::{Channel, Endpoint},
};

use super::shared::Server;
use crate::setup_error::{Exit, SetupError};

/// Largest message that a server sends: a record of 6 MiB, together with its JSON.
const MESSAGE_BYTES_MAX: usize = 64 << 20;
/// Longest time that connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Connects to a server.
///
/// # Errors
/// The text is not an address, or nobody answers there.
pub async fn connect(server: &Server) -> Result<InspectClient<Channel>, SetupError> {
    let address = host_and_port(&server.address)?;
    let doing = format!("connecting to {address}");
    let hint = "start klamm, or name its address with --address";
    let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(|error| SetupError::new(&doing, error, hint))?;
    let channel = endpoint.connect_timeout(CONNECT_TIMEOUT).connect().await.map_err(|error| {
        let problem = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        SetupError::new(&doing, problem, hint).ending(Exit::Unreachable)
    })?;
    Ok(InspectClient::new(channel).max_decoding_message_size(MESSAGE_BYTES_MAX))
}

/// The `host:port` in a text, which may also be a URL.
fn host_and_port(given: &str) -> Result<&str, SetupError> {
    let wrong = |problem: &str, hint: &str| SetupError::new(format!("reading the address {given:?}"), problem, hint);
    let hint = "write the address of the gRPC API as host:port, such as 127.0.0.1:7233";
    let address = match given.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest.trim_end_matches('/'),
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("https") => {
            return Err(wrong(
                "klamm's own ports have no TLS",
                "write it as host:port; whatever ends TLS before klamm is not reached this way",
            ));
        }
        Some((scheme, _)) => return Err(wrong(&format!("{scheme}:// leads to no gRPC API"), hint)),
        None => given,
    };
    // The port is behind the last colon. An address of IP version 6 is in brackets.
    match address.rsplit_once(':') {
        _ if address.contains('/') => Err(wrong("it holds a path", hint)),
        Some((host, port)) if !host.is_empty() && (!host.contains(':') || host.starts_with('[')) && port.parse::<u16>().is_ok() => {
            Ok(address)
        }
        _ => Err(wrong("it is no host:port", hint)),
    }
}

/// The error for a server's refusal.
pub fn refused(status: Status) -> SetupError {
    refused_with(status, "`klamm topics list` names all topics")
}

/// The error for a server's refusal. `hint` says what helps when the server does not have what was asked for.
pub fn refused_with(status: Status, hint: &str) -> SetupError {
    let (exit, hint) = match status.code() {
        Code::NotFound => (Exit::Missing, hint),
        Code::Unavailable => (Exit::Unreachable, "try again in a moment; the server's log and /healthz say what it waits for"),
        Code::Unimplemented => (Exit::Refused, "is this a klamm of another version, or another server? `klamm --version` tells this one's"),
        Code::InvalidArgument | Code::FailedPrecondition => (Exit::Refused, "ask otherwise"),
        _ => (Exit::Refused, "see the server's log"),
    };
    SetupError::new("asking the server", status.message(), hint).ending(exit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_with_and_without_a_scheme_and_others_are_explained() {
        for (given, taken) in [
            ("127.0.0.1:7233", "127.0.0.1:7233"),
            ("klamm-1:7233", "klamm-1:7233"),
            ("[::1]:7233", "[::1]:7233"),
            ("http://klamm:7233", "klamm:7233"),
            ("HTTP://klamm:7233/", "klamm:7233"),
        ] {
            assert_eq!(host_and_port(given).ok(), Some(taken), "{given}");
        }
        for (given, says) in [
            ("https://klamm:7233", "no TLS"),
            ("dns://klamm:7233", "dns:// leads to no gRPC API"),
            ("klamm", "no host:port"),
            (":7233", "no host:port"),
            ("klamm:", "no host:port"),
            ("::1:7233", "no host:port"),
            ("http://klamm:7233/api", "path"),
            ("klamm:70000", "no host:port"),
        ] {
            let error = host_and_port(given).unwrap_err().to_string();
            assert!(error.contains(says) && error.contains("host:port"), "{given}: {error}");
        }
    }
}
