//! Project chores that are longer than one cargo command.

fn main() {}
