//! The three switches of the command line: revision, ABI, parameters.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use jambox_engine::Backend;
use jambox_hostcall::Interface;
use jambox_package::{Disk, Switches, load_parameters};
use jambox_types::{Abi, Parameters, Preset, Protocol, Revision};

use crate::diagnosis::Diagnosis;
use crate::outcome::{Failure, Result};

/// What the protocol is; each switch is independent of the others.
#[derive(Debug, Args)]
#[command(next_help_heading = "Protocol")]
pub struct ProtocolArgs {
    /// The revision of the Gray Paper [default: gray-paper-0.7.2]
    #[arg(long, global = true, value_parser = revisions())]
    revision: Option<Revision>,

    /// How guests and the host talk; all but gray-paper are non-consensus [default: gray-paper]
    #[arg(long, global = true, value_parser = abis())]
    abi: Option<Abi>,

    /// The parameters: full, tiny, or a TOML file of them [default: full]
    #[arg(long = "params", global = true, value_name = "NAME|FILE", value_parser = parameters())]
    parameters: Option<ParametersSource>,

    /// What executes programs; all backends give the same results [default: auto]
    #[arg(long, global = true, value_parser = backends(), help_heading = "Execution")]
    backend: Option<Backend>,
}

/// Where the parameters come from.
#[derive(Debug, Clone)]
enum ParametersSource {
    Preset(Preset),
    File(PathBuf),
}

impl ProtocolArgs {
    /// The switches that were given; a package file may set the others.
    pub fn switches(&self) -> Result<Switches> {
        let parameters = match &self.parameters {
            None => None,
            Some(ParametersSource::Preset(preset)) => Some(Parameters::preset(*preset)),
            Some(ParametersSource::File(path)) => Some(from_file(path)?),
        };
        Ok(Switches { revision: self.revision, abi: self.abi, parameters })
    }

    /// The revision, if one was given.
    pub const fn revision(&self) -> Option<Revision> {
        self.revision
    }

    /// What executes programs.
    pub fn backend(&self) -> Backend {
        self.backend.unwrap_or_default()
    }

    /// The protocol for commands that take no package file.
    pub fn protocol(&self) -> Result<Protocol> {
        Ok(self.switches()?.over(Protocol::default()))
    }
}

fn from_file(path: &Path) -> Result<Parameters> {
    load_parameters(&Disk, path).map_err(|invalid| Failure::Input(Diagnosis::of_package(&invalid)))
}

/// The host-call interface of a protocol, if there is one yet.
pub fn interface(protocol: &Protocol) -> Result<Interface> {
    let interface = Interface { abi: protocol.abi, revision: protocol.revision };
    if interface.forms().next().is_some() {
        return Ok(interface);
    }
    let message = format!("the ABI `{}` is not available yet", protocol.abi);
    Err(Diagnosis::new(message).help("leave --abi out to have gray-paper").into())
}

fn revisions() -> impl TypedValueParser<Value = Revision> {
    PossibleValuesParser::new(Revision::ALL.map(Revision::name)).try_map(|name| name.parse())
}

fn abis() -> impl TypedValueParser<Value = Abi> {
    PossibleValuesParser::new(Abi::ALL.map(Abi::name)).try_map(|name| name.parse())
}

fn backends() -> impl TypedValueParser<Value = Backend> {
    PossibleValuesParser::new(Backend::NAMES).try_map(|name| name.parse())
}

fn parameters() -> impl TypedValueParser<Value = ParametersSource> {
    clap::builder::PathBufValueParser::new().map(|path| {
        let preset = path.to_str().and_then(|name| name.parse().ok());
        preset.map_or(ParametersSource::File(path), ParametersSource::Preset)
    })
}
