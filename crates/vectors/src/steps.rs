//! Trace steps: a block with the whole state before and after it, as keys and values of the state
//! trie (`traces/*/NNNNNNNN.bin`).

use std::path::{Path, PathBuf};

use jambox_codec::{DecodeError, decode_all_with, impl_codec};
use jambox_state::Component;
use jambox_types::{Block, Hash, Header, PerValidator, Protocol, ValidatorKey};

use crate::{Error, files};

/// A key of the state trie with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyValue {
    /// The key.
    pub key: [u8; 31],
    /// The value.
    pub value: Vec<u8>,
}

impl_codec!(KeyValue { key, value });

/// A whole state, as keys and values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawState {
    /// Root of the trie.
    pub root: Hash,
    /// Leaves of the trie.
    pub leaves: Vec<KeyValue>,
}

impl_codec!(RawState { root, leaves });

/// A block with the states before and after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The state before.
    pub pre_state: RawState,
    /// The block.
    pub block: Block,
    /// The state after; equal to the state before if the block is invalid.
    pub post_state: RawState,
}

impl_codec!(Step in Protocol { pre_state, block, post_state });

/// The first state of a trace (`genesis.bin`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Genesis {
    /// Header of the first block's parent.
    pub header: Header,
    /// The state.
    pub state: RawState,
}

impl_codec!(Genesis in Protocol { header, state });

/// Files of all steps under a folder, in order; the file itself if it is one.
///
/// # Errors
///
/// When the folder cannot be read or has no step.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    if folder.is_file() {
        return Ok(vec![folder.to_owned()]);
    }
    let mut files = files::files_under(folder, &["bin"], "trace steps (`NNNNNNNN.bin`)")?;
    files.retain(|file| files::stem(file) != "genesis");
    Ok(files)
}

/// Decodes a step.
///
/// # Errors
///
/// When the octets are no step under this protocol.
pub fn decode(octets: &[u8], protocol: &Protocol) -> Result<Step, DecodeError> {
    decode_all_with(octets, protocol)
}

/// Decodes a step and its state under this protocol. The octets of a nearly empty block alone are a
/// block under several protocols.
///
/// # Errors
///
/// When either is not of this protocol.
pub fn decode_whole(octets: &[u8], protocol: &Protocol) -> Result<Step, String> {
    let step = decode(octets, protocol).map_err(|error| error.to_string())?;
    let key = Component::StagingSet.key();
    let staging_set = step.pre_state.leaves.iter().find(|leaf| leaf.key == key.0);
    let staging_set = staging_set.map_or(&[][..], |leaf| leaf.value.as_slice());
    match decode_all_with::<PerValidator<ValidatorKey>, _>(staging_set, protocol) {
        Ok(_) => Ok(step),
        Err(error) => Err(format!("the state's {} is not valid: {error}", Component::StagingSet)),
    }
}

/// Loads a step.
///
/// # Errors
///
/// The outer one when the file cannot be read, the inner one when it is no step.
pub fn load(file: &Path, protocol: &Protocol) -> Result<Result<Step, DecodeError>, Error> {
    Ok(decode(&files::read(file)?, protocol))
}
