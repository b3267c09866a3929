//! `jambox deploy`: a service of its own on a node.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use serde::Serialize;

use jambox_node::bootstrap::{Dialect, NewService};
use jambox_node::client::ClientError;
use jambox_node::genesis::BOOTSTRAP;
use jambox_program::{Container, CrateInfo, OtherRevision, Sign};
use jambox_types::{Balance, Gas, Hash, Revision, ServiceId, WorkPackage};

use crate::diagnosis::Diagnosis;
use crate::outcome::{Failure, Result, Verdict};
use crate::output::{Output, Report};
use crate::program::{FormArg, Program};
use crate::protocol::ProtocolArgs;
use crate::remote::{PackageVerdict, Remote, RemoteArgs, failure};
use crate::style::{FAINT, NAME};

/// Create a service on a node from a blob
///
/// Speaks to the bootstrap service at id 0, as jamt does: asks it to solicit the code, provides the
/// code as a preimage, and has it create the service.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jambox deploy target/jambox/demo.jam
  jambox deploy counter.jam --endowment 1000000 --node ws://127.0.0.1:19801

Exit status: 0 when the service is there, with its code; 1 when the bootstrap service refused; 2 bad \
input, or no node.")]
pub struct Deploy {
    /// The blob of the service
    blob: PathBuf,

    /// The service's balance beyond the part that its code needs
    #[arg(long, value_name = "BALANCE", default_value_t = 1_000_000_000)]
    endowment: u64,

    /// The least gas of a work item
    #[arg(long, value_name = "GAS", default_value_t = 0)]
    min_item_gas: u64,

    /// The least gas of a transfer to the service; its endowment comes with so much
    #[arg(long, value_name = "GAS", default_value_t = 1_000_000)]
    min_memo_gas: u64,

    #[command(flatten)]
    remote: RemoteArgs,
}

/// The new service.
#[derive(Serialize)]
struct Deployed {
    /// The id in the form that `jambox call` and jamt take.
    service: String,
    id: u32,
    code_hash: String,
    code_octets: usize,
    package: String,
    slot: u32,
}

impl Deploy {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        let remote = self.remote.connect(protocol)?;
        let switches = protocol.under(remote.protocol.revision);
        let program = Program::load(&self.blob, FormArg::Service, &switches)?;
        refuse_other_revision(&program, remote.protocol.revision)?;
        let code = program.octets;
        let code_hash = Hash::blake2b(&code);
        let length = u32::try_from(code.len()).map_err(|_| {
            Diagnosis::new("the code is too long for a preimage: expected fewer than 2^32 octets")
                .in_file(&self.blob)
        })?;
        let spinner = output.spinner("waiting for the chain");
        if let Some(symbols) = &program.symbols {
            remote.add_symbols(code_hash, symbols)?;
        }
        let dialect = dialect(&remote)?;
        let new = NewService {
            code_hash,
            code_length: length.into(),
            min_item_gas: Gas(self.min_item_gas),
            min_memo_gas: Gas(self.min_memo_gas),
            endowment: Balance(self.endowment),
        };
        let created = provide(&remote, dialect, &code, (code_hash, length))
            .and_then(|()| create(&remote, dialect, &new));
        spinner.finish_and_clear();
        let (id, package) = match created {
            Ok(created) => created,
            Err(Stop::Failure(failure)) => return Err(failure),
            Err(Stop::Package(verdict)) => {
                output.emit(&*verdict)?;
                return Ok(Verdict::Failed);
            }
        };
        output.emit(&Deployed {
            service: format!("{:08x}", id.0),
            id: id.0,
            code_hash: code_hash.to_string(),
            code_octets: code.len(),
            package,
            slot: remote.best()?.slot,
        })?;
        Ok(Verdict::Done)
    }
}

/// Refuses code whose metadata names another revision than the node's.
fn refuse_other_revision(program: &Program, revision: Revision) -> Result<()> {
    let other = program.container.other_revision(revision, |_, _| false);
    match other {
        Some(OtherRevision { made_for, sign: Sign::Metadata }) => {
            let message = format!("the code is for {made_for}, and the node runs {revision}");
            let help = format!("build it with `jambox build --revision {revision}`");
            Err(Diagnosis::new(message).in_file(&program.path).help(help).into())
        }
        _ => Ok(()),
    }
}

