//! The state-trie vectors (`trie/trie.json`): maps with the root of their trie.
//!
//! They take the bits of an octet in the order of earlier revisions; the roots in the traces follow
//! 0.7.2. Both orders are checked.

use std::collections::BTreeMap;
use std::path::Path;

use jambox_state::StateKey;
use jambox_state::trie::{BitOrder, root_in};
use jambox_types::Hash;
use serde::Deserialize;

use crate::campaign::whole;
use crate::{Campaign, Error, Outcome, Report, files};

/// A case, as in the file.
#[derive(Deserialize)]
struct Case {
    /// Keys and values, in hexadecimal.
    input: BTreeMap<String, String>,
    /// The root, in hexadecimal.
    output: String,
}

/// Runs every case of every file `*.json` under a folder.
///
/// Keys in the files have 32 octets. The trie takes the first 31 of them.
///
/// # Errors
///
/// When the folder cannot be read or holds no such file.
pub fn run(folder: &Path) -> Result<Report, Error> {
    whole(|campaign| run_part(folder, campaign))
}

/// [`run`], as a part of a campaign.
///
/// # Errors
///
/// As [`run`].
pub fn run_part(folder: &Path, campaign: &mut Campaign<'_>) -> Result<(), Error> {
    for (name, cases) in files::json_under::<Vec<Case>>(folder, "trie vectors (`*.json`)")? {
        match cases {
            Ok(cases) => {
                for (number, case) in cases.iter().enumerate() {
                    let name = format!("{name} {number}");
                    if campaign.wants(&name) {
                        let checked = check(case);
                        campaign
                            .add(name, checked.map_or_else(Outcome::Failed, |()| Outcome::Passed));
                    }
                }
            }
            Err(error) if campaign.wants(&name) => {
                campaign.add(name, Outcome::Failed(format!("not cases: {error}")));
            }
            Err(_) => {}
        }
    }
    Ok(())
}

fn check(case: &Case) -> Result<(), String> {
    let expected: Hash = case.output.parse().map_err(|error| format!("output: {error}"))?;
    let entry = |(key, value): (&String, &String)| {
        let octets: [u8; 32] = const_hex::decode_to_array(key).map_err(|e| e.to_string())?;
        let (key, _) = octets.split_first_chunk::<31>().ok_or("a key is too short")?;
        let value = const_hex::decode(value).map_err(|error| error.to_string())?;
        Ok::<_, String>((StateKey(*key), value))
    };
    let entries = case.input.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    let root = root_in(BitOrder::LeastSignificantFirst, entries);
    if root == expected { Ok(()) } else { Err(format!("expected root {expected}, got {root}")) }
}
