//! The context of accumulate: two copies of all mutable data, the regular and the exceptional one.

use std::sync::Arc;

use imbl::{OrdMap, Vector};
use jambox_hostcall::FetchKind;
use jambox_state::{AccountInfo, Accounts, Blob, PartialState, StateError};
use jambox_types::{AccumulateInput, DeferredTransfer, Hash, ServiceId, TimeSlot};

use crate::handlers::ids::first_new_id;
use crate::inputs::Inputs;
use crate::{Env, HostError};

/// Effects of an accumulation (`eq:implications`, 0.7.2). A clone costs O(1).
#[derive(Clone, Debug)]
pub(crate) struct Implications {
    /// State after.
    pub(crate) state: PartialState,
    /// Id of the next new service.
    pub(crate) next_service: ServiceId,
    /// Transfers made.
    pub(crate) transfers: Vector<DeferredTransfer>,
    /// Accumulation output.
    pub(crate) yielded: Option<Hash>,
    /// Preimages provided, by service and hash.
    pub(crate) provisions: OrdMap<(ServiceId, Hash), Blob>,
}

/// The context of `eq:accinvocation` (0.7.2).
pub(crate) struct Accumulate<'a> {
    pub(crate) env: &'a Env,
    /// The running service, whose account exists.
    pub(crate) service: ServiceId,
    /// Slot of the block.
    pub(crate) slot: TimeSlot,
    /// Posterior entropy of the block.
    pub(crate) entropy: Hash,
    /// Accounts before the accumulation. Ids of new services are not among them.
    pub(crate) base: Accounts,
    pub(crate) inputs: Inputs,
    /// Effects if the guest halts.
    pub(crate) regular: Implications,
    /// Effects if it panics or runs out of gas: those at the last checkpoint.
    pub(crate) exceptional: Implications,
}

impl<'a> Accumulate<'a> {
    pub(crate) fn new(
        env: &'a Env,
        state: PartialState,
        base: Accounts,
        service: ServiceId,
        block: (TimeSlot, Hash),
        inputs: Vec<AccumulateInput>,
    ) -> Result<Self, HostError> {
        let (slot, entropy) = block;
        let implications = Implications {
            state,
            next_service: first_new_id(&base, service, slot, entropy)?,
            transfers: Vector::new(),
            yielded: None,
            provisions: OrdMap::new(),
        };
        Ok(Self {
            env,
            service,
            slot,
            entropy,
            base,
            inputs: Inputs::new(inputs),
            exceptional: implications.clone(),
            regular: implications,
        })
    }

    /// The present accounts.
    pub(crate) fn accounts(&self) -> &Accounts {
        &self.regular.state.accounts
    }

    /// The present accounts, mutable.
    pub(crate) fn accounts_mut(&mut self) -> &mut Accounts {
        &mut self.regular.state.accounts
    }

    /// Account of the running service.
    pub(crate) fn own(&self) -> Result<AccountInfo, StateError> {
        self.accounts().get(self.service)?.ok_or(StateError::NoAccount(self.service))
    }

    /// The data of a kind of `fetch`; `None` where there are no such data.
    pub(crate) fn fetch(&self, kind: FetchKind, first: u64) -> Option<Blob> {
        match kind {
            FetchKind::Constants => Some(self.env.constants()),
            FetchKind::Entropy => Some(Arc::from(self.entropy.0.as_slice())),
            _ => self.inputs.fetch(kind, first),
        }
    }
}
