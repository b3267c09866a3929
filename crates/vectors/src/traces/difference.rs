//! Differences in a state after a block.

use std::fmt;

use jambox_state::{Blob, KeyKind, Meaning, StateKey};
use jambox_types::{Hash, ServiceId, Statistics};

/// The first difference between the expected and the computed state after a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Place of the difference; `None` for the root, or if there is no computed state.
    pub place: Option<Place>,
    /// The service of the value.
    pub service: Option<ServiceId>,
    /// Description of the difference.
    text: String,
}

/// A key of the state with its meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The key.
    pub key: StateKey,
    /// Meaning of the key; `None` if no run wrote it.
    pub meaning: Option<Meaning>,
}

/// Number of octets shown of a value.
const SHOWN: usize = 100;

impl Difference {
    /// The computed state is missing, for this reason.
    pub(super) fn none(reason: String) -> Self {
        Self { place: None, service: None, text: reason }
    }

    pub(super) fn at(place: Place, expected: Option<&Blob>, got: Option<&Blob>) -> Self {
        let service = match place.key.kind() {
            KeyKind::Account(service) | KeyKind::Entry(service) => Some(service),
            KeyKind::Component(_) => None,
        };
        let (expected, got) = show_both(expected, got);
        let text = format!("{place}\n  expected {expected}\n  got      {got}");
        Self { place: Some(place), service, text }
    }

    pub(super) fn of_roots(expected: Hash, got: Hash) -> Self {
        Self::none(format!("the state root\n  expected {expected}\n  got      {got}"))
    }
}

/// Compares the statistics of cores and services.
pub(super) fn statistics(got: &Statistics, expected: &Statistics) -> Result<(), Difference> {
    let differs = |service, what: String, expected: String, got: String| {
        let text = format!("statistics of {what}\n  expected {expected}\n  got      {got}");
        Err(Difference { place: None, service, text })
    };
    for (core, (got, expected)) in got.cores.iter().zip(expected.cores.iter()).enumerate() {
        if got != expected {
            let what = format!("core {core}");
            return differs(None, what, format!("{expected:?}"), format!("{got:?}"));
        }
    }
    for service in got.services.keys().chain(expected.services.keys()) {
        let (got, expected) = (got.services.get(service), expected.services.get(service));
        if got != expected {
            let what = format!("service {service}");
            return differs(Some(*service), what, format!("{expected:?}"), format!("{got:?}"));
        }
    }
    Ok(())
}

/// Both values, from shortly before the first differing octet.
fn show_both(expected: Option<&Blob>, got: Option<&Blob>) -> (String, String) {
    let empty = Blob::default();
    let pairs = expected.unwrap_or(&empty).iter().zip(got.unwrap_or(&empty).iter());
    let same = pairs.take_while(|(a, b)| a == b).count();
    let start = if same < SHOWN / 2 { 0 } else { same.saturating_sub(8) };
    (show(expected, start), show(got, start))
}

fn show(value: Option<&Blob>, start: usize) -> String {
    let Some(value) = value else { return "nothing".into() };
    let rest = value.get(start..).unwrap_or_default();
    let shown = rest.get(..SHOWN).unwrap_or(rest);
    let before = if start > 0 { format!("at octet {start}: ") } else { String::new() };
    let dots = if shown.len() < rest.len() { ".." } else { "" };
    format!("{before}{}{dots} ({} octets)", const_hex::encode_prefixed(shown), value.len())
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.meaning, self.key.kind()) {
            (Some(meaning), _) => write!(f, "{meaning}")?,
            (None, KeyKind::Component(chapter)) => write!(f, "component {chapter}")?,
            (None, KeyKind::Account(service) | KeyKind::Entry(service)) => {
                write!(f, "service {service} an entry")?;
            }
        }
        write!(f, " (key {})", self.key)
    }
}
