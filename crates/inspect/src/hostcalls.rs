//! Host calls in words: arguments and results, decoded by the host-call table and the memory.

#[cfg(feature = "serde")]
use serde::Serialize;

use jambox_hostcall::{
    Abi, AccountRecord, ArgumentInfo, ArgumentKind, FetchKind, Form, History, HostCall, InnerExit,
    Interface, Outcome, OutcomeKind, Registers, Reply, ResultCode, Told,
};
use jambox_invocation::Stop;

#[cfg(feature = "serde")]
use crate::wide;
use crate::{Octets, Shown};

/// An argument of a call.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(Serialize))]
pub struct Argument {
    /// Name in the host-call table.
    pub name: &'static str,
    /// The first register that it takes.
    pub register: u8,
    /// Values of its registers.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::all"))]
    pub values: Vec<u64>,
    /// The octets that it points at, if the call read them.
    pub octets: Option<Octets>,
    /// The argument in words.
    pub text: String,
    /// Length of the address at the front of the text, in octets; 0 without one. Addresses change
    /// with each build of the program.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub address: usize,
}

impl Argument {
    /// The text without the address at its front.
    #[must_use]
    pub fn apart_from_address(&self) -> &str {
        self.text.get(self.address..).unwrap_or_default()
    }
}

/// Octets that a host call read from or wrote to the guest's memory.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(Serialize))]
pub struct MemoryEvent {
    /// The direction: read or write.
    pub access: MemoryDirection,
    /// The first address.
    #[cfg_attr(feature = "serde", serde(serialize_with = "wide::number"))]
    pub address: u64,
    /// The number of octets.
    pub length: usize,
    /// The octets; beyond the limit of the recorder, only the first of them.
    pub octets: Octets,
}

/// Direction of a memory access by the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum MemoryDirection {
    /// The host read the octets.
    Read,
    /// The host wrote the octets.
    Write,
}

/// The register of the kind of `fetch`; those of its indices follow.
const FETCH_KIND: usize = 10;

/// Decodes the arguments of a call. `memory` has the call's reads and writes: where the call read
/// the range of an argument, the octets are shown instead of the address.
#[must_use]
pub fn arguments(
    form: &Form,
    registers: &Registers,
    memory: &[MemoryEvent],
    abi: Abi,
) -> Vec<Argument> {
    let kind = registers.get(FETCH_KIND).and_then(|kind| FetchKind::from_number(abi, *kind));
    let indices = kind.map_or(0, |kind| kind.indices().len());
    form.arguments_with_registers()
        .filter(|(first, _)| {
            // Registers that the kind of `fetch` does not read hold values of earlier code.
            form.call != HostCall::Fetch || *first <= FETCH_KIND.saturating_add(indices)
        })
        .map(|(first, info)| {
            let values = registers.iter().skip(first).take(info.kind.parts().len());
            let (address, text) = argument(info, first, registers, memory, abi);
            Argument {
                name: info.name,
                register: u8::try_from(first).unwrap_or(u8::MAX),
                values: values.copied().collect(),
                octets: target(info.kind, first, registers)
                    .and_then(|(address, length)| read(address, length, memory).cloned()),
                text,
                address,
            }
        })
        .collect()
}

