//! Gas of the SDK's helpers, by the number of octets that they handle.
//!
//! Refine's payload is a [`Measure`], padded to the number of octets; its output is the gas of that
//! helper and of one `gas` call. Accumulate measures with an operand, and gives the gas in the
//! first eight octets of its hash. The test compares the figures with the table in the book.
#![no_std]

use core::hint::black_box;

use jambox_sdk::prelude::*;

/// The helper measured. Each handles as many octets as the payload or the operand has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Measure {
    /// A vector of zeros.
    Zeros,
    /// A copy of a vector.
    Copy,
    /// The item's payload.
    Payload,
    /// The item's first extrinsic.
    Extrinsic,
    /// A preimage in refine; its hash is the payload's last 32 octets.
    HistoricalLookup,
    /// The encoding of octets with their length.
    Encode,
    /// The decoding of octets with their length.
    Decode,
    /// A hash by the SDK's function.
    Hash,
    /// Octets written to an inner machine.
    Poke,
    /// Octets read from an inner machine.
    Peek,
    /// An inner machine with the payload as its arguments.
    Nested,
    /// A value written to storage.
    Set,
    /// A value read from storage.
    Get,
    /// A value read from storage and decoded.
    Load,
    /// All inputs, one of which has this many octets.
    Inputs,
    /// One input of this many octets.
    Input,
    /// A preimage in accumulate.
    Lookup,
    /// A preimage provided to this service.
    Provide,
}

/// Helpers measured in refine.
pub const IN_REFINE: [Measure; 11] = [
    Measure::Zeros,
    Measure::Copy,
    Measure::Payload,
    Measure::Extrinsic,
    Measure::HistoricalLookup,
    Measure::Encode,
    Measure::Decode,
    Measure::Hash,
    Measure::Poke,
    Measure::Peek,
    Measure::Nested,
];

/// Helpers measured in accumulate.
pub const IN_ACCUMULATE: [Measure; 7] = [
    Measure::Set,
    Measure::Get,
    Measure::Load,
    Measure::Inputs,
    Measure::Input,
    Measure::Lookup,
    Measure::Provide,
];

/// A program that gives its arguments back: `jump_ind r0`, as a standard program with a stack.
const ECHO: [u8; 21] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 0, 6, 0, 0, 0, 0, 0, 2, 50, 0, 0b01];

fn refine(ctx: &RefineContext, arguments: RefineArguments) -> Result<Vec<u8>, Error> {
    let data = arguments.payload;
    let size = data.len();
    let Ok(measure) = decode_all::<Measure>(&data[..1]) else { return Err(Error::Missing) };
    let hash: Hash = decode_all(&data[size - 32..]).unwrap_or(Hash::ZERO);
    let encoded = encode(&data);
    let pages = size.div_ceil(4096) as u64;
    let mut machine = ctx.machine(&[0, 0, 1, 0, 1], 0)?;
    machine.pages(16, pages, PageAccess::ReadWrite)?;
    let mut area = vec![0; size];
    let before = ctx.remaining_gas();
    match measure {
        Measure::Zeros => drop(black_box(vec![0u8; black_box(size)])),
        Measure::Copy => drop(black_box(data.clone())),
        Measure::Payload => drop(black_box(ctx.fetcher().payload(0)?)),
        Measure::Extrinsic => drop(black_box(ctx.fetcher().extrinsic(0)?)),
        Measure::HistoricalLookup => drop(black_box(ctx.preimages().historical_lookup(&hash)?)),
        Measure::Encode => drop(black_box(encode(black_box(&data)))),
        Measure::Decode => drop(black_box(decode_all::<Vec<u8>>(black_box(&encoded)))),
        Measure::Hash => drop(black_box(blake2b_256(black_box(&data)))),
        Measure::Poke => machine.poke(0x1_0000, &data)?,
        Measure::Peek => machine.peek(0x1_0000, black_box(&mut area))?,
        Measure::Nested => drop(black_box(ctx.nested_pvm(&ECHO, &data, 1000))),
        _ => return Err(Error::Unavailable),
    }
    Ok(encode(&(before - ctx.remaining_gas())))
}

fn accumulate(ctx: &AccumulateContext, _: AccumulateArguments) -> Result<Hash, Error> {
    let AccumulateInput::Operand(operand) = ctx.fetcher().input(0)? else {
        return Err(Error::Missing);
    };
    let Ok(data) = operand.result.0 else { return Err(Error::Missing) };
    let Ok(measure) = decode_all::<Measure>(&data[..1]) else { return Err(Error::Missing) };
    let hash: Hash = decode_all(&data[data.len() - 32..]).unwrap_or(Hash::ZERO);
    let storage = ctx.storage();
    let before = ctx.remaining_gas();
    match measure {
        Measure::Set => drop(storage.set("new", &data)?),
        Measure::Get => drop(black_box(storage.get("octets")?)),
        Measure::Load => drop(black_box(storage.load::<Vec<u8>>("encoded")?)),
        Measure::Inputs => drop(black_box(ctx.fetcher().inputs()?)),
        Measure::Input => drop(black_box(ctx.fetcher().input(0)?)),
        Measure::Lookup => drop(black_box(ctx.preimages().lookup(&hash)?)),
        Measure::Provide => ctx.preimages().provide(&data)?,
        _ => return Err(Error::Unavailable),
    }
    let mut output = Hash::ZERO;
    output.0[..8].copy_from_slice(&(before - ctx.remaining_gas()).to_le_bytes());
    Ok(output)
}

entry_points! { refine = refine, accumulate = accumulate }
