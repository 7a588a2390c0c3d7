//! The generated implementations of [`Avro`] and [`Value`](crate::Value), one per message that a topic's value reaches.

#![allow(clippy::all, deprecated, missing_docs)]

use crate::{Avro, Error, wire};

include!(concat!(env!("OUT_DIR"), "/codec.rs"));
