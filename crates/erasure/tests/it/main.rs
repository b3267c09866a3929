//! The code against its definition, and what it gives back.

mod definition;
mod recovery;
