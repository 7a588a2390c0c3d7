//! The binary: see the library.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// klamm makes many small allocations on many threads. With the C library's allocator it spent a quarter of its time there.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    klamm::run()
}
