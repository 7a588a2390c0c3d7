//! Which clients this server serves, and whether a client accepts this server (Temporal: common/headers/version_checker.go).

use klamm_requests::{Fault, Result};

/// The version of Temporal's server whose behaviour this gateway has. Clients choose features by it.
pub const SERVER_VERSION: &str = "1.32.0";

/// Clients that are checked, with the versions that are served. Other clients (such as temporal-python) are not checked.
pub const SUPPORTED_CLIENTS: &[(&str, &str)] = &[
    ("temporal-go", "<2.0.0"),
    ("temporal-java", "<2.0.0"),
    ("temporal-php", "<2.0.0"),
    ("temporal-typescript", "<2.0.0"),
    ("temporal-cli", "<2.0.0"),
    ("temporal-server", "<2.0.0"),
    ("temporal-ui", "<3.0.0"),
    ("Nexus-go-sdk", "<2.0.0"),
];

/// Checks what a client says about itself. Empty strings say nothing.
pub fn check(client_name: &str, client_version: &str, server_versions: &str) -> Result<()> {
    if !client_name.is_empty()
        && !client_version.is_empty()
        && let Some((_, supported)) = SUPPORTED_CLIENTS.iter().find(|(name, _)| *name == client_name)
    {
        let Some(version) = parse(client_version) else {
            return Err(Fault::invalid(format!("Unable to parse client version: {client_version}")));
        };
        if !matches(version, supported).unwrap_or(true) {
            return Err(Fault::ClientVersionNotSupported {
                name: client_name.to_owned(),
                version: client_version.to_owned(),
                supported: (*supported).to_owned(),
            });
        }
    }
    if !server_versions.is_empty() {
        let own = parse(SERVER_VERSION).unwrap_or_default();
        match matches(own, server_versions) {
            None => {
                return Err(Fault::invalid(format!("Unable to parse supported server versions: {server_versions}")));
            }
            Some(true) => {}
            Some(false) => {
                return Err(Fault::ServerVersionNotSupported { version: SERVER_VERSION.to_owned(), supported: server_versions.to_owned() });
            }
        }
    }
    Ok(())
}

type Version = (u64, u64, u64);

/// Major, minor and patch number. Pre-release and build parts are ignored.
fn parse(text: &str) -> Option<Version> {
    let text = text.split(['-', '+']).next()?;
    let mut parts = text.split('.').map(|part| part.parse::<u64>().ok());
    let version = (parts.next()??, parts.next().unwrap_or(Some(0))?, parts.next().unwrap_or(Some(0))?);
    parts.next().is_none().then_some(version)
}

/// Whether a version is in a range. A range is comparisons joined by spaces (and) and "||" (or). `None`: the text is no range.
fn matches(version: Version, range: &str) -> Option<bool> {
    let mut any = false;
    for alternative in range.split("||") {
        let mut all = true;
        for comparison in alternative.split_whitespace() {
            let at = comparison.find(|c: char| c.is_ascii_digit())?;
            let (operator, bound) = comparison.split_at(at);
            let bound = parse(bound)?;
            all &= match operator {
                "<" => version < bound,
                "<=" => version <= bound,
                ">" => version > bound,
                ">=" => version >= bound,
                "" | "=" | "==" => version == bound,
                "!" | "!=" => version != bound,
                _ => return None,
            };
        }
        any |= all;
    }
    Some(any)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_and_servers_out_of_range_are_refused() {
        assert!(check("temporal-go", "1.50.0", ">=1.0.0 <2.0.0").is_ok());
        assert!(check("temporal-python", "99.0.0", "").is_ok());
        assert!(check("", "", "").is_ok());
        assert!(check("temporal-go", "1.2.3-rc.1", "").is_ok());
        assert!(matches!(check("temporal-go", "2.0.0", ""), Err(Fault::ClientVersionNotSupported { .. })));
        assert!(matches!(check("temporal-go", "1.0.0", "<1.0.0"), Err(Fault::ServerVersionNotSupported { .. })));
        assert!(matches!(check("temporal-go", "banana", ""), Err(Fault::InvalidArgument(_))));
        assert!(matches!(check("temporal-ui", "2.40.1", "<1.0.0 || >=1.32.0"), Ok(())));
    }
}
