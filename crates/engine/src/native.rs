//! Running instances as native code.
//!
//! Native code does plain computation, jumps and memory accesses that succeed. For everything else
//! it comes back, with the state as it was before the instruction in question, and the stepper
//! executes that instruction: there is one implementation of everything rare, the exact one.
//!
//! This module is only there where the build can have native code (`cfg(native)`, see `build.rs`).

use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::OnceLock;

use jambox_recompiler::{Code, Dispatch};
use jambox_sandbox::ReservedMemory;
use jambox_sandbox::native::{self, CodeAddress, Stop};

use crate::{Exit, Instance, Module, module, stepper};

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

    #[inline]
    fn code(&self, module: &Module) -> Option<&Code> {
        let make = || {
            let set = module.engine().instruction_set();
            Code::new(module.program().clone(), set).ok()
        };
        self.code.get_or_init(make).as_ref()
    }

    /// How much native code there is.
    pub(crate) fn usage(&self) -> jambox_recompiler::Usage {
        let code = self.code.get().and_then(Option::as_ref);
        code.map(Code::usage).unwrap_or_default()
    }
}

/// What to do after native code came back.
enum Next {
    /// Go on in native code.
    Enter(CodeAddress),
    /// Execute the instruction at the instance's pc exactly.
    Step,
    /// Interpret for good: native code cannot be run here.
    Interpret,
    /// Nothing: the run is over.
    Exit(Exit),
}

/// Runs an instance of a module that moves over to native code.
pub(crate) fn run(instance: &mut Instance) -> Exit {
    if let Some(exit) = warm_up(instance) {
        return exit;
    }
    if !instance.is_regular()
        && let Some(exit) = stepper::step(instance, &mut ())
    {
        return exit;
    }
    let resume = instance.resume.take().filter(|resume| resume.pc == instance.state.pc);
    let mut next = match resume {
        Some(Resume { at, .. }) => Next::Enter(at),
        None => enter(instance),
    };
    loop {
        next = match next {
            Next::Enter(at) => execute(instance, at),
            Next::Step => match stepper::step(instance, &mut ()) {
                Some(exit) => return exit,
                None => enter(instance),
            },
            Next::Interpret => return interpret(instance),
            Next::Exit(exit) => return exit,
        };
    }
}

/// Interprets while the module is new; `None` if it is not, or not any more.
fn warm_up(instance: &mut Instance) -> Option<Exit> {
    let tiered = instance.module.tiered()?;
    let left = tiered.threshold.saturating_sub(tiered.warmth.load(Ordering::Relaxed));
    if left == 0 {
        return None;
    }
    // The interpreter's gas is cut short; running out of that means moving over.
    let given = instance.gas.min(left);
    let reserve = instance.gas - given;
    instance.gas = given;
    let exit = interpret(instance);
    let moves_over = exit == Exit::OutOfGas && reserve > 0;
    // What running out left unspent would be lacking for ever.
    let used = if moves_over { given } else { given - instance.gas };
    if let Some(tiered) = instance.module.tiered() {
        tiered.warmth.fetch_add(used, Ordering::Relaxed);
    }
    instance.gas += reserve;
    (!moves_over).then_some(exit)
}

fn interpret(instance: &mut Instance) -> Exit {
    let module = instance.module.clone();
    let make = || Box::new(module::Code::interpreted(module.engine(), module.program()));
    match module.tiered() {
        Some(tiered) => module::run(tiered.interpreted.get_or_init(make), instance),
        None => stepper::run(instance, &mut ()),
    }
}

/// Goes to the instance's pc, in native code if there is any or some can be made.
fn enter(instance: &Instance) -> Next {
    let module = &instance.module;
    // A child must not even look: another thread may have been making code when it was forked.
    if native::is_forked() {
        return Next::Interpret;
    }
    let Some(code) = module.tiered().and_then(|tiered| tiered.code(module)) else {
        return Next::Interpret;
    };
    let at = u32::try_from(instance.state.pc).ok().and_then(|pc| code.enter(pc));
    at.map_or(Next::Step, Next::Enter)
}

/// Runs native code from an address on until it comes back.
fn execute(instance: &mut Instance, at: CodeAddress) -> Next {
    let next = run_until_stop(instance, at);
    match next {
        Next::Enter(_) => {}
        Next::Step | Next::Interpret => instance.set_regular(),
        Next::Exit(_) => instance.is_charged = instance.module.gas_plan().stays_paid(),
    }
    next
}

fn run_until_stop(instance: &mut Instance, at: CodeAddress) -> Next {
    let Instance { module, state, gas, memory, resume: resumed, .. } = instance;
    let Some(code) = module.tiered().and_then(|tiered| tiered.code(module)) else {
        return Next::Interpret;
    };
    let Some(memory) = memory.fast().and_then(armed) else { return Next::Interpret };
    match code.run(&mut state.regs, gas, memory, at) {
        Stop::HostCall { pc, number, resume } => {
            state.pc = pc.into();
            *resumed = Some(Resume { pc: module.next_pc(pc.into()), at: resume });
            Next::Exit(Exit::HostCall(i64::from(number) as u64))
        }
        Stop::Step { pc } => {
            state.pc = pc.into();
            Next::Step
        }
        Stop::Compile { pc } => {
            state.pc = pc.into();
            code.enter(pc).map_or(Next::Step, Next::Enter)
        }
        Stop::Dispatch { index, pc } => match code.dispatch(index) {
            Dispatch::Enter(at) => Next::Enter(at),
            Dispatch::Interpret(target) => {
                state.pc = target.into();
                Next::Step
            }
            Dispatch::Nowhere => {
                state.pc = pc.into();
                Next::Exit(Exit::Panic)
            }
        },
        Stop::Fault { at } => {
            let origin = code.origin(at);
            let Some(origin) = origin else { unreachable!("a fault of code that is not ours") };
            state.pc = origin.pc.into();
            *gas += origin.refund;
            Next::Step
        }
        Stop::Refused => Next::Interpret,
    }
}

/// The memory, if native code may use it.
fn armed(memory: &mut ReservedMemory) -> Option<&mut ReservedMemory> {
    memory.arm().then_some(memory)
}
