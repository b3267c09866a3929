//! Makes child services. A first package orders a child by its code's hash and length: the child is
//! created, and waits for its code. A second one delivers the code, which the factory provides to
//! the child as a preimage; from the next block on the child runs, and gets the order's endowment.
#![no_std]

use jambox_sdk::prelude::*;

/// Gas of the transfer that brings a child its endowment.
const FIRST_GAS: Gas = Gas(100_000);

/// A payload.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Describe)]
pub enum Command {
    /// Create a child for this code, of which only hash and length go on chain.
    Order {
        /// The code.
        code: Vec<u8>,
        /// Balance that the child gets once it has its code.
        endowment: u64,
    },
    /// Deliver the code of a child.
    Deliver {
        /// Number of the child, counted from 0 by the order of orders.
        child: u64,
        /// The code.
        code: Vec<u8>,
    },
}

/// Refine's result for accumulate.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Task {
    /// Create a child.
    Order {
        /// Hash of the code.
        code: Hash,
        /// Length of the code, in octets.
        length: u32,
        /// Balance for the child.
        endowment: u64,
    },
    /// Provide the code.
    Deliver {
        /// Number of the child.
        child: u64,
        /// The code.
        code: Vec<u8>,
    },
}

/// A child.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Child {
    /// The child's service.
    pub service: ServiceId,
    /// Hash of its code.
    pub code: Hash,
    /// Balance that it gets with its code; 0 once it has the code.
    pub endowment: u64,
}

/// Event: progress of a child.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Event)]
pub enum Progress {
    /// The child was created: its number and its service.
    Created(u64, ServiceId),
    /// The child has its code: its number and its service.
    Delivered(u64, ServiceId),
    /// The factory's balance does not suffice for a child of this code hash.
    TooExpensive(Hash),
    /// There is no child of this number, or it does not wait for this code.
    NotWanted(u64),
}

layout! {
    /// Children by their numbers.
    pub CHILDREN: List<Child> = 0;
}

fn refine(_: &RefineContext, arguments: RefineArguments) -> Result<Vec<u8>, Placed> {
    let task = match decode_all(&arguments.payload).map_err(Error::from)? {
        Command::Order { code, endowment } => {
            let length = u32::try_from(code.len()).map_err(|_| Error::Overflow)?;
            Task::Order { code: blake2b_256(&code), length, endowment }
        }
        Command::Deliver { child, code } => Task::Deliver { child, code },
    };
    Ok(encode(&task))
}

fn accumulate(ctx: &AccumulateContext, _: AccumulateArguments) -> Result<(), Placed> {
    for input in ctx.fetcher().inputs()? {
        let AccumulateInput::Operand(operand) = input else { continue };
        let Ok(result) = operand.result.0 else { continue };
        let progress = match decode_all(&result) {
            Ok(Task::Order { code, length, endowment }) => order(ctx, code, length, endowment)?,
            Ok(Task::Deliver { child, code }) => deliver(ctx, child, &code)?,
            Err(_) => continue,
        };
        emit(&progress);
    }
    Ok(())
}

fn order(
    ctx: &AccumulateContext,
    code: Hash,
    length: u32,
    endowment: u64,
) -> Result<Progress, Placed> {
    let new = NewService {
        code_hash: code,
        code_length: length,
        min_accumulate_gas: Gas(10_000),
        min_memo_gas: FIRST_GAS,
        gratis: 0,
        wanted_id: ServiceId(0),
    };
    let service = match ctx.new_service(&new) {
        Ok(service) => service,
        Err(Error::InsufficientFunds) => return Ok(Progress::TooExpensive(code)),
        Err(other) => return Err(other.into()),
    };
    let number = CHILDREN.push(&ctx.storage(), &Child { service, code, endowment })?;
    Ok(Progress::Created(number, service))
}

fn deliver(ctx: &AccumulateContext, number: u64, code: &[u8]) -> Result<Progress, Placed> {
    let storage = ctx.storage();
    let Some(mut child) = CHILDREN.get(&storage, number)? else {
        return Ok(Progress::NotWanted(number));
    };
    match ctx.preimages().of(child.service).provide(code) {
        Ok(()) => {}
        Err(Error::Refused) => return Ok(Progress::NotWanted(number)),
        Err(other) => return Err(other.into()),
    }
    if child.endowment > 0 {
        let memo = Memo::from_text("from your factory").ok_or(Error::Overflow)?;
        ctx.transfer(child.service, child.endowment, FIRST_GAS, &memo)?;
        child.endowment = 0;
        CHILDREN.set(&storage, number, &child)?;
    }
    Ok(Progress::Delivered(number, child.service))
}

entry_points! { payload = Command, refine = refine, accumulate = accumulate }
