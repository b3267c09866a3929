//! `--instructions`: every instruction of one invocation, to a file.

use std::cell::RefCell;
use std::io::{self, Write};
use std::path::PathBuf;
use std::rc::Rc;

use clap::Args;

use jambox_files::NewFile;
use jambox_inspect::{InstructionLog, Which};

use crate::diagnosis::Diagnosis;
use crate::input;
use crate::outcome::Result;
use crate::output::Output;
use crate::plain::{Escape, Plain};

/// Verbosity from which instructions are shown.
const VERBOSE: u8 = 3;

/// The instructions to write, and the file for them.
#[derive(Debug, Args)]
#[command(next_help_heading = "Measuring")]
pub struct Logging {
    /// Write every instruction of one invocation to this file, with the pc, the registers that it
    /// changed, and the gas left (-vvv shows them before the report)
    #[arg(long, value_name = "FILE")]
    instructions: Option<PathBuf>,

    /// The invocation: is-authorized, refine:ITEM or accumulate:SERVICE [default: refine:0]
    #[arg(long, value_name = "WHICH")]
    invocation: Option<Which>,

    /// The most instructions that are written [default: 1000000]
    #[arg(long, value_name = "N", value_parser = input::parse_amount)]
    instruction_limit: Option<u64>,
}

/// A log that is being written.
pub struct OpenLog {
    which: Which,
    file: Option<(PathBuf, Rc<RefCell<NewFile>>)>,
}

impl Logging {
    /// The log that is asked for.
    pub fn open(&self, output: &Output) -> Result<Option<(InstructionLog, OpenLog)>> {
        let which = self.invocation.unwrap_or(Which::Refine(0));
        let limit = self.instruction_limit.unwrap_or(1_000_000);
        let (out, file): (Box<dyn Write>, _) = match &self.instructions {
            Some(path) => {
                let file =
                    NewFile::create(path).map_err(|error| input::unwritable(path, &error))?;
                let file = Rc::new(RefCell::new(file));
                (Box::new(Shared(Rc::clone(&file))), Some((path.clone(), file)))
            }
            None if output.verbosity >= VERBOSE && !output.json => {
                (Box::new(Plain::new(io::stdout(), Escape::Text)), None)
            }
            None => return Ok(None),
        };
        Ok(Some((InstructionLog::new(out, which, limit), OpenLog { which, file })))
    }
}

impl OpenLog {
    /// Completes the log, and gives the file its name.
    pub fn finish(self, log: InstructionLog) -> Result<()> {
        let path = self.file.as_ref().map(|(path, _)| path.clone()).unwrap_or_default();
        let written = log.finish().and_then(|has_run| match self.file {
            Some((_, file)) => {
                let file =
                    Rc::try_unwrap(file).map_err(|_| io::Error::other("it is still open"))?;
                file.into_inner().finish().map(|()| has_run)
            }
            None => Ok(has_run),
        });
        match written {
            Ok(true) => Ok(()),
            // A reader that closes the pipe has read enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(input::unwritable(&path, &error).into()),
            Ok(false) => {
                let message =
                    format!("no invocation is {}, so no instruction is written", self.which);
                let help = "--invocation takes is-authorized, refine:ITEM or accumulate:SERVICE";
                Err(Diagnosis::new(message).help(help).into())
            }
        }
    }
}

/// A file that another owner completes.
struct Shared(Rc<RefCell<NewFile>>);

impl Write for Shared {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.borrow_mut().flush()
    }
}
