//! "Final State Integration": statistics, last accumulation and the commitment to outputs.

use std::collections::{BTreeMap, BTreeSet};

use jambox_chain::accumulation::{
    AccumulationState, BlockOutcome, Outputs, ServiceAccumulation, accumulate_block, output_root,
    statistics,
};
use jambox_invocation::{AccumulateCall, Accumulated};
use jambox_types::{Gas, Hash, PerSlot, Protocol, Revision, ServiceId, TimeSlot, WorkReport};

use super::{BLOCK, Invoked, PARAMETERS, PROTOCOL, SLOT, idle, report, state, transfer};

fn block(
    services: &[u32],
    reports: Vec<WorkReport>,
    script: impl Fn(&AccumulateCall, &mut Accumulated),
) -> BlockOutcome {
    block_under(&PROTOCOL, services, reports, script)
}

fn block_under(
    protocol: &Protocol,
    services: &[u32],
    reports: Vec<WorkReport>,
    script: impl Fn(&AccumulateCall, &mut Accumulated),
) -> BlockOutcome {
    let prior = AccumulationState {
        slot: TimeSlot(SLOT.0 - 1),
        state: state(services.iter().copied()),
        ready: PerSlot::from_fn(&PARAMETERS, |_| Vec::new()),
        accumulated: PerSlot::from_fn(&PARAMETERS, |_| BTreeSet::new()),
    };
    let invoke = |call: AccumulateCall| -> Invoked {
        let mut outcome = idle(call.clone());
        script(&call, &mut outcome);
        Ok(outcome)
    };
    accumulate_block(prior, BLOCK, reports, protocol, invoke).unwrap()
}

fn last_accumulation(outcome: &BlockOutcome, service: u32) -> Option<u32> {
    let info = outcome.state.state.accounts.get(ServiceId(service)).unwrap();
    info.map(|info| info.last_accumulation.0)
}

#[test]
fn statistics_sum_gas_over_rounds_and_count_items() {
    let reports = vec![report(1, &[(5, 10), (5, 10), (6, 10)])];
    let outcome = block(&[5, 6, 7, 8], reports, |call, outcome| {
        let service = call.service.0;
        outcome.gas_used = Gas(if service == 8 { 0 } else { u64::from(service) });
        if service == 5 {
            outcome.transfers = [6, 7, 8].map(|to| transfer(call.service, to, 1, 1)).into();
        }
    });
    let expected = [(5, 5, 2), (6, 12, 1), (7, 7, 0)].map(|(service, gas, items)| {
        (ServiceId(service), ServiceAccumulation { gas_used: Gas(gas), items, transfers: 0 })
    });
    assert_eq!(outcome.statistics, expected.into());
    assert_eq!(last_accumulation(&outcome, 7), Some(SLOT.0));
    assert_eq!(last_accumulation(&outcome, 8), Some(0), "no gas, no items: not accumulated");
    assert_eq!(outcome.state.slot, SLOT);
}

/// `eq:servicestatistics`: the counts are naturals without a bound.
#[test]
fn statistics_of_services_count_beyond_16_and_32_bits() {
    let mut reports = vec![report(1, &[(5, 10), (5, 10)]), report(2, &[(5, 10)])];
    for digest in reports.iter_mut().flat_map(|report| &mut report.digests) {
        let load = &mut digest.load;
        (load.imports, load.extrinsic_count, load.exports) = (40_000, 30_000, 25_000);
        load.extrinsic_size = 3 << 30;
    }
    let counted = statistics::of_services(&reports, &[], &BTreeMap::new());
    let record = counted[&ServiceId(5)];
    assert_eq!((record.imports, record.extrinsic_count, record.exports), (120_000, 90_000, 75_000));
    assert_eq!((record.extrinsic_size, record.refinement_count), (9 << 30, 3));
}

/// `eq:accumulationstatisticsdef`, 0.8.0: a service that only received transfers is listed, even
/// one that does not exist.
#[test]
fn statistics_count_transfers_since_0_8_0() {
    let protocol = Protocol::new(Revision::GrayPaper080, PARAMETERS);
    let reports = vec![report(1, &[(5, 10)])];
    let outcome = block_under(&protocol, &[5, 6], reports, |call, outcome| {
        if call.service == ServiceId(5) {
            let to = |service| transfer(call.service, service, 1, 1);
            outcome.transfers = vec![to(6), to(6), to(7)];
        }
    });
    let expected = [(5, 1, 0), (6, 0, 2), (7, 0, 1)].map(|(service, items, transfers)| {
        (ServiceId(service), ServiceAccumulation { gas_used: Gas(0), items, transfers })
    });
    assert_eq!(outcome.statistics, expected.into());
    assert_eq!(last_accumulation(&outcome, 6), Some(SLOT.0));
}

#[test]
fn a_service_that_is_gone_is_in_the_statistics_but_not_brought_back() {
    let outcome = block(&[5], vec![report(1, &[(5, 10), (9, 10)])], |_, _| {});
    let service = ServiceAccumulation { gas_used: Gas(0), items: 1, transfers: 0 };
    assert_eq!(outcome.statistics.get(&ServiceId(9)), Some(&service));
    assert_eq!(last_accumulation(&outcome, 9), None);
}

#[test]
fn the_commitment_to_outputs() {
    assert_eq!(output_root(&Outputs::new()), Hash::ZERO);
    let leaf = |service: u32, mark: u8| [&service.to_le_bytes()[..], &[mark; 32]].concat();
    let mut outputs = Outputs::from([(ServiceId(300), Hash([1; 32]))]);
    assert_eq!(output_root(&outputs), Hash::keccak(&leaf(300, 1)));
    outputs.insert((ServiceId(2), Hash([2; 32])));
    let node = [b"node", leaf(2, 2).as_slice(), &leaf(300, 1)].concat();
    assert_eq!(output_root(&outputs), Hash::keccak(&node));
}
