//! Blocks that are refused: the rule they break, and that nothing is left of them.

use std::sync::Arc;

use jambox_invocation::Env;
use jambox_invocation::block::{BlockError, Refusal, apply};
use jambox_state::{
    AccountInfo, Blob, Changes, Component, KeyedBase, Meaning, RequestHistory, RequestKey,
};
use jambox_types::{
    AccumulatedQueue, Assurance, AvailabilitySpec, BandersnatchSignature, Block, CoreBits,
    CoreIndex, CoreRecord, Ed25519Signature, Extrinsic, Gas, Guarantee, Hash, Header, Parameters,
    PerCore, PerSlot, PerValidator, Preimage, Privileges, Protocol, ReadyQueue, RefineContext,
    RefineLoad, ServiceId, Statistics, TimeSlot, ValidatorIndex, ValidatorKey, ValidatorRecord,
    WorkDigest, WorkReport, WorkResult,
};

const PARAMETERS: Parameters = Parameters::TINY;
const SERVICE: ServiceId = ServiceId(7);
const CODE: Hash = Hash([9; 32]);

/// A chain in slot 10 with one service, which asks for two preimages.
fn state() -> Arc<KeyedBase> {
    let mut changes = Changes::default();
    let queues =
        vec![0; usize::from(PARAMETERS.cores) * usize::from(PARAMETERS.auth_queue_size) * 32];
    changes.set(Meaning::Component(Component::AuthorizerQueues), Some(queues.into()));
    let keys = PerValidator::from_fn(&PARAMETERS, |_| ValidatorKey::default());
    changes.set_component(Component::StagingSet, &keys);
    changes.set_component(
        Component::Entropy,
        &[Hash([1; 32]), Hash([2; 32]), Hash([3; 32]), Hash([4; 32])],
    );
    let pending: PerCore<Option<(WorkReport, TimeSlot)>> =
        PerCore::from_fn(&PARAMETERS, |core| (core == 1).then(|| (report(1), TimeSlot(9))));
    changes.set_component(Component::PendingReports, &pending);
    changes.set_component(Component::Slot, &TimeSlot(10));
    let privileges = Privileges {
        manager: ServiceId(0),
        assigners: PerCore::from_fn(&PARAMETERS, |_| ServiceId(0)),
        delegator: ServiceId(0),
        registrar: ServiceId(0),
        always_accumulate: [].into(),
    };
    changes.set_component(Component::Privileges, &privileges);
    let records = || PerValidator::from_fn(&PARAMETERS, |_| ValidatorRecord::default());
    let statistics = Statistics {
        current: records(),
        previous: records(),
        cores: PerCore::from_fn(&PARAMETERS, |_| CoreRecord::default()),
        services: [].into(),
    };
    changes.set_component(Component::Statistics, &statistics);
    let ready: ReadyQueue = PerSlot::from_fn(&PARAMETERS, |_| Vec::new());
    changes.set_component(Component::ReadyQueue, &ready);
    let accumulated: AccumulatedQueue = PerSlot::from_fn(&PARAMETERS, |_| [].into());
    changes.set_component(Component::Accumulated, &accumulated);
    let info = AccountInfo { code_hash: CODE, min_accumulate_gas: Gas(50), ..Default::default() };
    changes.set(Meaning::Account(SERVICE), Some(jambox_codec::encode(&info).into()));
    for data in [b"one".as_slice(), b"two"] {
        let key = RequestKey { hash: Hash::blake2b(data), length: 3 };
        let history = jambox_codec::encode(&RequestHistory::Requested);
        changes.set(Meaning::Request(SERVICE, key), Some(Blob::from(history)));
    }
    let mut state = KeyedBase::default();
    state.change(&changes);
    Arc::new(state)
}

fn report(core: u16) -> WorkReport {
    WorkReport {
        availability: AvailabilitySpec::default(),
        context: RefineContext::default(),
        core: CoreIndex(core),
        authorizer: Hash::ZERO,
        auth_gas_used: Gas(0),
        auth_trace: Vec::new(),
        segment_roots: [].into(),
        digests: vec![WorkDigest {
            service: SERVICE,
            code_hash: CODE,
            payload_hash: Hash::ZERO,
            accumulate_gas_limit: Gas(100),
            result: WorkResult(Ok(Vec::new())),
            load: RefineLoad::default(),
        }],
    }
}

