//! Records of services' runs: host calls with the octets read and written, and the log.

use std::fmt;
use std::sync::Arc;

use jambox_codec::{Decode, decode_all};
use jambox_engine::{Exit, Instance};
use jambox_hostcall::{Context, HostCall, LogLevel, Revision};
use jambox_inspect::Instruments;
use jambox_invocation::{
    CallEnded, CallStarted, Failure, Finished, LogLine, Machine, Observer, Started,
};
use jambox_sdk::Event;
use jambox_sdk::types::{Hash, ServiceId};

use crate::stack::{self, Deepest, Run, StackUse};

/// A host call, without the parts that differ between native and compiled runs: addresses and gas.
#[derive(Clone, PartialEq, Eq)]
pub struct CallRecord {
    /// Context of the call.
    pub context: Context,
    /// The calling service; `None` for an authorizer.
    pub service: Option<ServiceId>,
    /// The call; `None` for a number unknown in the context.
    pub call: Option<HostCall>,
    /// Octets that the host read from the service's memory, in order.
    pub read: Vec<Vec<u8>>,
    /// Octets that the host wrote to it, in order.
    pub written: Vec<Vec<u8>>,
    /// `r7` afterwards; `None` for calls that return gas, and for those that did not return.
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

/// A log line of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRecord {
    /// Level of the line.
    pub level: LogLevel,
    /// Target of the line; `None` if it has none.
    pub target: Option<String>,
    /// Message of the line; octets that are no text are replaced.
    pub message: String,
}

/// Actions of services, in order.
///
/// Two records are equal if the services did the same. Messages of panic handlers are compared only
/// where both have one: a blob may be built to trap without a message, and its file names have
/// other folders.
#[derive(Clone, Default)]
pub struct Record {
    /// Host calls.
    pub calls: Vec<CallRecord>,
    /// Log lines.
    pub log: Vec<LogRecord>,
    /// The largest use of the stack; `None` where nothing ran. It is neither compared nor in
    /// the text of `Debug`, which tests compare, too.
    pub stack: Option<StackUse>,
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { calls, log, stack: _ } = self;
        f.debug_struct("Record").field("calls", calls).field("log", log).finish_non_exhaustive()
    }
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
    /// The calls, without those of a panic handler.
    fn calls(&self) -> impl Iterator<Item = &CallRecord> {
        self.calls.iter().filter(|call| !call.is_panic())
    }

    /// The log, without lines of a panic handler.
    fn lines(&self) -> impl Iterator<Item = &LogRecord> {
        self.log.iter().filter(|line| line.panic().is_none())
    }

    /// Messages of panic handlers.
    fn panics(&self) -> Vec<(&str, &str)> {
        self.log.iter().filter_map(LogRecord::panic).collect()
    }
}

impl Eq for Record {}

/// Beginning of a panic handler's line.
const PANIC: &str = "panicked at ";

impl LogRecord {
    /// Tests for a panic handler's line.
    pub(crate) fn is_panic(&self) -> bool {
        self.panic().is_some()
    }

    /// File name and line of a panic, and its message; `None` if this is no panic's line.
    fn panic(&self) -> Option<(&str, &str)> {
        let told = self.message.strip_prefix(PANIC)?;
        let (place, text) = told.split_once(": ")?;
        Some((place.rsplit('/').next().unwrap_or(place), text))
    }
}

impl CallRecord {
    /// Tests for a panic handler's call.
    fn is_panic(&self) -> bool {
        let tells = |octets: &Vec<u8>| octets.starts_with(PANIC.as_bytes());
        self.call == Some(HostCall::Log) && self.read.last().is_some_and(tells)
    }
}

impl Record {
    /// Appends the actions of a later record.
    pub(crate) fn add(&mut self, more: Self) {
        self.calls.extend(more.calls);
        self.log.extend(more.log);
        self.stack = self.stack.max(more.stack);
    }

    /// Host calls of a service.
    pub fn calls_of(&self, service: u32) -> impl Iterator<Item = &CallRecord> {
        self.calls.iter().filter(move |call| call.service == Some(ServiceId(service)))
    }

    /// Names of the host calls.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.calls.iter().map(|call| call.call.map_or("unknown", HostCall::name)).collect()
    }

    /// Number of calls of one kind.
    #[must_use]
    pub fn count(&self, call: HostCall) -> usize {
        self.calls.iter().filter(|record| record.call == Some(call)).count()
    }

    /// Events of a type, in order.
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

    /// Tests whether a line of the log contains a text.
    #[must_use]
    pub fn logged(&self, text: &str) -> bool {
        self.log.iter().any(|line| line.message.contains(text))
    }
}

/// Octets of hexadecimal digits; `None` if they are none.
fn octets_of(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    let octet = |pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs.map(octet).collect()
}

/// Records calls.
pub(crate) struct Recorder {
    pub record: Record,
    pub revision: Revision,
    /// Measurements, which `jambox test` may ask for.
    pub instruments: Option<Instruments<'static>>,
    pub deepest: Arc<Deepest>,
    /// The code that runs, and the size of its stack.
    pub running: (Hash, u64),
}

impl Recorder {
    fn last(&mut self) -> Option<&mut CallRecord> {
        self.record.calls.last_mut()
    }
}

impl Observer for Recorder {
    fn invocation_started(&mut self, started: &Started<'_>) {
        if let Some(instruments) = &mut self.instruments {
            instruments.invocation_started(started);
        }
        self.running = (started.code_hash, stack::size_of(started.program));
    }

    fn run(&mut self, machine: Machine, instance: &mut Instance) -> Exit {
        match &mut self.instruments {
            Some(instruments) => instruments.run(machine, instance),
            None => instance.run(),
        }
    }

    fn stopped(&mut self, instance: &Instance, _: Option<&Failure>) {
        let (code_hash, size) = self.running;
        self.deepest.note(code_hash, Run::Compiled, stack::used_by(instance, size));
    }

    fn host_call_started(&mut self, call: &CallStarted<'_>) {
        if let Some(instruments) = &mut self.instruments {
            instruments.host_call_started(call);
        }
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
        if let Some(instruments) = &mut self.instruments {
            instruments.host_call_ended(ended);
        }
        let result = ended.registers[7];
        let returned = ended.reply.is_ok();
        if let Some(call) = self.last() {
            let gas = matches!(call.call, Some(HostCall::Gas | HostCall::Checkpoint));
            call.result = (returned && !gas).then_some(result);
        }
    }

    fn inner_created(&mut self, handle: u64, blob: &[u8]) {
        if let Some(instruments) = &mut self.instruments {
            instruments.inner_created(handle, blob);
        }
    }

    fn inner_started(&mut self, handle: u64, instance: &Instance) {
        if let Some(instruments) = &mut self.instruments {
            instruments.inner_started(handle, instance);
        }
    }

    fn invocation_ended(&mut self, finished: &Finished<'_>) {
        if let Some(instruments) = &mut self.instruments {
            instruments.invocation_ended(finished);
        }
        self.record.stack = self.record.stack.max(self.deepest.take());
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
