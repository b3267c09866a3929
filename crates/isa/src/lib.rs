//! The PVM instruction table and everything that expands from it.
