//! Native replay: a service runs as the Rust code that it is, and a host-call trace (JIP-7) of its
//! compiled run answers its host calls.
//!
//! The run is on the caller's thread and needs no host, so a debugger shows its variables.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, BufReader};
use std::ops::Range;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;

use jambox_hostcall::{Context, Form, HostCall, Interface, Revision};
use jambox_invocation::entry_pc;
use jambox_sdk::Service;
use jambox_sdk::native::{self, Call, Region, with_host};
use jambox_trace::{Action, Block, EndKind, Execution, Reader, TracedState};

/// End of a native replay that went as its trace says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// The service returned its output.
    Returned(Vec<u8>),
    /// The service panicked.
    Panicked,
    /// The compiled run went no further, for this reason.
    Stopped(String),
}

/// Error: an execution cannot be replayed natively.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The file cannot be opened.
    #[error("the trace cannot be read: {0}")]
    File(#[from] io::Error),
    /// The file is no trace.
    #[error(transparent)]
    Trace(#[from] jambox_trace::Error),
    /// The trace has fewer executions.
    #[error("execution {wanted} does not exist: the trace has {there}")]
    Missing {
        /// Number of the execution that was asked for, from 1.
        wanted: usize,
        /// Number of executions in the trace.
        there: usize,
    },
    /// The service does something else than the trace says.
    #[error("{step}: {difference}; is the service the one that the trace is of?")]
    Different {
        /// The place in the trace.
        step: String,
        /// The difference.
        difference: String,
    },
}

/// Runs an execution of a trace natively; `number` counts from 1.
///
/// # Errors
///
/// The trace cannot be read or has no such execution; the service does something else than its
/// compiled form did.
pub fn replay(service: Service, trace: &Path, number: usize) -> Result<Replayed, ReplayError> {
    let mut there = 0;
    for execution in Reader::new(BufReader::new(File::open(trace)?)) {
        let execution = execution?;
        there += 1;
        if there == number {
            return replay_execution(service, execution);
        }
    }
    Err(ReplayError::Missing { wanted: number, there })
}

/// The whole of a program that replays an execution: its arguments are the trace's path and the
/// execution's number, from 1. `jambox test --native-replay` makes such a program.
///
/// The exit status is 0 if the run is as its trace says, 1 if it is not, 2 for bad arguments.
#[must_use]
pub fn replay_main(service: Service) -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let number = |text: std::ffi::OsString| text.to_str()?.parse().ok();
    let (Some(trace), Some(number)) = (arguments.next(), arguments.next().and_then(number)) else {
        eprintln!("expected the path of a trace and the number of an execution in it");
        return ExitCode::from(2);
    };
    match replay(service, Path::new(&trace), number) {
        Ok(Replayed::Returned(output)) => {
            println!("as in the trace: the service returned {} octets", output.len());
            ExitCode::SUCCESS
        }
        Ok(Replayed::Panicked) => {
            println!("as in the trace: the service panicked");
            ExitCode::SUCCESS
        }
        Ok(Replayed::Stopped(reason)) => {
            println!("as in the trace: {reason}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Result of the calls so far, once there can be no more of them.
type Verdict = Rc<RefCell<Option<Result<String, ReplayError>>>>;

/// Answers calls from an execution.
struct Traced {
    execution: Execution,
    interface: Interface,
    context: Context,
    /// Index of the next recorded call.
    next: Rc<RefCell<usize>>,
    verdict: Verdict,
}

/// Unwinds a service that may not continue.
struct Stopped;

fn replay_execution(service: Service, execution: Execution) -> Result<Replayed, ReplayError> {
    let interface = Interface::gray_paper(execution.revision().unwrap_or_default());
    let accumulates = execution.start.pc == u64::from(entry_pc(Context::Accumulate));
    let context = if accumulates { Context::Accumulate } else { Context::Refine };
    let arguments: Vec<u8> = execution.writes.iter().flat_map(|it| it.octets.clone()).collect();
    let (verdict, next) = (Verdict::default(), Rc::default());
    let traced = Traced {
        execution: execution.clone(),
        interface,
        context,
        next: Rc::clone(&next),
        verdict: Rc::clone(&verdict),
    };
    let run = AssertUnwindSafe(|| {
        with_host(Box::new(traced), || match accumulates {
            true => service.accumulate(&arguments),
            false => service.start(&arguments),
        })
    });
    let ran = panic::catch_unwind(run);
    if let Some(verdict) = verdict.take() {
        return verdict.map(Replayed::Stopped);
    }
    let left = execution.calls.get(*next.borrow()..).unwrap_or_default();
    ended(ran.ok(), &execution, left, (interface, context))
}

/// Compares the end of a service that ran to it; `output` is none of one that panicked.
fn ended(
    output: Option<Vec<u8>>,
    execution: &Execution,
    left: &[jambox_trace::Call],
    (interface, context): (Interface, Context),
) -> Result<Replayed, ReplayError> {
    let here = if output.is_some() { "returns" } else { "panics" };
    // Only compiled code asks for memory, and tells of its panics.
    let is_own = |call: &jambox_trace::Call| {
        let called = interface.form(context, call.number).map(|form| form.call);
        called == Some(HostCall::GrowHeap) || (called == Some(HostCall::Log) && output.is_none())
    };
    if let Some(call) = left.iter().find(|call| !is_own(call)) {
        return Err(different(call, &format!("it is made, and the native service {here}"), None));
    }
    match (execution.end.map(|end| end.kind), output) {
        (Some(EndKind::Halt) | None, Some(output)) => Ok(Replayed::Returned(output)),
        (Some(EndKind::Panic(_)) | None, None) => Ok(Replayed::Panicked),
        (Some(EndKind::OutOfGas), _) => Ok(Replayed::Stopped(OUT_OF_GAS.to_owned())),
        (Some(kind), _) => Err(ReplayError::Different {
            step: "the end".to_owned(),
            difference: format!("{kind} in the trace, and the native service {here}"),
        }),
    }
}

/// End of a run whose gas ran out between two host calls, where native code goes on.
const OUT_OF_GAS: &str = "the compiled run was out of gas before its next host call";

impl native::Host for Traced {
    fn revision(&self) -> Revision {
        self.interface.revision
    }

    fn call(&mut self, call: &mut Call) {
        if std::thread::panicking() {
            // A destructor's call while the service unwinds must not start a second unwinding.
            call.registers[7] = u64::MAX - 1;
            return;
        }
        match self.answer(call) {
            Ok(None) => {}
            Ok(Some(reason)) => self.stop(Ok(reason)),
            Err(error) => self.stop(Err(error)),
        }
    }
}

impl Traced {
    fn stop(&self, verdict: Result<String, ReplayError>) {
        self.verdict.replace(Some(verdict));
        panic::resume_unwind(Box::new(Stopped));
    }

    /// Answers a call. The inner value is the reason why the service does not go on, if it does
    /// not.
    fn answer(&self, call: &mut Call) -> Result<Option<String>, ReplayError> {
        let form = self.interface.form(self.context, call.number);
        let Some(recorded) = self.recorded(call.number) else {
            return match self.execution.end.map(|end| end.kind) {
                None => Ok(Some("the trace is cut off here".to_owned())),
                Some(EndKind::OutOfGas) => Ok(Some(OUT_OF_GAS.to_owned())),
                Some(kind) => Err(ReplayError::Different {
                    step: "the end".to_owned(),
                    difference: format!("{kind} in the trace, and another host call here"),
                }),
            };
        };
        if recorded.number != call.number {
            let name = name(form, call.number);
            return Err(different(recorded, &format!("the native service makes {name}"), None));
        }
        let pointers = Pointers::of(call, &recorded.state.registers);
        let count =
            form.map_or(0, |form| form.arguments.iter().map(|it| it.kind.parts().len()).sum());
        for register in (7..13).take(count).filter(|register| !pointers.has(*register)) {
            let (there, here) = (recorded.state.registers[register], call.registers[register]);
            // Registers of arguments that the service leaves out are 0 here, and anything there.
            if there != here && here != 0 {
                let difference = format!("r{register} is {here:#x} here, and {there:#x}");
                return Err(different(recorded, &difference, form));
            }
        }
        let mut state = recorded.state;
        for action in &recorded.actions {
            match action {
                Action::Read(block) => {
                    if !pointers.reads(call, block) {
                        let difference = format!("other octets are given than `{action:#}`");
                        return Err(different(recorded, &difference, form));
                    }
                }
                Action::Write(block) => pointers.write(call, block),
                Action::SetRegister { register, value } => {
                    let register = usize::from(*register);
                    for all in [&mut call.registers, &mut state.registers] {
                        if let Some(to) = all.get_mut(register) {
                            *to = *value;
                        }
                    }
                }
                Action::SetGas(gas) => state.gas = *gas,
            }
        }
        Ok(self.stopped_by(recorded, &state))
    }

    /// The next recorded call, which is gone over. Calls for memory, which only compiled code
    /// makes, are left out.
    fn recorded(&self, number: u64) -> Option<&jambox_trace::Call> {
        let mut next = self.next.borrow_mut();
        loop {
            let recorded = self.execution.calls.get(*next)?;
            *next += 1;
            let form = self.interface.form(self.context, recorded.number);
            let is_for_memory = form.is_some_and(|form| form.call == HostCall::GrowHeap);
            if !is_for_memory || recorded.number == number {
                return Some(recorded);
            }
        }
    }

    /// Reason why the host did not return to the guest after a call, if it did not.
    fn stopped_by(&self, call: &jambox_trace::Call, served: &TracedState) -> Option<String> {
        let is_last = *self.next.borrow() == self.execution.calls.len();
        let end = self.execution.end.filter(|end| is_last && end.is_in_call(call, served))?;
        let form = self.interface.form(self.context, call.number);
        Some(format!("host call {} stopped the service: {}", name(form, call.number), end.kind))
    }
}

fn name(form: Option<&Form>, number: u64) -> String {
    form.map_or_else(|| number.to_string(), |form| form.call.name().to_owned())
}

fn different(call: &jambox_trace::Call, difference: &str, form: Option<&Form>) -> ReplayError {
    let name = name(form, call.number);
    let step = format!("host call {name} at line {} of the trace", call.line);
    ReplayError::Different { step, difference: difference.to_owned() }
}

/// Registers of a call that point to octets which the service lends, with their values in the
/// trace.
struct Pointers(Vec<Pointer>);

struct Pointer {
    register: usize,
    /// Index of the region.
    region: usize,
    /// Address of it in the compiled run.
    there: u64,
}

impl Pointers {
    fn of(call: &Call, there: &[u64; 13]) -> Self {
        // Regions come in the order of the registers that point to them.
        let mut regions = call.regions.iter().enumerate().peekable();
        let mut all = Vec::new();
        for (register, (here, there)) in call.registers.iter().zip(there).enumerate().skip(7) {
            if let Some((region, _)) = regions.next_if(|(_, region)| region.address == *here) {
                all.push(Pointer { register, region, there: *there });
            }
        }
        Self(all)
    }

    fn has(&self, register: usize) -> bool {
        self.0.iter().any(|pointer| pointer.register == register)
    }

    /// Lent regions with the range in them that is at a place of the compiled run.
    fn at<'c>(
        &self,
        call: &'c mut Call,
        block: &Block,
    ) -> impl Iterator<Item = (&'c mut Region, Range<usize>)> {
        let (address, length) = (u64::from(block.address), block.octets.len());
        let ranges: Vec<_> = self
            .0
            .iter()
            .filter_map(|pointer| {
                let start = usize::try_from(address.checked_sub(pointer.there)?).ok()?;
                Some((pointer.region, start..start.checked_add(length)?))
            })
            .collect();
        let regions = call.regions.iter_mut().enumerate();
        regions.filter_map(move |(index, lent)| {
            let (_, range) = ranges.iter().find(|(region, _)| *region == index)?;
            lent.octets.get(range.clone())?;
            Some((lent, range.clone()))
        })
    }

    /// True if the octets that the host read are lent here, too.
    fn reads(&self, call: &mut Call, block: &Block) -> bool {
        self.at(call, block).any(|(lent, range)| lent.octets.get(range) == Some(&block.octets))
    }

    fn write(&self, call: &mut Call, block: &Block) {
        for (lent, range) in self.at(call, block).filter(|(lent, _)| lent.writable) {
            if let Some(octets) = lent.octets.get_mut(range) {
                octets.copy_from_slice(&block.octets);
            }
        }
    }
}
