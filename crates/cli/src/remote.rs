//! A connection to a node over JIP-2, of any implementation: packages are submitted and followed.

use std::io::{self, Write};
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use jambox_codec::{decode_all, encode_with};
use jambox_node::client::{Client, ClientError};
use jambox_node::{Blobs, Descriptor, Status};
use jambox_state::AccountInfo;
use jambox_symbols::Symbols;
use jambox_types::{
    CoreIndex, Gas, Hash, Parameters, Protocol, RefineContext, Revision, Rules, ServiceId,
    TimeSlot, WorkItem, WorkPackage,
};

use crate::account;
use crate::diagnosis::Diagnosis;
use crate::outcome::{Failure, Result, Verdict};
use crate::output::Report;
use crate::protocol::ProtocolArgs;
use crate::style::{BAD, GOOD, NAME};

/// Pause before the next request for the same thing to a node.
const PAUSE: Duration = Duration::from_millis(100);

/// The node, and the use of it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Node")]
pub struct RemoteArgs {
    /// The address of the node
    #[arg(long, value_name = "URL", default_value = "ws://127.0.0.1:19800")]
    node: String,

    /// The core that packages are for
    #[arg(long, default_value_t = 0)]
    core: u16,

    /// The most seconds to wait for each step on the chain
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    patience: u64,
}

/// A connection to a node, with facts of its chain.
pub struct Remote {
    pub client: Client,
    pub protocol: Protocol,
    pub core: CoreIndex,
    patience: Duration,
    parameters: Value,
}

/// Fate of a package.
#[derive(Serialize)]
pub struct PackageVerdict {
    package: String,
    core: u16,
    status: &'static str,
    reason: Option<String>,
    report: Option<String>,
    reported_in: Option<Place>,
    ready_in: Option<Place>,
    /// Account of the package's invocations; `None` if the node keeps none.
    account: Option<Value>,
}

/// A block.
#[derive(Serialize)]
struct Place {
    block: String,
    slot: u32,
}

impl From<Descriptor> for Place {
    fn from(descriptor: Descriptor) -> Self {
        Self { block: descriptor.hash.to_string(), slot: descriptor.slot }
    }
}

/// Failure for an error between the command and the node.
pub fn failure(error: &ClientError) -> Failure {
    let help = match error {
        ClientError::Address(_) => "--node takes the address that `jambox node` prints",
        ClientError::Connect { .. } => "is the node running? --node takes the address it prints",
        ClientError::Refused { .. } => "this is the node's answer",
        ClientError::Silent { .. } => "the node may have been stopped",
        ClientError::Answer { .. } => "the node speaks another JIP-2, or is of another revision",
    };
    Diagnosis::new(error.to_string()).help(help).into()
}

impl RemoteArgs {
    /// Connects, and learns the revision and the parameters of the node's chain.
    pub fn connect(&self, protocol: &ProtocolArgs) -> Result<Remote> {
        let client = Client::connect(&self.node).map_err(|error| failure(&error))?;
        let parameters = client.parameters().map_err(|error| failure(&error))?;
        let revision = protocol.revision().unwrap_or_else(|| revision_of(&parameters));
        Ok(Remote {
            client,
            // Encodings of packages do not depend on the parameters; the node checks the limits.
            protocol: Protocol::new(revision, Parameters::FULL),
            core: CoreIndex(self.core),
            patience: Duration::from_secs(self.patience),
            parameters,
        })
    }
}

/// The revision of a chain, by the members that its parameters have.
fn revision_of(parameters: &Value) -> Revision {
    let has_validators = parameters.get("val_count").is_some();
    let is_meant = |it: &Revision| Rules::of(*it).validator_parameters == has_validators;
    Revision::ALL.into_iter().find(is_meant).unwrap_or_default()
}

impl Remote {
    /// Most gas of an item, to refine and to accumulate.
    pub fn most_gas(&self) -> (Gas, Gas) {
        let gas = |name: &str| Gas(self.parameters[name].as_u64().unwrap_or(0));
        (gas("max_refine_gas"), gas("max_accumulate_gas"))
    }