fn assurance(assurer: u16, core: u16) -> Assurance {
    Assurance {
        anchor: Hash([8; 32]),
        availabilities: CoreBits::from_fn(&PARAMETERS, |it| it == CoreIndex(core)),
        assurer: ValidatorIndex(assurer),
        signature: Ed25519Signature([0; 64]),
    }
}

fn preimage(service: ServiceId, data: &[u8]) -> Preimage {
    Preimage { service, data: data.to_vec() }
}

fn guarantee(core: u16, change: impl FnOnce(&mut WorkReport)) -> Guarantee {
    let mut report = report(core);
    change(&mut report);
    Guarantee { report, slot: TimeSlot(10), credentials: Vec::new() }
}

/// A block in slot 11 with this extrinsic.
fn block(extrinsic: Extrinsic) -> Block {
    let header = Header {
        parent: Hash([8; 32]),
        parent_state_root: Hash::ZERO,
        extrinsic_hash: extrinsic.hash(),
        slot: TimeSlot(11),
        epoch_mark: None,
        tickets_mark: None,
        author: ValidatorIndex(0),
        entropy_source: BandersnatchSignature([0; 96]),
        offenders_mark: Vec::new(),
        seal: BandersnatchSignature([0; 96]),
    };
    Block { header, extrinsic }
}

fn run(block: &Block) -> Result<KeyedBase, Refusal> {
    let protocol = Protocol { parameters: PARAMETERS, ..Protocol::default() };
    let env = Env::new(protocol).expect("the revision is known");
    let prior = state();
    match apply(&env, &prior, block, Hash([5; 32]), &mut ()) {
        Ok(applied) => {
            let mut after = (*prior).clone();
            after.change(&applied.changes);
            Ok(after)
        }
        Err(BlockError::Refused(refusal)) => {
            assert_eq!(prior, state(), "a refused block changes nothing");
            Err(refusal)
        }
        Err(error) => panic!("{error}"),
    }
}

fn preimages(given: &[(ServiceId, &[u8])]) -> Result<KeyedBase, Refusal> {
    let preimages = given.iter().map(|(service, data)| preimage(*service, data)).collect();
    run(&block(Extrinsic { preimages, ..Extrinsic::default() }))
}

#[test]
fn preimages_that_are_asked_for_are_taken_in() {
    let after = preimages(&[(SERVICE, b"one"), (SERVICE, b"two")]).expect("both are asked for");
    let key = Meaning::Preimage(SERVICE, Hash::blake2b(b"one")).key();
    assert_eq!(after.get(&key).map(|value| &**value), Some(&b"one"[..]));
}

#[test]
fn preimages_that_break_a_rule_are_refused() {
    let order = |index| Err(Refusal::PreimageOrder { index, service: SERVICE });
    assert_eq!(preimages(&[(SERVICE, b"two"), (SERVICE, b"one")]), order(1));
    assert_eq!(preimages(&[(SERVICE, b"one"), (SERVICE, b"one")]), order(1));
    let other = ServiceId(8);
    assert_eq!(preimages(&[(other, b"one"), (SERVICE, b"one")]), order(1));
    let unneeded = |index, service| Err(Refusal::PreimageUnneeded { index, service });
    assert_eq!(preimages(&[(SERVICE, b"one"), (SERVICE, b"six")]), unneeded(1, SERVICE));
    assert_eq!(preimages(&[(other, b"one")]), unneeded(0, other));
}

