//! The three switches of the command line: revision, ABI, parameters.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use jambox_engine::Backend;
use jambox_hostcall::Interface;
use jambox_invocation::Limits;
use jambox_package::{Disk, Switches, load_parameters};
use jambox_types::{Abi, Parameters, Preset, Protocol, Revision};

use crate::diagnosis::Diagnosis;
use crate::engine::Execution;
use crate::outcome::{Failure, Result};

/// Options of the protocol; each switch is independent of the others.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Protocol")]
pub struct ProtocolArgs {
    /// The revision of the Gray Paper [default: gray-paper-0.8.0]
    #[arg(long, global = true, value_parser = revisions())]
    revision: Option<Revision>,

    /// The host calls' interface; all but gray-paper are non-consensus [default: gray-paper]
    #[arg(long, global = true, value_parser = abis())]
    abi: Option<Abi>,

    /// The parameters: full, tiny, or a TOML file of them [default: full]
    #[arg(long = "params", global = true, value_name = "NAME|FILE", value_parser = parameters())]
    parameters: Option<ParametersSource>,

    /// The backend that executes programs; all give the same results [default: auto]
    #[arg(long, global = true, value_parser = backends(), help_heading = "Execution")]
    backend: Option<Backend>,

    /// The most memory that an invocation may have, with inner machines and stored values:
    /// octets, or with K, M or G [default: 16G]
    #[arg(long, global = true, value_name = "SIZE", value_parser = size, help_heading = "Execution")]
    limit_memory: Option<u64>,

    /// The longest that an invocation may take, in seconds [default: as long as it likes]
    #[arg(long, global = true, value_name = "SECONDS", value_parser = seconds)]
    #[arg(help_heading = "Execution")]
    timeout: Option<Duration>,
}

/// Source of the parameters.
#[derive(Debug, Clone)]
enum ParametersSource {
    Preset(Preset),
    File(PathBuf),
}

impl ProtocolArgs {
    /// The given switches; a package file may set the others.
    pub fn switches(&self) -> Result<Switches> {
        let parameters = match &self.parameters {
            None => None,
            Some(ParametersSource::Preset(preset)) => Some(Parameters::preset(*preset)),
            Some(ParametersSource::File(path)) => Some(from_file(path)?),
        };
        Ok(Switches { revision: self.revision, abi: self.abi, parameters })
    }

    /// The options with this revision in place of any given one.
    pub fn under(&self, revision: Revision) -> Self {
        Self { revision: Some(revision), ..self.clone() }
    }

    /// The revision, if one was given.
    pub const fn revision(&self) -> Option<Revision> {
        self.revision
    }

    /// Backend of the engine: the option's, or the default.
    pub fn backend(&self) -> Backend {
        self.backend.unwrap_or_default()
    }

    /// Execution of invocations: the backend, and the limits of a guest.
    pub fn execution(&self) -> Execution {
        let mut limits = Limits { time: self.timeout, ..Limits::default() };
        limits.memory = self.limit_memory.unwrap_or(limits.memory);
        Execution { backend: self.backend(), limits }
    }

    /// The protocol for commands that take no package file.
    pub fn protocol(&self) -> Result<Protocol> {
        Ok(self.switches()?.over(Protocol::default()))
    }
}

fn from_file(path: &Path) -> Result<Parameters> {
    load_parameters(&Disk, path).map_err(|invalid| Failure::Input(Diagnosis::of_reading(&invalid)))
}

/// The host-call interface of a protocol. Error: the revision has none for the ABI yet.
pub fn interface(protocol: &Protocol) -> Result<Interface> {
    let interface = Interface { abi: protocol.abi, revision: protocol.revision };
    if interface.forms().next().is_some() {
        return Ok(interface);
    }
    let message = format!("the ABI `{}` is not available yet", protocol.abi);
    Err(Diagnosis::new(message).help("leave --abi out to have gray-paper").into())
}

/// A number of octets: `1000`, `64K`, `512M`, `2G`.
fn size(text: &str) -> std::result::Result<u64, String> {
    let units = [('K', 10), ('M', 20), ('G', 30)];
    let unit =
        units.iter().find(|(letter, _)| text.ends_with([*letter, letter.to_ascii_lowercase()]));
    let (digits, shift) = unit.map_or((text, 0), |(_, shift)| (&text[..text.len() - 1], *shift));
    let number: Option<u64> = digits.parse().ok();
    let octets = number.and_then(|number| number.checked_mul(1 << shift));
    octets.ok_or_else(|| "expected a number of octets, or one with K, M or G".to_owned())
}

/// A time in seconds, fractions allowed.
fn seconds(text: &str) -> std::result::Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds: &f64| *seconds > 0.0);
    let time = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    time.ok_or_else(|| "expected a number of seconds above 0".to_owned())
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