/// Reason for the lack of a service.
enum Stop {
    /// The node could not be asked, or not in time.
    Failure(Failure),
    /// A package failed.
    Package(Box<PackageVerdict>),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<ClientError> for Stop {
    fn from(error: ClientError) -> Self {
        Self::Failure(failure(&error))
    }
}

/// The verdict, if the package has worked for the bootstrap service; otherwise a failure.
fn done(verdict: PackageVerdict) -> std::result::Result<PackageVerdict, Stop> {
    // The new service may treat its endowment as it likes, so only the bootstrap service counts.
    match verdict.has_worked_for(BOOTSTRAP) {
        true => Ok(verdict),
        false => Err(Stop::Package(Box::new(verdict))),
    }
}

/// Protocol of the node's bootstrap service, by the version in its metadata.
fn dialect(remote: &Remote) -> Result<Dialect> {
    let code_hash = remote.account(BOOTSTRAP)?.code_hash;
    let best = remote.best()?.hash;
    let code = remote.client.service_preimage(best, BOOTSTRAP, code_hash);
    let code = code.map_err(|error| failure(&error))?.unwrap_or_default();
    let metadata = Container::parse(&code).ok().and_then(|container| container.metadata);
    let info = metadata.and_then(|metadata| CrateInfo::parse(&metadata).ok());
    let said = info.map(|info| (info.name, info.version)).unwrap_or_default();
    Dialect::of(&said.0, &said.1).ok_or_else(|| {
        let message = format!("service 0 of the chain is `{} {}`", said.0, said.1);
        let help = "services are created by jam-bootstrap-service from 0.1.28 on";
        Diagnosis::new(message).help(help).into()
    })
}

/// Salt that makes a package's hash unique, so that no earlier package is taken for it.
fn salt(remote: &Remote) -> [u8; 32] {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let process = std::process::id();
    Hash::blake2b(format!("{now:?} {process} {}", remote.client.address()).as_bytes()).0
}

fn package(remote: &Remote, payload: Vec<u8>) -> Result<WorkPackage> {
    remote.package(remote.item(BOOTSTRAP, payload)?)
}

/// Makes the code a preimage of the bootstrap service, unless it already is one.
fn provide(
    remote: &Remote,
    dialect: Dialect,
    code: &[u8],
    (hash, length): (Hash, u32),
) -> std::result::Result<(), Stop> {
    let client = &remote.client;
    let request = || {
        let best = client.best_block()?.hash;
        client.service_request(best, BOOTSTRAP, (hash, length))
    };
    // With one or three slots, the preimage became available and was not forgotten since.
    let is_there = |slots: &[u32]| slots.len() % 2 == 1;
    let slots = request()?;
    if slots.as_deref().is_some_and(is_there) {
        return Ok(());
    }
    if slots.is_none_or(|slots| !slots.is_empty()) {
        let payload = dialect.solicit(&hash, length.into(), salt(remote));
        done(remote.run(&package(remote, payload)?, &[])?)?;
        // The package may be ready a while before it is accumulated.
        remote.wait("the code to be solicited", || Ok(request()?.map(drop)))?;
    }
    client.provide(BOOTSTRAP, code)?;
    let provided = || Ok(request()?.filter(|slots| is_there(slots)).map(drop));
    Ok(remote.wait("the code to be provided", provided)?)
}

/// Has the service created; gives its id, and the package that did it.
fn create(
    remote: &Remote,
    dialect: Dialect,
    new: &NewService,
) -> std::result::Result<(ServiceId, String), Stop> {
    let client = &remote.client;
    let package = package(remote, dialect.create(new, salt(remote)))?;
    let key = dialect.created_key(&package.hash(&remote.protocol));
    let value = || client.service_value(client.best_block()?.hash, BOOTSTRAP, &key);
    let before = value()?;
    let mut verdict = done(remote.run(&package, &[])?)?;
    let after = remote.wait("the package to be accumulated", || {
        Ok(value()?.filter(|value| before.as_ref() != Some(value)))
    })?;
    let Some(id) = dialect.created(&after) else {
        verdict.fail("the bootstrap service could not create the service, or endow it");
        return Err(Stop::Package(Box::new(verdict)));
    };
    let length = u32::try_from(new.code_length).unwrap_or(u32::MAX);
    remote.wait("the code of the service", || {
        let best = client.best_block()?.hash;
        let slots = client.service_request(best, id, (new.code_hash, length))?;
        let Some(slot) = slots.and_then(|slots| slots.last().copied()) else { return Ok(None) };
        // The code is usable only once packages can be anchored in a state that has it.
        let anchor = client.parent(client.finalized_block()?.hash)?;
        Ok((anchor.slot >= slot).then_some(()))
    })?;
    Ok((id, verdict.package().to_owned()))
}

impl Report for Deployed {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{NAME}service {}{NAME:#} created in slot {}", self.service, self.slot)?;
        writeln!(out, "{FAINT}code hash{FAINT:#} {}", self.code_hash)?;
        writeln!(out, "{FAINT}package  {FAINT:#} {}", self.package)
    }
}
