//! The accumulate invocation for one service (`eq:accinvocation`, 0.7.2).

use jambox_codec::encode_natural;
use jambox_hostcall::Context;
use jambox_program::split_metadata;
use jambox_state::{Blob, PartialState};
use jambox_types::{AccumulateInput, Balance, DeferredTransfer, Gas, Hash, ServiceId, TimeSlot};

use crate::context::{Accumulate, Implications};
use crate::runner::{Job, entry_pc};
use crate::{End, Env, Failure, HostError, Observer};

/// Arguments of accumulate.
#[derive(Clone, Debug)]
pub struct AccumulateCall {
    /// State before.
    pub state: PartialState,
    /// Slot of the block.
    pub slot: TimeSlot,
    /// Posterior entropy of the block.
    pub entropy: Hash,
    /// The service.
    pub service: ServiceId,
    /// Gas limit.
    pub gas: Gas,
    /// Operands and transfers, in order. The transfers are credited to the service.
    pub inputs: Vec<AccumulateInput>,
}

/// Result of accumulate (`eq:acconeout`, 0.7.2).
#[derive(Clone, Debug)]
pub struct Accumulated {
    /// State after.
    pub state: PartialState,
    /// Transfers made by the service.
    pub transfers: Vec<DeferredTransfer>,
    /// Accumulation output: the argument of `yield`, or a 32-octet output.
    pub yielded: Option<Hash>,
    /// The gas used.
    pub gas_used: Gas,
    /// Preimages provided, without duplicates.
    pub provisions: Vec<(ServiceId, Blob)>,
    /// Reason for running no code; `None` if code ran.
    pub no_code: Option<NoCode>,
    /// Failure of the guest, if it failed; the state is then that of its last checkpoint.
    pub failure: Option<Box<Failure>>,
}

/// Reason for an accumulation without code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoCode {
    /// There is no such service.
    #[error("the service does not exist")]
    NoService,
    /// The code's preimage is missing, or not encoded with its metadata.
    #[error("the service's code is not available")]
    Unavailable,
    /// The code is larger than allowed. The field is its length, in octets.
    #[error("the service's code has {0} octets, more than allowed")]
    TooBig(usize),
}

/// Accumulates for one service.
///
/// # Errors
///
/// When the host cannot go on.
pub fn accumulate(
    env: &Env,
    call: AccumulateCall,
    observer: &mut dyn Observer,
) -> Result<Accumulated, HostError> {
    let AccumulateCall { mut state, slot, entropy, service, gas, inputs } = call;
    let base = state.accounts.clone();
    let Some(account) = base.get(service)? else {
        return Ok(Accumulated::without_code(state, NoCode::NoService));
    };
    credit(&mut state, service, &inputs)?;
    let Some(code) = base.preimage(service, &account.code_hash)? else {
        return Ok(Accumulated::without_code(state, NoCode::Unavailable));
    };
    let Ok((_, program)) = split_metadata(&code) else {
        return Ok(Accumulated::without_code(state, NoCode::Unavailable));
    };
    if program.len() > env.parameters().max_service_code_size as usize {
        return Ok(Accumulated::without_code(state, NoCode::TooBig(program.len())));
    }
    let mut arguments = Vec::new();
    encode_natural(u64::from(slot.0), &mut arguments);
    encode_natural(u64::from(service.0), &mut arguments);
    encode_natural(inputs.len() as u64, &mut arguments);
    let job = Job {
        code_hash: account.code_hash,
        code: &code,
        program,
        entry_pc: entry_pc(Context::Accumulate).into(),
        gas_limit: gas.0,
        arguments: &arguments,
    };
    let mut context = Accumulate::new(env, state, base, service, (slot, entropy), inputs)?;
    let (end, gas_used) = env.invoke(&job, &mut context, observer)?;
    Ok(collapse(context.regular, context.exceptional, end, Gas(gas_used)))
}

/// Credits transfers to the service's balance.
fn credit(
    state: &mut PartialState,
    service: ServiceId,
    inputs: &[AccumulateInput],
) -> Result<(), HostError> {
    let amounts = inputs.iter().filter_map(|input| match input {
        AccumulateInput::Transfer(transfer) => Some(transfer.amount.0),
        AccumulateInput::Operand(_) => None,
    });
    let total = amounts.fold(0u64, u64::saturating_add);
    if total > 0 {
        state.accounts.update(service, |account| {
            account.balance = Balance(account.balance.0.saturating_add(total));
        })?;
    }
    Ok(())
}

/// Chooses between the two contexts (`C` in `eq:accinvocation`, 0.7.2). An output of exactly 32
/// octets is the accumulation output.
fn collapse(
    regular: Implications,
    exceptional: Implications,
    end: End,
    gas_used: Gas,
) -> Accumulated {
    match end {
        End::Halt(output) => {
            let output = <[u8; Hash::LENGTH]>::try_from(output.as_slice()).ok().map(Hash);
            let yielded = output.or(regular.yielded);
            Accumulated::of(Implications { yielded, ..regular }, gas_used, None)
        }
        End::Panic(failure) | End::OutOfGas(failure) => {
            Accumulated::of(exceptional, gas_used, Some(failure))
        }
    }
}

impl Accumulated {
    fn of(implications: Implications, gas_used: Gas, failure: Option<Box<Failure>>) -> Self {
        let Implications { state, transfers, yielded, provisions, .. } = implications;
        let provisions = provisions.into_iter().map(|((service, _), blob)| (service, blob));
        Self {
            state,
            transfers: transfers.into_iter().collect(),
            yielded,
            gas_used,
            provisions: provisions.collect(),
            no_code: None,
            failure,
        }
    }

    fn without_code(state: PartialState, reason: NoCode) -> Self {
        Self {
            state,
            transfers: Vec::new(),
            yielded: None,
            gas_used: Gas(0),
            provisions: Vec::new(),
            no_code: Some(reason),
            failure: None,
        }
    }
}
