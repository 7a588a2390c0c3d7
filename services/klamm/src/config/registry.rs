//! `[registry]`: a schema registry that is used instead of klamm's own endpoints.

use serde::{Deserialize, Serialize};

use super::{secret::Secret, units::optional};

/// `[registry]`. Without `url`, klamm serves the read endpoints itself.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Registry {
    /// Where the registry is: `http://` or `https://`.
    #[serde(with = "optional")]
    pub url: Option<String>,
    /// Name for basic authentication.
    #[serde(with = "optional")]
    pub username: Option<String>,
    /// Password for basic authentication.
    pub password: Secret,
    /// Bearer token.
    pub token: Secret,
    /// PEM file with the certificates that are trusted instead of the system's.
    #[serde(with = "optional")]
    pub ca_file: Option<String>,
    /// PEM file with klamm's own certificate and those between it and its authority.
    #[serde(with = "optional")]
    pub client_cert_file: Option<String>,
    /// PEM file with the key of that certificate.
    #[serde(with = "optional")]
    pub client_key_file: Option<String>,
}
