//! A library: programs under names, run in inner machines.
//!
//! A payload is a [`Command`]. Adding a program requests its preimage under a name; calling one
//! runs it in refine, as a standard program with the given arguments, and keeps its output.
//! Refine cannot read storage and finds programs by hash: callers look the hash of a name up
//! first.
//!
//! Storage: under `p` and the name, the program's hash and length; under `r` and the hash, the last
//! output of that program.
#![no_std]

use jambox_sdk::prelude::*;
use jambox_sdk::{Key, SpiError};

/// Longest output of a program that is kept, in octets.
pub const LONGEST_OUTPUT: u64 = 4096;

/// A payload.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Describe)]
pub enum Command {
    /// Keep a program under a name.
    Add {
        /// The name.
        name: Vec<u8>,
        /// Hash of the program, a standard program with or without metadata.
        program: Hash,
        /// Length of the program, in octets.
        length: u32,
    },
    /// Run a program.
    Call {
        /// Hash of the program.
        program: Hash,
        /// Gas limit of the run.
        gas: u64,
        /// Set if the program packs address and length of its output into r7.
        packed: bool,
        /// Arguments of the program.
        arguments: Vec<u8>,
    },
}

/// Refine's result for accumulate.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Outcome {
    /// Keep a program under a name.
    Add {
        /// The name.
        name: Vec<u8>,
        /// Hash of the program.
        program: Hash,
        /// Length of the program, in octets.
        length: u32,
    },
    /// A program has run.
    Called {
        /// Hash of the program.
        program: Hash,
        /// Result of the run.
        answer: Answer,
    },
    /// The payload is no command.
    Nonsense,
}

/// Result of a call.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Answer {
    /// The program halted with this output.
    Output(Vec<u8>),
    /// There is no such program at the lookup anchor.
    NoProgram,
    /// The blob is no standard program.
    BadProgram,
    /// The program halted, but its output is too long or not readable.
    BadOutput,
    /// The program panicked, or made a host call that is not answered.
    Panicked,
    /// The program accessed an inaccessible page.
    Faulted(u64),
    /// The program ran out of gas.
    OutOfGas,
}

#[derive(Encode, Key)]
struct ProgramKey<'a>(u8, &'a [u8]);

fn refine(ctx: &RefineContext, arguments: RefineArguments) -> Result<Vec<u8>, Error> {
    let outcome = match decode_all::<Command>(&arguments.payload) {
        Ok(Command::Add { name, program, length }) => Outcome::Add { name, program, length },
        Ok(Command::Call { program, gas, packed, arguments }) => {
            let answer = match ctx.preimages().historical_lookup(&program)? {
                Some(blob) => call(ctx, &blob, &arguments, gas, packed)?,
                None => Answer::NoProgram,
            };
            Outcome::Called { program, answer }
        }
        Err(_) => Outcome::Nonsense,
    };
    Ok(encode(&outcome))
}

/// Runs an untrusted program.
fn call(
    ctx: &RefineContext,
    blob: &[u8],
    arguments: &[u8],
    gas: u64,
    packed: bool,
) -> Result<Answer, Error> {
    let mut vm = match ctx.nested_pvm_checked(blob, arguments, gas) {
        Ok(vm) => vm,
        Err(SpiError::Host(error)) => return Err(error),
        Err(_) => return Ok(Answer::BadProgram),
    };
    Ok(match vm.invoke()? {
        ExitReason::Halt => {
            let output =
                if packed { vm.packed_output(LONGEST_OUTPUT) } else { vm.output(LONGEST_OUTPUT) };
            output.map_or(Answer::BadOutput, Answer::Output)
        }
        ExitReason::Panic | ExitReason::Host { .. } => Answer::Panicked,
        ExitReason::Fault { address } => Answer::Faulted(address),
        ExitReason::OutOfGas => Answer::OutOfGas,
    })
}

fn accumulate(ctx: &AccumulateContext, arguments: AccumulateArguments) -> Result<(), Error> {
    for index in 0..arguments.input_count {
        let AccumulateInput::Operand(operand) = ctx.fetcher().input(index.into())? else {
            continue;
        };
        let Ok(octets) = operand.result.0 else { continue };
        match decode_all::<Outcome>(&octets) {
            Ok(Outcome::Add { name, program, length }) => {
                match ctx.preimages().solicit(&program, length.into()) {
                    Ok(()) | Err(Error::Refused) => {}
                    Err(other) => return Err(other),
                }
                ctx.storage().store(&ProgramKey(b'p', &name), &(program, length))?;
            }
            Ok(Outcome::Called { program, answer }) => {
                ctx.storage().store(&ProgramKey(b'r', &program.0), &answer)?;
            }
            Ok(Outcome::Nonsense) | Err(_) => {}
        }
    }
    Ok(())
}

entry_points! { refine = refine, accumulate = accumulate, payload = Command }
