//! The vocabularies' tables as entries: a name, numbers, an explanation.

use serde::Serialize;

use jambox_hostcall::{
    Abi, Context, FORMS, FetchKind, Form, InnerExit, Interface, OutcomeKind, ResultCode,
};
use jambox_inspect::wide;
use jambox_isa::Opcode;
use jambox_types::{Parameters, Protocol, Revision};

/// A host call in a revision that has it.
#[derive(Serialize)]
pub struct CallIn {
    pub revision: &'static str,
    #[serde(serialize_with = "wide::number")]
    pub number: u64,
    pub gas: String,
}

/// An instruction in a revision that has it.
#[derive(Serialize)]
pub struct OpcodeIn {
    pub revision: &'static str,
    pub opcode: u8,
}

/// A meaning of a word.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Entry {
    HostCall {
        name: &'static str,
        doc: &'static str,
        contexts: Vec<&'static str>,
        revisions: Vec<CallIn>,
        arguments: Vec<ArgumentEntry>,
        outcomes: Vec<OutcomeEntry>,
    },
    ResultCode {
        name: &'static str,
        #[serde(serialize_with = "wide::number")]
        value: u64,
        doc: &'static str,
    },
    InnerExit {
        name: &'static str,
        #[serde(serialize_with = "wide::number")]
        value: u64,
        doc: &'static str,
    },
    FetchKind {
        name: &'static str,
        number: u64,
        doc: &'static str,
        contexts: Vec<&'static str>,
        indices: &'static [&'static str],
    },
    Instruction {
        name: &'static str,
        revisions: Vec<OpcodeIn>,
        syntax: &'static str,
        doc: &'static str,
        format: String,
        ends_block: bool,
    },
    Parameter {
        name: &'static str,
        symbol: &'static str,
        label: &'static str,
        #[serde(serialize_with = "wide::number")]
        value: u64,
        doc: &'static str,
    },
}

#[derive(Serialize)]
pub struct ArgumentEntry {
    pub register: String,
    pub name: String,
    pub doc: &'static str,
}

#[derive(Serialize)]
pub struct OutcomeEntry {
    pub name: &'static str,
    pub revisions: Vec<&'static str>,
    /// True if every revision with the call has the outcome.
    #[serde(skip)]
    pub in_all: bool,
    pub result: String,
    pub when: &'static str,
}

/// Everything with a name in one of the revisions.
pub fn everything(protocol: &Protocol, revisions: &[Revision]) -> Vec<Entry> {
    // Codes and kinds have one number in all revisions.
    let interface = Interface { abi: protocol.abi, revision: protocol.revision };
    let mut entries: Vec<Entry> =
        FORMS.iter().filter_map(|form| host_call(form, protocol.abi, revisions)).collect();
    entries.extend(ResultCode::ALL.iter().map(|code| Entry::ResultCode {
        name: code.name(),
        value: interface.code(*code),
        doc: code.doc(),
    }));
    entries.extend(InnerExit::ALL.iter().map(|exit| Entry::InnerExit {
        name: exit.name(),
        value: exit.value(),
        doc: exit.doc(),
    }));
    let kinds = interface.fetch_kinds();
    entries.extend(kinds.map(|(number, kind)| fetch_kind(number, kind, interface)));
    entries.extend(Opcode::ALL.iter().filter_map(|opcode| instruction(*opcode, revisions)));
    let values = protocol.parameters.values();
    let parameters = Parameters::INFO.iter().zip(values);
    entries.extend(parameters.map(|(info, value)| Entry::Parameter {
        name: info.name,
        symbol: info.symbol,
        label: info.label,
        value,
        doc: info.doc.trim(),
    }));
    entries
}

fn contexts(is_in: impl Fn(Context) -> bool) -> Vec<&'static str> {
    Context::ALL.into_iter().filter(|context| is_in(*context)).map(Context::name).collect()
}

fn host_call(form: &'static Form, abi: Abi, revisions: &[Revision]) -> Option<Entry> {
    let number = |revision: Revision| form.number(Interface { abi, revision });
    let offered: Vec<Revision> =
        revisions.iter().copied().filter(|revision| number(*revision).is_some()).collect();
    let numbers = offered.iter().filter_map(|revision| {
        let (number, gas) = (number(*revision)?, form.price(*revision).to_string());
        Some(CallIn { revision: revision.name(), number, gas })
    });
    let numbers: Vec<CallIn> = numbers.collect();
    (!numbers.is_empty()).then(|| Entry::HostCall {
        name: form.call.name(),
        doc: form.call.doc(),
        contexts: contexts(|context| form.contexts.contains(context)),
        revisions: numbers,
        arguments: arguments(form),
        outcomes: outcomes(form, abi, &offered),
    })
}

/// An entry for each register that the call reads: an argument may take two.
fn arguments(form: &'static Form) -> Vec<ArgumentEntry> {
    let arguments = form.arguments_with_registers().flat_map(|(first, argument)| {
        let parts = argument.kind.parts().iter().zip(first..).enumerate();
        parts.map(move |(index, (part, register))| ArgumentEntry {
            register: format!("r{register}"),
            name: match part.is_empty() {
                true => argument.name.to_owned(),
                false => format!("{}: {part}", argument.name),
            },
            doc: if index == 0 { argument.doc } else { "" },
        })
    });
    arguments.collect()
}

/// The outcomes that the call has in one of the revisions that offer it.
fn outcomes(form: &'static Form, abi: Abi, offered: &[Revision]) -> Vec<OutcomeEntry> {
    let outcomes = form.every_outcome().filter_map(|outcome| {
        let having = offered.iter().filter(|revision| outcome.is_in(**revision));
        let revisions: Vec<&str> = having.map(|revision| revision.name()).collect();
        (!revisions.is_empty()).then(|| OutcomeEntry {
            name: outcome.name,
            in_all: revisions.len() == offered.len(),
            revisions,
            result: match outcome.kind {
                OutcomeKind::Panic => "panic".to_owned(),
                OutcomeKind::OutOfGas => "out of gas".to_owned(),
                OutcomeKind::Value => "a number".to_owned(),
                OutcomeKind::Code(code) => code.under(abi).name().to_owned(),
                OutcomeKind::Exit(exit) => exit.name().to_owned(),
                OutcomeKind::Nothing => "stays".to_owned(),
            },
            when: outcome.when,
        })
    });
    outcomes.collect()
}

fn instruction(opcode: Opcode, revisions: &[Revision]) -> Option<Entry> {
    let octets = revisions.iter().filter_map(|revision| {
        Some(OpcodeIn { revision: revision.name(), opcode: opcode.octet(*revision)? })
    });
    let octets: Vec<OpcodeIn> = octets.collect();
    (!octets.is_empty()).then(|| Entry::Instruction {
        name: opcode.mnemonic(),
        revisions: octets,
        syntax: opcode.syntax(),
        doc: opcode.doc(),
        format: format!("{:?}", opcode.format()),
        ends_block: opcode.is_terminator(),
    })
}

fn fetch_kind(number: u64, kind: FetchKind, interface: Interface) -> Entry {
    let offered = kind.contexts(interface.abi);
    Entry::FetchKind {
        name: kind.name(),
        number,
        doc: kind.doc(),
        contexts: contexts(|context| offered.contains(context)),
        indices: kind.indices(),
    }
}
