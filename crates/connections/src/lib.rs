//! Connections: how many there may be, and how long each may do nothing.
//!
//! A process has a bounded number of descriptors, and its log needs some of them whatever clients do. So a listener accepts a connection
//! only when [`Room`] has a place for it. Others wait in the kernel, where they take no descriptor of this process. Places come free again,
//! because a client is cut off that sends nothing, sends half a request, or leaves its answers unread ([`Settings`] says when).
//!
//! ```text
//!   kernel's queue ──▶ accept, when Room has a place ──▶ one task per connection ──▶ service
//!                                                          │ Ledger: calls under way, answers unread, requests half received
//!                                                          └ looks at it from time to time: idle? silent? stalled?
//! ```
//! This crate knows nothing of gRPC or of klamm: [`serve`] takes any service over HTTP/1 or HTTP/2.

mod accept;
mod answering;
mod body;
mod io;
mod ledger;
mod peer;
mod room;
mod settings;

pub use accept::{Protocol, Served, serve};
pub use body::{Answer, AnswerBytes, Received, TooMuch, Unread};
pub use peer::Peer;
pub use room::Room;
pub use settings::Settings;
