//! The programs of a folder.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use jambox_files::under;
use jambox_inspect::count;

use super::Inspection;
use crate::diagnosis::Diagnosis;
use crate::input;
use crate::outcome::{Failure, Result};
use crate::output::Report;
use crate::program::{FormArg, Program};
use crate::protocol::ProtocolArgs;
use crate::style::{BAD, FAINT, HEADING};

/// Extensions of programs' files.
const EXTENSIONS: &[&str] = &["jam", "pvm"];

#[derive(Serialize)]
pub struct Folder {
    folder: String,
    programs: Vec<Member>,
}

/// A file that should hold a program.
#[derive(Serialize)]
#[serde(untagged)]
enum Member {
    Program(Box<Inspection>),
    None { file: String, error: String },
}

impl Folder {
    pub fn of(path: &Path, form: FormArg, protocol: &ProtocolArgs) -> Result<Self> {
        let files =
            under(path, EXTENSIONS).map_err(|(at, error)| input::unreadable(&at, &error))?;
        if files.is_empty() {
            let diagnosis = Diagnosis::new("no programs (*.jam, *.pvm) here").in_file(path);
            return Err(diagnosis.help("name a program, or a folder that holds some").into());
        }
        let member = |file: &Path| match Program::load(file, form, protocol) {
            Ok(program) => Member::Program(Box::new(Inspection::of(&program))),
            Err(failure) => {
                Member::None { file: file.display().to_string(), error: first_message(&failure) }
            }
        };
        let programs = files.iter().map(|file| member(file)).collect();
        Ok(Self { folder: path.display().to_string(), programs })
    }

    /// True if a file is no program, or is one with a problem.
    pub fn has_problems(&self) -> bool {
        self.programs.iter().any(|member| match member {
            Member::Program(inspection) => !inspection.problems.is_empty(),
            Member::None { .. } => true,
        })
    }
}

fn first_message(failure: &Failure) -> String {
    match failure {
        Failure::Input(diagnoses) | Failure::Limit(diagnoses) => {
            diagnoses.first().map(|it| it.message().to_owned())
        }
        Failure::Output(error) => Some(jambox_files::reason(error)),
        Failure::Untold(message) => Some(message.clone()),
    }
    .unwrap_or_default()
}

impl Report for Folder {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for member in &self.programs {
            match member {
                Member::Program(inspection) => write_program(out, inspection)?,
                Member::None { file, error } => {
                    writeln!(out, "{HEADING}{file}{HEADING:#}: {BAD}{error}{BAD:#}")?;
                }
            }
        }
        Ok(())
    }
}

fn write_program(out: &mut dyn Write, inspection: &Inspection) -> io::Result<()> {
    let Inspection { file, form, octets, hash, metadata, problems, .. } = inspection;
    let octets = count(*octets as u64, "octet");
    let info = metadata.as_ref().and_then(|metadata| metadata.info.as_ref());
    let info = info.map(|info| format!(", {info}")).unwrap_or_default();
    write!(out, "{HEADING}{file}{HEADING:#}: {form}, {octets}{info}, {FAINT}hash{FAINT:#} {hash}")?;
    if !problems.is_empty() {
        write!(out, ", {BAD}{}{BAD:#}", count(problems.len() as u64, "problem"))?;
    }
    writeln!(out)
}
