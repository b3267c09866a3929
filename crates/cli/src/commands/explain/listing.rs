//! Everything that can be explained, a line each.

use std::io::{self, Write};

use serde::Serialize;

use super::{Entry, Switches, code_value};
use crate::output::Report;
use crate::style::{FAINT, HEADING, NAME};

#[derive(Serialize)]
pub struct Listing {
    pub protocol: Switches,
    pub entries: Vec<Entry>,
}

impl Report for Listing {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let Switches { revision, abi, consensus } = &self.protocol;
        let warning = if *consensus { "" } else { " (non-consensus)" };
        writeln!(out, "{revision}, {abi} ABI{warning}")?;
        let mut section = "";
        for entry in &self.entries {
            let (of, name, number, doc) = entry.in_brief();
            if of != section {
                writeln!(out, "\n{HEADING}{of}{HEADING:#}")?;
                section = of;
            }
            // The first sentence: what a line has room for.
            let doc = doc.split_once(". ").map_or(doc, |(first, _)| first).trim_end_matches('.');
            writeln!(out, "  {NAME}{name:<24}{NAME:#} {number:<8} {FAINT}{doc}{FAINT:#}")?;
        }
        Ok(())
    }
}

impl Entry {
    /// The section of the list, the name, the number and the explanation.
    fn in_brief(&self) -> (&'static str, &'static str, String, &'static str) {
        match self {
            Self::HostCall { name, number, doc, .. } => {
                ("host calls", name, number.to_string(), doc)
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
            Self::Instruction { name, opcode, doc, .. } => {
                ("instructions", name, opcode.to_string(), doc)
            }
            Self::Parameter { name, value, doc, .. } => {
                ("parameters", name, value.to_string(), doc)
            }
        }
    }

    /// The names that it goes by.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let (_, name, ..) = self.in_brief();
        let symbol = match self {
            Self::Parameter { symbol, .. } => Some(*symbol),
            _ => None,
        };
        [name].into_iter().chain(symbol)
    }

    /// Whether a word, as [`super::normal`] has it, or its number means this.
    pub fn is_meant(&self, word: &str, number: Option<u64>) -> bool {
        let own = match self {
            Self::HostCall { number, .. } | Self::FetchKind { number, .. } => Some(*number),
            Self::ResultCode { value, .. } | Self::InnerExit { value, .. } => Some(*value),
            Self::Instruction { opcode, .. } => Some(u64::from(*opcode)),
            // Asking for 2 is not asking for what happens to be 2.
            Self::Parameter { .. } => None,
        };
        number.is_some() && number == own || self.names().any(|name| super::normal(name) == word)
    }
}
