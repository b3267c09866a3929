//! The accumulate invocation for one service (`eq:accinvocation`, 0.7.2).

use jambox_codec::encode_natural;
use jambox_hostcall::Context;
use jambox_program::split_metadata;
use jambox_state::{Blob, PartialState};
use jambox_types::{AccumulateInput, Balance, DeferredTransfer, Gas, Hash, ServiceId, TimeSlot};

use crate::context::{Accumulate, Implications};
use crate::runner::{Job, entry_pc};
use crate::{End, Env, Failure, HostError, Observer};

/// What accumulate is asked to do.
#[derive(Clone, Debug)]
pub struct AccumulateCall {
    /// The state before.
    pub state: PartialState,
    /// The block's slot.
    pub slot: TimeSlot,
    /// The block's posterior entropy.
    pub entropy: Hash,
    /// The service that accumulates.
    pub service: ServiceId,
    /// The gas that it may use.
    pub gas: Gas,
    /// What there is to accumulate; transfers among it credit the service.
    pub inputs: Vec<AccumulateInput>,
}

/// What came of it (`eq:acconeout`, 0.7.2).
#[derive(Clone, Debug)]
pub struct Accumulated {
    /// The state after.
    pub state: PartialState,
    /// Transfers that the service made.
    pub transfers: Vec<DeferredTransfer>,
    /// The output.
    pub yielded: Option<Hash>,
    /// The gas used.
    pub gas_used: Gas,
    /// Preimages provided, without duplicates.
    pub provisions: Vec<(ServiceId, Blob)>,
    /// Why there was nothing to run, if so.
    pub no_code: Option<NoCode>,
    /// Why the guest failed, if it ran and did; the state is then that of its last checkpoint.
    pub failure: Option<Box<Failure>>,
}

/// Why an accumulation runs no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoCode {
    /// There is no such service.
    #[error("there is no such service")]
    NoService,
    /// The code's preimage is not there, or not encoded with its metadata.
    #[error("the service's code is not there")]
    Unavailable,
    /// The code is larger than allowed.
    #[error("the service's code has {0} octets, more than allowed")]
    TooBig(usize),
}

/// Accumulates for one service.
///
/// # Errors
///
/// Only when the host cannot go on.
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

/// Adds what incoming transfers bring to the service's balance.
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

/// Which of the two contexts stands (`C` in `eq:accinvocation`, 0.7.2). An output of exactly 32
/// octets is the hash that is yielded.
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
