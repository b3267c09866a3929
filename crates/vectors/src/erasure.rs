//! The erasure-coding vectors (`erasure/{tiny,full}` of `davxy/jam-test-vectors`).

use std::path::Path;

use jambox_erasure::ErasureCode;
use jambox_types::Protocol;
use serde::Deserialize;

use crate::campaign::whole;
use crate::{Campaign, Error, Outcome, Report, files};

/// A case, as in its file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// The data, in hexadecimal.
    data: String,
    /// All of its chunks, in hexadecimal.
    shards: Vec<String>,
}

/// Runs every case in a folder (`*.json`): encoding the data gives the chunks, and recovery from
/// the last chunks, as many as needed, gives the data.
///
/// # Errors
///
/// When the folder cannot be read or holds no case.
pub fn run(folder: &Path, protocol: &Protocol) -> Result<Report, Error> {
    whole(|campaign| run_part(folder, protocol, campaign))
}

/// [`run`], as a part of a campaign.
///
/// # Errors
///
/// As [`run`].
pub fn run_part(
    folder: &Path,
    protocol: &Protocol,
    campaign: &mut Campaign<'_>,
) -> Result<(), Error> {
    for (name, case) in files::json_under::<Case>(folder, "erasure vectors (`*.json`)")? {
        if !campaign.wants(&name) {
            continue;
        }
        let checked = case.map_err(|error| format!("not a case: {error}"));
        let outcome = checked.and_then(|case| check(&case, protocol));
        campaign.add(name, outcome.map_or_else(Outcome::Failed, |()| Outcome::Passed));
    }
    Ok(())
}

fn check(case: &Case, protocol: &Protocol) -> Result<(), String> {
    let octets = |hex: &String| const_hex::decode(hex).map_err(|error| format!("{error}"));
    let data = octets(&case.data)?;
    let expected = case.shards.iter().map(octets).collect::<Result<Vec<_>, _>>()?;
    let (validators, counts) = (expected.len(), protocol.validator_counts());
    if !counts.contain(validators) {
        return Err(format!("{validators} chunks given where there are {counts} validators"));
    }
    let code = ErasureCode::new(protocol.data_shards(validators), validators);
    let code = code.map_err(|error| error.to_string())?;
    let found = code.encode(&data).map_err(|error| error.to_string())?;
    if expected.len() != found.len() {
        return Err(format!("{} chunks expected, {} found", expected.len(), found.len()));
    }
    if let Some(index) = expected.iter().zip(&found).position(|(e, f)| e != f) {
        let hex = |chunk: &Vec<u8>| const_hex::encode_prefixed(chunk);
        let (expected, found) = (hex(&expected[index]), hex(&found[index]));
        return Err(format!("chunk {index}: {expected} expected, {found} found"));
    }
    let last = expected.iter().enumerate().rev().take(code.originals());
    let recovered = code.recover(last).map_err(|error| error.to_string())?;
    match recovered.strip_prefix(data.as_slice()) {
        Some(padding) if padding.iter().all(|octet| *octet == 0) => Ok(()),
        _ => Err("the last chunks give other data".into()),
    }
}
