//! One value of a state.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use jambox_inspect::Octets;
use jambox_inspect::account::Entry;
use jambox_state::{Component, Meaning, RequestKey, StateKey};
use jambox_types::Hash;

use super::any::AnyState;
use super::show::service;
use crate::diagnosis::Diagnosis;
use crate::outcome::{Failure, Result, Verdict};
use crate::output::{Output, Report};
use crate::protocol::ProtocolArgs;

#[derive(Debug, Args)]
#[command(after_help = "\
Keys:
  SERVICE                          the account's fields
  SERVICE storage KEY              KEY is text, or octets as 0x..
  SERVICE preimage HASH
  SERVICE request HASH LENGTH
  a component's name               such as privileges or \"time slot\"
  a state key                      31 octets in hexadecimal

Examples:
  jambox state get chain.redb counter storage count
  jambox state get chain.redb privileges")]
pub struct Get {
    /// The state
    state: PathBuf,
    /// The key, in a form listed under Keys
    #[arg(required = true, num_args = 1..=4)]
    key: Vec<String>,
}

#[derive(Serialize)]
struct Found {
    key: String,
    service: Option<u32>,
    /// Meaning of the key; `None` if its writing was not observed.
    entry: Option<Entry>,
    value: Option<Octets>,
    /// Meaning of the key, in words.
    #[serde(skip)]
    meaning: Option<String>,
}

impl Report for Found {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        match &self.value {
            Some(Octets(value)) => writeln!(out, "{}", const_hex::encode_prefixed(value)),
            None => {
                let name = self.meaning.as_ref().unwrap_or(&self.key);
                writeln!(out, "no value under {name} (key {})", self.key)
            }
        }
    }
}

impl Get {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        let state = AnyState::open(&self.state, protocol, output)?;
        let words: Vec<&str> = self.key.iter().map(String::as_str).collect();
        let (key, meaning) = parse(&state, &words)?;
        let value = state.values.value(&key).map_err(|error| state.failure(&error))?;
        let is_missing = value.is_none();
        output.emit(&Found {
            key: key.to_string(),
            service: meaning.as_ref().and_then(Meaning::service).map(|service| service.0),
            entry: meaning.as_ref().map(Entry::of),
            meaning: meaning.map(|meaning| meaning.to_string()),
            value: value.map(|value| Octets::new(&*value)),
        })?;
        Ok(Verdict::failed_if(is_missing))
    }
}

fn parse(state: &AnyState, words: &[&str]) -> Result<(StateKey, Option<Meaning>)> {
    let known = |meaning: Meaning| Ok((meaning.key(), Some(meaning)));
    let hash = |text: &str| -> Result<Hash> {
        text.parse().map_err(|error| {
            let message = format!("`{text}` is not a hash: {error}");
            Failure::from(Diagnosis::new(message).expected("expected 32 octets in hexadecimal"))
        })
    };
    match *words {
        [name] => {
            let component = Component::ALL.iter().find(|component| component.name() == name);
            if let Some(component) = component {
                return known(Meaning::Component(*component));
            }
            let octets = const_hex::decode(name).ok();
            if let Some(octets) = octets.and_then(|octets| <[u8; 31]>::try_from(octets).ok()) {
                let key = StateKey(octets);
                return Ok((key, state.meaning(&key)));
            }
            known(Meaning::Account(service(state, name)?))
        }
        [name, "storage", key] => {
            let octets = match key.strip_prefix("0x") {
                Some(digits) => const_hex::decode(digits).map_err(|error| {
                    Diagnosis::new(format!("`{key}` is not a key in hexadecimal: {error}"))
                })?,
                None => key.as_bytes().to_vec(),
            };
            known(Meaning::Storage(service(state, name)?, octets.into()))
        }
        [name, "preimage", of] => known(Meaning::Preimage(service(state, name)?, hash(of)?)),
        [name, "request", of, length] => {
            let length = length.parse().map_err(|_| {
                Diagnosis::new(format!("`{length}` is not a length"))
                    .expected("expected a number of octets")
            })?;
            let request = RequestKey { hash: hash(of)?, length };
            known(Meaning::Request(service(state, name)?, request))
        }
        _ => {
            let message = format!("`{}` is not a key of the state", words.join(" "));
            Err(Diagnosis::new(message).help("see `jambox state get --help`").into())
        }
    }
}
