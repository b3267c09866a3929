//! Native runs of services in place of the engine: their host calls enter the real handlers through
//! registers and a memory made of the octets that each call lends.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Once};
use std::thread;

use jambox_engine::Exit;
use jambox_hostcall::{HostCall, Interface, LogLevel, Revision};
use jambox_invocation::{
    CallSite, CallerMemory, Cause, End, EngineRunner, Failure, Host, HostError, Inaccessible, Job,
    Ran, Runner, Stop,
};
use jambox_sdk::Service;
use jambox_sdk::native::{self, Call, Region, with_host};
use jambox_types::Hash;

use crate::fault::Faults;
use crate::stack::{self, Deepest, Depth, Run, StackUse};

/// Name of the threads that run services.
const THREAD: &str = "native service";

/// Runs its known services natively, and all others on the engine.
pub(crate) struct NativeRunner {
    pub services: BTreeMap<Hash, Service>,
    pub engine: EngineRunner,
    pub faults: Arc<Faults>,
    pub interface: Interface,
    pub deepest: Arc<Deepest>,
}

impl Runner for NativeRunner {
    fn run(&self, job: &Job<'_>, host: &mut Host<'_>) -> Result<Ran, HostError> {
        host.answer_by(Arc::<Faults>::clone(&self.faults));
        match self.services.get(&job.code_hash) {
            Some(service) => self.run_natively(service, job, host),
            None => self.engine.run(job, host),
        }
    }
}

/// A message from the service's thread to the host's.
enum Message {
    /// The service makes a host call and waits for the answer.
    Call(Call),
    /// The service has ended: with its output, or with a panic's message.
    Ended(Result<Vec<u8>, String>),
}

/// The host, for the service's thread.
struct Remote {
    calls: Sender<Message>,
    answers: Receiver<Option<Call>>,
    revision: Revision,
    depth: Depth,
}

/// Unwinds a service that may not continue.
struct Stopped;

impl native::Host for Remote {
    fn revision(&self) -> Revision {
        self.revision
    }

    fn call(&mut self, call: &mut Call) {
        self.depth.note();
        let asked = self.calls.send(Message::Call(call.clone()));
        match asked.ok().and_then(|()| self.answers.recv().ok()).flatten() {
            Some(answer) => *call = answer,
            // A destructor's call while the service unwinds must not start a second unwinding.
            None if thread::panicking() => call.registers[7] = u64::MAX - 1,
            None => panic::resume_unwind(Box::new(Stopped)),
        }
    }
}

impl NativeRunner {
    fn run_natively(
        &self,
        service: &Service,
        job: &Job<'_>,
        host: &mut Host<'_>,
    ) -> Result<Ran, HostError> {
        remember_panics();
        let (calls, asked) = channel();
        let (answer, answers) = channel();
        let mut gas = job.gas_limit;
        let entry_pc = job.entry_pc;
        let arguments = job.arguments.to_vec();
        let (service, revision) = (*service, self.interface.revision);
        let used = Arc::new(AtomicU64::new(0));
        let deepest = Arc::clone(&used);
        let body = move || {
            let (ended, depth) = (calls.clone(), Depth::from_here(deepest));
            let run = AssertUnwindSafe(|| {
                with_host(Box::new(Remote { calls, answers, revision, depth }), || match entry_pc {
                    0 => service.start(&arguments),
                    _ => service.accumulate(&arguments),
                })
            });
            let output = panic::catch_unwind(run).map_err(|payload| message_of(&*payload));
            // The other side is gone only after it has stopped this one.
            drop(ended.send(Message::Ended(output)));
        };
        let spawned = thread::Builder::new().name(THREAD.to_owned()).spawn(body);
        let thread = spawned.map_err(|error| HostError::Runner(error.to_string()))?;
        let end = self.serve(host, &mut gas, &asked, &answer);
        drop(answer);
        drop(asked);
        // The body catches its panics, so the thread itself does not fail.
        drop(thread.join());
        let (used, size) = (used.load(Ordering::Relaxed), stack::size_of(job.program));
        self.deepest.note(job.code_hash, Run::Native, StackUse { used, size });
        Ok(Ran { end: end?, gas_left: gas })
    }

