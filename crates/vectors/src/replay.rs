//! Host-call traces: replays of every execution in every file of a folder.

use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use jambox_engine::Engine;
use jambox_isa::Revision;
use jambox_trace::{Execution, Reader, Replayed, replay};

use crate::campaign::whole;
use crate::{Campaign, Error, Outcome, Report, files};

/// Replays a trace file, or every trace under a folder, on engines of one or more revisions. Traces
/// are the files `*.log`, and other files that begin with an execution.
///
/// Each execution is a case, named by its file and its number in it. An execution that names its
/// revision is replayed under it. Any other execution passes if it agrees with its trace under one
/// of the revisions, which the report names; if it agrees under none, the report has the difference
/// that is last in the trace. An out-of-gas run whose trace omits the last host call passes with a
/// remark.
///
/// # Errors
///
/// When the folder or a file cannot be read, or the folder has no trace. The content of a file
/// never causes an error, only failed cases.
pub fn run(place: &Path, engines: &[Engine]) -> Result<Report, Error> {
    whole(|campaign| run_part(place, engines, campaign))
}

/// [`run`], as a part of a campaign.
///
/// # Errors
///
/// As [`run`].
pub fn run_part(
    place: &Path,
    engines: &[Engine],
    campaign: &mut Campaign<'_>,
) -> Result<(), Error> {
    let files = if place.is_dir() { traces_under(place)? } else { vec![place.to_owned()] };
    // The revision of the last execution is tried first for the next.
    let mut engines: Vec<&Engine> = engines.iter().collect();
    for file in files {
        run_file(&file, &mut engines, campaign)?;
    }
    Ok(())
}

fn traces_under(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let files = jambox_files::all_under(folder);
    let mut files = files.map_err(|(path, error)| Error::Io { path, error })?;
    files.retain(|file| file.extension().is_some_and(|ends| ends == "log") || is_trace(file));
    if files.is_empty() {
        let expected = "host-call traces (JIP-7)";
        return Err(Error::Nothing { path: folder.to_owned(), expected });
    }
    Ok(files)
}

/// Length of the part of a file that is searched for the first execution, in octets.
const BEGINNING: u64 = 1 << 20;

/// Text in the first line of an execution.
const PROGRAM: &[u8] = b"program 0x";

/// True for a file that begins with an execution, well formed or not. Its name does not matter.
fn is_trace(file: &Path) -> bool {
    let Ok(file) = jambox_files::open(file) else { return false };
    let mut beginning = Vec::new();
    let read = file.take(BEGINNING).read_to_end(&mut beginning);
    read.is_ok() && beginning.windows(PROGRAM.len()).any(|octets| octets == PROGRAM)
}

fn run_file(
    file: &Path,
    engines: &mut [&Engine],
    campaign: &mut Campaign<'_>,
) -> Result<(), Error> {
    let source = jambox_files::open(file);
    let source = source.map_err(|reason| Error::at(file)(io::Error::other(reason)))?;
    let source = BufReader::new(source);
    let mut count = 0;
    for (index, execution) in Reader::new(source).enumerate() {
        count = index + 1;
        let name = format!("{} #{count}", files::stem(file));
        if !campaign.wants(&name) {
            continue;
        }
        let outcome = match execution {
            Err(error) => Outcome::Failed(error.to_string()),
            Ok(execution) => {
                let (revision, outcome) = outcome(&execution, engines);
                campaign.report.revisions.extend(revision);
                outcome
            }
        };
        campaign.add(name, outcome);
    }
    if count == 0 && campaign.wants(&files::stem(file)) {
        campaign.add(files::stem(file), Outcome::Failed("the file holds no execution".into()));
    }
    Ok(())
}

/// Outcome of an execution, and the revision found for it.
fn outcome(execution: &Execution, engines: &mut [&Engine]) -> (Option<Revision>, Outcome) {
    let of = |engine: &Engine| engine.config().revision;
    if let Some(revision) = execution.revision() {
        let engine = engines.iter().find(|engine| of(engine).is(revision));
        let outcome = match engine {
            Some(engine) => outcome_on(execution, engine).1,
            None => {
                let others: Vec<_> = engines.iter().map(|engine| of(engine).name()).collect();
                let others = others.join(", ");
                Outcome::Failed(format!("recorded under {revision}, replayed under {others}"))
            }
        };
        return (Some(revision), outcome);
    }
    let mut furthest = (0, Outcome::Failed("there is no engine to replay it on".into()));
    for index in 0..engines.len() {
        let (line, outcome) = outcome_on(execution, engines[index]);
        if !matches!(outcome, Outcome::Failed(_)) {
            let revision = of(engines[index]);
            engines.swap(0, index);
            return (Some(revision), outcome);
        }
        if line >= furthest.0 {
            let tried = engines.len() > 1;
            furthest = (line, if tried { under(outcome, of(engines[index])) } else { outcome });
        }
    }
    (None, furthest.1)
}

/// The failure, with the revision of the run.
fn under(outcome: Outcome, revision: Revision) -> Outcome {
    match outcome {
        Outcome::Failed(what) => Outcome::Failed(format!("{what} (under {revision})")),
        other => other,
    }
}

/// Outcome of an execution on one engine, and the line of the difference.
fn outcome_on(execution: &Execution, engine: &Engine) -> (usize, Outcome) {
    match replay(execution, engine) {
        Ok(Replayed::Same) => (0, Outcome::Passed),
        Ok(Replayed::SameButForLastCall { number, gas }) => {
            let remark = "the last call, which the trace leaves out: host call";
            (0, Outcome::PassedExcept(format!("{remark} {number} with {gas} gas left")))
        }
        Ok(Replayed::CutOff) => {
            (usize::MAX, Outcome::Failed("the trace is cut off before the end".into()))
        }
        Ok(Replayed::Different(difference)) => {
            (difference.line, Outcome::Failed(difference.to_string()))
        }
        Err(error) => (0, Outcome::Failed(error.to_string())),
    }
}
