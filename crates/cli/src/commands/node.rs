//! `jambox node`: a chain in one process.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use jambox_codec::decode_all_with;
use jambox_files::without_mark;
use jambox_node::rpc::{RpcLimits, serve};
use jambox_node::{
    ArchiveError, Event, Fork, ForkError, Genesis, Node as JamNode, NodeError, Origin, Pace,
    SymbolTable, development, fork,
};
use jambox_package::{ChainSpec, Switches};
use jambox_state::{Changes, Component, StateError};
use jambox_store::FileState;
use jambox_symbols::Symbols;
use jambox_types::{Hash, Header, Parameters, Protocol, Revision};

use crate::chain;
use crate::diagnosis::Diagnosis;
use crate::engine::environment;
use crate::input;
use crate::outcome::{Failure, Result, Verdict};
use crate::output::{Output, Report};
use crate::plain::plain;
use crate::protocol::ProtocolArgs;
use crate::style::GOOD;

mod told;

/// Run a chain in this process, with the RPC of JIP-2 for the clients of the field
///
/// Blocks are made here: reports in one block become available in the next, and accumulate there.
/// Nothing is signed; seals are zeros. The parameters are tiny unless told otherwise.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jambox node                                  a development chain, in memory, on port 19800
  jambox node --chain dev.chain -v             kept in a file, with the account of every package
  jambox node --on-demand --port 0             a block when there is something to go into it
  jambox node --fork ws://127.0.0.1:19801      upon the state of another node

Exit status: 0 when it was told to stop; 2 bad input, a port in use, a chain of another revision.")]
pub struct Node {
    /// Keep the chain in this file, and go on with it when it is there
    #[arg(long, value_name = "FILE")]
    chain: Option<PathBuf>,

    /// Begin with the state of this chain specification (JIP-4), not with the development chain
    #[arg(long, value_name = "CHAIN-SPEC")]
    spec: Option<PathBuf>,

    /// Begin with the development chain, which is the default
    #[arg(long, conflicts_with = "spec")]
    dev: bool,

    /// Begin with the state of another node's chain: read by JIP-2 when it is needed, and kept in
    /// memory; the other node sees no change. Revision and parameters are the other node's
    #[arg(long, value_name = "URL", conflicts_with_all = ["spec", "dev", "chain"])]
    fork: Option<String>,

    /// Fork after the block of this header hash [default: the last final block]
    #[arg(long, value_name = "HEADER-HASH", requires = "fork")]
    at: Option<Hash>,

    /// The port; 0 for any that is free
    #[arg(long, default_value_t = 19800)]
    port: u16,

    /// The address to listen on: whoever reaches it can do everything
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,

    /// Milliseconds from block to block [default: 6000 by the protocol; here 500]
    #[arg(long, value_name = "MS", conflicts_with_all = ["on_demand", "by_hand"])]
    block_time: Option<u64>,

    /// Make a block only when there is something to go into it
    #[arg(long, conflicts_with = "by_hand")]
    on_demand: bool,

    /// Make a block only when `jambox_mine` asks for one
    #[arg(long)]
    by_hand: bool,

    /// A folder of symbol files, as `jambox build` leaves them: failures then name their source
    #[arg(long, value_name = "FOLDER")]
    symbols: Option<PathBuf>,
}

/// Addresses of the node, and its chain.
#[derive(Serialize)]
struct Listening {
    rpc: String,
    page: String,
    revision: &'static str,
    /// Oldest block that the node has: its genesis, unless the chain was pruned.
    genesis: String,
    head: String,
    slot: u32,
    /// State of another node that the chain began with; `None` without a fork.
    #[serde(skip_serializing_if = "Option::is_none")]
    fork: Option<ForkedFrom>,
}

/// Another node's state.
#[derive(Serialize)]
struct ForkedFrom {
    node: String,
    at: String,
    state_root: String,
    /// Number of services that the node lists.
    services: usize,
    /// Components without a method in JIP-2, which are taken from a development chain.
    made_up: Vec<&'static str>,
}

impl ForkedFrom {
    fn new(origin: &Origin, made_up: &[Component]) -> Self {
        Self {
            node: origin.address.clone(),
            at: origin.at.to_string(),
            state_root: origin.root.to_string(),
            services: origin.services.len(),
            made_up: made_up.iter().map(|component| component.name()).collect(),
        }
    }
}

