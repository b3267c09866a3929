//! Failed invocations, with the text that the command prints for them.

use std::fmt;

use jambox_chain::ReportError;
use jambox_inspect::Explanation;
use jambox_inspect::account::{Event, Invocation, Outcome};
use jambox_invocation::Failure;
use jambox_sdk::types::ServiceId;

/// Largest number of log lines in a failure's text; the last lines are kept.
const LOG_LINES: usize = 8;

/// A failed invocation.
///
/// Its text, the one for debugging, too, is that of `jambox run`: the outcome, the guest's log and
/// the broken rule. For a compiled service it also has the instruction and the registers, and, with
/// symbols, the function, line and callers.
#[derive(Clone)]
pub struct Failed {
    /// The service of the code; `None` for an authorizer.
    pub service: Option<ServiceId>,
    /// Index of the item within its package; `None` outside of refine.
    pub item: Option<usize>,
    /// Failure of the guest; `None` if no code ran, or if the result was refused.
    pub why: Option<Box<Failure>>,
    told: Box<Invocation>,
}

impl Failed {
    /// The failure of an invocation; `None` if it succeeded.
    pub(crate) fn of(
        service: Option<ServiceId>,
        why: Option<Box<Failure>>,
        told: Invocation,
    ) -> Option<Self> {
        let failed = told.outcome != Outcome::Halt;
        failed.then(|| Self { service, item: told.item, why, told: Box::new(told) })
    }

    /// The invocation and its outcome, in a line.
    #[must_use]
    pub fn summary(&self) -> String {
        self.told.failed().unwrap_or_default()
    }

    /// Place and reason of the machine's stop; `None` without a machine, as for native code.
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
        // For code that never ran, and for refused results, the outcome is the whole explanation.
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

/// The same text, because `unwrap` and `assert!` print it.
impl fmt::Debug for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Reason for a package without a report.
#[derive(Clone)]
pub struct Refused {
    /// The error.
    pub why: Box<ReportError>,
    /// The authorizer's failure; `None` if the authorizer is not the reason.
    pub failed: Option<Failed>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.why)?;
        self.failed.iter().try_for_each(|failed| write!(f, "\n{failed}"))
    }
}

/// The same text, because `unwrap` and `assert!` print it.
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
