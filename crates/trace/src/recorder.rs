//! Recording of executions while they happen.

use std::io;
use std::path::Path;

use jambox_files::NewFile;

use crate::write::{write_call, write_comment, write_end, write_prelude};
use crate::{Action, Block, End, EndKind, TracedState};

/// Writer of a trace of executions while they happen.
///
/// The file appears under its name, whole, when [`Recorder::finish`] is called. Before, and if it
/// is never called, there is at most a temporary file beside it. The recorder holds no more than
/// one host call.
#[derive(Debug)]
pub struct Recorder {
    out: NewFile,
    /// The present call and the host's actions so far.
    call: Option<(u64, TracedState, Vec<Action>)>,
}

impl Recorder {
    /// Starts a recorder into a file with this name, which may exist.
    ///
    /// # Errors
    ///
    /// When its folder cannot be written to.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { out: NewFile::create(path)?, call: None })
    }

    /// Adds a comment.
    ///
    /// # Errors
    ///
    /// When writing fails.
    pub fn comment(&mut self, text: &str) -> io::Result<()> {
        self.end_call()?;
        write_comment(&mut self.out, text)
    }

    /// Begins an execution.
    ///
    /// # Errors
    ///
    /// When writing fails.
    pub fn start(
        &mut self,
        program: &[u8],
        writes: &[Block],
        start: &TracedState,
    ) -> io::Result<()> {
        self.end_call()?;
        write_prelude(&mut self.out, program, writes, start)
    }

    /// Begins a host call, at its `ecalli` instruction.
    ///
    /// # Errors
    ///
    /// When writing fails.
    pub fn call(&mut self, number: u64, state: TracedState) -> io::Result<()> {
        self.end_call()?;
        self.call = Some((number, state, Vec::new()));
        Ok(())
    }

    /// Adds an action of the host to the present call.
    pub fn action(&mut self, action: Action) {
        if let Some((_, _, actions)) = &mut self.call {
            actions.push(action);
        }
    }

    /// Ends the execution.
    ///
    /// # Errors
    ///
    /// When writing fails.
    pub fn end(&mut self, kind: EndKind, state: TracedState) -> io::Result<()> {
        self.end_call()?;
        write_end(&mut self.out, &End { line: 0, kind, state })
    }

    /// Puts the file under its name.
    ///
    /// # Errors
    ///
    /// When writing fails.
    pub fn finish(mut self) -> io::Result<()> {
        self.end_call()?;
        self.out.finish()
    }

    fn end_call(&mut self) -> io::Result<()> {
        match self.call.take() {
            Some((number, state, actions)) => write_call(&mut self.out, number, &state, &actions),
            None => Ok(()),
        }
    }
}