/// An argument in words, and the length of the address at its front in octets.
fn argument(
    info: &ArgumentInfo,
    first: usize,
    registers: &Registers,
    memory: &[MemoryEvent],
    abi: Abi,
) -> (usize, String) {
    let register =
        |offset: usize| registers.get(first.saturating_add(offset)).copied().unwrap_or(0);
    let (value, second) = (register(0), register(1));
    let at = |rest: String| {
        let address = format!("{value:#x}");
        (address.len(), address + &rest)
    };
    let text = match info.kind {
        ArgumentKind::Number => number(value),
        ArgumentKind::Service if value == u64::MAX => "own".to_owned(),
        ArgumentKind::Service => number(value),
        ArgumentKind::FetchKind => match FetchKind::from_number(abi, value) {
            Some(kind) => format!("{value} ({})", kind.name()),
            None => format!("{value} (unknown)"),
        },
        ArgumentKind::Pointer => return at(String::new()),
        ArgumentKind::Hash | ArgumentKind::FixedKey => match read(value, 32, memory) {
            Some(octets) => octets.to_string(),
            None => return at("+32".to_owned()),
        },
        ArgumentKind::Slice => match read(value, second, memory) {
            Some(octets) => octets.to_string(),
            None if second == 0 => "empty".to_owned(),
            None => return at(format!("+{second}")),
        },
        ArgumentKind::Window => {
            let most = register(2);
            return at(format!(", from {second}, at most {}", number(most)));
        }
        ArgumentKind::Output => return at(format!(", at most {}", number(second))),
        ArgumentKind::LowHigh => number(second & 0xffff_ffff << 32 | value & 0xffff_ffff),
    };
    (0, text)
}

/// The range (address and length) that the call reads for an argument; `None` if it reads none.
fn target(kind: ArgumentKind, first: usize, registers: &Registers) -> Option<(u64, u64)> {
    let address = *registers.get(first)?;
    match kind {
        ArgumentKind::Hash | ArgumentKind::FixedKey => Some((address, 32)),
        ArgumentKind::Slice => Some((address, *registers.get(first.saturating_add(1))?)),
        _ => None,
    }
}

/// The octets of a range; `None` unless the call read exactly this range.
fn read(address: u64, length: u64, memory: &[MemoryEvent]) -> Option<&Octets> {
    let event = memory.iter().find(|event| {
        event.access == MemoryDirection::Read
            && event.address == address
            && event.length as u64 == length
    });
    event.map(|event| &event.octets)
}

/// A number for people: the largest values mean "everything".
fn number(value: u64) -> String {
    match value {
        u64::MAX => "2^64-1".to_owned(),
        value if value >= 1 << 32 => format!("{value:#x}"),
        value => value.to_string(),
    }
}

/// The result of a call in words, limited to the part that its form tells the guest.
#[must_use]
pub fn result(
    reply: Result<Option<&Reply>, &Stop>,
    form: Option<&Form>,
    interface: Interface,
    r7: u64,
) -> String {
    match reply {
        Err(Stop::Panic(reason)) => format!("panic: {reason}"),
        Err(Stop::OutOfGas { price, left }) => {
            format!("out of gas: the call costs {price}, {left} were left")
        }
        Err(Stop::Host(error)) => format!("host failure: {error}"),
        Ok(None) => format!("WHAT ({})", code_doc(interface, r7)),
        Ok(Some(reply)) => match form.map_or(Told::All(reply), |form| form.told(reply)) {
            // The ABI may have another code for the same result.
            Told::Code(code) => answer(code, form, reply, interface),
            Told::All(Reply::Code(code)) => answer(code.result(), form, reply, interface),
            Told::All(reply) => describe(reply),
            Told::Halves(account) => {
                let AccountRecord { balance, threshold_balance, min_accumulate_gas, .. } = account;
                format!(
                    "balance {balance}, least gas {min_accumulate_gas}, threshold \
                     {threshold_balance}"
                )
            }
            Told::Nothing => "nothing".to_owned(),
        },
    }
}

/// A result code with its reason. WHAT, and OK where there is only one outcome with it, need no
/// reason.
fn answer(code: ResultCode, form: Option<&Form>, reply: &Reply, interface: Interface) -> String {
    let name = code.under(interface.abi).name();
    let matched = form.and_then(|form| Some((form, form.matched(interface, reply)?)));
    let is_plain = |(form, matched): &(&Form, &Outcome)| match matched.kind {
        OutcomeKind::Code(ResultCode::Ok) => form.only(interface.revision, matched.kind).is_some(),
        kind => kind == OutcomeKind::Code(ResultCode::What),
    };
    match matched.filter(|matched| !is_plain(matched)) {
        Some((_, matched)) => format!("{name} ({})", matched.when),
        None => name.to_owned(),
    }
}

