//! `jambox disasm`: from a program to assembly text.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use serde::{Serialize, Serializer};

use jambox_inspect::count;

use crate::assembly;
use crate::diagnosis::Diagnosis;
use crate::input;
use crate::outcome::{Result, Verdict};
use crate::output::{Output, Report};
use crate::program::{FormArg, Program};
use crate::protocol::ProtocolArgs;

/// Disassemble a program to text that assembles to the same blob
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jambox disasm service.jam
  jambox disasm service.jam --comments -o service.asm && jambox asm service.asm -o same.jam
  jambox disasm service.jam --native               the code that --backend recompiler runs
  jambox disasm service.jam --native --hot         what that is made of once it runs long")]
pub struct Disasm {
    /// The program; - for standard input
    program: PathBuf,

    /// The form of the blob
    #[arg(long, value_enum, default_value_t = FormArg::Auto)]
    form: FormArg,

    /// Add comments: positions, characters of data, and functions and lines where they are known
    #[arg(long)]
    comments: bool,

    /// Show the native code that the recompiler makes of it instead
    #[arg(long, conflicts_with = "comments")]
    native: bool,

    /// With --native: as it is made anew for programs that run long, in traces with side exits
    #[arg(long, requires = "native")]
    hot: bool,

    /// The file to write [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Disasm {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        // A listing of native code names no sources.
        let load = if self.native { Program::load_without_symbols } else { Program::load };
        let program = load(&self.program, self.form, protocol)?;
        let protocol = &program.protocol;
        let text: Box<dyn Display + '_> = if self.native {
            assembly::native(program.blob(), protocol, self.hot).ok_or_else(|| {
                Diagnosis::new("this platform has no native code")
                    .help("the recompiler makes code for 64-bit x86 Linux; leave --native out")
            })?
        } else {
            let symbols = program.symbols.as_ref();
            let text = assembly::disassemble(&program.container, self.comments, symbols, protocol);
            Box::new(text)
        };
        if let Some(path) = &self.output {
            let lines = input::write_text(path, &text)?;
            output.emit(&Written { file: path.display().to_string(), lines })?;
            return Ok(Verdict::Done);
        }
        let form = program.container.form().to_string();
        output.emit(&Disassembly { form, text: &text })?;
        Ok(Verdict::Done)
    }
}

#[derive(Serialize)]
struct Disassembly<'t> {
    form: String,
    #[serde(serialize_with = "as_text")]
    text: &'t dyn Display,
}

/// Serialises a text that is never there as a whole.
fn as_text<S: Serializer>(
    text: &&dyn Display,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_str(text)
}

impl Report for Disassembly<'_> {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{}", self.text)
    }
}

/// The written file.
#[derive(Serialize)]
struct Written {
    file: String,
    lines: u64,
}

impl Report for Written {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}: {}", self.file, count(self.lines, "line"))
    }
}
