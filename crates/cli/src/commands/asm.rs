//! `jambox asm`: from assembly text to a program.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use jambox_asm::Place;
use jambox_inspect::count;
use jambox_program::Form;
use jambox_types::Hash;

use crate::assembly;
use crate::diagnosis::Diagnosis;
use crate::input;
use crate::outcome::{Result, Verdict};
use crate::output::{Output, Report};
use crate::protocol::ProtocolArgs;
use crate::style::FAINT;

/// Assemble a program from text
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jambox asm counter.asm                 writes counter.jam (or counter.pvm when it has no metadata)
  jambox asm counter.asm -o build/x.jam
  jambox asm counter.asm -o - | xxd")]
pub struct Asm {
    /// The assembly text; - for standard input
    source: PathBuf,

    /// The file to write; - for standard output [default: the source's name with .jam or .pvm]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Asm {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        let protocol = protocol.protocol()?;
        let source = input::named(&self.source);
        let content = input::read_program(&self.source)?;
        let assembly = assembly::assemble(source, &content, &protocol)?;
        let (octets, form) = (assembly.container.encode(), assembly.container.form());
        if self.output.as_deref() == Some(Path::new("-")) {
            if output.json {
                let diagnosis = Diagnosis::new("standard output cannot take both blob and JSON");
                return Err(diagnosis.help("name a file after -o").into());
            }
            io::stdout().lock().write_all(&octets)?;
            return Ok(Verdict::Done);
        }
        let extension = match form {
            Form::Service | Form::BareWithMetadata => "jam",
            Form::Standard | Form::Bare => "pvm",
        };
        if source != self.source && self.output.is_none() {
            let diagnosis = Diagnosis::new("the output has no name").in_file(source);
            return Err(diagnosis.help("name a file after -o, or - for standard output").into());
        }
        let target = self.output.clone();
        let target = target.unwrap_or_else(|| self.source.with_extension(extension));
        if target == self.source {
            let diagnosis = Diagnosis::new("the output would overwrite the source");
            return Err(diagnosis.in_file(&target).help("name another file after -o").into());
        }
        input::write(&target, &octets)?;
        let labels = assembly.labels.iter().map(|(name, place)| Label {
            name: name.clone(),
            place: match place {
                Place::Code(pc) => format!("pc {pc}"),
                Place::Data(address) => format!("{address:#x}"),
            },
        });
        output.emit(&AsmReport {
            file: target.display().to_string(),
            form: form.to_string(),
            octets: octets.len(),
            hash: Hash::blake2b(&octets).to_string(),
            labels: labels.collect(),
            verbose: output.verbosity > 0,
        })?;
        Ok(Verdict::Done)
    }
}

#[derive(Serialize)]
struct AsmReport {
    file: String,
    form: String,
    octets: usize,
    hash: String,
    labels: Vec<Label>,
    #[serde(skip)]
    verbose: bool,
}

#[derive(Serialize)]
struct Label {
    name: String,
    place: String,
}

impl Report for AsmReport {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { file, form, octets, hash, .. } = self;
        writeln!(out, "{file}: {form}, {}", count(*octets as u64, "octet"))?;
        writeln!(out, "{FAINT}hash{FAINT:#} {hash}")?;
        for Label { name, place } in self.labels.iter().filter(|_| self.verbose) {
            writeln!(out, "{FAINT}{place:>12}{FAINT:#} {name}")?;
        }
        Ok(())
    }
}
