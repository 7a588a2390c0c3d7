//! What writes of messages have in common, whoever writes the rest of them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use prost_reflect::DynamicMessage;

use crate::json::push_string;

/// Why a message has no JSON: a time beyond the year 9999, for example.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unshowable(pub String);

/// Writes messages as JSON. It is a trait for the same reason as [`Reading`](crate::reading::Reading).
pub trait Writing {
    /// Where the JSON goes.
    fn out(&mut self) -> &mut String;

    /// Writes a message. `type_url`: the message stands in an Any of this type.
    fn message(&mut self, message: &DynamicMessage, type_url: Option<&str>) -> Result<(), Unshowable>;

    /// Writes the value of a message's field, whether it is set or not.
    fn field(&mut self, message: &DynamicMessage, name: &str) -> Result<(), Unshowable>;

    /// Writes a string.
    fn string(&mut self, text: &str) -> Result<(), Unshowable> {
        push_string(self.out(), text);
        Ok(())
    }

    /// Writes bytes in base64.
    fn bytes(&mut self, bytes: &[u8]) {
        self.out().push('"');
        STANDARD.encode_string(bytes, self.out());
        self.out().push('"');
    }
}
