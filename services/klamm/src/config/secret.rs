//! Values that are never shown.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// The text that is shown in their place.
pub const HIDDEN: &str = "***";

/// A password or token; empty where there is none. Neither Debug nor Serialize shows it.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The value itself, for the code that uses it.
    pub fn reveal(&self) -> Option<&str> {
        Some(self.0.as_str()).filter(|secret| !secret.is_empty())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reveal().map_or("none", |_| HIDDEN))
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.reveal().map_or("", |_| HIDDEN))
    }
}
