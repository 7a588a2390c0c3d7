//! klamm.
fn main() {}
