//! Runs programs that nobody vouches for: the payload says with how much gas and on which input,
//! the first extrinsic is the program, a standard one. It runs in an inner machine, where all that
//! it can reach is one host call of ours, and what came of it is kept under the program's hash.
#![no_std]

use jambox_sdk::prelude::*;
use jambox_sdk::{Flow, SpiError};

/// The most octets of output that are kept, and that a program may note.
pub const LONGEST: u64 = 1024;

/// The number of the one host call: it notes octets, by address (r7) and length (r8), and answers
/// 0, or 1 when it does not.
pub const NOTE: u64 = 1;

/// What a payload asks for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Describe)]
pub struct Run {
    /// The gas that the program may use.
    #[codec(natural)]
    pub gas: u64,
    /// Its arguments.
    pub input: Vec<u8>,
}

/// What refine tells accumulate.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Report {
    /// The hash of the program.
    pub program: Hash,
    /// How it ended.
    pub end: End,
    /// What it noted.
    pub notes: Vec<Vec<u8>>,
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum End {
    /// It halted with this output.
    Output(Vec<u8>),
    /// It halted, and what it calls its output is too long or is not there.
    BadOutput,
    /// It is no standard program.
    NoProgram,
    /// It panicked.
    Panicked,
    /// It touched memory that it does not have.
    Faulted(u64),
    /// It asked for a host call that there is not.
    UnknownCall(u64),
    /// It ran out of gas.
    OutOfGas,
}

layout! {
    /// The last report of each program.
    pub REPORTS: IndexedMap<Hash, Report> = 0;
    /// How many runs there were.
    pub RUNS: Counter = 1;
}

fn refine(ctx: &RefineContext, arguments: RefineArguments) -> Result<Vec<u8>, Placed> {
    let run: Run = decode_all(&arguments.payload).map_err(Error::from)?;
    let program = ctx.fetcher().extrinsic(0)?;
    let mut notes = Vec::new();
    let end = run_untrusted(ctx, &program, &run, &mut notes)?;
    Ok(encode(&Report { program: blake2b_256(&program), end, notes }))
}

fn run_untrusted(
    ctx: &RefineContext,
    program: &[u8],
    run: &Run,
    notes: &mut Vec<Vec<u8>>,
) -> Result<End, Error> {
    let mut vm = match ctx.nested_pvm_checked(program, &run.input, run.gas) {
        Ok(vm) => vm,
        Err(SpiError::Host(error)) => return Err(error),
        Err(_) => return Ok(End::NoProgram),
    };
    let mut left = LONGEST;
    let mut host = |number: u64, vm: &mut NestedPvm| {
        if number != NOTE {
            return Ok(Flow::Stop);
        }
        // Both are the program's claims: all that it notes is bounded before anything is read.
        match vm.output(left) {
            Ok(note) => {
                left -= note.len() as u64;
                notes.push(note);
                vm.set_register(7, 0);
            }
            Err(_) => vm.set_register(7, 1),
        }
        Ok(Flow::Continue)
    };
    Ok(match vm.run(&mut host)? {
        ExitReason::Halt => vm.output(LONGEST).map_or(End::BadOutput, End::Output),
        ExitReason::Panic => End::Panicked,
        ExitReason::Fault { address } => End::Faulted(address),
        ExitReason::Host { call } => End::UnknownCall(call),
        ExitReason::OutOfGas => End::OutOfGas,
    })
}

fn accumulate(ctx: &AccumulateContext, _: AccumulateArguments) -> Result<(), Placed> {
    for input in ctx.fetcher().inputs()? {
        let AccumulateInput::Operand(operand) = input else { continue };
        let Ok(result) = operand.result.0 else { continue };
        let Ok(report) = decode_all::<Report>(&result) else { continue };
        REPORTS.set(&ctx.storage(), &report.program, &report)?;
        RUNS.add(&ctx.storage(), 1)?;
    }
    Ok(())
}

entry_points! { payload = Run, refine = refine, accumulate = accumulate }
