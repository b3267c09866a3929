//! What is different in a state after a block.

use std::fmt;

use jambox_state::{Blob, KeyKind, Meaning, StateKey};
use jambox_types::{Hash, ServiceId, Statistics};

/// The first difference between the state after a block as it should be and as it came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Where; none when there is no state to compare, or when it is the root.
    pub place: Option<Place>,
    /// The service whose value it is.
    pub service: Option<ServiceId>,
    /// What is different.
    text: String,
}

/// A place in the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The key.
    pub key: StateKey,
    /// What it stands for, if anyone has seen it being written.
    pub meaning: Option<Meaning>,
}

/// Octets shown of a value.
const SHOWN: usize = 100;

impl Difference {
    /// There is no state after, for this reason.
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

/// Both values, from shortly before the first octet that differs.
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
