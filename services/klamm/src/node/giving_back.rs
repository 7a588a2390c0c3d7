//! Lets the allocator give memory back to the system after a burst.
//!
//! mimalloc gives freed memory back only a while later, when somebody frees a large block: a process that has become idle would keep all
//! that it has ever used. So a large block is freed now and then. Nobody writes to the block, so it takes no memory itself.

use std::{hint::black_box, time::Duration};

use klamm_supervise::{Part, Supervisor};
use tokio::task::JoinHandle;

/// How often. mimalloc keeps freed memory for a second at least.
const INTERVAL: Duration = Duration::from_secs(2);
/// Size of the block. One of this size does not come from the thread's own memory.
const BLOCK_BYTES: usize = 8 << 20;

/// Frees a large block now and then, for as long as the task runs.
pub fn give_back(supervisor: &Supervisor) -> JoinHandle<()> {
    tokio::spawn(supervisor.part("memory").task(run))
}

async fn run(part: Part) {
    loop {
        tokio::time::sleep(INTERVAL).await;
        part.round();
        // The black box keeps the compiler from leaving both out.
        drop(black_box(Vec::<u8>::with_capacity(BLOCK_BYTES)));
    }
}
