//! The state-trie vectors (`trie/trie.json`): maps and the root of their trie.
//!
//! They take the bits of an octet in the order of earlier revisions; the roots in the traces follow
//! 0.7.2. Both are checked, each in its order.

use std::collections::BTreeMap;
use std::path::Path;

use jambox_state::StateKey;
use jambox_state::trie::{BitOrder, root_in};
use jambox_types::Hash;
use serde_json::Value;

use crate::{Error, Outcome, Report, files};

/// Runs every case of every file `*.json` under a folder.
///
/// Keys in the files have 32 octets, of which the trie takes the first 31.
///
/// # Errors
///
/// When the folder cannot be read or holds no such file.
pub fn run(folder: &Path) -> Result<Report, Error> {
    let mut report = Report::default();
    for file in files::files_under(folder, &["json"], "trie vectors (`*.json`)")? {
        let name = files::stem(&file);
        match serde_json::from_slice::<Vec<Value>>(&files::read(&file)?) {
            Ok(cases) => {
                for (number, case) in cases.iter().enumerate() {
                    let outcome = check(case).map_or_else(Outcome::Failed, |()| Outcome::Passed);
                    report.add(format!("{name} {number}"), outcome);
                }
            }
            Err(error) => report.add(name, Outcome::Failed(format!("JSON: {error}"))),
        }
    }
    Ok(report)
}

fn check(case: &Value) -> Result<(), String> {
    let part = |name: &str| case.get(name).cloned().unwrap_or_default();
    let input: BTreeMap<String, String> =
        serde_json::from_value(part("input")).map_err(|error| format!("input: {error}"))?;
    let expected: Hash = serde_json::from_value::<String>(part("output"))
        .map_err(|error| error.to_string())
        .and_then(|text| text.parse().map_err(|error| format!("{error}")))
        .map_err(|error| format!("output: {error}"))?;
    let entry = |(key, value): (&String, &String)| {
        let octets: [u8; 32] = const_hex::decode_to_array(key).map_err(|e| e.to_string())?;
        let (key, _) = octets.split_first_chunk::<31>().ok_or("a key is too short")?;
        let value = const_hex::decode(value).map_err(|error| error.to_string())?;
        Ok::<_, String>((StateKey(*key), value))
    };
    let entries = input.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    let root = root_in(BitOrder::LeastSignificantFirst, entries);
    if root == expected { Ok(()) } else { Err(format!("expected root {expected}, got {root}")) }
}
