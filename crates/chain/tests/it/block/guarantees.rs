//! Guarantees that break a rule.

use super::*;

fn given(guarantees: Vec<Guarantee>) -> Result<KeyedBase, Refusal> {
    run(&block(Extrinsic { guarantees, ..Extrinsic::default() }))
}

/// Refusal of a block with one guarantee, for core 0, after a change to its report.
#[track_caller]
fn refused(change: impl FnOnce(&mut WorkReport)) -> Refusal {
    given(vec![guarantee(0, change)]).expect_err("it breaks a rule")
}

const INDEX: usize = 0;

#[test]
fn reports_are_for_cores_that_are_free() {
    given(vec![guarantee(0, |_| {})]).expect("core 0 is free");
    let (index, core) = (INDEX, CoreIndex(1));
    assert_eq!(given(vec![guarantee(1, |_| {})]), Err(Refusal::CoreEngaged { index, core }));
    let order = |index, core| Err(Refusal::GuaranteeOrder { index, core: CoreIndex(core) });
    assert_eq!(given(vec![guarantee(0, |_| {}), guarantee(0, |_| {})]), order(1, 0));
    assert_eq!(given(vec![guarantee(2, |_| {})]), order(0, 2));
}

#[test]
fn reported_work_is_by_services_as_they_are() {
    let (index, service) = (INDEX, ServiceId(8));
    let refusal = refused(|report| report.digests[0].service = service);
    assert_eq!(refusal, Refusal::NoService { index, service });
    let service = SERVICE;
    let refusal = refused(|report| report.digests[0].code_hash = Hash::ZERO);
    assert_eq!(refusal, Refusal::CodeHash { index, service });
    let (gas, least) = (Gas(49), Gas(50));
    let refusal = refused(|report| report.digests[0].accumulate_gas_limit = gas);
    assert_eq!(refusal, Refusal::TooLittleGas { index, service, gas, least });
    let most = Gas(PARAMETERS.report_accumulate_gas);
    let half = |report: &mut WorkReport, more: u64| {
        report.digests.push(report.digests[0].clone());
        report.digests[0].accumulate_gas_limit = Gas(most.0 - 100 + more);
    };
    given(vec![guarantee(0, |report| half(report, 0))]).expect("all the gas that there is");
    assert_eq!(refused(|report| half(report, 1)), Refusal::TooMuchGas { index });
}

#[test]
fn two_or_three_validators_answer_for_a_report() {
    let by = |validators: &[u16]| {
        let credentials = credentials(validators);
        given(vec![Guarantee { credentials, ..guarantee(0, |_| {}) }])
    };
    by(&[0, 1, 5]).expect("three of six");
    let wrong: [&[u16]; 6] = [&[], &[1], &[0, 1, 2, 3], &[1, 0], &[1, 1], &[1, 6]];
    for validators in wrong {
        assert_eq!(by(validators).err(), Some(Refusal::Credentials { index: INDEX }));
    }
}

/// Rotations have four slots: slot 11 is in the one that began with slot 8, after that of slot 4.
#[test]
fn guarantees_are_of_this_rotation_or_the_last() {
    let of =
        |slot| given(vec![Guarantee { slot: TimeSlot(slot), ..guarantee(0, |_| {}) }]).map(drop);
    let index = INDEX;
    assert_eq!((of(4), of(11)), (Ok(()), Ok(())));
    for slot in [0, 3, 12] {
        let slot = TimeSlot(slot);
        assert_eq!(of(slot.0), Err(Refusal::GuaranteeSlot { index, slot }));
    }
}

#[test]
fn authorizers_are_in_the_pool_of_their_core() {
    let refusal = refused(|report| report.authorizer = Hash::ZERO);
    assert_eq!(refusal, Refusal::Authorizer { index: INDEX, core: CoreIndex(0) });
}

#[test]
fn reports_are_limited() {
    let index = INDEX;
    let digests = |count| {
        move |report: &mut WorkReport| {
            let digest = report.digests[0].clone();
            report.digests = vec![digest; count];
        }
    };
    given(vec![guarantee(0, digests(16))]).expect("16 are allowed");
    for count in [0, 17] {
        let refusal = refused(digests(count));
        assert_eq!(refusal, Refusal::DigestCount { index, count, most: 16 });
    }
    let refusal = refused(|report| {
        let hashes = |from: u8| (from..).map(|octet| Hash([octet; 32]));
        report.segment_roots = hashes(1).take(5).map(|hash| (hash, Hash::ZERO)).collect();
        report.context.prerequisites = hashes(100).take(4).collect();
    });
    assert_eq!(refusal, Refusal::DependencyCount { index, count: 9, most: 8 });
    let outputs = |more: usize| {
        move |report: &mut WorkReport| {
            report.auth_trace = vec![0; 152];
            report.digests[0].result = WorkResult(Ok(vec![0; 49_000 + more]));
        }
    };
    given(vec![guarantee(0, outputs(0))]).expect("48 KiB are allowed");
    assert_eq!(refused(outputs(1)), Refusal::ReportSize { index, octets: 49_153, most: 49_152 });
}

