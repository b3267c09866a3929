//! `jambox block`: whole blocks on a chain.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use jambox_chain::block::{self, BlockError, Checks};
use jambox_codec::{decode_all_with, encode_with};
use jambox_inspect::wide;
use jambox_invocation::Env;
use jambox_state::Component;
use jambox_store::Batch;
use jambox_types::{Block as JamBlock, Hash, Protocol};
use jambox_vectors::steps::Step;
use jambox_vectors::traces::keyed;

use crate::chain::{self, Chain};
use crate::diagnosis::Diagnosis;
use crate::engine::{Execution, environment};
use crate::input;
use crate::outcome::{Result, Verdict};
use crate::output::{Output, Report};
use crate::plain::plain;
use crate::protocol::ProtocolArgs;
use crate::style::{BAD, GOOD};

/// Apply whole blocks to a chain
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jambox block apply --state chain.redb block.bin")]
pub struct Block {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Apply blocks in the order given, each as a commit of its own
    ///
    /// Signatures, seals, and the right to author and guarantee are taken as given. Components that
    /// consensus changes stay as they are: Safrole, disputes, validators and their statistics.
    #[command(after_help = "\
Examples:
  jambox block apply --state chain.redb block.bin --entropy 0x9f..
  jambox block apply --state chain.redb trace/0*.bin    steps of traces know their entropy

Exit status: 0 when every block was applied; 1 when one was refused, the ones before it stay applied; 2 bad \
input.")]
    Apply(Apply),
}

#[derive(Debug, Args)]
struct Apply {
    /// The chain
    #[arg(long, value_name = "CHAIN")]
    state: PathBuf,

    /// The entropy accumulator after the block; steps of traces hold it [default: that of the
    /// chain]
    #[arg(long, value_name = "HASH")]
    entropy: Option<Hash>,

    /// Encoded blocks, or steps of traces
    #[arg(required = true)]
    blocks: Vec<PathBuf>,
}

#[derive(Serialize)]
struct Applied {
    blocks: Vec<Line>,
    root: String,
}

#[derive(Serialize)]
struct Line {
    file: String,
    slot: u32,
    /// Nothing when the block was applied.
    refused: Option<String>,
    available: usize,
    #[serde(serialize_with = "wide::number")]
    gas_used: u64,
    changed: usize,
}

impl Block {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        let Action::Apply(apply) = &self.action;
        apply.run(protocol, output)
    }
}

impl Apply {
    fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        let mut chain = Chain::open(&self.state)?;
        let env = env(&chain, &self.state, protocol, protocol.execution())?;
        let progress = output.progress(self.blocks.len());
        let mut lines = Vec::new();
        for path in &self.blocks {
            progress.set_message(plain(&path.display().to_string()).into_owned());
            let line = self.apply(&mut chain, &env, path)?;
            let is_refused = line.refused.is_some();
            lines.push(line);
            progress.inc(1);
            if is_refused {
                break;
            }
        }
        progress.finish_and_clear();
        let failed = lines.iter().any(|line| line.refused.is_some());
        output.emit(&Applied { blocks: lines, root: chain.root().to_string() })?;
        Ok(Verdict::failed_if(failed))
    }

    fn apply(&self, chain: &mut Chain, env: &Env, path: &Path) -> Result<Line> {
        let Prepared { block, checks, entropy } =
            prepare(chain, &self.state, path, env.protocol(), self.entropy)?;
        let state = chain.store.read();
        let mut line = Line {
            file: path.display().to_string(),
            slot: block.header.slot.0,
            refused: None,
            available: 0,
            gas_used: 0,
            changed: 0,
        };
        match block::apply(env, &state, &block, checks, entropy, &mut ()) {
            Ok(applied) => {
                // The next block descends from this one.
                let header = encode_with(&block.header, env.protocol());
                let written = chain.store.write_all(&Batch {
                    changes: &applied.changes,
                    exports: &[],
                    forgotten: &[],
                    notes: &[("header", header)],
                    records: &[],
                });
                written.map_err(|error| chain::failure(&self.state, error))?;
                line.available = applied.available.len();
                line.gas_used = applied.gas_used.0;
                line.changed = applied.changes.len();
            }
            Err(BlockError::Refused(refusal)) => line.refused = Some(refusal.to_string()),
            Err(error) => {
                return Err(Diagnosis::new(error.to_string()).in_file(&self.state).into());
            }
        }
        Ok(line)
    }
}

/// A block, with everything needed to apply it to a chain.
pub struct Prepared {
    pub block: JamBlock,
    pub checks: Checks,
    /// The entropy accumulator after it.
    pub entropy: Hash,
}

/// The environment of a chain's blocks. Error: the chain, at `state`, has other parameters or
/// another revision than asked for; the backend is missing.
pub fn env(
    chain: &Chain,
    state: &Path,
    protocol: &ProtocolArgs,
    execution: Execution,
) -> Result<Env> {
    let own = chain.store.protocol();
    let switches = protocol.switches()?;
    let expected = chain.state.expect(switches.revision, switches.parameters.as_ref());
    expected.map_err(|error| chain::failure(state, error))?;
    let protocol = switches.over(Protocol::default());
    environment(Protocol { abi: protocol.abi, ..own }, execution)
}

/// Reads a block that is to be applied to a chain. Without an entropy it is that of the file, or of
/// the chain. Error: the file is no block, the chain at `state` cannot be read.
pub fn prepare(
    chain: &Chain,
    state: &Path,
    path: &Path,
    protocol: &Protocol,
    entropy: Option<Hash>,
) -> Result<Prepared> {
    let (block, known) = read(path, protocol)?;
    let own: [Hash; 4] = Component::Entropy
        .read(&*chain.store.read(), protocol)
        .map_err(|error| chain::state_failure(state, &error))?;
    let [own, ..] = own;
    let entropy = entropy.or(known).unwrap_or(own);
    // Blocks applied here leave the consensus part of the state unchanged, so it is not the chain's
    // any more.
    let checks = match chain.root() {
        prior_root if prior_root == block.header.parent_state_root => Checks::All { prior_root },
        _ => Checks::WithoutConsensus,
    };
    Ok(Prepared { block, checks, entropy })
}

/// A block, and the entropy after it if the file holds it.
fn read(path: &Path, protocol: &Protocol) -> Result<(JamBlock, Option<Hash>)> {
    let octets = input::read(path)?;
    if let Ok(step) = decode_all_with::<Step, _>(&octets, protocol) {
        let after = keyed(&step.post_state);
        let entropy: Option<[Hash; 4]> = Component::Entropy.read(&after, protocol).ok();
        return Ok((step.block, entropy.map(|[entropy, ..]| entropy)));
    }
    let block = decode_all_with(&octets, protocol).map_err(|error| {
        Diagnosis::new(format!("the file is not a block: {}", error.kind))
            .at_octet(path, error.offset as u64)
            .expected("expected an encoded block or a step of a trace")
            .help("does the chain have the parameters of the block?")
    })?;
    Ok((block, None))
}

impl Report for Applied {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for line in &self.blocks {
            let Line { file, slot, refused, available, gas_used, changed } = line;
            match refused {
                Some(rule) => {
                    writeln!(out, "{BAD}refused{BAD:#} {file}, slot {slot}: {rule}")?;
                    writeln!(out, "the state is as before this block")?;
                }
                None => writeln!(
                    out,
                    "{GOOD}applied{GOOD:#} {file}, slot {slot}: {available} reports accumulated, gas \
                     {gas_used}, {changed} values changed"
                )?,
            }
        }
        writeln!(out, "root {}", self.root)
    }
}
