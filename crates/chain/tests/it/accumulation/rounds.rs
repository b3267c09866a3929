//! `eq:accseq` and `eq:accone`: rounds, their gas and their inputs.

use std::collections::BTreeMap;
use std::sync::Arc;

use jambox_chain::accumulation::{ReportsOutcome, accumulate_reports, block_gas};
use jambox_invocation::{AccumulateCall, Accumulated};
use jambox_state::{PartialState, StateError};
use jambox_types::{
    AccumulateInput, Gas, Hash, Operand, Parameters, Revision, Rules, ServiceId, WorkReport,
};

use super::{BLOCK, idle, report, state, transfer};

/// A call: service, gas, number of inputs.
type Call = (u32, u64, usize);

/// Runs reports under 0.7.2 and returns the calls.
fn run(
    gas: u64,
    reports: &[WorkReport],
    state: PartialState,
    script: impl FnMut(&AccumulateCall, &mut Accumulated),
) -> (ReportsOutcome, Vec<Call>) {
    run_under(Revision::GrayPaper072, gas, reports, state, script)
}

fn run_under(
    revision: Revision,
    gas: u64,
    reports: &[WorkReport],
    state: PartialState,
    mut script: impl FnMut(&AccumulateCall, &mut Accumulated),
) -> (ReportsOutcome, Vec<Call>) {
    let rules = Rules::of(revision);
    let mut calls = Vec::new();
    let reports: Vec<&WorkReport> = reports.iter().collect();
    let invoke = |call: AccumulateCall| -> Result<Accumulated, StateError> {
        calls.push((call.service.0, call.gas.0, call.inputs.len()));
        let mut outcome = idle(call.clone());
        script(&call, &mut outcome);
        Ok(outcome)
    };
    let outcome = accumulate_reports(Gas(gas), BLOCK, &reports, state, rules, invoke).unwrap();
    (outcome, calls)
}

#[test]
fn digests_of_a_service_are_gathered_in_one_call() {
    let reports = [report(1, &[(7, 10), (5, 20)]), report(2, &[(7, 30)])];
    let (outcome, calls) = run(60, &reports, state([5, 7]), |_, _| {});
    assert_eq!(calls, [(5, 20, 1), (7, 40, 2)]);
    assert_eq!(outcome.accumulated, 2);
    assert_eq!(outcome.gas_used, [(ServiceId(5), Gas(0)), (ServiceId(7), Gas(0))]);
}

#[test]
fn a_round_takes_the_reports_that_the_gas_covers_and_the_next_what_was_saved() {
    let reports = [report(1, &[(5, 60)]), report(2, &[(5, 41)]), report(3, &[(5, 50)])];
    let (outcome, calls) = run(100, &reports, state([5]), |_, outcome| {
        outcome.gas_used = Gas(10);
    });
    // 60 of 100; then 41 of 90 (not 91); then 50 of 80.
    assert_eq!(calls, [(5, 60, 1), (5, 41, 1), (5, 50, 1)]);
    assert_eq!(outcome.accumulated, 3);
}

#[test]
fn reports_beyond_the_gas_are_left() {
    let reports = [report(1, &[(5, 60)]), report(2, &[(5, 50)]), report(3, &[(5, 1)])];
    let (outcome, calls) = run(100, &reports, state([5]), |call, outcome| {
        outcome.gas_used = call.gas;
    });
    assert_eq!(calls, [(5, 60, 1)]);
    assert_eq!(outcome.accumulated, 1, "the third waits for the second");
}

#[test]
fn limits_that_overflow_are_not_affordable() {
    let reports = [report(1, &[(5, u64::MAX), (5, 2)])];
    let (outcome, calls) = run(100, &reports, state([5]), |_, _| {});
    assert!(calls.is_empty());
    assert_eq!(outcome.accumulated, 0);
}

#[test]
fn nothing_to_do_makes_no_call() {
    let (outcome, calls) = run(100, &[], state([5]), |_, _| {});
    assert!(calls.is_empty());
    assert_eq!((outcome.accumulated, outcome.gas_used.len()), (0, 0));
}

#[test]
fn a_report_without_digests_counts_as_accumulated() {
    let (outcome, calls) = run(0, &[report(1, &[])], state([5]), |_, _| {});
    assert!(calls.is_empty());
    assert_eq!(outcome.accumulated, 1);
}