#[test]
fn headers_and_assurances_that_break_a_rule_are_refused() {
    let mut late = block(Extrinsic::default());
    late.header.slot = TimeSlot(10);
    let (prior, found) = (TimeSlot(10), TimeSlot(10));
    assert_eq!(run(&late), Err(Refusal::Slot { prior, block: found }));
    let mut other = block(Extrinsic::default());
    other.header.extrinsic_hash = Hash::ZERO;
    assert_eq!(run(&other), Err(Refusal::ExtrinsicHash));

    let assured = |assurances| run(&block(Extrinsic { assurances, ..Extrinsic::default() }));
    let index = 1;
    let refusal = assured(vec![assurance(1, 1), assurance(1, 1)]);
    assert_eq!(refusal, Err(Refusal::AssuranceOrder { index }));
    let refusal = assured(vec![assurance(1, 1), assurance(6, 1)]);
    assert_eq!(refusal, Err(Refusal::AssuranceOrder { index }));
    let refusal = assured(vec![assurance(1, 1), assurance(2, 0)]);
    assert_eq!(refusal, Err(Refusal::AssuranceOfNothing { index, core: CoreIndex(0) }));
    let elsewhere = Assurance { anchor: Hash::ZERO, ..assurance(2, 1) };
    let refusal = assured(vec![assurance(1, 1), elsewhere]);
    assert_eq!(refusal, Err(Refusal::AssuranceAnchor { index }));
}

#[test]
fn guarantees_that_break_a_rule_are_refused() {
    let given = |guarantees| run(&block(Extrinsic { guarantees, ..Extrinsic::default() }));
    let good = || guarantee(0, |_| {});
    given(vec![good()]).expect("core 0 is free");
    let index = 0;
    let engaged = Refusal::CoreEngaged { index, core: CoreIndex(1) };
    assert_eq!(given(vec![guarantee(1, |_| {})]), Err(engaged));
    let order = |index, core| Err(Refusal::GuaranteeOrder { index, core: CoreIndex(core) });
    assert_eq!(given(vec![good(), good()]), order(1, 0));
    assert_eq!(given(vec![guarantee(2, |_| {})]), order(0, 2));
    let service = ServiceId(8);
    let gone = guarantee(0, |report| report.digests[0].service = service);
    assert_eq!(given(vec![gone]), Err(Refusal::NoService { index, service }));
    let stale = guarantee(0, |report| report.digests[0].code_hash = Hash::ZERO);
    assert_eq!(given(vec![stale]), Err(Refusal::CodeHash { index, service: SERVICE }));
    let poor = guarantee(0, |report| report.digests[0].accumulate_gas_limit = Gas(49));
    let (gas, least) = (Gas(49), Gas(50));
    let refusal = Refusal::TooLittleGas { index, service: SERVICE, gas, least };
    assert_eq!(given(vec![poor]), Err(refusal));
    let greedy = guarantee(0, |report| {
        report.digests[0].accumulate_gas_limit = Gas(PARAMETERS.report_accumulate_gas + 1);
    });
    assert_eq!(given(vec![greedy]), Err(Refusal::TooMuchGas { index }));
}

/// Five of six make a report available; four do not; after five slots it times out.
#[test]
fn reports_become_available_or_time_out() {
    let pending = |block: &Block| {
        let after = run(block).expect("it breaks no rule");
        let read = Component::PendingReports.read(&after, &PARAMETERS);
        let pending: PerCore<Option<(WorkReport, TimeSlot)>> = read.expect("it is there");
        pending[1].is_some()
    };
    let assured = |count| {
        let assurances = (0..count).map(|assurer| assurance(assurer, 1)).collect();
        block(Extrinsic { assurances, ..Extrinsic::default() })
    };
    assert!(pending(&assured(4)));
    assert!(!pending(&assured(5)));
    let mut later = block(Extrinsic::default());
    later.header.slot = TimeSlot(13);
    assert!(pending(&later));
    later.header.slot = TimeSlot(14);
    assert!(!pending(&later));
}

/// The accumulator of the last epoch goes into the history with the first block of the next.
#[test]
fn entropy_rotates_with_the_epoch() {
    let entropy = |slot| -> [u8; 4] {
        let mut block = block(Extrinsic::default());
        block.header.slot = TimeSlot(slot);
        let after = run(&block).expect("it breaks no rule");
        let read: [Hash; 4] = Component::Entropy.read(&after, &PARAMETERS).expect("it is there");
        read.map(|hash| hash.0[0])
    };
    assert_eq!(entropy(11), [5, 2, 3, 4]);
    assert_eq!(entropy(12), [5, 1, 2, 3]);
}
