//! `jambox explain`: meanings of the protocol's words and numbers.

mod entries;
mod listing;
mod text;

use std::path::Path;

use clap::Args;
use serde::Serialize;

use jambox_hostcall::Abi;
use jambox_types::Revision;

use crate::capsule;
use crate::diagnosis::Diagnosis;
use crate::outcome::{Result, Verdict};
use crate::output::Output;
use crate::protocol::{ProtocolArgs, interface};

use entries::{Entry, everything};
use listing::Listing;

/// Explain a host call, result code, opcode, fetch kind or parameter, by name or number
///
/// Without a word it lists them all, a line each. Numbers and gas are those of every revision side
/// by side, or of the one that --revision names.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jambox explain write           the host call: arguments, gas, outcomes in their order
  jambox explain HUH             the result code
  jambox explain branch_eq_imm   the instruction
  jambox explain 100             whatever has this number
  jambox explain 2^64-9          the result code with this value
  jambox explain W_R             the parameter
  jambox explain read --revision gray-paper-0.8.0
  jambox explain                 everything, a line each")]
pub struct Explain {
    /// A name or a number; or a capsule, whose contents are listed
    #[arg(value_name = "NAME|NUMBER", allow_negative_numbers = true)]
    word: Option<String>,
}

impl Explain {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        if let Some(word) = &self.word
            && let Some(capsule) = capsule::read(Path::new(word))?
        {
            output.emit(&capsule::Content::of(&capsule))?;
            return Ok(Verdict::Done);
        }
        let revisions = match protocol.switches()?.revision {
            Some(revision) => vec![revision],
            None => Revision::ALL.to_vec(),
        };
        let protocol = protocol.protocol()?;
        interface(&protocol)?;
        let all = everything(&protocol, &revisions);
        let switches = Switches::of(protocol.abi, &revisions);
        let Some(word) = &self.word else {
            output.emit(&Listing { protocol: switches, entries: all })?;
            return Ok(Verdict::Done);
        };
        let (wanted, number) = (normal(word), number(word));
        let (entries, others): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|entry| entry.is_meant(&wanted, number));
        if entries.is_empty() {
            return Err(unknown(word, number, &others).into());
        }
        output.emit(&Explanation { word, protocol: switches, entries })?;
        Ok(Verdict::Done)
    }
}

#[derive(Serialize)]
struct Explanation<'a> {
    word: &'a str,
    protocol: Switches,
    entries: Vec<Entry>,
}

#[derive(Serialize)]
struct Switches {
    revisions: Vec<&'static str>,
    abi: &'static str,
    /// True if nodes agree on the ABI.
    consensus: bool,
}

impl Switches {
    fn of(abi: Abi, revisions: &[Revision]) -> Self {
        Self {
            revisions: revisions.iter().map(|revision| revision.name()).collect(),
            abi: abi.name(),
            consensus: abi == Abi::GrayPaper,
        }
    }
}

/// A word in its form for comparison: any case, `-` and `_` alike.
fn normal(word: &str) -> String {
    word.to_lowercase().replace('-', "_")
}

/// Reads `12`, `0x0c` and, for the result codes, `2^64-9` and `-9`.
fn number(word: &str) -> Option<u64> {
    let below = word.strip_prefix("2^64-").or_else(|| word.strip_prefix('-'));
    match below {
        Some(digits) => jambox_isa::parse_number(digits).map(u64::wrapping_neg),
        None => jambox_isa::parse_number(word),
    }
}

fn unknown(word: &str, number: Option<u64>, known: &[Entry]) -> Diagnosis {
    let message = match number {
        Some(_) => {
            format!("no host call, result code, instruction or parameter has the number {word}")
        }
        None => format!("no host call, result code, instruction or parameter is called `{word}`"),
    };
    let near = jambox_asm::most_like(word, known.iter().flat_map(Entry::names));
    Diagnosis::new(message).help(match near {
        Some(near) if number.is_none() => format!("did you mean `{near}`?"),
        _ => "`jambox explain` without a word lists all of them".to_owned(),
    })
}
