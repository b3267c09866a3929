//! The code against its definition, and the recovery of data.

mod definition;
mod recovery;
