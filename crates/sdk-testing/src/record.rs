//! What a service did: its host calls with the octets that went in and out, and its log.

use std::fmt;
use std::sync::Arc;

use jambox_codec::{Decode, decode_all};
use jambox_engine::{Exit, Instance};
use jambox_hostcall::{Context, HostCall, Interface, LogLevel};
use jambox_invocation::{CallEnded, CallStarted, LogLine, Machine, Observer};
use jambox_sdk::Event;
use jambox_sdk::types::ServiceId;

use crate::fault::Faults;

/// A host call, without what differs between native and compiled runs: addresses and gas.
#[derive(Clone, PartialEq, Eq)]
pub struct CallRecord {
    /// Where it was made.
    pub context: Context,
    /// Whose code made it; none for an authorizer's.
    pub service: Option<ServiceId>,
    /// Which call; none for a number that the context does not know.
    pub call: Option<HostCall>,
    /// What the host read of the service's memory, in order.
    pub read: Vec<Vec<u8>>,
    /// What the host wrote to it.
    pub written: Vec<Vec<u8>>,
    /// What `r7` held afterwards; none where that is gas, and where the call did not return.
    pub result: Option<u64>,
}

impl fmt::Debug for CallRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.call.map_or("unknown", HostCall::name);
        write!(f, "{}", self.context)?;
        if let Some(service) = self.service {
            write!(f, " of {service}")?;
        }
        write!(f, " {name}")?;
        for octets in &self.read {
            write!(f, " <{}", Octets(octets))?;
        }
        for octets in &self.written {
            write!(f, " >{}", Octets(octets))?;
        }
        match self.result {
            Some(result) => write!(f, " = {result:#x}"),
            None => Ok(()),
        }
    }
}

/// Octets in hexadecimal, long ones cut.
struct Octets<'a>(&'a [u8]);

impl fmt::Display for Octets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for octet in self.0.iter().take(40) {
            write!(f, "{octet:02x}")?;
        }
        if self.0.len() > 40 { write!(f, "..({})", self.0.len()) } else { Ok(()) }
    }
}

/// A line that a service logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRecord {
    /// How urgent it is.
    pub level: LogLevel,
    /// Who speaks, if it says so.
    pub target: Option<String>,
    /// What is said; octets that are no text are replaced.
    pub message: String,
}

/// What a service did, in order.
///
/// Two records are equal if the services did the same. What their panic handlers tell is compared
/// as far as both tell it: a blob may be built to trap without a word, and names files from other
/// folders.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The host calls.
    pub calls: Vec<CallRecord>,
    /// The log.
    pub log: Vec<LogRecord>,
}

impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        let (told, others) = (self.panics(), other.panics());
        self.calls().eq(other.calls())
            && self.lines().eq(other.lines())
            && (told.is_empty() || others.is_empty() || told == others)
    }
}

impl Record {
    /// The calls, but for those of a panic handler.
    fn calls(&self) -> impl Iterator<Item = &CallRecord> {
        self.calls.iter().filter(|call| !call.is_panic())
    }

    /// The log, but for lines of a panic handler.
    fn lines(&self) -> impl Iterator<Item = &LogRecord> {
        self.log.iter().filter(|line| line.panic().is_none())
    }

    /// What panic handlers said.
    fn panics(&self) -> Vec<(&str, &str)> {
        self.log.iter().filter_map(LogRecord::panic).collect()
    }
}

impl Eq for Record {}

/// How a panic handler's line begins.
const PANIC: &str = "panicked at ";

impl LogRecord {
    /// Whether a panic handler says it.
    pub(crate) fn is_panic(&self) -> bool {
        self.panic().is_some()
    }

    /// File name and line of a panic, and what it says; nothing if this is no panic's line.
    fn panic(&self) -> Option<(&str, &str)> {
        let told = self.message.strip_prefix(PANIC)?;
        let (place, text) = told.split_once(": ")?;
        Some((place.rsplit('/').next().unwrap_or(place), text))
    }
}

