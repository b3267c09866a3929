//! Reading of traces.

use std::io::{BufRead, Read as _};

use crate::line::Line;
use crate::{Action, Call, End, EndKind, Error, Execution, SyntaxError};

/// Limits on the octets held at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Length of the longest line, in octets.
    pub line: usize,
    /// Length of the longest execution, in octets over all of its lines.
    pub execution: usize,
}

/// 64 MiB a line, 1 GiB an execution.
impl Default for Limits {
    fn default() -> Self {
        Self { line: 64 << 20, execution: 1 << 30 }
    }
}

/// The executions in a trace, one after another, each read when it is asked for.
///
/// There are none after an error.
#[derive(Debug)]
pub struct Reader<R> {
    source: R,
    limits: Limits,
    /// Number of lines read.
    line: usize,
    /// Number of octets read of the present execution.
    taken: usize,
    /// Content of the line that ended the last execution and begins the next.
    pending: Option<Line>,
    is_done: bool,
}

impl<R: BufRead> Reader<R> {
    /// Reads from `source` within the usual limits.
    pub fn new(source: R) -> Self {
        Self::with_limits(source, Limits::default())
    }

    /// Reads from `source` within the limits given.
    pub fn with_limits(source: R, limits: Limits) -> Self {
        Self { source, limits, line: 0, taken: 0, pending: None, is_done: false }
    }

    /// The next line with content.
    fn next_line(&mut self) -> Result<Option<Line>, Error> {
        if let Some(line) = self.pending.take() {
            return Ok(Some(line));
        }
        loop {
            let mut octets = Vec::new();
            let limit = self.limits.line.saturating_add(1);
            self.source.by_ref().take(limit as u64).read_until(b'\n', &mut octets)?;
            if octets.is_empty() {
                return Ok(None);
            }
            self.line = self.line.saturating_add(1);
            if self.line == 1 {
                octets = jambox_files::without_mark(&octets).to_vec();
            }
            if octets.len() > self.limits.line {
                return Err(
                    self.error(self.limits.line, SyntaxError::LineTooLong(self.limits.line))
                );
            }
            self.taken = self.taken.saturating_add(octets.len());
            if self.taken > self.limits.execution {
                return Err(self.error(0, SyntaxError::ExecutionTooLong(self.limits.execution)));
            }
            let line = Line::parse(octets.trim_ascii_end());
            if let Some(line) = line.map_err(|(offset, kind)| self.error(offset, kind))? {
                return Ok(Some(line));
            }
        }
    }

    fn error(&self, offset: usize, kind: SyntaxError) -> Error {
        Error::Syntax { line: self.line, column: offset.saturating_add(1), kind }
    }

    fn out_of_place(&self, found: &Line, expected: &'static str) -> Error {
        self.error(0, SyntaxError::OutOfPlace { found: found.keyword(), expected })
    }

    fn next_execution(&mut self) -> Result<Option<Execution>, Error> {
        self.taken = 0;
        let mut comments = Vec::new();
        let program = loop {
            match self.next_line()? {
                None => return Ok(None),
                Some(Line::Comment(comment)) => comments.push(comment),
                Some(Line::Program(program)) => break program,
                Some(line) => {
                    return Err(self.out_of_place(&line, "an execution begins with `program`"));
                }
            }
        };
        let line = self.line;
        let mut writes = Vec::new();
        let start = loop {
            match self.next_line()? {
                Some(Line::Comment(_)) => {}
                Some(Line::Action(Action::Write(block))) => writes.push(block),
                Some(Line::Start(start)) => break start,
                Some(line) => {
                    return Err(self.out_of_place(&line, "`memwrite` or `start` is expected"));
                }
                None => return Err(self.error(0, SyntaxError::Expected("`memwrite` or `start`"))),
            }
        };
        let mut calls = Vec::new();
        let end = self.read_calls(&mut calls)?;
        Ok(Some(Execution { line, comments, program, writes, start, calls, end }))
    }

    /// Reads host calls up to the end of the execution, if the trace has it.
    ///
    /// Some hosts omit the line of a last call whose price is not covered, but write the gas left
    /// by it: a second `setgas` in a row, or one without a call. It is skipped, so that the whole
    /// call is absent from the execution.
    fn read_calls(&mut self, calls: &mut Vec<Call>) -> Result<Option<End>, Error> {
        let mut without_call = None;
        loop {
            let line = self.next_line()?;
            if let (Some(error), false) = (without_call.take(), is_out_of_gas(line.as_ref())) {
                return Err(error);
            }
            match line {
                Some(Line::Comment(_)) => {}
                Some(Line::Call { number, state }) => {
                    calls.push(Call { line: self.line, number, state, actions: Vec::new() });
                }
                Some(line @ Line::Action(Action::SetGas(_))) if calls.is_empty() => {
                    without_call = Some(self.out_of_place(&line, "it belongs to an `ecalli`"));
                }
                Some(Line::Action(action)) => match calls.last_mut() {
                    Some(call) => call.actions.push(action),
                    None => {
                        let line = Line::Action(action);
                        return Err(self.out_of_place(&line, "it belongs to an `ecalli`"));
                    }
                },
                Some(Line::End { kind, state }) => {
                    if let (EndKind::OutOfGas, Some(call)) = (kind, calls.last_mut()) {
                        leave_out_second_gas(call);
                    }
                    return Ok(Some(End { line: self.line, kind, state }));
                }
                Some(line @ Line::Program(_)) => {
                    self.pending = Some(line);
                    return Ok(None);
                }
                Some(line @ Line::Start(_)) => {
                    return Err(self.out_of_place(&line, "the execution has started"));
                }
                None => return Ok(None),
            }
        }
    }
}

fn is_out_of_gas(line: Option<&Line>) -> bool {
    matches!(line, Some(Line::End { kind: EndKind::OutOfGas, .. }))
}

/// Removes the gas left by a call that is itself omitted.
fn leave_out_second_gas(call: &mut Call) {
    let set_gas = |action: &Action| matches!(action, Action::SetGas(_));
    if call.actions.iter().filter(|action| set_gas(action)).count() > 1 {
        call.actions.pop_if(|action| set_gas(action));
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Execution, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let execution = self.next_execution().transpose();
        self.is_done = !matches!(execution, Some(Ok(_)));
        execution
    }
}
