//! A paste bin: texts are preimages, kept by their hashes until they expire.
//!
//! Refine takes a text and gives its hash and length. Accumulate requests the preimage, so that
//! anyone can hand the text in, and notes the paste's expiry ([`LIFETIME`] slots on). Each
//! accumulation also gives up expired pastes: first an available text is forgotten, then, once the
//! chain allows it, the request is removed and its deposit freed.
//!
//! Storage: under a text's hash its [`Paste`]; under `queue` the hashes in the order of expiry.
#![no_std]

use jambox_sdk::prelude::*;

/// Lifetime of a paste, in slots: a day of six-second slots.
pub const LIFETIME: u32 = 14_400;

/// Longest text, in octets.
pub const LONGEST: usize = 12_288;

/// Refine's result for accumulate.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Submission {
    /// Hash of the text.
    pub hash: Hash,
    /// Length of the text, in octets.
    pub length: u32,
}

/// Record of a paste.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Paste {
    /// Length of the text, in octets.
    pub length: u32,
    /// Slot from which the paste is given up.
    pub expires: TimeSlot,
}

/// Reason for refusing a paste.
#[derive(Debug)]
pub enum Refusal {
    /// The text is empty.
    Empty,
    /// The text is longer than [`LONGEST`].
    TooLong,
}

fn refine(_: &RefineContext, arguments: RefineArguments) -> Result<Vec<u8>, Refusal> {
    let text = arguments.payload;
    match text.len() {
        0 => Err(Refusal::Empty),
        length if length > LONGEST => Err(Refusal::TooLong),
        length => Ok(encode(&Submission { hash: blake2b_256(&text), length: length as u32 })),
    }
}

fn accumulate(ctx: &AccumulateContext, arguments: AccumulateArguments) -> Result<(), Error> {
    let now = arguments.slot;
    let mut queue: Vec<Hash> = ctx.storage().load("queue")?.unwrap_or_default();
    let before = queue.clone();
    for index in 0..arguments.input_count {
        let AccumulateInput::Operand(operand) = ctx.fetcher().input(index.into())? else {
            continue;
        };
        let Ok(octets) = operand.result.0 else { continue };
        let Ok(submission) = decode_all::<Submission>(&octets) else { continue };
        if let Err(error) = submit(ctx, &submission, now, &mut queue) {
            // One refused paste must not undo the others.
            warn!("a paste is refused: {error}");
        }
    }
    expire(ctx, now, &mut queue)?;
    if queue != before {
        ctx.storage().store("queue", &queue)?;
    }
    Ok(())
}

/// Requests a new text, or extends the lifetime of a known one.
fn submit(
    ctx: &AccumulateContext,
    submission: &Submission,
    now: TimeSlot,
    queue: &mut Vec<Hash>,
) -> Result<(), Error> {
    let Submission { hash, length } = *submission;
    match ctx.preimages().solicit(&hash, length.into()) {
        // Requested or available already: only its expiry changes.
        Ok(()) | Err(Error::Refused) => {}
        Err(other) => return Err(other),
    }
    let expires = TimeSlot(now.0.saturating_add(LIFETIME));
    ctx.storage().store(&hash, &Paste { length, expires })?;
    queue.retain(|known| *known != hash);
    queue.push(hash);
    info!("pasted {length} octets");
    Ok(())
}

/// Gives up expired pastes; the queue is in the order of expiry.
fn expire(ctx: &AccumulateContext, now: TimeSlot, queue: &mut Vec<Hash>) -> Result<(), Error> {
    let mut index = 0;
    while let Some(hash) = queue.get(index).copied() {
        let Some(paste) = ctx.storage().load::<Paste>(&hash)? else {
            queue.remove(index);
            continue;
        };
        if paste.expires > now {
            break;
        }
        let length = u64::from(paste.length);
        // `Refused`: the chain does not let go of it yet.
        match ctx.preimages().forget(&hash, length) {
            Ok(()) | Err(Error::Refused) => {}
            Err(other) => return Err(other),
        }
        if ctx.preimages().query(&hash, length)?.is_none() {
            ctx.storage().remove(&hash)?;
            queue.remove(index);
            info!("a paste is gone");
        } else {
            index += 1;
        }
    }
    Ok(())
}

entry_points! { refine = refine, accumulate = accumulate }