#[test]
fn transfers_are_inputs_of_the_next_round_and_bring_their_gas() {
    let reports = [report(1, &[(5, 60)]), report(2, &[(6, 60)])];
    let (outcome, calls) = run(100, &reports, state([5, 6]), |call, outcome| {
        outcome.gas_used = call.gas;
        if call.service == ServiceId(5) {
            outcome.transfers = vec![transfer(call.service, 6, 9, 20)];
        }
    });
    // The first round uses 60 of 100, of which 20 went into the transfer. The second has 40 for
    // reports, less than the 60 needed, and gives the transfer its own 20. Then 40 - 20 + 20.
    assert_eq!(calls, [(5, 60, 1), (6, 20, 1)]);
    assert_eq!(outcome.accumulated, 1);
}

#[test]
fn gas_of_transfers_is_added_to_the_rest_of_the_block() {
    let reports = [report(1, &[(5, 60)]), report(2, &[(6, 60)])];
    let (outcome, calls) = run(100, &reports, state([5, 6]), |call, outcome| {
        outcome.gas_used = Gas(if call.inputs.len() == 1 && call.gas == Gas(60) { 50 } else { 0 });
        if calls_itself(call) {
            outcome.transfers = vec![transfer(call.service, 5, 9, 20)];
        }
    });
    // 100 - 50 = 50 does not cover 60; after the round with the transfer it is 50 + 20 - 0.
    assert_eq!(calls, [(5, 60, 1), (5, 20, 1), (6, 60, 1)]);
    assert_eq!(outcome.accumulated, 2);
}

fn calls_itself(call: &AccumulateCall) -> bool {
    call.service == ServiceId(5) && matches!(call.inputs[0], AccumulateInput::Operand(_))
}

#[test]
fn inputs_are_transfers_in_order_then_operands_in_order() {
    let reports = [report(1, &[(5, 10)]), report(2, &[(5, 20)]), report(3, &[(6, 1000)])];
    let mut seen = Vec::new();
    let mut state = state([5, 6, 9]);
    Arc::make_mut(&mut state.privileges).always_accumulate =
        BTreeMap::from([(ServiceId(9), Gas(3))]);
    let (_, calls) = run(29, &reports, state, |call, outcome| {
        if call.service == ServiceId(9) {
            outcome.transfers =
                vec![transfer(call.service, 5, 1, 100), transfer(call.service, 5, 2, 200)];
        }
        if call.inputs.len() == 3 {
            seen.clone_from(&call.inputs);
        }
    });
    // Round 1: report 1 alone is covered by 29; the second report waits for the transfers' round.
    assert_eq!(calls, [(5, 10, 1), (9, 3, 0), (5, 320, 3)]);
    let source = ServiceId(9);
    assert_eq!(
        seen,
        [
            AccumulateInput::Transfer(transfer(source, 5, 1, 100)),
            AccumulateInput::Transfer(transfer(source, 5, 2, 200)),
            AccumulateInput::Operand(Operand::new(&reports[1], &reports[1].digests[0])),
        ]
    );
}

#[test]
fn transfers_come_in_the_order_of_the_services_that_made_them() {
    let reports = [report(1, &[(6, 10), (5, 10)])];
    let mut amounts = Vec::new();
    run(100, &reports, state([5, 6, 7]), |call, outcome| {
        let own = u64::from(call.service.0);
        match call.service.0 {
            7 => amounts.extend(call.inputs.iter().map(|input| match input {
                AccumulateInput::Transfer(transfer) => transfer.amount.0,
                AccumulateInput::Operand(_) => 0,
            })),
            _ => {
                let make = |amount| transfer(call.service, 7, amount, 1);
                outcome.transfers = vec![make(own * 10 + 2), make(own * 10 + 1)];
            }
        }
    });
    assert_eq!(amounts, [52, 51, 62, 61]);
}

#[test]
fn services_that_always_accumulate_do_so_in_the_first_round_only() {
    let mut state = state([5, 9]);
    Arc::make_mut(&mut state.privileges).always_accumulate =
        BTreeMap::from([(ServiceId(5), Gas(7)), (ServiceId(9), Gas(8))]);
    let reports = [report(1, &[(5, 60)]), report(2, &[(5, 50)])];
    let (_, calls) = run(100, &reports, state, |_, _| {});
    assert_eq!(calls, [(5, 67, 1), (9, 8, 0), (5, 50, 1)]);
}

