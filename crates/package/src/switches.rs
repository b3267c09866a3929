//! The protocol's switches, from the package file and from its caller.

use std::path::Path;

use jambox_files::without_mark;
use jambox_types::{Abi, Parameters, Preset, Protocol, Revision};

use crate::files::Files;
use crate::manifest;
use crate::placed::{Place, Placed};
use crate::problem::{Problem, ProblemKind};
use crate::problems::{Invalid, Problems};

/// Largest parameters file, in octets.
const PARAMETERS_LIMIT: u64 = 1 << 16;

/// Switches set by a caller. They take precedence over a package file's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Switches {
    /// The revision.
    pub revision: Option<Revision>,
    /// The ABI.
    pub abi: Option<Abi>,
    /// The parameters.
    pub parameters: Option<Parameters>,
}

impl Switches {
    /// `protocol` with these switches set.
    #[must_use]
    pub fn over(&self, protocol: Protocol) -> Protocol {
        Protocol {
            revision: self.revision.unwrap_or(protocol.revision),
            abi: self.abi.unwrap_or(protocol.abi),
            parameters: self.parameters.unwrap_or(protocol.parameters),
        }
    }
}

/// Reads a TOML file of parameters: any of their names, and `base`, the preset of the omitted ones.
///
/// # Errors
///
/// When the file cannot be read, is not TOML, has unknown names, or its values break a rule.
pub fn load_parameters(files: &dyn Files, path: &Path) -> Result<Parameters, Invalid> {
    let fail = |text: &str, place: Option<Place>, kind| {
        Invalid::new(path, text, vec![Problem { place, file: None, kind }])
    };
    let octets = files
        .read(path, PARAMETERS_LIMIT)
        .map_err(|reason| fail("", None, ProblemKind::Unreadable(reason)))?;
    let text = String::from_utf8(without_mark(&octets).to_vec())
        .map_err(|_| fail("", None, ProblemKind::Parameters("the file is not text".to_owned())))?;
    toml::from_str(&text).map_err(|error: toml::de::Error| {
        fail(&text, error.span(), ProblemKind::Parameters(error.message().to_owned()))
    })
}

/// The protocol in a package file. Omitted switches are those of `unsaid`.
pub(crate) fn protocol(
    written: &manifest::Protocol,
    unsaid: Protocol,
    files: &dyn Files,
    base: &Path,
    problems: &Problems,
) -> Protocol {
    let revision = word(written.revision.as_ref(), "revision", &names(Revision::ALL), problems);
    let abi = word(written.abi.as_ref(), "ABI", &names(Abi::ALL), problems);
    let switches =
        Switches { revision, abi, parameters: parameters(written, files, base, problems) };
    switches.over(unsaid)
}

fn parameters(
    written: &manifest::Protocol,
    files: &dyn Files,
    base: &Path,
    problems: &Problems,
) -> Option<Parameters> {
    let word_or_file = written.parameters.as_ref()?;
    let Some(path) = word_or_file.value.strip_prefix("file:") else {
        let preset = word(Some(word_or_file), "preset", &names(Preset::ALL), problems);
        return preset.map(Parameters::preset);
    };
    match load_parameters(files, &base.join(path)) {
        Ok(parameters) => Some(parameters),
        Err(invalid) => {
            problems.add_all(invalid, &word_or_file.place);
            None
        }
    }
}

fn names<const N: usize>(all: [impl ToString; N]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}

fn word<T: std::str::FromStr>(
    written: Option<&Placed<String>>,
    what: &'static str,
    known: &[String],
    problems: &Problems,
) -> Option<T> {
    let word = written?;
    let parsed = word.value.parse().ok();
    if parsed.is_none() {
        let (found, known) = (word.value.clone(), known.to_vec());
        problems.add(word.place.clone(), ProblemKind::UnknownWord { what, found, known });
    }
    parsed
}
