//! Prints for commands.

use std::io::{self, Write};

/// Prints a line on standard output. The reader of the pipe may have ended; then the line is dropped.
pub fn print(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
