//! Host-call traces: every execution in every file of a folder is replayed.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use jambox_engine::Engine;
use jambox_trace::{Execution, Reader, Replayed, replay};

use crate::{Error, Outcome, Report, files};

/// Replays a trace file, or every file `*.log` under a folder, on an engine.
///
/// Each execution is a case, named by its file and its number in it. An out-of-gas run whose trace
/// leaves out the last host call passes with a remark.
///
/// # Errors
///
/// When the folder or a file cannot be read, or the folder holds no trace. What a file holds can
/// only make its cases fail.
pub fn run(place: &Path, engine: &Engine) -> Result<Report, Error> {
    let files = if place.is_dir() {
        files::files_under(place, &["log"], "host-call traces (`*.log`)")?
    } else {
        vec![place.to_owned()]
    };
    let mut report = Report::default();
    for file in files {
        run_file(&file, engine, &mut report)?;
    }
    Ok(report)
}

fn run_file(file: &Path, engine: &Engine, report: &mut Report) -> Result<(), Error> {
    let source = BufReader::new(File::open(file).map_err(Error::at(file))?);
    let mut count = 0;
    for (index, execution) in Reader::new(source).enumerate() {
        count = index + 1;
        let outcome = match execution {
            Err(error) => Outcome::Failed(error.to_string()),
            Ok(execution) => outcome(&execution, engine),
        };
        report.add(format!("{} #{count}", files::stem(file)), outcome);
    }
    if count == 0 {
        report.add(files::stem(file), Outcome::Failed("the file holds no execution".into()));
    }
    Ok(())
}

fn outcome(execution: &Execution, engine: &Engine) -> Outcome {
    match replay(execution, engine) {
        Ok(Replayed::Same) => Outcome::Passed,
        Ok(Replayed::SameButForLastCall { number, gas }) => Outcome::PassedExcept(format!(
            "the last call, which the trace leaves out: host call {number} with {gas} gas left"
        )),
        Ok(Replayed::CutOff) => Outcome::Failed("the trace is cut off before the end".into()),
        Ok(Replayed::Different(difference)) => Outcome::Failed(difference.to_string()),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}
