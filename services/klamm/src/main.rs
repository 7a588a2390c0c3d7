//! The binary: see the library.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Many small allocations on many threads: a quarter of the time went into the C library's allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    klamm::run()
}
