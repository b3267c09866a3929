//! State-transition vectors: typed input, state before, output, state after.
//!
//! A case is loaded from its encoding, encoded again, and compared with the JSON file beside it,
//! so that what a runner is given is what the vector's authors meant.

pub mod accumulate;
pub mod preimages;
mod run;

use std::path::Path;

use jambox_codec::{Decode, Encode, impl_codec};
use jambox_types::{Hash, Parameters, TimeSlot};

use crate::json::{ToJson, impl_to_json};
use crate::{Error, codec, files};

pub use run::{check_accumulate, check_preimages, run};

/// A preimage in an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreimageEntry {
    /// Its hash.
    pub hash: Hash,
    /// The preimage.
    pub blob: Vec<u8>,
}

impl_codec!(PreimageEntry { hash, blob });
impl_to_json!(PreimageEntry { "hash": hash, "blob": blob });

/// What a preimage request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestKey {
    /// The preimage's hash.
    pub hash: Hash,
    /// Its length in octets.
    pub length: u32,
}

impl_codec!(RequestKey { hash, length });
impl_to_json!(RequestKey { "hash": hash, "length": length });

/// A preimage request of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestEntry {
    /// What it asks for.
    pub key: RequestKey,
    /// Slots at which the preimage became available, unavailable, and available again.
    pub history: Vec<TimeSlot>,
}

impl_codec!(RequestEntry { key, history });
impl_to_json!(RequestEntry { "key": key, "value": history });

/// A loaded case, or what is wrong with its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded<T> {
    /// The file's name without extension.
    pub name: String,
    /// The case.
    pub case: Result<T, String>,
}

fn load<T: Decode<Parameters> + Encode + ToJson>(
    folder: &Path,
    parameters: &Parameters,
) -> Result<Vec<Loaded<T>>, Error> {
    let files = files::files_under(folder, &["bin"], EXPECTED)?;
    files.iter().map(|file| load_file(file, parameters)).collect()
}

fn load_file<T: Decode<Parameters> + Encode + ToJson>(
    file: &Path,
    parameters: &Parameters,
) -> Result<Loaded<T>, Error> {
    let octets = files::read(file)?;
    let json = files::read(&file.with_extension("json"))?;
    let case = codec::decode_checked(&octets, &json, parameters);
    Ok(Loaded { name: files::stem(file), case })
}

const EXPECTED: &str = "state-transition vectors (`*.bin`)";