    /// The last block.
    pub fn best(&self) -> Result<Descriptor> {
        self.client.best_block().map_err(|error| failure(&error))
    }

    /// A service's record.
    pub fn account(&self, service: ServiceId) -> Result<AccountInfo> {
        let best = self.best()?;
        let data = self.client.service_data(best.hash, service).map_err(|error| failure(&error))?;
        let data = data.ok_or_else(|| {
            let message = format!("the chain has no service {} ({:08x})", service.0, service.0);
            Diagnosis::new(message).help("`jambox deploy` makes one")
        })?;
        decode_all(&data).map_err(|error| {
            let message = format!("the record of service {} does not decode: {error}", service.0);
            Diagnosis::new(message).help("the node is of another revision").into()
        })
    }

    /// Context of a package that is submitted now: blocks old enough that their state roots are
    /// known, the choice of other clients too.
    pub fn context(&self) -> Result<RefineContext> {
        self.try_context().map_err(|error| failure(&error))
    }

    fn try_context(&self) -> std::result::Result<RefineContext, ClientError> {
        let client = &self.client;
        let lookup_anchor = client.parent(client.finalized_block()?.hash)?;
        let anchor = client.parent(client.best_block()?.hash)?;
        let rules = self.protocol.rules();
        let mut context = RefineContext {
            anchor: anchor.hash,
            state_root: client.state_root(anchor.hash)?,
            accumulation_root: client.beefy_root(anchor.hash)?,
            lookup_anchor: lookup_anchor.hash,
            lookup_anchor_slot: TimeSlot(lookup_anchor.slot),
            ..RefineContext::default()
        };
        if rules.anchor_slot_in_context {
            context.anchor_slot = TimeSlot(anchor.slot);
        }
        if rules.lookup_state_root_in_context {
            context.lookup_anchor_state_root = client.state_root(lookup_anchor.hash)?;
        }
        Ok(context)
    }

    /// A package of one item, authorized by the null authorizer of the bootstrap service.
    pub fn package(&self, item: WorkItem) -> Result<WorkPackage> {
        let context = self.context()?;
        let authorizer = Blobs::of(self.protocol.revision).null_authorizer;
        Ok(WorkPackage {
            auth_code_host: jambox_node::genesis::BOOTSTRAP,
            auth_code_hash: Hash::blake2b(authorizer),
            context,
            auth_token: Vec::new(),
            auth_config: Vec::new(),
            items: vec![item],
        })
    }

    /// An item for a service, with the most gas that the chain allows.
    pub fn item(&self, service: ServiceId, payload: Vec<u8>) -> Result<WorkItem> {
        let code_hash = self.account(service)?.code_hash;
        let (refine_gas_limit, accumulate_gas_limit) = self.most_gas();
        Ok(WorkItem {
            service,
            code_hash,
            refine_gas_limit,
            accumulate_gas_limit,
            export_count: 0,
            payload,
            imports: Vec::new(),
            extrinsics: Vec::new(),
        })
    }

    /// Lets the node name the source of failures, where it has a use for that.
    pub fn add_symbols(&self, code: Hash, symbols: &Symbols) -> Result<()> {
        let added = self.client.add_symbols(code, &symbols.to_string());
        added.map_err(|error| failure(&error))
    }

    /// Submits a package and waits for its end.
    pub fn run(&self, package: &WorkPackage, extrinsics: &[Vec<u8>]) -> Result<PackageVerdict> {
        let hash = package.hash(&self.protocol);
        let encoded = encode_with(package, &self.protocol);
        let mut verdict = PackageVerdict {
            package: hash.to_string(),
            core: self.core.0,
            status: "refused",
            reason: None,
            report: None,
            reported_in: None,
            ready_in: None,
            account: None,
        };
        match self.client.submit(self.core, &encoded, extrinsics) {
            Ok(()) => self.follow(hash, package.context.anchor, &mut verdict)?,
            Err(ClientError::Refused { message, .. }) => verdict.reason = Some(message),
            Err(error) => return Err(failure(&error)),
        }
        // A package that the node refused at once has no account.
        verdict.account = self.client.account(hash).unwrap_or(None);
        Ok(verdict)
    }

