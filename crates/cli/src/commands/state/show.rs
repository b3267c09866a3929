//! A state's services, and a service's entries.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use jambox_codec::decode_all;
use jambox_inspect::{Octets, account, wide};
use jambox_state::{AccountInfo, Component, Meaning, RequestHistory, StateKey};
use jambox_types::{ServiceId, TimeSlot};

use super::any::AnyState;
use crate::diagnosis::Diagnosis;
use crate::outcome::{Result, Verdict};
use crate::output::{Output, Report};
use crate::protocol::ProtocolArgs;
use crate::style::{FAINT, HEADING};

#[derive(Debug, Args)]
pub struct Show {
    /// The state
    state: PathBuf,
    /// A service, by id or name
    service: Option<String>,
}

/// The root of a state.
#[derive(Serialize)]
pub struct Root {
    pub root: String,
}

impl Report for Root {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", self.root)
    }
}

impl Show {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        let state = AnyState::open(&self.state, protocol, output)?;
        match &self.service {
            None => output.emit(&overview(&state, output)?)?,
            Some(name) => {
                let id = service(&state, name)?;
                output.emit(&Whole {
                    service: describe(&state, id)?,
                    entries: entries(&state, id)?,
                })?;
            }
        }
        Ok(Verdict::Done)
    }
}

/// Finds an existing service by its id or name.
pub fn service(state: &AnyState, name: &str) -> Result<ServiceId> {
    let by_name = state.names.iter().find(|(_, known)| *known == name).map(|(id, _)| *id);
    let id = by_name.or_else(|| name.parse().ok().map(ServiceId));
    if let Some(id) = id
        && state.values.account(id).map_err(|error| state.failure(&error))?.is_some()
    {
        return Ok(id);
    }
    let help = format!("`jambox state show {}` lists the services", state.title());
    Err(Diagnosis::new(format!("the state has no service `{name}`"))
        .in_file(&state.path)
        .help(help)
        .into())
}

#[derive(Serialize)]
struct Overview {
    file: String,
    slot: Option<u32>,
    root: String,
    services: Vec<Service>,
    components: Vec<ComponentLine>,
}

#[derive(Serialize)]
struct ComponentLine {
    name: String,
    octets: usize,
}

#[derive(Serialize)]
struct Service {
    id: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    code_hash: String,
    #[serde(serialize_with = "wide::number")]
    balance: u64,
    #[serde(serialize_with = "wide::number")]
    min_accumulate_gas: u64,
    #[serde(serialize_with = "wide::number")]
    min_memo_gas: u64,
    #[serde(serialize_with = "wide::number")]
    gratis: u64,
    created: u32,
    last_accumulation: u32,
    parent: u32,
    items: u32,
    #[serde(serialize_with = "wide::number")]
    octets: u64,
}

#[derive(Serialize)]
struct Whole {
    service: Service,
    entries: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    key: String,
    /// Meaning of the key; `None` if its writing was not observed.
    entry: Option<account::Entry>,
    value: Octets,
    /// History of a request; `None` for other entries.
    history: Option<account::Standing>,
    /// Meaning of the key, in words.
    #[serde(skip)]
    meaning: Option<String>,
}

fn overview(state: &AnyState, output: &Output) -> Result<Overview> {
    let slot: Option<TimeSlot> = Component::Slot.read(&*state.values, &state.protocol).ok();
    let services = state.values.services().map_err(|error| state.failure(&error))?;
    let services: Result<Vec<_>> = services.into_iter().map(|id| describe(state, id)).collect();
    let mut components = Vec::new();
    for component in Component::ALL {
        let value = state.values.value(&component.key()).map_err(|error| state.failure(&error))?;
        components.extend(
            value.map(|value| ComponentLine { name: component.to_string(), octets: value.len() }),
        );
    }
    Ok(Overview {
        file: state.title(),
        slot: slot.map(|slot| slot.0),
        root: state.root(output)?.to_string(),
        services: services?,
        components,
    })
}

fn describe(state: &AnyState, id: ServiceId) -> Result<Service> {
    let info = state.values.account(id).map_err(|error| state.failure(&error))?;
    let info: AccountInfo = info.unwrap_or_default();
    Ok(Service {
        id: id.0,
        name: state.names.get(&id).cloned(),
        code_hash: info.code_hash.to_string(),
        balance: info.balance.0,
        min_accumulate_gas: info.min_accumulate_gas.0,
        min_memo_gas: info.min_memo_gas.0,
        gratis: info.gratis.0,
        created: info.created.0,
        last_accumulation: info.last_accumulation.0,
        parent: info.parent.0,
        items: info.footprint.items,
        octets: info.footprint.octets,
    })
}

fn entries(state: &AnyState, id: ServiceId) -> Result<Vec<Entry>> {
    let keys = state.values.entries_of(id).map_err(|error| state.failure(&error))?;
    let mut entries = Vec::new();
    for key in keys {
        let value = state.values.value(&key).map_err(|error| state.failure(&error))?;
        entries.push(entry(state, key, &value.unwrap_or_default()));
    }
    entries.sort_by(|a: &Entry, b| (&a.meaning, &a.key).cmp(&(&b.meaning, &b.key)));
    Ok(entries)
}

fn entry(state: &AnyState, key: StateKey, value: &[u8]) -> Entry {
    let meaning = state.meaning(&key);
    let history = match &meaning {
        Some(Meaning::Request(..)) => decode_all::<RequestHistory>(value).ok(),
        _ => None,
    };
    Entry {
        key: key.to_string(),
        entry: meaning.as_ref().map(account::Entry::of),
        meaning: meaning.map(|meaning| part(&meaning)),
        value: Octets::new(value),
        history: history.map(account::Standing::History),
    }
}

/// Name of an entry, without its service.
fn part(meaning: &Meaning) -> String {
    let text = meaning.to_string();
    let service = meaning.service().map(|service| format!("service {service} "));
    service.and_then(|service| text.strip_prefix(&service).map(str::to_owned)).unwrap_or(text)
}

impl Report for Overview {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let slot = self.slot.map_or_else(|| "no slot".to_owned(), |slot| format!("slot {slot}"));
        writeln!(out, "{HEADING}{}{HEADING:#}: {slot}, root {}", self.file, self.root)?;
        for service in &self.services {
            service.write(out)?;
        }
        writeln!(out, "{FAINT}components{FAINT:#}")?;
        for ComponentLine { name, octets } in &self.components {
            writeln!(out, "  {name}: {octets} octets")?;
        }
        Ok(())
    }
}

impl Service {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let name = self.name.as_ref().map_or_else(String::new, |name| format!(" {name}"));
        writeln!(out, "{HEADING}service {}{name}{HEADING:#}", self.id)?;
        writeln!(
            out,
            "  balance {}, {} items, {} octets, last accumulated in slot {}",
            self.balance, self.items, self.octets, self.last_accumulation
        )?;
        writeln!(out, "  {FAINT}code{FAINT:#} {}", self.code_hash)
    }
}

impl Report for Whole {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        self.service.write(out)?;
        let service = &self.service;
        writeln!(
            out,
            "  created in slot {} by {}, gratis {}, least gas {} to accumulate, {} for a transfer",
            service.created,
            service.parent,
            service.gratis,
            service.min_accumulate_gas,
            service.min_memo_gas
        )?;
        for Entry { key, meaning, value, history, .. } in &self.entries {
            let name = meaning.clone().unwrap_or_else(|| format!("unknown entry {key}"));
            match history {
                Some(history) => writeln!(out, "  {name}: {history}")?,
                None => writeln!(out, "  {name}: {value}")?,
            }
        }
        Ok(())
    }
}
