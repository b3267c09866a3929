//! Fibonacci numbers: refine computes one, accumulate keeps the largest.
//!
//! The payload is an index as four octets, the output the number as eight, modulo 2^64. Accumulate
//! stores the largest number seen under `largest` and the number of results under `count`, and
//! outputs both numbers, padded with zeros to 32 octets.
#![no_std]

use jambox_sdk::prelude::*;

/// Computes the number of the payload's index; empty if the payload is no index.
fn refine(_: &RefineContext, arguments: RefineArguments) -> Vec<u8> {
    let Ok(index) = decode_all::<u32>(&arguments.payload) else { return Vec::new() };
    let (mut number, mut next) = (0u64, 1u64);
    for _ in 0..index {
        (number, next) = (next, number.wrapping_add(next));
    }
    encode(&number)
}

/// Processes the results of refine; failed results are not counted.
fn accumulate(ctx: &AccumulateContext, arguments: AccumulateArguments) -> Result<Hash, Error> {
    let storage = ctx.storage();
    let mut largest: u64 = storage.load("largest")?.unwrap_or(0);
    let mut count: u64 = storage.load("count")?.unwrap_or(0);
    for index in 0..arguments.input_count {
        let AccumulateInput::Operand(operand) = ctx.fetcher().input(index.into())? else {
            continue;
        };
        let Ok(number) = operand.result.0.map(|octets| decode_all::<u64>(&octets)) else {
            continue;
        };
        let Ok(number) = number else { continue };
        largest = largest.max(number);
        count += 1;
    }
    storage.store("largest", &largest)?;
    storage.store("count", &count)?;
    let mut output = Hash::ZERO;
    output.0[..8].copy_from_slice(&largest.to_le_bytes());
    output.0[8..16].copy_from_slice(&count.to_le_bytes());
    Ok(output)
}

entry_points! { refine = refine, accumulate = accumulate }