    /// Waits until a package is ready or failed.
    fn follow(&self, package: Hash, anchor: Hash, verdict: &mut PackageVerdict) -> Result<()> {
        let status = self.wait("the package to be reported and available", || {
            let best = self.client.best_block()?;
            Ok(match self.client.status(best.hash, package, anchor)? {
                Status::Reportable(_) | Status::Reported { .. } => None,
                status => Some(status),
            })
        })?;
        match status {
            Status::Ready { reported, core, report, ready } => {
                verdict.status = "ready";
                verdict.core = core.0;
                verdict.report = Some(report.to_string());
                verdict.reported_in = Some(reported.into());
                verdict.ready_in = Some(ready.into());
            }
            Status::Failed(reason) => {
                verdict.status = "failed";
                verdict.reason = Some(reason);
            }
            Status::Reportable(_) | Status::Reported { .. } => {}
        }
        Ok(())
    }

    /// Repeats a request until it has an answer.
    pub fn wait<T>(
        &self,
        what: &str,
        mut ask: impl FnMut() -> std::result::Result<Option<T>, ClientError>,
    ) -> Result<T> {
        let end = Instant::now() + self.patience;
        loop {
            if let Some(answer) = ask().map_err(|error| failure(&error))? {
                return Ok(answer);
            }
            if Instant::now() > end {
                let seconds = self.patience.as_secs();
                let message = format!("waited {seconds} s in vain for {what}");
                let help = "does the node make blocks? --patience sets how long to wait";
                return Err(Diagnosis::new(message).help(help).into());
            }
            sleep(PAUSE);
        }
    }
}

impl PackageVerdict {
    /// The verdict: failed if the package did not become ready, or an invocation of it failed.
    pub fn verdict(&self) -> Verdict {
        let failures = self.account.as_ref().and_then(|account| account["failures"].as_array());
        let has_failures = failures.is_some_and(|failures| !failures.is_empty());
        Verdict::failed_if(self.status != "ready" || has_failures)
    }

    /// True if the package is ready and, by the node's account, no invocation of the service
    /// failed. Without an account, the status alone decides.
    pub fn has_worked_for(&self, service: ServiceId) -> bool {
        let Some(account) = &self.account else { return self.status == "ready" };
        let list = |part: &str| account[part].as_array().into_iter().flatten();
        let mut ran = list("refine").chain(list("accumulate"));
        let has_failed = |it: &Value| it["service"]["id"] == service.0 && !it["failure"].is_null();
        self.status == "ready" && !ran.any(has_failed)
    }

    /// Marks the package as failed, for a reason of the command's own.
    pub fn fail(&mut self, reason: &str) {
        self.status = "failed";
        self.reason = Some(reason.to_owned());
    }

    /// The hash of the package.
    pub fn package(&self) -> &str {
        &self.package
    }
}

impl Report for PackageVerdict {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let style = if self.status == "ready" { GOOD } else { BAD };
        writeln!(out, "{NAME}package{NAME:#} {}", self.package)?;
        write!(out, "{style}{}{style:#}", self.status)?;
        match (&self.reason, &self.reported_in, &self.ready_in) {
            (Some(reason), ..) => writeln!(out, ": {reason}")?,
            (None, Some(reported), Some(ready)) => {
                let (reported, ready) = (reported.slot, ready.slot);
                writeln!(out, ": reported in slot {reported}, available in slot {ready}")?;
            }
            _ => writeln!(out)?,
        }
        let Some(account) = &self.account else { return Ok(()) };
        account::in_core(out, account)?;
        account::on_chain(out, account)?;
        account::failures(out, account)
    }
}
