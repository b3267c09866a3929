//! Running instances as native code.
//!
//! Native code does plain computation, jumps and memory accesses that succeed. For everything else
//! it comes back, with the state as it was before the instruction in question, and the stepper
//! executes that instruction: there is one implementation of everything rare, the exact one.
//!
//! This module is only there where the build can have native code (`cfg(native)`, see `build.rs`).

use core::sync::atomic::Ordering;

use jambox_recompiler::{Dispatch, Tier};
use jambox_sandbox::native::{self, NativeExit};

use crate::tiers::{Place, Resume};
use crate::{Exit, Instance, run, stepper};

/// The most gas that an instance uses before its module knows of it: threads that run a module
/// need not write a word of it at every host call.
const MOST_HEAT: u64 = 1 << 16;

/// The next step after native code came back.
enum Next {
    /// Go on in native code.
    Enter(Place),
    /// Execute the instruction at the instance's pc exactly.
    Step,
    /// The same, where code found that its gas is not there: it may be enough for less code.
    Unpaid,
    /// Interpret for good: native code cannot be run here.
    Interpret,
    /// Nothing: the run is over.
    Exit(Exit),
}

/// Runs an instance of a module that moves over to native code.
///
/// Most runs go from one host call to the next, so this way is short: a host call's number is
/// passed in registers; every other exit goes through [`Next`].
pub(crate) fn run(instance: &mut Instance) -> Exit {
    // Behind a host call the charged flag is regular where it is as the call left it: an `ecalli`
    // is followed by an instruction of its own block.
    let stays_paid = instance.module.gas_plan().stays_paid();
    let is_there =
        |resume: &Resume| resume.pc == instance.state.pc && instance.is_charged == stays_paid;
    // A module that native code was run of is warm.
    let mut next = match instance.resume.take().filter(is_there) {
        Some(Resume { at, .. }) => Next::Enter(at),
        None => match warm_up(instance).or_else(|| regular(instance)) {
            Some(exit) => return exit,
            None => enter(instance),
        },
    };
    loop {
        next = match next {
            Next::Enter(at) => match execute(instance, at) {
                Ok(number) => return Exit::HostCall(number),
                Err(next) => next,
            },
            Next::Step | Next::Unpaid => match stepper::step(instance, &mut ()) {
                Some(exit) => Next::Exit(exit),
                None => enter(instance),
            },
            Next::Interpret => return run::interpret(instance),
            Next::Exit(exit) => {
                if !matches!(exit, Exit::HostCall(_)) {
                    tell_heat(instance);
                }
                return exit;
            }
        };
    }
}

/// Executes one instruction exactly where the charged flag is not as any run has it there; the
/// exit, if that ends the run.
fn regular(instance: &mut Instance) -> Option<Exit> {
    if instance.is_regular() { None } else { stepper::step(instance, &mut ()) }
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
    let exit = run::interpret(instance);
    let moves_over = exit == Exit::OutOfGas && reserve > 0;
    // Gas left unspent when the interpreter ran out counts as used: it would be lacking for ever.
    let used = if moves_over { given } else { given - instance.gas };
    if let Some(tiered) = instance.module.tiered() {
        tiered.warmth.fetch_add(used, Ordering::Relaxed);
    }
    instance.gas += reserve;
    (!moves_over).then_some(exit)
}

/// Goes to the instance's pc, in native code if there is any or some can be made.
fn enter(instance: &Instance) -> Next {
    let module = &instance.module;
    // A child must not even look: another thread may have been making code when it was forked.
    if native::is_forked() {
        return Next::Interpret;
    }
    let Some(tiered) = module.tiered() else { return Next::Interpret };
    let is_hot = tiered.until_hot(instance.heat) == 0;
    let tier = if is_hot { Tier::Hot } else { Tier::First };
    let Some(code) = tiered.code(module, tier) else { return Next::Interpret };
    let address = u32::try_from(instance.state.pc).ok().and_then(|pc| code.enter(pc));
    address.map_or(Next::Step, |address| Next::Enter(Place { address, tier }))
}

/// Adds the gas that the instance used in code of the first tier to the module's heat.
fn tell_heat(instance: &mut Instance) {
    let heat = core::mem::take(&mut instance.heat);
    if let Some(tiered) = instance.module.tiered().filter(|_| heat > 0) {
        tiered.heat.fetch_add(heat, Ordering::Relaxed);
    }
}

