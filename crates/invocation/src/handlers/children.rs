//! `invoke_child`: a child program from a preimage, run at once and to its end.

use jambox_engine::{Exit, Instance, StandardModule};
use jambox_hostcall::{InnerExit, Quantity, Reply, code, request};
use jambox_program::{MAX_ARGUMENTS, StandardProgram, split_metadata};
use jambox_state::Blob;

use crate::context::Refine;
use crate::guest::Guest;
use crate::runner::{output, run_within};
use crate::{Machine, Stop};

pub(crate) fn invoke(
    context: &mut Refine<'_>,
    guest: &mut Guest<'_>,
    request: &request::InvokeChild,
) -> Result<Reply, Stop> {
    let hash = guest.read_hash(request.code_hash)?;
    guest.require_readable("the input", request.input)?;
    let (accounts, service, slot) = (context.accounts, context.service, context.lookup_slot);
    let Some(code) = accounts.historical_lookup(service, slot, &hash)? else {
        return Ok(Reply::Code(code!(InvokeChild, none)));
    };
    if request.gas_limit > *guest.gas {
        return Ok(Reply::Code(code!(InvokeChild, low)));
    }
    let panicked =
        |gas_left| Reply::Child { exit: InnerExit::Panic, gas_left, output: Blob::from([]) };
    if request.input.length > MAX_ARGUMENTS {
        return Ok(panicked(request.gas_limit));
    }
    let input = guest.read_to_keep("the input", request.input)?;
    let Some(mut child) = instance(context, &code, &input)? else {
        return Ok(panicked(request.gas_limit));
    };
    child.set_gas(request.gas_limit);
    guest.observer.inner_started(Machine::CHILD, &child);
    let machine = Machine::Inner(Machine::CHILD);
    let exit = run_within(guest.meter, guest.observer, machine, &mut child)?;
    guest.observer.inner_ended(Machine::CHILD, &child, exit);
    guest.charge_for(Quantity::InnerGas, request.gas_limit.saturating_sub(child.gas()))?;
    let (exit, output) = match exit {
        Exit::Halt => (InnerExit::Halt, output(guest.meter, &child)?),
        Exit::Panic => (InnerExit::Panic, Vec::new()),
        Exit::PageFault(_) => (InnerExit::Fault, Vec::new()),
        Exit::HostCall(_) => (InnerExit::Host, Vec::new()),
        Exit::OutOfGas => (InnerExit::OutOfGas, Vec::new()),
    };
    Ok(Reply::Child { exit, gas_left: child.gas(), output: output.into() })
}

/// An instance of a standard program, with or without metadata, with its arguments. `None` if it is
/// no program or the arguments do not fit.
fn instance(
    context: &mut Refine<'_>,
    code: &[u8],
    arguments: &[u8],
) -> Result<Option<Instance>, Stop> {
    let without_metadata = split_metadata(code).and_then(|(_, code)| StandardProgram::parse(code));
    let Ok(standard) = without_metadata.or_else(|_| StandardProgram::parse(code)) else {
        return Ok(None);
    };
    if standard.layout(arguments.len() as u64).is_none() {
        return Ok(None);
    }
    let cache = &mut context.machines.code;
    let Ok((code, module)) = cache.acquire(context.env, standard.code())? else {
        return Ok(None);
    };
    // The child holds the module while it runs, and no other child starts before it ends.
    cache.release(&code);
    Ok(Some(StandardModule::from_parts(module, standard)?.instance(arguments)?))
}
