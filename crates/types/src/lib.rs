//! The protocol's types and parameters.