#[test]
fn outputs_are_those_of_all_rounds() {
    let reports = [report(1, &[(5, 60), (6, 10)]), report(2, &[(5, 50)])];
    let mut hashes = [Hash([9; 32]), Hash([3; 32])].into_iter();
    let (outcome, _) = run(100, &reports, state([5, 6]), |call, outcome| {
        if call.service == ServiceId(5) {
            outcome.yielded = hashes.next();
        }
    });
    let outputs: Vec<_> = outcome.outputs.into_iter().collect();
    let five = ServiceId(5);
    assert_eq!(outputs, [(five, Hash([3; 32])), (five, Hash([9; 32]))]);
}

/// `eq:accseq`: 0.8.0 adds the gas of transfers one round earlier and counts it in that round, with
/// the same sum.
#[test]
fn gas_of_transfers_is_as_good_as_that_of_reports() {
    let reports = [report(1, &[(5, 60)]), report(2, &[(6, 60)])];
    for revision in Revision::ALL {
        let calls = |gas| {
            let (outcome, calls) =
                run_under(revision, gas, &reports, state([5, 6]), |call, outcome| {
                    outcome.gas_used = Gas(if call.service == ServiceId(5) { 30 } else { 0 });
                    if calls_itself(call) {
                        outcome.transfers = vec![transfer(call.service, 6, 9, 20)];
                    }
                });
            assert_eq!(outcome.receivers, [ServiceId(6)]);
            calls
        };
        assert_eq!(calls(90), [(5, 60, 1), (6, 80, 2)]);
        assert_eq!(calls(89), [(5, 60, 1), (6, 20, 1), (6, 60, 1)]);
    }
}

/// `sec:accumulationexecution`, 0.8.0: no report is taken beside always-accumulating services with
/// more gas than is left, but the services do accumulate.
#[test]
fn services_that_always_accumulate_count_in_the_gas_since_0_8_0() {
    let free = |gas: u64| {
        let mut state = state([5, 9]);
        Arc::make_mut(&mut state.privileges).always_accumulate = [(ServiceId(9), Gas(gas))].into();
        state
    };
    let reports = [report(1, &[(5, 60)])];
    let revision = Revision::GrayPaper080;
    let first = |state| run_under(revision, 100, &reports, state, |_, _| {}).1[0];
    assert_eq!(first(free(40)), (5, 60, 1));
    assert_eq!(first(free(41)), (9, 41, 0), "the report waits for the second round");
    let spend = |call: &AccumulateCall, outcome: &mut Accumulated| outcome.gas_used = call.gas;
    let (outcome, calls) = run_under(revision, 100, &reports, free(101), spend);
    assert_eq!((calls, outcome.accumulated), (vec![(9, 101, 0)], 0));
    let (_, calls) = run(100, &reports, free(101), |_, _| {});
    assert_eq!(calls, [(5, 60, 1), (9, 101, 0)], "0.7.2 counts reports alone");
}

/// `g` of "Final State Integration".
#[test]
fn gas_of_a_block() {
    let mut privileges = (*state([]).privileges).clone();
    let parameters = Parameters { block_accumulate_gas: 1000, ..Parameters::TINY };
    let parameters = Parameters { report_accumulate_gas: 400, cores: 2, ..parameters };
    assert_eq!(block_gas(&privileges, &parameters), Gas(1000));
    privileges.always_accumulate =
        BTreeMap::from([(ServiceId(1), Gas(150)), (ServiceId(2), Gas(60))]);
    assert_eq!(block_gas(&privileges, &parameters), Gas(1010));
    privileges.always_accumulate.insert(ServiceId(3), Gas(u64::MAX));
    assert_eq!(block_gas(&privileges, &parameters), Gas(u64::MAX));
}

#[test]
fn an_error_ends_everything() {
    let reports = [report(1, &[(5, 60)])];
    let reports: Vec<&WorkReport> = reports.iter().collect();
    let rules = Rules::of(Revision::GrayPaper072);
    let fail = |call: AccumulateCall| Err(StateError::NoAccount(call.service));
    let result = accumulate_reports(Gas(100), BLOCK, &reports, state([5]), rules, fail);
    assert!(matches!(result, Err(StateError::NoAccount(ServiceId(5)))));
}
