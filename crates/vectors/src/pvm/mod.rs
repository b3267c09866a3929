//! Single-program PVM vectors: the formats of 0.7.2 ([`before_after`]) and of 0.8.0 ([`steps`],
//! [`verdicts`]).
//!
//! Each format belongs to one revision, so a case's file determines its revision.

pub mod before_after;
mod machine;
pub mod steps;
pub mod verdicts;

use std::path::Path;

use jambox_engine::{Config, Engine};
use jambox_isa::Revision;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _};
use serde_json::Value;

pub use before_after::ERRATA;
pub use machine::{Chunk, Pages};

use crate::campaign::whole;
use crate::{Campaign, Error, Outcome, Report, files};

/// Content of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum File {
    /// A case of 0.7.2.
    BeforeAfter(Box<before_after::Case>),
    /// A case of 0.8.0.
    Steps(Box<steps::Case>),
    /// Verdicts on programs of 0.8.0.
    Verdicts(Vec<verdicts::Verdict>),
    /// The JSON Schema of a set. It holds no case.
    Schema,
}

impl File {
    /// The revision of the file's format; `None` for a schema.
    #[must_use]
    pub const fn revision(&self) -> Option<Revision> {
        match self {
            Self::BeforeAfter(_) => Some(Revision::GrayPaper072),
            Self::Steps(_) | Self::Verdicts(_) => Some(Revision::GrayPaper080),
            Self::Schema => None,
        }
    }
}

impl<'de> Deserialize<'de> for File {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        fn of<T: DeserializeOwned, E: serde::de::Error>(value: Value) -> Result<T, E> {
            serde_json::from_value(value).map_err(E::custom)
        }
        let value = Value::deserialize(deserializer)?;
        if value.is_array() {
            of(value).map(Self::Verdicts)
        } else if value.get("$schema").is_some() {
            Ok(Self::Schema)
        } else if value.get("block-gas-costs").is_some() {
            of(value).map(Box::new).map(Self::Steps)
        } else if value.is_object() {
            of(value).map(Box::new).map(Self::BeforeAfter)
        } else {
            Err(D::Error::custom("expected a program or a list of verdicts"))
        }
    }
}

/// Runs every case in a folder (`*.json`), or in one file. Compared are the exit, program counter,
/// registers and gas, the accessible memory and its content, the gas of blocks, and the verdicts on
/// programs. The engine's backend runs each case under the case's own revision.
///
/// # Errors
///
/// When the folder or file cannot be read or holds no case.
pub fn run(folder: &Path, engine: &Engine) -> Result<Report, Error> {
    whole(|campaign| run_part(folder, engine, campaign))
}

/// [`run`], as a part of a campaign.
///
/// # Errors
///
/// As [`run`].
pub fn run_part(folder: &Path, engine: &Engine, campaign: &mut Campaign<'_>) -> Result<(), Error> {
    let files = files::json_under::<File>(folder, "PVM vectors (`*.json`)")?;
    let engine_of = |revision| Engine::new(Config { revision, ..engine.config() });
    let engines = Revision::ALL.map(|revision| (revision, engine_of(revision)));
    for (name, file) in files {
        let file = match file {
            Ok(file) => file,
            Err(error) => {
                if campaign.wants(&name) {
                    campaign.add(name, Outcome::Failed(format!("not a case: {error}")));
                }
                continue;
            }
        };
        let Some(of_file) = file.revision() else { continue };
        let engine = engines.iter().find(|(revision, _)| revision.is(of_file));
        match engine {
            Some((_, Ok(engine))) => run_file(&name, &file, engine, campaign),
            Some((_, Err(error))) if campaign.wants(&name) => {
                campaign.add(name, Outcome::Failed(error.to_string()));
            }
            Some((_, Err(_))) => {}
            None => unreachable!("there is an engine for every revision"),
        }
    }
    Ok(())
}

fn run_file(name: &str, file: &File, engine: &Engine, campaign: &mut Campaign<'_>) {
    let is_one_case = !matches!(file, File::Verdicts(_));
    if is_one_case && !campaign.wants(name) {
        return;
    }
    campaign.report.revisions.extend(file.revision());
    match file {
        File::Schema => {}
        File::BeforeAfter(case) => {
            let erratum = ERRATA.iter().find(|(erratum, _)| *erratum == name);
            let outcome = match erratum {
                Some((_, reason)) => Outcome::Skipped((*reason).into()),
                None => before_after::run_case(case, engine),
            };
            campaign.add(name, outcome);
        }
        File::Steps(case) => campaign.add(name, steps::run_case(case, engine)),
        File::Verdicts(cases) => {
            for (index, verdict) in cases.iter().enumerate() {
                let name = format!("{name} #{index}");
                if campaign.wants(&name) {
                    let outcome = verdicts::check(verdict, engine.instruction_set());
                    campaign.add(name, outcome);
                }
            }
        }
    }
}