/// Runs native code from an address on until it comes back: the number of a host call, or the next
/// step.
///
/// Code of the first tier runs at most until the module is hot: it is given the gas that is left
/// until then, and stops where that does not suffice. So the code itself counts nothing.
#[inline]
fn execute(instance: &mut Instance, at: Place) -> Result<u64, Next> {
    let Place { address, tier } = at;
    let Some((tiered, memory)) = instance.module.tiered().zip(instance.memory.fast()) else {
        return Err(irregular(instance));
    };
    let Some(code) = tiered.code(&instance.module, tier).filter(|_| memory.arm()) else {
        return Err(irregular(instance));
    };
    let left = match tier {
        Tier::First => tiered.until_hot(instance.heat),
        Tier::Hot => u64::MAX,
    };
    let given = instance.gas.min(left);
    let reserve = instance.gas - given;
    instance.gas = given;
    let stop = code.run(&mut instance.state.regs, &mut instance.gas, memory, address);
    let NativeExit::HostCall { pc, number, resume } = stop else {
        return Err(left_for(instance, stop, tier, (given, reserve)));
    };
    let call = u64::from(pc);
    instance.state.pc = call;
    let at = Place { address: resume, tier };
    instance.resume = Some(Resume { call, pc: instance.module.next_pc(call), at });
    instance.is_charged = instance.module.gas_plan().stays_paid();
    if tier == Tier::First {
        instance.heat += given - instance.gas;
        if instance.heat >= MOST_HEAT {
            tell_heat(instance);
        }
    }
    instance.gas += reserve;
    Ok(i64::from(number) as u64)
}

/// The next step where native code cannot be run.
#[cold]
fn irregular(instance: &mut Instance) -> Next {
    instance.set_regular();
    Next::Interpret
}

/// The next step after native code came back for something else than a host call, with the gas that
/// it was given and that was kept from it.
#[inline(never)]
fn left_for(
    instance: &mut Instance,
    stop: NativeExit,
    tier: Tier,
    (given, reserve): (u64, u64),
) -> Next {
    // Gas that does not suffice for a segment counts as used for the heat: it never would suffice.
    let is_over = reserve > 0 && matches!(stop, NativeExit::Unpaid { .. });
    let mut next = follow(instance, stop, tier);
    if tier == Tier::First {
        instance.heat += if is_over { given } else { given - instance.gas };
        instance.gas += reserve;
        if instance.heat >= MOST_HEAT || is_over {
            tell_heat(instance);
        }
        if is_over {
            next = enter(instance);
        }
    }
    match next {
        Next::Enter(_) => {}
        Next::Step | Next::Unpaid | Next::Interpret => instance.set_regular(),
        Next::Exit(_) => instance.is_charged = instance.module.gas_plan().stays_paid(),
    }
    next
}

/// Handles a stop of native code and gives the next step.
fn follow(instance: &mut Instance, stop: NativeExit, tier: Tier) -> Next {
    let Instance { module, state, gas, .. } = instance;
    let module = &*module;
    let code = || module.tiered().and_then(|tiered| tiered.code(module, tier));
    let go_on = |address| Next::Enter(Place { address, tier });
    match stop {
        NativeExit::Step { pc } => {
            state.pc = pc.into();
            Next::Step
        }
        NativeExit::Unpaid { pc } => {
            state.pc = pc.into();
            Next::Unpaid
        }
        NativeExit::Compile { pc } => {
            state.pc = pc.into();
            code().and_then(|code| code.enter(pc)).map_or(Next::Step, go_on)
        }
        NativeExit::Dispatch { index, pc } => match code().map(|code| code.dispatch(index)) {
            Some(Dispatch::Enter(address)) => go_on(address),
            Some(Dispatch::Interpret(target)) => {
                state.pc = target.into();
                Next::Step
            }
            Some(Dispatch::Nowhere) => {
                state.pc = pc.into();
                Next::Exit(Exit::Panic)
            }
            None => Next::Interpret,
        },
        NativeExit::Fault { at } => {
            let origin = code().and_then(|code| code.origin(at));
            let Some(origin) = origin else { unreachable!("a fault of code that is not ours") };
            state.pc = origin.pc.into();
            *gas += origin.refund;
            Next::Step
        }
        // Served where the code came back.
        NativeExit::HostCall { .. } | NativeExit::Refused => Next::Interpret,
    }
}
