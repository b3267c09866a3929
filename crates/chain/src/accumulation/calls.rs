//! Arguments of the services' accumulations in a round.

use std::collections::BTreeMap;

use jambox_state::PartialState;
use jambox_types::{AccumulateInput, DeferredTransfer, Gas, Operand, ServiceId, WorkReport};

use super::BlockContext;
use jambox_invocation::AccumulateCall;

/// Inputs of a round.
pub(super) struct Round<'a> {
    pub block: BlockContext,
    /// Transfers made in the round before.
    pub transfers: Vec<DeferredTransfer>,
    /// Reports of this round.
    pub reports: &'a [&'a WorkReport],
    /// Always-accumulating services, with their gas.
    pub free: BTreeMap<ServiceId, Gas>,
}

impl Round<'_> {
    /// True for a round without inputs.
    pub fn is_empty(&self) -> bool {
        self.transfers.is_empty() && self.reports.is_empty() && self.free.is_empty()
    }

    /// Gas of transfers and of always-accumulating services; the gas of reports is not included.
    pub fn gas(&self) -> u64 {
        let transfers = self.transfers.iter().map(|transfer| transfer.gas_limit.0);
        let free = self.free.values().map(|gas| gas.0);
        transfers.chain(free).fold(0, u64::saturating_add)
    }

    /// Arguments of all services in the round (`eq:accone`, 0.7.2): gas from all sources, transfers
    /// before operands.
    pub fn into_calls(self, state: &PartialState) -> BTreeMap<ServiceId, AccumulateCall> {
        let BlockContext { slot, entropy } = self.block;
        let mut calls = BTreeMap::new();
        let mut add = |service: ServiceId, gas: Gas, input: Option<AccumulateInput>| {
            let call = calls.entry(service).or_insert_with(|| {
                let (state, inputs) = (state.clone(), Vec::new());
                AccumulateCall { state, slot, entropy, service, gas: Gas(0), inputs }
            });
            call.gas.0 = call.gas.0.saturating_add(gas.0);
            call.inputs.extend(input);
        };
        for (service, gas) in self.free {
            add(service, gas, None);
        }
        for transfer in self.transfers {
            let (service, gas) = (transfer.destination, transfer.gas_limit);
            add(service, gas, Some(AccumulateInput::Transfer(transfer)));
        }
        for report in self.reports {
            for digest in &report.digests {
                let operand = AccumulateInput::Operand(Operand::new(report, digest));
                add(digest.service, digest.accumulate_gas_limit, Some(operand));
            }
        }
        calls
    }
}
