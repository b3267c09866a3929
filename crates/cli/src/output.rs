//! Output of reports: as text or as JSON to standard output, mistakes to standard error.

use std::io::{self, Write};

use anstream::{AutoStream, ColorChoice};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use serde::Serialize;

use crate::diagnosis::Diagnosis;
use crate::outcome::Failure;
use crate::plain::{Escape, Plain, plain};
use crate::style::FAINT;

/// Report of a command: one model, shown as text or serialised as JSON.
pub trait Report: Serialize {
    /// Writes the report as a person reads it. Styles may be used freely: they are stripped when
    /// the reader does not want them.
    fn write(&self, out: &mut dyn Write) -> io::Result<()>;
}

/// Version of the reports' JSON form. It changes when a program that reads one version could
/// misunderstand the next; the schemas in `docs/schemas` describe it.
const FORMAT: u8 = 1;

/// A report as JSON.
#[derive(Serialize)]
struct Formatted<'a, R: ?Sized> {
    format: u8,
    #[serde(flatten)]
    report: &'a R,
}

/// Report of a command that fails, as JSON.
#[derive(Serialize)]
struct Errors<E> {
    errors: Vec<E>,
}

/// Form of a command's output.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// Reports as JSON.
    pub json: bool,
    /// Number of `-v` on the command line.
    pub verbosity: u8,
    /// Choice of colours.
    pub color: ColorChoice,
}

impl Output {
    /// Writes a report to standard output. A reader that closes the pipe has read enough: the exit
    /// code stays the same.
    pub fn emit<R: Report + ?Sized>(&self, report: &R) -> io::Result<()> {
        match self.try_emit(report) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }

    fn try_emit<R: Report + ?Sized>(&self, report: &R) -> io::Result<()> {
        let stdout = io::stdout().lock();
        if self.json {
            let mut stdout = Plain::new(io::BufWriter::new(stdout), Escape::Json);
            serde_json::to_writer_pretty(&mut stdout, &Formatted { format: FORMAT, report })?;
            writeln!(stdout)?;
            return stdout.flush();
        }
        let stdout = io::BufWriter::new(AutoStream::new(stdout, self.color));
        let mut stdout = Plain::new(stdout, Escape::Text);
        report.write(&mut stdout)?;
        stdout.flush()
    }

    /// Reports a failure on standard error, and under `--json` on standard output too, so that a
    /// program always gets JSON.
    pub fn fail(&self, failure: &Failure) {
        // There is no place left to report this error.
        let _ = self.try_fail(failure);
    }

    fn try_fail(&self, failure: &Failure) -> io::Result<()> {
        let diagnoses = match failure {
            Failure::Input(diagnoses) | Failure::Limit(diagnoses) => diagnoses,
            Failure::Untold(message) => return writeln!(io::stderr(), "{}", plain(message)),
            Failure::Output(error) => {
                let reason = jambox_files::reason(error);
                return writeln!(io::stderr(), "cannot write to standard output: {reason}");
            }
        };
        if self.json {
            let errors: Vec<_> = diagnoses.iter().map(Diagnosis::to_json).collect();
            let mut stdout = Plain::new(io::stdout().lock(), Escape::Json);
            let errors = Errors { errors };
            serde_json::to_writer_pretty(
                &mut stdout,
                &Formatted { format: FORMAT, report: &errors },
            )?;
            writeln!(stdout)?;
            return stdout.flush();
        }
        let mut stderr = io::stderr().lock();
        let coloured = AutoStream::new(&mut stderr, self.color).current_choice();
        for diagnosis in diagnoses {
            write!(stderr, "{}", diagnosis.render(coloured != ColorChoice::Never))?;
        }
        Ok(())
    }

    /// A spinner for long work: on standard error, and only when somebody watches it there.
    pub fn spinner(&self, what: &'static str) -> ProgressBar {
        let target =
            if self.json { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let spinner = ProgressBar::with_draw_target(None, target)
            .with_message(what)
            .with_finish(ProgressFinish::AndClear);
        // The ticks come from a thread. Without one the work goes on, and the spinner stands.
        if !spinner.is_hidden() && std::thread::Builder::new().spawn(|| ()).is_ok() {
            spinner.enable_steady_tick(std::time::Duration::from_millis(200));
        }
        spinner
    }

    /// A bar for long work of known length: on standard error, and only when somebody watches it
    /// there.
    pub fn progress(&self, length: usize) -> ProgressBar {
        let target =
            if self.json { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(length as u64), target)
            .with_finish(ProgressFinish::AndClear);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} {eta}") {
            bar.set_style(style);
        }
        bar
    }
}

/// Writes a line of a report: its label, then its text.
pub fn line(out: &mut dyn Write, label: &str, text: &str) -> io::Result<()> {
    labelled(out, "  ", label, text)
}

/// Writes such a line with another indentation.
pub fn labelled(out: &mut dyn Write, indent: &str, label: &str, text: &str) -> io::Result<()> {
    writeln!(out, "{indent}{FAINT}{label:<12}{FAINT:#}{text}")
}