/// Blocks that a development chain makes before the first request: clients want two of them.
const FIRST_BLOCKS: u32 = 3;

impl Node {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        let execution = protocol.execution();
        let switches = protocol.switches()?;
        let forked = self.fork(&switches)?;
        let protocol = match &forked {
            Some(forked) => forked.protocol,
            None => self.protocol(switches)?,
        };
        let env = environment(protocol, execution)?;
        let (verbosity, color) = (output.verbosity, output.color);
        let listener = Box::new(move |event: &Event<'_>| told::tell(event, verbosity, color));
        let spec = self.spec.as_deref().map(specification).transpose()?;
        let made_up = forked.as_ref().map(|forked| forked.made_up.clone()).unwrap_or_default();
        let genesis = || match forked {
            Some(forked) => Ok(forked.genesis),
            None => genesis(spec, &protocol),
        };
        let node = JamNode::new(env, self.pace(), self.chain.as_deref(), genesis, listener);
        let node = Arc::new(node.map_err(|error| self.failure(error))?);
        if let Some(folder) = &self.symbols {
            node.add_symbols(symbols(folder)?);
        }
        let made = node.ledger().head().number;
        if made < u64::from(FIRST_BLOCKS) {
            let missing = FIRST_BLOCKS.saturating_sub(u32::try_from(made).unwrap_or(0));
            node.mine(missing).map_err(|error| self.failure(error))?;
        }
        self.serve(&node, &made_up, output)
    }

    /// The chain to fork, if one is named.
    fn fork(&self, switches: &Switches) -> Result<Option<Fork>> {
        let Some(address) = self.fork.as_deref() else { return Ok(None) };
        let forked = fork(address, self.at, switches.parameters).map_err(|error| {
            let help = match error {
                ForkError::Parameters(_) => "name its parameters: --params FILE",
                ForkError::Slot { .. } => "leave --at out, to fork after the last final block",
                _ => "--fork takes the address of a node that speaks JIP-2: ws://HOST:PORT",
            };
            Diagnosis::new(error.to_string()).help(help)
        })?;
        let own = forked.protocol.revision.name();
        match switches.revision.map(Revision::name).filter(|asked| *asked != own) {
            Some(asked) => {
                let message =
                    format!("--revision is {asked}, and the node at {address} runs {own}");
                let help = "leave --revision out: a fork is of the other node's revision";
                Err(Diagnosis::new(message).help(help).into())
            }
            None => Ok(Some(forked)),
        }
    }

    /// Serves until the process is told to stop.
    fn serve(&self, node: &Arc<JamNode>, made_up: &[Component], output: &Output) -> Result {
        let address = SocketAddr::new(self.listen, self.port);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Diagnosis::new(error.to_string()))?;
        let served = runtime.block_on(serve(Arc::clone(node), address, RpcLimits::default()));
        let (handle, address) = served.map_err(|error| {
            let help = "is another node running? --port 0 takes any port that is free";
            Diagnosis::new(error.to_string()).help(help)
        })?;
        let ledger = node.ledger();
        let first = ledger.first().map_err(|error| self.failure(error.into()))?;
        output.emit(&Listening {
            rpc: format!("ws://{address}"),
            page: format!("http://{address}/"),
            revision: node.protocol().revision.name(),
            genesis: first.map(|first| first.hash.to_string()).unwrap_or_default(),
            head: ledger.head().descriptor.hash.to_string(),
            slot: ledger.head().descriptor.slot,
            fork: ledger.origin().map(|origin| ForkedFrom::new(origin, made_up)),
        })?;
        let maker = Arc::clone(node);
        let maker = std::thread::spawn(move || maker.make_blocks());
        let stopped = runtime.block_on(tokio::signal::ctrl_c());
        stopped.map_err(|error| Diagnosis::new(error.to_string()))?;
        let _ = handle.stop();
        node.end();
        let _ = maker.join();
        runtime.shutdown_timeout(Duration::from_secs(1));
        Ok(Verdict::Done)
    }

    fn pace(&self) -> Pace {
        match self.block_time {
            _ if self.on_demand => Pace::OnDemand,
            _ if self.by_hand => Pace::ByHand,
            time => Pace::Every(Duration::from_millis(time.unwrap_or(500).max(1))),
        }
    }

    /// The protocol: the existing chain's, else the default with tiny parameters, and the switches
    /// over it.
    fn protocol(&self, switches: Switches) -> Result<Protocol> {
        let own = match self.chain.as_deref().filter(|chain| chain.exists()) {
            Some(chain) => {
                // Opening a pipe would wait for a writer.
                input::open(chain)?;
                let state = FileState::open(chain).map_err(|error| chain::failure(chain, error))?;
                state.protocol()
            }
            None => Protocol { parameters: Parameters::TINY, ..Protocol::default() },
        };
        Ok(switches.over(own))
    }

    fn failure(&self, error: NodeError) -> Failure {
        let error = match (error, &self.chain) {
            (NodeError::Archive(ArchiveError::Store(error)), Some(path)) => {
                return chain::failure(path, error);
            }
            (NodeError::Archive(ArchiveError::State(error)), Some(path)) => {
                return chain::state_failure(path, &error);
            }
            (error, _) => error,
        };
        let diagnosis = Diagnosis::new(error.to_string());
        let diagnosis = match &self.chain {
            Some(path) => diagnosis.in_file(path),
            None => diagnosis,
        };
        let help = match error {
            NodeError::Archive(ArchiveError::UnknownHead(_)) => {
                "`jambox state export` writes its state, which `--spec` begins with"
            }
            _ => "a chain that `jambox node --dev` makes works",
        };
        diagnosis.help(help).into()
    }
}

