//! The counter of `guests/asm`, with the SDK: the same effects, as one would write it in Rust.
//!
//! Refine turns the payload into upper case, exports the original and returns the result.
//! Accumulate counts the work items under `count`, stores the latest result under `latest`, sends a
//! tip to the treasury and outputs the hash of the latest payload.
//!
//! Its gas is compared with the assembly's; the book's chapter on gas has the table.
#![no_std]

use jambox_sdk::prelude::*;

/// The service that gets the tip.
pub const TREASURY: ServiceId = ServiceId(7);

/// The tip.
pub const TIP: u64 = 25;

/// The gas that goes with the tip.
pub const TIP_GAS: Gas = Gas(50_000);

fn refine(ctx: &RefineContext, arguments: RefineArguments) -> Result<Vec<u8>, Error> {
    let mut text = arguments.payload;
    ctx.export_segment(&text)?;
    text.make_ascii_uppercase();
    debug!(target: "refine", "payload in upper case");
    Ok(text)
}

fn accumulate(ctx: &AccumulateContext, arguments: AccumulateArguments) -> Result<(), Error> {
    let storage = ctx.storage();
    let mut payload = None;
    for index in 0..arguments.input_count {
        let AccumulateInput::Operand(operand) = ctx.fetcher().input(index.into())? else {
            continue;
        };
        payload = Some(operand.payload_hash);
        if let Ok(result) = operand.result.0 {
            storage.set("latest", result)?;
        }
    }
    let Some(payload) = payload else { return Ok(()) };
    let count: u64 = storage.load("count")?.unwrap_or(0);
    storage.store("count", &(count + u64::from(arguments.input_count)))?;
    let mut memo = Memo::ZERO;
    memo.0[..9].copy_from_slice(b"thank you");
    ctx.transfer(TREASURY, TIP, TIP_GAS, &memo)?;
    ctx.yield_hash(&payload)?;
    info!(target: "accumulate", "counted the work items");
    Ok(())
}

entry_points! { refine = refine, accumulate = accumulate }
