//! Checks of the program formats.
