//! Executions of host-call traces.

use std::collections::BTreeMap;
use std::io::{BufReader, Write};

use jambox_debug::{Recorder, Session, Target};
use jambox_engine::Engine;
use jambox_inspect::count;
use jambox_trace::{Execution, Reader, Replayed, replay};
use jambox_types::{Hash, Protocol, Revision};

use crate::commands::debug::Debug;
use crate::commands::trace::context;
use crate::diagnosis::Diagnosis;
use crate::engine::engine;
use crate::input;
use crate::outcome::{Result, Verdict};
use crate::output::Output;
use crate::plain::{Escape, Plain};
use crate::protocol::{ProtocolArgs, interface};

use crate::commands::debug::ready::Ready;

impl Debug {
    pub(super) fn record_trace(&self, args: &ProtocolArgs) -> Result<Ready> {
        let (number, execution) = self.execution()?;
        let engine = self.engine_of(&execution, args)?;
        let hash = Hash::blake2b(&execution.program);
        let symbols: BTreeMap<_, _> =
            self.symbols_of(hash).map(|symbols| (hash, symbols)).into_iter().collect();
        let recorder = Recorder::new(Target::Number(0), self.bounds(), &symbols);
        let context = context(execution.start.pc);
        let recorded = recorder.record_trace(&execution, context, &engine);
        let (recording, replayed) = recorded.map_err(|error| self.in_trace(&error))?;
        let mut recording = recording.ok_or_else(|| Diagnosis::new("nothing ran"))?;
        recording.title = title(number, &execution);
        let session = Session::new(recording).ok_or_else(|| Diagnosis::new("nothing ran"))?;
        let note = match replayed {
            Replayed::Same | Replayed::SameButForLastCall { .. } => None,
            Replayed::CutOff => Some("the trace is cut off: it has no end".to_owned()),
            Replayed::Different(difference) => {
                Some(format!("the program leaves the trace at the end of this: {difference}"))
            }
        };
        let protocol = Protocol { revision: engine.config().revision, ..Protocol::default() };
        Ok(Ready { session, interface: interface(&protocol)?, note })
    }

    /// Prints the executions, a line each.
    pub(super) fn print_executions(&self, output: &Output) -> Result<Verdict> {
        let stdout = anstream::AutoStream::new(std::io::stdout().lock(), output.color);
        let mut out = Plain::new(stdout, Escape::Text);
        for (number, execution) in (1..).zip(self.executions()?) {
            let execution = execution?;
            let calls = count(execution.calls.len() as u64, "host call");
            let end = match &execution.end {
                Some(end) => end.kind.to_string(),
                None => "cut off".to_owned(),
            };
            writeln!(out, "{}: {calls}, {end}", title(number, &execution))?;
        }
        out.flush()?;
        Ok(Verdict::Done)
    }

    fn executions(&self) -> Result<impl Iterator<Item = Result<Execution>>> {
        let reader = Reader::new(BufReader::new(input::open(&self.subject)?));
        Ok(reader.map(|execution| execution.map_err(|error| self.in_trace(&error).into())))
    }

    /// The chosen execution with its number.
    fn execution(&self) -> Result<(usize, Execution)> {
        if self.choice.number()?.is_none() && self.choice.is_made() {
            return Err(Diagnosis::new("a trace does not say what its executions are")
                .in_file(&self.subject)
                .help("choose one by its number: --list shows them, --invocation N takes one")
                .into());
        }
        let wanted = self.choice.number()?.unwrap_or(0);
        let mut executions = 0_usize;
        for execution in self.executions()? {
            let execution = execution?;
            if executions == wanted {
                return Ok((wanted + 1, execution));
            }
            executions += 1;
        }
        let message = format!("execution {} does not exist", wanted + 1);
        Err(Diagnosis::new(message)
            .in_file(&self.subject)
            .expected(format!("the trace has {}", count(executions as u64, "execution")))
            .help("--list shows them")
            .into())
    }

    /// Engine of the revision that the execution names or that is asked for; without either, of the
    /// first under which the program runs as in the trace.
    fn engine_of(&self, execution: &Execution, args: &ProtocolArgs) -> Result<Engine> {
        let default = args.protocol()?;
        let of = |revision| engine(&Protocol { revision, ..default }, args.backend());
        match (execution.revision(), args.revision()) {
            (Some(named), Some(asked)) if !named.is(asked) => {
                let message = format!("the execution is of {named}, and {asked} was asked for");
                Err(Diagnosis::new(message)
                    .in_file(&self.subject)
                    .help("leave --revision out")
                    .into())
            }
            (Some(revision), _) | (None, Some(revision)) => of(revision),
            (None, None) => {
                let others = Revision::ALL.into_iter().filter(|it| !it.is(default.revision));
                for revision in std::iter::once(default.revision).chain(others) {
                    let engine = of(revision)?;
                    match replay(execution, &engine) {
                        Err(_) | Ok(Replayed::Different(_)) => {}
                        Ok(_) => return Ok(engine),
                    }
                }
                of(default.revision)
            }
        }
    }

    fn in_trace(&self, error: &jambox_trace::Error) -> Diagnosis {
        Diagnosis::new(error.to_string())
            .in_file(&self.subject)
            .help("`jambox trace replay` checks a trace, `jambox trace show` prints it")
    }
}

fn title(number: usize, execution: &Execution) -> String {
    match execution.comments.last() {
        Some(comment) => format!("execution {number}, {comment}"),
        None => format!("execution {number}, at line {}", execution.line),
    }
}
