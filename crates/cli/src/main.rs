//! The `jambox` command.

fn main() {}