#[test]
fn packages_are_reported_once() {
    let index = INDEX;
    // Reported recently; pending on core 1, though it becomes available in this very block.
    for package in [PAST.0, Hash([31; 32])] {
        let mut report = guarantee(0, |report| report.availability.package_hash = package);
        let assurances = (0..5).map(|assurer| assurance(assurer, 1)).collect();
        report.slot = TimeSlot(11);
        let extrinsic = Extrinsic { guarantees: vec![report], assurances, ..Extrinsic::default() };
        assert_eq!(run(&block(extrinsic)), Err(Refusal::Reported { index, package }));
    }
    // In the queue; accumulated recently.
    let package = Hash([40; 32]);
    let mut waiting = report(0);
    waiting.availability.package_hash = package;
    let ready: ReadyQueue = PerSlot::from_fn(&PARAMETERS, |slot| {
        let waits = ReadyReport { report: waiting.clone(), dependencies: [PAST.1].into() };
        if slot == 3 { vec![waits] } else { Vec::new() }
    });
    let accumulated: AccumulatedQueue =
        PerSlot::from_fn(&PARAMETERS, |slot| if slot == 0 { [package].into() } else { [].into() });
    let mut changes = [Changes::default(), Changes::default()];
    changes[0].set_component(Component::ReadyQueue, &ready, &PROTOCOL);
    changes[1].set_component(Component::Accumulated, &accumulated, &PROTOCOL);
    for changes in &changes {
        let mut prior = (*state()).clone();
        prior.change(changes);
        let guarantees = vec![guarantee(0, |report| report.availability.package_hash = package)];
        let block = block(Extrinsic { guarantees, ..Extrinsic::default() });
        assert_eq!(run_on(&Arc::new(prior), &block), Err(Refusal::Reported { index, package }));
    }
    // Twice in one block.
    let assurances = (0..5).map(|assurer| assurance(assurer, 1)).collect();
    let same = |core| guarantee(core, |report| report.availability.package_hash = package);
    let guarantees = vec![same(0), same(1)];
    let block = block(Extrinsic { guarantees, assurances, ..Extrinsic::default() });
    assert_eq!(run(&block), Err(Refusal::Reported { index: 1, package }));
}

#[test]
fn contexts_are_those_of_recent_blocks() {
    let index = INDEX;
    let changes: [fn(&mut RefineContext); 3] = [
        |context| context.anchor = Hash::ZERO,
        |context| context.state_root = Hash::ZERO,
        |context| context.accumulation_root = Hash::ZERO,
    ];
    for change in changes {
        let refusal = refused(|report| change(&mut report.context));
        assert_eq!(refusal, Refusal::Anchor { index });
    }
    // At most 24 slots back.
    let looked_up = |slot| {
        let mut block = block(Extrinsic {
            guarantees: vec![guarantee(0, |report| {
                report.context.lookup_anchor_slot = TimeSlot(slot);
            })],
            ..Extrinsic::default()
        });
        block.header.slot = TimeSlot(40);
        block.extrinsic.guarantees[0].slot = TimeSlot(40);
        block.header.extrinsic_hash = block.extrinsic.hash(&PROTOCOL);
        run(&block).map(drop)
    };
    assert_eq!(looked_up(16), Ok(()));
    let slot = TimeSlot(15);
    assert_eq!(looked_up(15), Err(Refusal::LookupAnchor { index, slot }));
}

#[test]
fn dependencies_were_reported_with_the_roots_that_are_named() {
    let index = INDEX;
    let depends = |package, root: Option<Hash>| {
        given(vec![guarantee(0, |report| match root {
            Some(root) => drop(report.segment_roots.insert(package, root)),
            None => drop(report.context.prerequisites.insert(package)),
        })])
        .map(drop)
    };
    assert_eq!(depends(PAST.0, None), Ok(()));
    assert_eq!(depends(PAST.0, Some(PAST.1)), Ok(()));
    // The dependency is in the same block.
    assert_eq!(depends(Hash([30; 32]), Some(Hash::ZERO)), Ok(()));
    let package = Hash([50; 32]);
    assert_eq!(depends(package, None), Err(Refusal::Dependency { index, package }));
    assert_eq!(depends(package, Some(PAST.1)), Err(Refusal::Dependency { index, package }));
    let package = PAST.0;
    assert_eq!(depends(package, Some(PAST.0)), Err(Refusal::SegmentRoot { index, package }));
}

/// A chain of Jambox has neither pools nor recent blocks. Rules about them count as kept, and
/// nothing is set.
#[test]
fn a_state_may_do_without_pools_and_recent_blocks() {
    let mut prior = (*state()).clone();
    let components = [Component::AuthorizerPools, Component::RecentBlocks];
    for component in components {
        prior.set(component.key(), None);
    }
    let strange = guarantee(0, |report| {
        report.authorizer = Hash::ZERO;
        report.context.anchor = Hash::ZERO;
        report.context.prerequisites = [Hash::ZERO].into();
    });
    let mut block = block(Extrinsic { guarantees: vec![strange], ..Extrinsic::default() });
    block.header.parent = Hash::ZERO;
    let after = run_on(&Arc::new(prior), &block).expect("nothing is known of it");
    assert!(components.iter().all(|component| after.get(&component.key()).is_none()));
}
