//! The `banyan` program.
fn main() {}
