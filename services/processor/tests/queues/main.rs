//! Task queues over all partitions of a processor, with a log that fails on demand, in virtual time.

mod doubt;
mod env;
mod owned;
mod partitions;
mod queries;
