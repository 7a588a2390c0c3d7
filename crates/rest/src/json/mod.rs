//! JSON text: whether it is well formed (`check`), a walk over it (`cursor`), its numbers (`number`), and writing it (`write`).

mod check;
mod cursor;
mod number;
mod write;

pub use check::check;
pub use cursor::{Cursor, Kind, Token};
pub use number::{to_i64, to_u64};
pub use write::{indented, push_string};

/// Why an input is refused: the text of the InvalidArgument.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub String);
