//! Single situations, each made on purpose.

mod bounded;
mod compaction;
mod doubt;
mod foreign;
mod rig;
mod sends;
mod skipped;
mod take_over;
mod wakes;