    /// Serves the calls of a service until it ends or may not continue.
    fn serve(
        &self,
        host: &mut Host<'_>,
        gas: &mut u64,
        asked: &Receiver<Message>,
        answer: &Sender<Option<Call>>,
    ) -> Result<End, HostError> {
        loop {
            let mut call = match asked.recv() {
                Ok(Message::Call(call)) => call,
                Ok(Message::Ended(Ok(output))) => return Ok(End::Halt(output)),
                Ok(Message::Ended(Err(message))) => {
                    log_panic(host, gas, self.interface, &message)?;
                    return Ok(failed(Cause::Exit(Exit::Panic)));
                }
                Err(_) => return Err(HostError::Runner("the service's thread is gone".to_owned())),
            };
            let form = host.form(call.number);
            if let Err(stop) = serve_one(host, gas, &mut call) {
                drop(answer.send(None));
                // Destructors of the service may still call; nothing answers them.
                while let Ok(Message::Call(_)) = asked.recv() {
                    drop(answer.send(None));
                }
                let (number, call) = (call.number, form.map(|form| form.call));
                return Cause::of_stop(number, call, stop).map(failed);
            }
            drop(answer.send(Some(call)));
        }
    }
}

fn serve_one(host: &mut Host<'_>, gas: &mut u64, call: &mut Call) -> Result<(), Stop> {
    let mut memory = Lent(&mut call.regions);
    let registers = &mut call.registers;
    host.serve(call.number, CallSite { pc: None, registers, gas, memory: &mut memory })
}

/// The end of a service that failed, which has no machine to show.
fn failed(cause: Cause) -> End {
    End::of_failure(Failure { cause, machine: None })
}

/// Logs the message of a panic, as a compiled service's panic handler would.
fn log_panic(
    host: &mut Host<'_>,
    gas: &mut u64,
    interface: Interface,
    message: &str,
) -> Result<(), HostError> {
    let number = interface.number_of(HostCall::Log.name()).unwrap_or_default();
    let address = 1 << 16;
    let octets = message.as_bytes().to_vec();
    let mut registers = [0; 13];
    registers[7] = LogLevel::Error as u64;
    registers[10] = address;
    registers[11] = octets.len() as u64;
    let regions = vec![Region { address, octets, writable: false }];
    match serve_one(host, gas, &mut Call { number, registers, regions }) {
        Err(Stop::Host(error)) => Err(error),
        _ => Ok(()),
    }
}

/// The octets lent by a call, as guest memory.
struct Lent<'a>(&'a mut Vec<Region>);

impl Lent<'_> {
    /// The octets of a range within one region, and whether they are writable; `None` otherwise.
    fn find(&self, address: u64, length: u64) -> Option<(&Region, std::ops::Range<usize>)> {
        let length = usize::try_from(length).ok()?;
        self.0.iter().find_map(|region| {
            let start = usize::try_from(address.checked_sub(region.address)?).ok()?;
            let end = start.checked_add(length)?;
            (end <= region.octets.len()).then_some((region, start..end))
        })
    }
}

impl CallerMemory for Lent<'_> {
    fn is_readable(&self, address: u64, length: u64) -> bool {
        length == 0 || self.find(address, length).is_some()
    }

    fn is_writable(&self, address: u64, length: u64) -> bool {
        length == 0 || self.find(address, length).is_some_and(|(region, _)| region.writable)
    }

    fn read(&self, address: u64, length: u64) -> Result<Vec<u8>, Inaccessible> {
        if length == 0 {
            return Ok(Vec::new());
        }
        let found = self.find(address, length);
        let (region, range) = found.ok_or(Inaccessible { address })?;
        region.octets.get(range).map(<[u8]>::to_vec).ok_or(Inaccessible { address })
    }

    fn write(&mut self, address: u64, octets: &[u8]) -> Result<(), Inaccessible> {
        if octets.is_empty() {
            return Ok(());
        }
        let found = self.find(address, octets.len() as u64);
        let (region, range) = found.ok_or(Inaccessible { address })?;
        if !region.writable {
            return Err(Inaccessible { address });
        }
        let start = region.address;
        for region in self.0.iter_mut().filter(|region| region.address == start) {
            if let Some(into) = region.octets.get_mut(range.clone()) {
                into.copy_from_slice(octets);
            }
        }
        Ok(())
    }
}

thread_local! {
    /// Message of the last panic on this thread.
    static MESSAGE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps the messages of services' panics, with file and line, instead of printing them.
fn remember_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if thread::current().name() != Some(THREAD) {
                return before(info);
            }
            let text = info.payload_as_str().unwrap_or("(no message)");
            let message = match info.location() {
                Some(place) => {
                    format!("panicked at {}:{}: {text}", place.file(), place.line())
                }
                None => format!("panicked: {text}"),
            };
            MESSAGE.with(|last| last.replace(message));
        }));
    });
}

fn message_of(payload: &(dyn Any + Send)) -> String {
    if payload.is::<Stopped>() { String::new() } else { MESSAGE.take() }
}
