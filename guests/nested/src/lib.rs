//! A nested standard program: the first extrinsic is a blob, the payload its arguments.
//!
//! The child gets [`CHILD_GAS`] and two host calls: number 0 answers its remaining gas, and number
//! [`GREET`] writes `hello` to the address in r7. The first inaccessible page that it accesses is
//! given to it. The output is its ending, and then its output.
//!
//! The service authorizes its own packages, if they have one item.
#![no_std]

use jambox_sdk::prelude::*;
use jambox_sdk::{Flow, PAGE_SIZE};

/// Gas of the child.
pub const CHILD_GAS: u64 = 100_000;

/// Number of the host call that writes a greeting.
pub const GREET: u64 = 42;

/// Ending of the child.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Ending {
    /// Halted: the output, and the numbers of host calls and of pages given to the child.
    Halted(Vec<u8>, u32, u32),
    /// Halted, but the output is too long or not readable.
    BadOutput,
    /// Panicked.
    Panicked,
    /// Accessed a page that it does not get, at this address.
    Faulted(u64),
    /// Ran out of gas.
    OutOfGas,
    /// Made a host call that does not exist, of this number.
    Unknown(u64),
    /// The extrinsic is no standard program.
    NoProgram,
}

fn refine(ctx: &RefineContext, arguments: RefineArguments) -> Result<Vec<u8>, Error> {
    let blob = ctx.fetcher().extrinsic(0)?;
    let Ok(mut vm) = ctx.nested_pvm_checked(&blob, &arguments.payload, CHILD_GAS) else {
        return Ok(encode(&Ending::NoProgram));
    };
    let (mut calls, mut pages) = (0, 0);
    let mut host = |number: u64, vm: &mut NestedPvm| {
        calls += 1;
        let answer = match number {
            0 => vm.remaining_gas(),
            GREET => match vm.poke(vm.register(7), b"hello") {
                Ok(()) => 5,
                Err(_) => 0,
            },
            _ => return Ok(Flow::Stop),
        };
        vm.set_register(7, answer);
        Ok(Flow::Continue)
    };
    let ending = loop {
        match vm.run(&mut host)? {
            ExitReason::Halt => {
                break vm
                    .output(1024)
                    .map_or(Ending::BadOutput, |output| Ending::Halted(output, calls, pages));
            }
            ExitReason::Panic => break Ending::Panicked,
            ExitReason::OutOfGas => break Ending::OutOfGas,
            ExitReason::Host { call } => break Ending::Unknown(call),
            ExitReason::Fault { address } => {
                pages += 1;
                let page = address / PAGE_SIZE;
                if pages > 1 || vm.pages(page, 1, PageAccess::ReadWrite).is_err() {
                    break Ending::Faulted(address);
                }
            }
        }
    };
    Ok(encode(&ending))
}

fn accumulate(ctx: &AccumulateContext, arguments: AccumulateArguments) -> Result<(), Error> {
    for index in 0..arguments.input_count {
        if let AccumulateInput::Operand(operand) = ctx.fetcher().input(index.into())?
            && let Ok(ending) = operand.result.0
        {
            ctx.storage().set("last", ending)?;
        }
    }
    Ok(())
}

fn is_authorized(ctx: &AuthorizeContext, _: AuthorizeArguments) -> Result<(), Error> {
    assert!(ctx.fetcher().item_summaries()?.len() == 1, "one item at a time");
    Ok(())
}

entry_points! { refine = refine, accumulate = accumulate, is_authorized = is_authorized }
