//! Benches of the inspector.
fn main() {}
