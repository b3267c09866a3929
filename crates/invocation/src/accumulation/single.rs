//! What the accumulation of one service is given.

use jambox_state::PartialState;
use jambox_types::{AccumulateInput, DeferredTransfer, Gas, Operand, ServiceId, WorkReport};

use super::BlockContext;
use crate::AccumulateCall;

/// The inputs of a round, for every service that takes part in it.
#[derive(Clone, Copy)]
pub(super) struct Round<'a> {
    pub block: BlockContext,
    /// Transfers of the round before.
    pub transfers: &'a [DeferredTransfer],
    /// Reports of this round.
    pub reports: &'a [&'a WorkReport],
}

impl Round<'_> {
    /// The call for `service`, which has `free_gas` on top of what its inputs bring (`eq:accone`,
    /// 0.7.2).
    pub fn call(&self, state: &PartialState, service: ServiceId, free_gas: Gas) -> AccumulateCall {
        let mut gas = free_gas.0;
        let mut inputs = Vec::new();
        for transfer in self.transfers {
            if transfer.destination == service {
                gas = gas.saturating_add(transfer.gas_limit.0);
                inputs.push(AccumulateInput::Transfer(transfer.clone()));
            }
        }
        for report in self.reports {
            for digest in report.digests.iter().filter(|digest| digest.service == service) {
                gas = gas.saturating_add(digest.accumulate_gas_limit.0);
                inputs.push(AccumulateInput::Operand(Operand::new(report, digest)));
            }
        }
        let BlockContext { slot, entropy } = self.block;
        AccumulateCall { state: state.clone(), slot, entropy, service, gas: Gas(gas), inputs }
    }
}
