//! The result of assembling a text.

use std::collections::BTreeMap;

use jambox_program::Container;

/// Result of assembling a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Assembly {
    /// The program.
    pub container: Container,
    /// Labels with their places.
    pub labels: BTreeMap<String, Place>,
    /// Position of each instruction in the code, with its line of the text, from 1.
    pub lines: Vec<(u32, usize)>,
}

/// The place of a label.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// A position in the code.
    Code(u32),
    /// An address in memory.
    Data(u32),
}