/// A chain specification.
fn specification(path: &Path) -> Result<ChainSpec> {
    let octets = input::read_up_to(path, input::STATE_LIMIT)?;
    ChainSpec::parse(without_mark(&octets)).map_err(|error| {
        let help = "`jambox state export` writes chain specifications";
        Diagnosis::new(error.to_string()).in_file(path).help(help).into()
    })
}

/// Genesis of a specification; without one, of a development chain.
fn genesis(
    spec: Option<ChainSpec>,
    protocol: &Protocol,
) -> std::result::Result<Genesis, NodeError> {
    let Some(spec) = spec else {
        let broken = |error: StateError| NodeError::Damaged(error.to_string());
        return development(protocol).map_err(broken);
    };
    let mut changes = Changes::default();
    for (key, value) in spec.genesis_state {
        changes.set_key(key, Some(value));
    }
    let header: Header = match spec.genesis_header.as_slice() {
        [] => jambox_node::genesis::header(protocol),
        octets => decode_all_with(octets, protocol)?,
    };
    if !has_history(&changes) {
        jambox_node::genesis::begin_history(&mut changes, &header, protocol);
    }
    Ok(Genesis { changes, header, origin: None })
}

/// True if a state has the component of recent blocks.
fn has_history(changes: &Changes) -> bool {
    let meaning = jambox_state::Meaning::Component(Component::RecentBlocks);
    changes.get(&meaning.key()).is_some()
}

/// The symbols of a folder, by code hash.
fn symbols(folder: &Path) -> Result<SymbolTable> {
    let entries = std::fs::read_dir(folder).map_err(|error| {
        Diagnosis::new(jambox_files::reason(&error).to_string())
            .in_file(folder)
            .help("name the folder `symbols` beside a blob that `jambox build` made")
    })?;
    let mut table = SymbolTable::new();
    for entry in entries.flatten() {
        let path = entry.path();
        let Some(hash) = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok()) else {
            continue;
        };
        let octets = input::read(&path)?;
        let parsed = String::from_utf8_lossy(&octets).parse::<Symbols>();
        let parsed = parsed.map_err(|error| Diagnosis::new(error.to_string()).in_file(&path))?;
        table.insert(hash, parsed);
    }
    Ok(table)
}

impl Report for Listening {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{GOOD}ready{GOOD:#} {} (explorer: {})", self.rpc, self.page)?;
        writeln!(out, "  revision  {}", self.revision)?;
        writeln!(out, "  genesis   {}", self.genesis)?;
        writeln!(out, "  head      {} in slot {}", self.head, self.slot)?;
        let Some(fork) = &self.fork else { return Ok(()) };
        writeln!(out, "  fork of   {} after {}", plain(&fork.node), fork.at)?;
        match fork.made_up.as_slice() {
            [] => Ok(()),
            all => writeln!(
                out,
                "  not told  {}: those of a development chain are used",
                all.join(", ")
            ),
        }
    }
}
