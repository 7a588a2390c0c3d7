//! What librdkafka can do and its Rust client leaves out.
//!
//! All of klamm's unsafe code stands here: calls of a library in C. Each owner of something of that library gives it back when it is dropped.

mod groups;
mod owned;
mod topics;

pub use groups::{Refused, group_configs, set_group_configs};
pub use topics::{Described, describe_topics};