impl CallRecord {
    /// Whether this is the panic handler's call.
    fn is_panic(&self) -> bool {
        let tells = |octets: &Vec<u8>| octets.starts_with(PANIC.as_bytes());
        self.call == Some(HostCall::Log) && self.read.last().is_some_and(tells)
    }
}

impl Record {
    /// Adds what was done after this.
    pub(crate) fn add(&mut self, more: Self) {
        self.calls.extend(more.calls);
        self.log.extend(more.log);
    }

    /// The calls that a service made.
    pub fn calls_of(&self, service: u32) -> impl Iterator<Item = &CallRecord> {
        self.calls.iter().filter(move |call| call.service == Some(ServiceId(service)))
    }

    /// The names of the host calls.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.calls.iter().map(|call| call.call.map_or("unknown", HostCall::name)).collect()
    }

    /// How often a call was made.
    #[must_use]
    pub fn count(&self, call: HostCall) -> usize {
        self.calls.iter().filter(|record| record.call == Some(call)).count()
    }

    /// The events of a type, in order.
    ///
    /// # Panics
    ///
    /// When a line under the type's target is not the encoding of a value.
    #[must_use]
    pub fn events<E: Event + Decode>(&self) -> Vec<E> {
        let lines = self.log.iter().filter(|line| line.target.as_deref() == Some(E::TARGET));
        let event = |line: &LogRecord| {
            let octets = octets_of(&line.message).expect("an event is hexadecimal digits");
            decode_all(&octets).expect("an event is the encoding of its type")
        };
        lines.map(event).collect()
    }

    /// Whether a line of the log contains a text.
    #[must_use]
    pub fn logged(&self, text: &str) -> bool {
        self.log.iter().any(|line| line.message.contains(text))
    }
}

/// The octets that hexadecimal digits stand for.
fn octets_of(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    let octet = |pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs.map(octet).collect()
}

/// Records, and answers calls of compiled services whose answers are scripted.
pub(crate) struct Recorder {
    pub record: Record,
    pub faults: Arc<Faults>,
    pub interface: Interface,
}

impl Recorder {
    fn last(&mut self) -> Option<&mut CallRecord> {
        self.record.calls.last_mut()
    }
}

impl Observer for Recorder {
    fn run(&mut self, machine: Machine, instance: &mut Instance) -> Exit {
        loop {
            let exit = instance.run();
            let (Machine::Outer, Exit::HostCall(number)) = (machine, exit) else { return exit };
            let form =
                self.interface.forms().find(|form| form.number(self.interface) == Some(number));
            let Some(code) = form.and_then(|form| self.faults.answer(form.call)) else {
                return exit;
            };
            instance.regs_mut()[7] = code;
            let left = instance.gas().saturating_sub(10);
            instance.set_gas(left);
            instance.skip_host_call();
        }
    }

    fn host_call_started(&mut self, call: &CallStarted<'_>) {
        self.record.calls.push(CallRecord {
            context: call.invocation.context(),
            service: call.invocation.service(),
            call: call.form.map(|form| form.call),
            read: Vec::new(),
            written: Vec::new(),
            result: None,
        });
    }

    fn memory_read(&mut self, _address: u64, octets: &[u8]) {
        if let Some(call) = self.last() {
            call.read.push(octets.to_vec());
        }
    }

    fn memory_written(&mut self, _address: u64, octets: &[u8]) {
        if let Some(call) = self.last() {
            call.written.push(octets.to_vec());
        }
    }

    fn host_call_ended(&mut self, ended: &CallEnded<'_>) {
        let result = ended.registers[7];
        let returned = ended.reply.is_ok();
        if let Some(call) = self.last() {
            let gas = matches!(call.call, Some(HostCall::Gas | HostCall::Checkpoint));
            call.result = (returned && !gas).then_some(result);
        }
    }

    fn log(&mut self, line: &LogLine<'_>) {
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        self.record.log.push(LogRecord {
            level: line.level,
            target: line.target.map(text),
            message: text(line.message),
        });
    }
}
