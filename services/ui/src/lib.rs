//! klamm's web UI: the files that are built in `ui/`, embedded in the binary, and how they are served.
//!
//! The built files are a part of the repository (`ui/dist`), because klamm must build where there is no Node.js. The test `fresh` says when
//! they are not those of the sources.

mod codec;
mod files;
mod serving;

pub use serving::routes;
