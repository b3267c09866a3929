//! Invocations that failed, told as the command tells them.

use std::fmt;

use jambox_chain::ReportError;
use jambox_inspect::Explanation;
use jambox_inspect::account::{Event, Invocation, Outcome};
use jambox_invocation::Failure;
use jambox_sdk::types::ServiceId;

/// The most lines of a log that are told of a failure; the last ones say why.
const LOG_LINES: usize = 8;

/// An invocation that failed.
///
/// Its text, also the one for debugging, is what `jambox run` says of it: the outcome, what the
/// guest logged, the rule that was broken, and, of a compiled service, the instruction, the
/// function, line and callers that it comes from as far as there are symbols, and the registers.
#[derive(Clone)]
pub struct Failed {
    /// The service whose code it was; none for an authorizer's.
    pub service: Option<ServiceId>,
    /// The item within its package, if it was refine.
    pub item: Option<usize>,
    /// Why the guest failed; none if no code ran, or if it was the result that was refused.
    pub why: Option<Box<Failure>>,
    told: Box<Invocation>,
}

impl Failed {
    /// The failure of an invocation, if it failed.
    pub(crate) fn of(
        service: Option<ServiceId>,
        why: Option<Box<Failure>>,
        told: Invocation,
    ) -> Option<Self> {
        let failed = told.outcome != Outcome::Halt;
        failed.then(|| Self { service, item: told.item, why, told: Box::new(told) })
    }

    /// Which invocation failed and how, in a line.
    #[must_use]
    pub fn summary(&self) -> String {
        self.told.failed().unwrap_or_default()
    }

    /// Where the machine stopped and why; none where there was no machine, as natively.
    #[must_use]
    pub fn explanation(&self) -> Option<&Explanation> {
        self.told.failure.as_ref()?.explanation.as_ref()
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Invocation { events, failure, outcome, .. } = &*self.told;
        f.write_str(&self.summary())?;
        let mut line = |label: &str, text: &str| write!(f, "\n  {label:<12}{text}");
        let logs = events.iter().filter_map(|event| match event {
            Event::Log(log) => Some(log.to_string()),
            _ => None,
        });
        let logs: Vec<_> = logs.collect();
        let skipped = logs.len().saturating_sub(LOG_LINES);
        if skipped > 0 {
            line("log", &format!("({skipped} lines before)"))?;
        }
        logs.iter().skip(skipped).try_for_each(|log| line("log", log))?;
        // Of what never ran, and of what was refused, the outcome has said all.
        let stopped = matches!(outcome, Outcome::Panic | Outcome::OutOfGas);
        let Some(failure) = failure.as_ref().filter(|_| stopped) else { return Ok(()) };
        line("failure", &failure.reason)?;
        if let Some(hint) = &failure.hint {
            line("hint", hint)?;
        }
        let explained = failure.explanation.iter().map(ToString::to_string);
        explained
            .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
            .try_for_each(|text| write!(f, "\n  {}", text.trim_end()))
    }
}

/// The same text: it is what `unwrap` and `assert!` print.
impl fmt::Debug for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why there is no report of a package.
#[derive(Clone)]
pub struct Refused {
    /// What was wrong.
    pub why: Box<ReportError>,
    /// The authorizer's failure, if that is it.
    pub failed: Option<Failed>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.why)?;
        self.failed.iter().try_for_each(|failed| write!(f, "\n{failed}"))
    }
}

/// The same text: it is what `unwrap` and `assert!` print.
impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Refused {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.why)
    }
}
