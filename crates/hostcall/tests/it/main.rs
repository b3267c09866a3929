//! Tests of the tables. Expected values are typed in from the Gray Paper and JIP-1.

mod arguments;
mod codes;
mod paper;
