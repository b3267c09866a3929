//! `jambox asm`: from assembly text to a program.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use jambox_asm::{Assembly, Place};
use jambox_inspect::count;
use jambox_isa::InstructionSet;
use jambox_package::symbols_of_assembly;
use jambox_program::Form;
use jambox_symbols::Symbols;
use jambox_types::Hash;

use crate::assembly::{self, jumps_to_nowhere};
use crate::diagnosis::Diagnosis;
use crate::input;
use crate::outcome::{Result, Verdict};
use crate::output::{Output, Report};
use crate::plain::plain;
use crate::protocol::ProtocolArgs;
use crate::style::FAINT;

/// Assemble a program from text
///
/// The line of each instruction goes into the folder `symbols` beside the blob, where every command
/// that shows the program looks for it. A jump that would panic is warned of.
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
        let target = self.target(source, form)?;
        input::write(&target, &octets)?;
        let symbols = write_symbols(&assembly, source, &target, Hash::blake2b(&octets))?;
        let warnings = warnings(&assembly, source, InstructionSet::of(protocol.revision));
        if !output.json {
            for Warning { file, line, message } in &warnings {
                writeln!(io::stderr(), "{}:{line}: warning: {message}", plain(file))?;
            }
        }
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
            symbols,
            warnings,
            verbose: output.verbosity > 0,
        })?;
        Ok(Verdict::Done)
    }

    /// The file to write: the one that is asked for, or one beside the source. `source` is the
    /// source's name in messages.
    fn target(&self, source: &Path, form: Form) -> Result<PathBuf> {
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
        Ok(target)
    }
}

#[derive(Serialize)]
struct AsmReport {
    file: String,
    form: String,
    octets: usize,
    hash: String,
    labels: Vec<Label>,
    /// The files that name the line of each instruction, for debuggers and explanations.
    symbols: Vec<String>,
    warnings: Vec<Warning>,
    #[serde(skip)]
    verbose: bool,
}

/// Warning: text that assembles, but behaves otherwise than it reads.
#[derive(Serialize)]
struct Warning {
    file: String,
    line: usize,
    message: String,
}

/// Jumps that panic when they are taken.
fn warnings(assembly: &Assembly, source: &Path, set: InstructionSet) -> Vec<Warning> {
    let program = assembly.container.program();
    let file = source.display().to_string();
    let line =
        |pc| assembly.lines.iter().rev().find(|(start, _)| *start <= pc).map_or(0, |it| it.1);
    let bad = jumps_to_nowhere(program, set).map(|located| {
        let target = located.instruction.fields().target;
        let label = assembly.labels.iter().find(|(_, place)| **place == Place::Code(target));
        let target = label.map_or_else(|| target.to_string(), |(name, _)| format!("`{name}`"));
        let name = located.instruction.opcode().mnemonic();
        let message = format!(
            "`{name}` goes to {target}, where no basic block starts: it panics when taken; put a \
             `fallthrough` before the label"
        );
        Warning { file: file.clone(), line: line(located.pc), message }
    });
    bad.collect()
}

/// Writes the symbols under two hashes, by which commands look for them: the hash of the blob, and
/// the hash of the program in it, which is all that inner machines are given.
fn write_symbols(
    assembly: &Assembly,
    source: &Path,
    blob: &Path,
    hash: Hash,
) -> Result<Vec<String>> {
    let Some(symbols) = symbols_of_assembly(assembly, source, hash) else { return Ok(Vec::new()) };
    let folder = Symbols::folder_of(blob);
    fs::create_dir_all(&folder).map_err(|error| input::unwritable(&folder, &error))?;
    let hashes: BTreeSet<Hash> =
        [Some(hash), symbols.program_hash()].into_iter().flatten().collect();
    let text = symbols.to_string();
    let written = hashes.into_iter().map(|hash| {
        let path = folder.join(Symbols::file_name(hash));
        input::write(&path, text.as_bytes())?;
        Ok(path.display().to_string())
    });
    written.collect()
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
