//! The command `corefine`.

fn main() {}
