//! Types, their encodings and the parameters. The public vectors are run in `jambox-vectors`.

mod hashes;
#[cfg(feature = "serde")]
mod parameter_files;
mod parameters;
mod sized;
mod work;
