//! Differences of two states.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use jambox_codec::decode_all;
use jambox_inspect::Octets;
use jambox_inspect::account::Entry;
use jambox_state::{AccountInfo, KeyKind, Meaning, RequestHistory, StateKey};
use jambox_types::ServiceId;

use super::any::AnyState;
use crate::outcome::{Result, Verdict};
use crate::output::{Output, Report};
use crate::protocol::ProtocolArgs;
use crate::style::{BAD, GOOD};

#[derive(Debug, Args)]
pub struct Diff {
    /// The earlier state
    before: PathBuf,
    /// The later state
    after: PathBuf,
}

#[derive(Serialize)]
struct Differences {
    differences: Vec<Difference>,
}

#[derive(Serialize)]
struct Difference {
    /// The state key.
    state_key: String,
    /// The service that it belongs to; nothing for components.
    service: Option<u32>,
    /// Meaning of the key.
    #[serde(flatten)]
    entry: Entry,
    before: Option<Octets>,
    after: Option<Octets>,
    /// Meaning of the key, in words.
    #[serde(skip)]
    meaning: String,
    /// Changes of the parts, for values that are more than octets.
    #[serde(skip)]
    lines: Vec<String>,
}

impl Diff {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        let before = AnyState::open(&self.before, protocol, output)?;
        let (old, names) = (before.all(output)?, |key: &StateKey| before.meaning(key));
        let after = AnyState::open(&self.after, protocol, output)?;
        let new = after.all(output)?;
        let keys: BTreeSet<&StateKey> = old.keys().chain(new.keys()).collect();
        let mut differences = Vec::new();
        for key in keys {
            let (old, new) = (old.get(key), new.get(key));
            if old == new {
                continue;
            }
            let meaning = after.meaning(key).or_else(|| names(key));
            differences.push(Difference {
                state_key: key.to_string(),
                service: service_of(key).map(|service| service.0),
                entry: meaning.as_ref().map_or_else(Entry::unknown, Entry::of),
                lines: explain(meaning.as_ref(), old.map(|it| &**it), new.map(|it| &**it)),
                meaning: meaning.map_or_else(|| unknown(key), |meaning| meaning.to_string()),
                before: old.map(|value| Octets::new(&**value)),
                after: new.map(|value| Octets::new(&**value)),
            });
        }
        let is_different = !differences.is_empty();
        output.emit(&Differences { differences })?;
        Ok(Verdict::failed_if(is_different))
    }
}

fn service_of(key: &StateKey) -> Option<ServiceId> {
    match key.kind() {
        KeyKind::Component(_) => None,
        KeyKind::Account(service) | KeyKind::Entry(service) => Some(service),
    }
}

fn unknown(key: &StateKey) -> String {
    match key.kind() {
        KeyKind::Component(chapter) => format!("component {chapter}"),
        KeyKind::Account(service) | KeyKind::Entry(service) => {
            format!("service {service} unknown entry {key}")
        }
    }
}

/// The fields of an account that changed, or the history of a request.
fn explain(meaning: Option<&Meaning>, old: Option<&[u8]>, new: Option<&[u8]>) -> Vec<String> {
    match (meaning, old, new) {
        (Some(Meaning::Account(_)), Some(old), Some(new)) => {
            let decoded = (decode_all(old), decode_all(new));
            if let (Ok(old), Ok(new)) = decoded { fields(&old, &new) } else { Vec::new() }
        }
        (Some(Meaning::Request(..)), old, new) => {
            let show = |value: Option<&[u8]>| match value.map(decode_all::<RequestHistory>) {
                None => "nothing".to_owned(),
                Some(Ok(history)) => history.to_string(),
                Some(Err(error)) => error.to_string(),
            };
            vec![format!("{} -> {}", show(old), show(new))]
        }
        _ => Vec::new(),
    }
}

fn fields(old: &AccountInfo, new: &AccountInfo) -> Vec<String> {
    let fields = [
        ("code hash", old.code_hash.to_string(), new.code_hash.to_string()),
        ("balance", old.balance.to_string(), new.balance.to_string()),
        (
            "minimum accumulate gas",
            old.min_accumulate_gas.to_string(),
            new.min_accumulate_gas.to_string(),
        ),
        ("minimum memo gas", old.min_memo_gas.to_string(), new.min_memo_gas.to_string()),
        ("gratis storage", old.gratis.to_string(), new.gratis.to_string()),
        ("created", old.created.to_string(), new.created.to_string()),
        ("last accumulation", old.last_accumulation.to_string(), new.last_accumulation.to_string()),
        ("parent", old.parent.to_string(), new.parent.to_string()),
        ("items", old.footprint.items.to_string(), new.footprint.items.to_string()),
        ("octets", old.footprint.octets.to_string(), new.footprint.octets.to_string()),
    ];
    let changed = fields.into_iter().filter(|(_, old, new)| old != new);
    changed.map(|(name, old, new)| format!("{name} {old} -> {new}")).collect()
}

impl Report for Differences {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for Difference { meaning, before, after, lines, .. } in &self.differences {
            if !lines.is_empty() {
                writeln!(out, "{meaning}: {}", lines.join(", "))?;
                continue;
            }
            let show = |value: &Option<Octets>| {
                value.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string)
            };
            let (before, after) = (show(before), show(after));
            writeln!(out, "{meaning}: {BAD}{before}{BAD:#} -> {GOOD}{after}{GOOD:#}")?;
        }
        let count = self.differences.len();
        let noun = if count == 1 { "difference" } else { "differences" };
        writeln!(out, "{count} {noun}")
    }
}
