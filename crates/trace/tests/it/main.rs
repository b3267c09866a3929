//! Reading, writing, recording, replaying and comparing traces.

mod compare;
mod public;
mod recorder;
mod replay;
mod round_trip;
mod syntax;

use jambox_trace::{Error, Execution, Reader};

/// A trace of a service that makes one call and halts, explained in the file.
const SERVICE: &str = include_str!("../../../../testdata/trace/service.log");

/// Traces of a program that ends in every way, explained in the file.
const ENDINGS: &str = include_str!("../../../../testdata/trace/endings.log");

/// Reads the executions of a text.
fn read(text: &str) -> Result<Vec<Execution>, Error> {
    Reader::new(text.as_bytes()).collect()
}

/// Reads the only execution of a text.
fn read_one(text: &str) -> Execution {
    let mut executions = read(text).expect("it is a trace");
    assert_eq!(executions.len(), 1);
    executions.remove(0)
}

/// The text with one line replaced.
fn with_line(text: &str, line: &str, other: &str) -> String {
    assert_eq!(text.matches(line).count(), 1, "{line}");
    text.replace(line, other)
}
