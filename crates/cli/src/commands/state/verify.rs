//! Checking all of a chain.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use jambox_store::FileState;

use crate::chain;
use crate::diagnosis::Diagnosis;
use crate::outcome::{Failure, Result, Verdict};
use crate::output::{Output, Report};
use crate::protocol::ProtocolArgs;

/// Most damaged places that are listed.
const LISTED: usize = 50;

#[derive(Debug, Args)]
pub struct Verify {
    /// The chain
    chain: PathBuf,
}

/// Report of a check.
#[derive(Serialize)]
struct Verified {
    file: String,
    revision: String,
    entries: u64,
    root: String,
    /// Octets of the file that are in use, and all of them.
    octets_used: u64,
    octets: u64,
}

impl Verify {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        let failure = |error| chain::failure(&self.chain, error);
        let state = FileState::open(&self.chain).map_err(failure)?;
        let switches = protocol.switches()?;
        state.expect(switches.revision, switches.parameters.as_ref()).map_err(failure)?;
        let bar = output.progress(usize::try_from(state.entries()).unwrap_or(usize::MAX));
        let (mut entries, mut damage, mut unlisted) = (0, Vec::new(), 0);
        let walked = state.verify(&mut |found| {
            bar.inc(1);
            match found {
                Ok(()) => entries += 1,
                Err(found) if damage.len() < LISTED => damage.push(found),
                Err(_) => unlisted += 1,
            }
        });
        bar.finish_and_clear();
        walked.map_err(failure)?;
        if !damage.is_empty() {
            let mut listed: Vec<Diagnosis> =
                damage.iter().map(|damage| chain::damaged(&self.chain, damage)).collect();
            if unlisted > 0 {
                let message = format!("{unlisted} more are not listed");
                listed.push(Diagnosis::new(message).in_file(&self.chain));
            }
            return Err(Failure::Input(listed));
        }
        let (octets_used, octets) = state.size().map_err(failure)?;
        output.emit(&Verified {
            file: self.chain.display().to_string(),
            revision: state.protocol().revision.to_string(),
            entries,
            root: state.root().to_string(),
            octets_used,
            octets,
        })?;
        Ok(Verdict::Done)
    }
}

impl Report for Verified {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { file, revision, entries, root, octets_used, octets } = self;
        writeln!(out, "{file}: a chain of {revision}, {entries} entries, root {root}")?;
        writeln!(out, "all of it is as it was written; {octets_used} of {octets} octets are in use")
    }
}