/// One of the ordered outcomes of a call in the host-call table.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "serde", derive(Serialize))]
pub struct CallOutcome {
    /// Name in the host-call table.
    pub name: &'static str,
    /// Condition of the outcome, or the meaning of the number in register 7.
    pub when: &'static str,
}

/// The outcome of a call; `None` where the table does not tell the outcomes apart. An outcome that
/// stops the guest has its reason.
#[must_use]
pub fn outcome(
    reply: Result<Option<&Reply>, &Stop>,
    form: Option<&Form>,
    interface: Interface,
) -> Option<CallOutcome> {
    let form = form?;
    let matched = match reply {
        Ok(reply) => form.matched(interface, reply?),
        Err(Stop::Panic(_)) => form.only(interface.revision, OutcomeKind::Panic),
        Err(_) => None,
    };
    matched.map(|Outcome { name, when, .. }| CallOutcome { name, when })
}

/// The result code of a call; `None` if its result is no code.
#[must_use]
pub fn code(
    reply: Result<Option<&Reply>, &Stop>,
    form: Option<&Form>,
    interface: Interface,
) -> Option<&'static str> {
    let Ok(reply) = reply else { return None };
    let Some(reply) = reply else { return Some(ResultCode::What.name()) };
    match form.map_or(Told::All(reply), |form| form.told(reply)) {
        Told::Code(code) => Some(code.under(interface.abi).name()),
        Told::All(Reply::Code(code)) => Some(code.result().under(interface.abi).name()),
        Told::All(
            Reply::Data(None) | Reply::Account(None) | Reply::History(None) | Reply::Replaced(None),
        ) => Some(ResultCode::None.name()),
        Told::All(Reply::Ran { exit, .. } | Reply::Child { exit, .. }) => Some(exit.name()),
        Told::All(_) | Told::Halves(_) | Told::Nothing => None,
    }
}

fn code_doc(interface: Interface, value: u64) -> &'static str {
    ResultCode::from_value(interface.abi, value).map_or("", ResultCode::doc)
}

fn describe(reply: &Reply) -> String {
    match reply {
        Reply::Code(code) => code.result().name().to_owned(),
        Reply::Value(_, value) => number(*value),
        Reply::Gas(gas) => format!("{gas} gas left"),
        Reply::Data(None) | Reply::Account(None) | Reply::History(None) => "NONE".to_owned(),
        Reply::Data(Some(octets)) => format!("{} octets: {}", octets.len(), Shown(octets)),
        Reply::Account(Some(account)) => describe_account(account),
        Reply::Replaced(None) => "NONE (a new entry, or none)".to_owned(),
        Reply::Replaced(Some(length)) => format!("{length} octets were there"),
        Reply::History(Some(history)) => describe_history(*history),
        Reply::Ran { exit, detail: None } => exit.name().to_owned(),
        Reply::Ran { exit: InnerExit::Fault, detail: Some(page) } => format!("FAULT at {page:#x}"),
        Reply::Ran { exit, detail: Some(detail) } => format!("{exit} {}", number(*detail)),
        Reply::Child { exit: InnerExit::Halt, output, .. } => {
            format!("HALT, {} octets: {}", output.len(), Shown(output))
        }
        Reply::Child { exit, gas_left, .. } => format!("{exit}, {gas_left} gas left"),
    }
}

fn describe_account(account: &AccountRecord) -> String {
    let AccountRecord { balance, threshold_balance, items, octets, .. } = account;
    format!("balance {balance}, threshold {threshold_balance}, {items} items of {octets} octets")
}

fn describe_history(history: History) -> String {
    match history {
        History::Requested => "requested".to_owned(),
        History::Available(x) => format!("available since {x}"),
        History::Unavailable(x, y) => format!("available from {x} to {y}"),
        History::AvailableAgain(x, y, z) => format!("available from {x} to {y} and since {z}"),
    }
}
