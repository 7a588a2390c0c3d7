//! Single situations, each made on purpose.

mod bounded;
mod compaction;
#[cfg(feature = "rocksdb")]
mod damage;
mod doubt;
mod foreign;
mod interrupted;
mod refused;
mod rig;
mod sends;
mod skipped;
mod take_over;
mod unreadable;
mod wakes;
