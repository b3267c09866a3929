//! Everything that can be explained, a line each.

use std::io::{self, Write};

use serde::Serialize;

use super::Switches;
use super::entries::Entry;
use super::text::code_value;
use crate::output::Report;
use crate::style::{FAINT, HEADING, NAME};

#[derive(Serialize)]
pub struct Listing {
    pub protocol: Switches,
    pub entries: Vec<Entry>,
}

impl Report for Listing {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let Switches { revisions, abi, consensus } = &self.protocol;
        let warning = if *consensus { "" } else { " (non-consensus)" };
        writeln!(out, "numbers of {}; {abi} ABI{warning}", revisions.join(" / "))?;
        let mut section = "";
        for entry in &self.entries {
            let (of, name, number, doc) = entry.in_brief(revisions);
            if of != section {
                writeln!(out, "\n{HEADING}{of}{HEADING:#}")?;
                section = of;
            }
            // The first sentence, for which a line has room.
            let doc = doc.split_once(". ").map_or(doc, |(first, _)| first).trim_end_matches('.');
            writeln!(out, "  {NAME}{name:<24}{NAME:#} {number:<9} {FAINT}{doc}{FAINT:#}")?;
        }
        Ok(())
    }
}

impl Entry {
    /// The section of the list, the name, the number and the explanation.
    fn in_brief(&self, revisions: &[&str]) -> (&'static str, &'static str, String, &'static str) {
        match self {
            Self::HostCall { name, revisions: numbers, doc, .. } => {
                let numbers = numbers.iter().map(|it| (it.revision, it.number));
                ("host calls", name, beside(revisions, numbers.collect()), doc)
            }
            Self::ResultCode { name, value, doc } => {
                let value = code_value(*value);
                let short = value.split(" (").next().unwrap_or(&value).to_owned();
                ("result codes", name, short, doc)
            }
            Self::InnerExit { name, value, doc } => {
                ("exits of inner machines", name, value.to_string(), doc)
            }
            Self::FetchKind { name, number, doc, .. } => {
                ("kinds of fetch", name, number.to_string(), doc)
            }
            Self::Instruction { name, revisions: opcodes, doc, .. } => {
                let opcodes = opcodes.iter().map(|it| (it.revision, it.opcode.into()));
                ("instructions", name, beside(revisions, opcodes.collect()), doc)
            }
            Self::Parameter { name, value, doc, .. } => {
                ("parameters", name, value.to_string(), doc)
            }
        }
    }

    /// All names of the entry.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let (_, name, ..) = self.in_brief(&[]);
        let symbol = match self {
            Self::Parameter { symbol, .. } => Some(*symbol),
            _ => None,
        };
        [name].into_iter().chain(symbol)
    }

    /// True if a word (in the form of [`super::normal`]) or its number names this entry.
    pub fn is_meant(&self, word: &str, number: Option<u64>) -> bool {
        let is_own = |number: u64| match self {
            Self::HostCall { revisions, .. } => revisions.iter().any(|it| it.number == number),
            Self::FetchKind { number: own, .. } => *own == number,
            Self::ResultCode { value, .. } | Self::InnerExit { value, .. } => *value == number,
            Self::Instruction { revisions, .. } => {
                revisions.iter().any(|it| u64::from(it.opcode) == number)
            }
            // A number such as 2 does not ask for parameters of that value.
            Self::Parameter { .. } => false,
        };
        number.is_some_and(is_own) || self.names().any(|name| super::normal(name) == word)
    }
}

/// The numbers of every revision, in their order: one when all have the same, `-` for none.
fn beside(revisions: &[&str], numbers: Vec<(&'static str, u64)>) -> String {
    let number = |revision: &&str| numbers.iter().find(|(of, _)| of == revision).map(|(_, it)| *it);
    let mut all: Vec<Option<u64>> = revisions.iter().map(number).collect();
    if all.windows(2).all(|two| two[0] == two[1]) {
        all.truncate(1);
    }
    let written = all.iter().map(|it| it.map_or_else(|| "-".to_owned(), |it| it.to_string()));
    written.collect::<Vec<_>>().join(" / ")
}
