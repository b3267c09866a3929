//! `jambox submit`: submission of a package file's package to a node.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use jambox_node::Blobs;
use jambox_node::genesis::BOOTSTRAP;
use jambox_package::{Disk, Package, load};
use jambox_types::{Hash, ServiceId};

use super::call::service;
use crate::diagnosis::Diagnosis;
use crate::end_to_end;
use crate::outcome::{Failure, Result};
use crate::output::Output;
use crate::package_file::locate;
use crate::protocol::ProtocolArgs;
use crate::remote::{Remote, RemoteArgs};

/// Hand the work package of a package file in to a node, and print its account
///
/// Items, extrinsics and authorizer are the file's; the context is the node's chain as it is now,
/// and its state is the chain's own. The revision is the node's own.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jambox submit package.toml --service demo=74d5b90e --null-authorizer
  jambox submit package.toml --json | jq .account.refine

Exit status: 0 when every invocation halted; 1 when one failed, or the package was refused or not \
reported in time; 2 bad input, or no node.")]
pub struct Submit {
    /// The package file, or a folder with package.toml
    #[arg(default_value = "package.toml")]
    package: PathBuf,

    /// The id, in hexadecimal, that a service of the file has on the chain
    #[arg(long = "service", value_name = "NAME=ID", value_parser = assignment)]
    services: Vec<(String, ServiceId)>,

    /// Authorize with the null authorizer of service 0, which a development chain has in every
    /// pool, not with the file's
    #[arg(long)]
    null_authorizer: bool,

    #[command(flatten)]
    remote: RemoteArgs,
}

fn assignment(text: &str) -> std::result::Result<(String, ServiceId), String> {
    let (name, id) = text.split_once('=').ok_or("expected NAME=ID")?;
    Ok((name.to_owned(), service(id)?))
}

impl Submit {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        let remote = self.remote.connect(protocol)?;
        let path = locate(&self.package)?;
        let mut switches = protocol.switches()?;
        switches.revision = Some(remote.protocol.revision);
        let mut package = load(&Disk, &path, &switches, None)
            .map_err(|invalid| Failure::Input(end_to_end::mistakes(&invalid)))?;
        self.place(&mut package)?;
        check_services(&remote, &package)?;
        for (code, symbols) in &package.symbols {
            remote.add_symbols(*code, symbols)?;
        }
        let mut work_package = package.work_package.clone();
        let prerequisites = work_package.context.prerequisites;
        work_package.context = remote.context()?;
        work_package.context.prerequisites = prerequisites;
        let extrinsics: Vec<Vec<u8>> =
            package.extrinsics.iter().flatten().map(|extrinsic| extrinsic.to_vec()).collect();
        let spinner = output.spinner("waiting for the chain");
        let verdict = remote.run(&work_package, &extrinsics)?;
        spinner.finish_and_clear();
        output.emit(&verdict)?;
        Ok(verdict.verdict())
    }

    /// Replaces the service ids of the file by the ids on the chain.
    fn place(&self, package: &mut Package) -> Result<()> {
        let mut ids = BTreeMap::new();
        for (name, on_chain) in &self.services {
            let in_file = package.names.iter().find(|(_, known)| *known == name);
            let Some((in_file, _)) = in_file else {
                let message = format!("the package file has no service `{name}`");
                let names: Vec<&str> = package.names.values().map(String::as_str).collect();
                let help = format!("it has: {}", names.join(", "));
                let diagnosis = Diagnosis::new(message).in_file(&package.source.path);
                return Err(diagnosis.help(help).into());
            };
            ids.insert(*in_file, *on_chain);
        }
        let place = |service: &mut ServiceId| {
            if let Some(on_chain) = ids.get(service) {
                *service = *on_chain;
            }
        };
        let work_package = &mut package.work_package;
        place(&mut work_package.auth_code_host);
        work_package.items.iter_mut().for_each(|item| place(&mut item.service));
        if self.null_authorizer {
            let authorizer = Blobs::of(package.protocol.revision).null_authorizer;
            work_package.auth_code_host = BOOTSTRAP;
            work_package.auth_code_hash = Hash::blake2b(authorizer);
            work_package.auth_config.clear();
            work_package.auth_token.clear();
        }
        Ok(())
    }
}

/// Checks that the chain's services have the code that the file gives them: with other code,
/// refinement would fail for no reason that the file shows.
fn check_services(remote: &Remote, package: &Package) -> Result<()> {
    for item in &package.work_package.items {
        let account = remote.account(item.service)?;
        if account.code_hash != item.code_hash {
            let message = format!(
                "service {:08x} has the code {} on the chain, and {} in the file",
                item.service.0, account.code_hash, item.code_hash
            );
            let help = "deploy the file's code, or name its service with --service NAME=ID";
            return Err(Diagnosis::new(message).in_file(&package.source.path).help(help).into());
        }
    }
    Ok(())
}
