//! The codec vectors: each encoding decodes, encodes to itself, and equals the JSON file beside it.

use std::path::Path;

use jambox_codec::{Decode, Encode, decode_all_with, encode_with};
use jambox_types::{
    AccumulateInput, Assurance, Block, Disputes, Extrinsic, Guarantee, Header, Parameters,
    Preimage, Protocol, RefineContext, Revision, TicketEnvelope, WorkDigest, WorkItem, WorkPackage,
    WorkReport,
};

use crate::campaign::whole;
use crate::json::{ToJson, first_difference};
use crate::{Campaign, Error, Outcome, Report, files};

/// Runs every case in a folder: each file `name.bin`, or `name.hex` with commented hexadecimal, and
/// `name.json` beside it.
///
/// `revision` is the folder's revision. By default it is the revision under which most cases pass;
/// the report names it if the numbers differ.
///
/// # Errors
///
/// When the folder cannot be read or holds no case.
pub fn run(
    folder: &Path,
    revision: Option<Revision>,
    parameters: &Parameters,
) -> Result<Report, Error> {
    let candidates = revision.map_or(Revision::ALL.to_vec(), |revision| vec![revision]);
    let mut best: Option<Report> = None;
    for revision in candidates {
        let mut report = run_under(folder, &Protocol::new(revision, *parameters))?;
        report.revisions.insert(revision);
        best = Some(match best {
            None => report,
            Some(best) if report.passed() > best.passed() => report,
            Some(mut best) => {
                if report.passed() == best.passed() {
                    best.revisions.extend(report.revisions);
                }
                best
            }
        });
    }
    Ok(best.unwrap_or_default())
}

fn run_under(folder: &Path, protocol: &Protocol) -> Result<Report, Error> {
    whole(|campaign| run_part(folder, protocol, campaign))
}

/// Runs a part of the cases under one revision.
///
/// # Errors
///
/// As [`run`].
pub fn run_part(
    folder: &Path,
    protocol: &Protocol,
    campaign: &mut Campaign<'_>,
) -> Result<(), Error> {
    for file in files::files_under(folder, &["bin", "hex"], "codec vectors (`*.bin`)")? {
        let name = files::stem(&file);
        if !campaign.wants(&name) {
            continue;
        }
        let octets = files::read_octets(&file)?;
        let json = files::read(&file.with_extension("json"))?;
        let outcome = match check_named(&name, &octets, &json, protocol) {
            None => Outcome::Skipped("no type is known by this name".into()),
            Some(Ok(())) => Outcome::Passed,
            Some(Err(difference)) => Outcome::Failed(difference),
        };
        campaign.add(name, outcome);
    }
    Ok(())
}

/// Checks the case with this name; `None` if its type is unknown.
fn check_named(
    name: &str,
    octets: &[u8],
    json: &[u8],
    protocol: &Protocol,
) -> Option<Result<(), String>> {
    // Files of one type are numbered.
    let kind = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_');
    let check = match kind {
        "accumulate_inputs" => check::<Vec<AccumulateInput>>,
        "assurances_extrinsic" => check::<Vec<Assurance>>,
        "block" => check::<Block>,
        "disputes_extrinsic" => check::<Disputes>,
        "extrinsic" => check::<Extrinsic>,
        "guarantees_extrinsic" => check::<Vec<Guarantee>>,
        "header" => check::<Header>,
        "preimages_extrinsic" => check::<Vec<Preimage>>,
        "refine_context" => check::<RefineContext>,
        "tickets_extrinsic" => check::<Vec<TicketEnvelope>>,
        "work_item" => check::<WorkItem>,
        "work_package" => check::<WorkPackage>,
        "work_report" => check::<WorkReport>,
        "work_result" => check::<WorkDigest>,
        _ => return None,
    };
    Some(check(octets, json, protocol))
}

/// Checks an encoding of `T` against itself and against its JSON form.
pub(crate) fn check<T: Decode<Protocol> + Encode<Protocol> + ToJson>(
    octets: &[u8],
    json: &[u8],
    protocol: &Protocol,
) -> Result<(), String> {
    decode_checked::<T>(octets, json, protocol).map(|_| ())
}

/// Decodes a `T` that encodes to the same octets and equals the JSON form.
pub(crate) fn decode_checked<T: Decode<Protocol> + Encode<Protocol> + ToJson>(
    octets: &[u8],
    json: &[u8],
    protocol: &Protocol,
) -> Result<T, String> {
    let value: T = decode_all_with(octets, protocol).map_err(|error| error.to_string())?;
    let encoded = encode_with(&value, protocol);
    if encoded != octets {
        let offset = encoded.iter().zip(octets).take_while(|(ours, theirs)| ours == theirs).count();
        return Err(format!("decoded and encoded again, octet {offset} differs"));
    }
    let expected = serde_json::from_slice(json).map_err(|error| format!("JSON: {error}"))?;
    match first_difference(&expected, &value.to_json(protocol.rules())) {
        Some(difference) => Err(format!("decoded, it differs from the JSON file: {difference}")),
        None => Ok(value),
    }
}
