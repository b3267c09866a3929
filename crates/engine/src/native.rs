//! Running instances as native code.
//!
//! Native code does plain computation, jumps and memory accesses that succeed. For everything else
//! it comes back, with the state as it was before the instruction in question, and the stepper
//! executes that instruction: there is one implementation of everything rare, the exact one.
//!
//! This module is only there where the build can have native code (`cfg(native)`, see `build.rs`).

use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::OnceLock;

use jambox_isa::InstructionSet;
use jambox_program::ProgramBlob;
use jambox_recompiler::{Code, Dispatch};
use jambox_sandbox::ReservedMemory;
use jambox_sandbox::native::{self, CodeAddress, Stop};

use crate::{Exit, Instance, module, stepper};

/// Why this process cannot run native code, if it cannot.
pub(crate) fn unavailable() -> Option<String> {
    native::prepare().err().map(|reason| reason.to_string())
}

/// A module that moves over to native code.
pub(crate) struct Tiered {
    /// `None` if the process has no room for its tables.
    code: OnceLock<Option<Code>>,
    /// What runs it before, and where native code cannot.
    interpreted: OnceLock<Box<module::Code>>,
    /// Gas that instances used while interpreted, up to `threshold`.
    warmth: AtomicU64,
    threshold: u64,
}

/// Where native code goes on after a host call.
#[derive(Clone, Copy)]
pub(crate) struct Resume {
    pc: u64,
    at: CodeAddress,
}

impl Tiered {
    /// A module that is interpreted until its instances have used `threshold` gas.
    pub(crate) fn new(threshold: u64) -> Self {
        Self {
            code: OnceLock::new(),
            interpreted: OnceLock::new(),
            warmth: AtomicU64::new(0),
            threshold,
        }
    }

    fn code(&self, program: &ProgramBlob, set: InstructionSet) -> Option<&Code> {
        self.code.get_or_init(|| Code::new(program.clone(), set).ok()).as_ref()
    }

    /// How much native code there is.
    pub(crate) fn usage(&self) -> jambox_recompiler::Usage {
        let code = self.code.get().and_then(Option::as_ref);
        code.map(Code::usage).unwrap_or_default()
    }
}

/// Runs until something ends the run.
pub(crate) fn run(tiered: &Tiered, instance: &mut Instance) -> Exit {
    if let Some(exit) = warm_up(tiered, instance) {
        return exit;
    }
    let set = instance.module.engine().instruction_set();
    let module = instance.module.clone();
    match tiered.code(module.program(), set) {
        Some(code) => execute(code, tiered, instance),
        None => interpret(tiered, instance),
    }
}

/// Interprets while the module is new; `None` if it is not, or not any more.
fn warm_up(tiered: &Tiered, instance: &mut Instance) -> Option<Exit> {
    let left = tiered.threshold.saturating_sub(tiered.warmth.load(Ordering::Relaxed));
    if left == 0 {
        return None;
    }
    // The interpreter's gas is cut short; running out of that means moving over.
    let given = instance.gas.min(left);
    let reserve = instance.gas - given;
    instance.gas = given;
    let exit = interpret(tiered, instance);
    tiered.warmth.fetch_add(given - instance.gas, Ordering::Relaxed);
    instance.gas += reserve;
    (exit != Exit::OutOfGas || reserve == 0).then_some(exit)
}

fn interpret(tiered: &Tiered, instance: &mut Instance) -> Exit {
    let module = instance.module.clone();
    let code = tiered
        .interpreted
        .get_or_init(|| Box::new(module::Code::interpreted(module.engine(), module.program())));
    module::run(code, instance)
}

/// Runs native code from the instance's pc on, stepping where there is none.
fn execute(code: &Code, tiered: &Tiered, instance: &mut Instance) -> Exit {
    let resume = instance.resume.take().filter(|resume| resume.pc == instance.state.pc);
    let mut entry = resume.map(|resume| resume.at).or_else(|| enter(code, instance));
    loop {
        let Some(at) = entry else {
            if let Some(exit) = stepper::step(instance, &mut ()) {
                return exit;
            }
            entry = enter(code, instance);
            continue;
        };
        let Some(memory) = instance.memory.fast().and_then(armed) else {
            return interpret(tiered, instance);
        };
        let state = &mut instance.state;
        let stop = native::run(&mut state.regs, &mut instance.gas, memory, code.table(), at);
        entry = match stop {
            Stop::HostCall { pc, resume } => return host_call(instance, pc, resume),
            Stop::Step { pc } => {
                state.pc = pc.into();
                None
            }
            Stop::Compile { pc } => {
                state.pc = pc.into();
                code.enter(pc)
            }
            Stop::Dispatch { index, pc } => match code.dispatch(index) {
                Dispatch::Enter(at) => Some(at),
                Dispatch::Interpret(target) => {
                    state.pc = target.into();
                    None
                }
                Dispatch::Nowhere => {
                    state.pc = pc.into();
                    return Exit::Panic;
                }
            },
            Stop::Fault { at } => {
                let origin = code.origin(at);
                let Some(origin) = origin else { unreachable!("a fault of code that is not ours") };
                state.pc = origin.pc.into();
                instance.gas += origin.refund;
                None
            }
            Stop::Refused => return interpret(tiered, instance),
        };
    }
}

/// The memory, if native code may use it.
fn armed(memory: &mut ReservedMemory) -> Option<&mut ReservedMemory> {
    memory.arm().then_some(memory)
}

fn enter(code: &Code, instance: &Instance) -> Option<CodeAddress> {
    u32::try_from(instance.state.pc).ok().and_then(|pc| code.enter(pc))
}

fn host_call(instance: &mut Instance, pc: u32, at: CodeAddress) -> Exit {
    let pc = u64::from(pc);
    instance.state.pc = pc;
    instance.resume = Some(Resume { pc: instance.module.next_pc(pc), at });
    match instance.module.instruction_at(pc) {
        jambox_isa::Instruction::Ecalli(operands) => Exit::HostCall(operands.x as u64),
        _ => unreachable!("a host call where no ecalli stands"),
    }
}
