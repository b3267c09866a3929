//! Checks of the instruction table.
