//! Runs untrusted programs: the payload has the gas limit and the input, the first extrinsic is the
//! program, a standard one. It runs in an inner machine with one host call, answered by this
//! service, and its result is kept under the program's hash.
#![no_std]

use jambox_sdk::prelude::*;
use jambox_sdk::{Flow, SpiError};

/// Largest length of a kept output, and of a note, in octets.
pub const LONGEST: u64 = 1024;

/// Number of the one host call: it notes the octets at address r7 of length r8, and answers 0, or 1
/// when it does not note them.
pub const NOTE: u64 = 1;

/// A payload.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Describe)]
pub struct Run {
    /// Gas limit of the program.
    #[codec(natural)]
    pub gas: u64,
    /// Arguments of the program.
    pub input: Vec<u8>,
}

/// Refine's result for accumulate.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Report {
    /// Hash of the program.
    pub program: Hash,
    /// Ending of the run.
    pub end: End,
    /// Octets noted by the program.
    pub notes: Vec<Vec<u8>>,
}

/// Ending of a program.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum End {
    /// Halted with this output.
    Output(Vec<u8>),
    /// Halted, but the output is too long or not readable.
    BadOutput,
    /// No standard program.
    NoProgram,
    /// Panicked.
    Panicked,
    /// Accessed inaccessible memory, at this address.
    Faulted(u64),
    /// Made a host call that does not exist, of this number.
    UnknownCall(u64),
    /// Ran out of gas.
    OutOfGas,
}

layout! {
    /// Last report of each program.
    pub REPORTS: IndexedMap<Hash, Report> = 0;
    /// Number of runs.
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
        // Address and length come from the program: notes are bounded before anything is read.
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
