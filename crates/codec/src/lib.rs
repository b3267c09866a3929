//! The JAM codec as this project uses it.
