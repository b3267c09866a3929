//! Host calls in words: arguments and results as the host-call table and the memory show them.

use std::io::{self, Write};

use serde::Serialize;

use jambox_hostcall::{
    Abi, AccountRecord, ArgumentInfo, ArgumentKind, FetchKind, Form, History, HostCall, InnerExit,
    Interface, Registers, Reply, ResultCode,
};
use jambox_inspect::{Octets, Shown};
use jambox_invocation::Stop;

use crate::style::{FAINT, NAME};

/// An argument of a call.
#[derive(Serialize)]
pub struct Argument {
    pub name: &'static str,
    /// The first register that it takes.
    pub register: u8,
    pub value: String,
    /// How much of the front of `value` is an address, which tells nothing but where a build of the
    /// program has put something.
    #[serde(skip)]
    pub address: usize,
}

impl Argument {
    /// The value without the address that it begins with, if it does.
    pub fn apart_from_address(&self) -> &str {
        self.value.get(self.address..).unwrap_or_default()
    }
}

/// Octets that a host call read from or wrote to the guest's memory.
#[derive(Serialize)]
pub struct MemoryEvent {
    pub access: MemoryDirection,
    pub address: u64,
    pub length: usize,
    /// The octets, or the first of them when they are many.
    pub octets: Octets,
}

#[derive(Serialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum MemoryDirection {
    Read,
    Write,
}

/// The register of the kind of `fetch`; those of its indices follow.
const FETCH_KIND: usize = 10;

/// Decodes the arguments of a call. `memory` is what the call read and wrote: where it read what an
/// argument points at, that is shown instead of the address.
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
            // Registers that the kind of `fetch` does not look at hold whatever was left there.
            form.call != HostCall::Fetch || *first <= FETCH_KIND + indices
        })
        .map(|(first, info)| {
            let (address, value) = argument(info, first, registers, memory, abi);
            let register = u8::try_from(first).unwrap_or(u8::MAX);
            Argument { name: info.name, register, value, address }
        })
        .collect()
}

/// An argument in words, and how many octets in front are an address.
fn argument(
    info: &ArgumentInfo,
    first: usize,
    registers: &Registers,
    memory: &[MemoryEvent],
    abi: Abi,
) -> (usize, String) {
    let register = |offset: usize| registers.get(first + offset).copied().unwrap_or(0);
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
        ArgumentKind::Hash | ArgumentKind::FixedKey => match pointed(value, 32, memory) {
            Some(octets) => octets,
            None => return at("+32".to_owned()),
        },
        ArgumentKind::Slice => match pointed(value, second, memory) {
            Some(octets) => octets,
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

/// What lies at an address if the call has read it.
fn pointed(address: u64, length: u64, memory: &[MemoryEvent]) -> Option<String> {
    let read = memory.iter().find(|event| {
        event.access == MemoryDirection::Read
            && event.address == address
            && event.length as u64 == length
    });
    match read {
        Some(event) => Some(event.octets.to_string()),
        None => (length == 0).then(|| "empty".to_owned()),
    }
}

/// A number as a person wants it: the largest ones are meant as "everything".
fn number(value: u64) -> String {
    match value {
        u64::MAX => "2^64-1".to_owned(),
        value if value >= 1 << 32 => format!("{value:#x}"),
        value => value.to_string(),
    }
}

/// Says what came of a call.
pub fn result(reply: Result<Option<&Reply>, &Stop>, interface: Interface, r7: u64) -> String {
    match reply {
        Err(Stop::Panic(reason)) => format!("panic: {reason}"),
        Err(Stop::OutOfGas { price, left }) => {
            format!("out of gas: the call costs {price}, {left} were left")
        }
        Err(Stop::Host(error)) => format!("host failure: {error}"),
        Ok(None) => format!("WHAT ({})", code_doc(interface, r7)),
        // The ABI may know the code as another.
        Ok(Some(Reply::Code(code))) => code.under(interface.abi).name().to_owned(),
        Ok(Some(reply)) => describe(reply),
    }
}

fn code_doc(interface: Interface, value: u64) -> &'static str {
    ResultCode::from_value(interface.abi, value).map_or("", ResultCode::doc)
}

fn describe(reply: &Reply) -> String {
    match reply {
        Reply::Code(code) => code.name().to_owned(),
        Reply::Value(value) => number(*value),
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

/// Writes a call as a line.
pub fn write(
    out: &mut dyn Write,
    name: &str,
    arguments: &[Argument],
    result: &str,
    gas: &str,
) -> io::Result<()> {
    let argument = |Argument { name, value, .. }: &Argument| format!("{name}: {value}");
    let arguments: Vec<_> = arguments.iter().map(argument).collect();
    let arguments = arguments.join(", ");
    writeln!(
        out,
        "  {FAINT}{:<12}{FAINT:#}{NAME}{name}{NAME:#}({arguments}) -> {result} \
         {FAINT}[{gas}]{FAINT:#}",
        "host call"
    )
}

/// Writes what a call read and wrote, a line each.
pub fn write_memory(out: &mut dyn Write, memory: &[MemoryEvent]) -> io::Result<()> {
    memory.iter().try_for_each(|event| {
        let verb = match event.access {
            MemoryDirection::Read => "read",
            MemoryDirection::Write => "write",
        };
        let MemoryEvent { address, length, octets, .. } = event;
        writeln!(out, "  {:<14}{FAINT}{verb} {address:#x}+{length}{FAINT:#} {octets}", "")
    })
}
