//! Accumulation around a scripted single-service invocation: its arguments, and the use of its
//! results.

mod block;
mod formulas;
mod preimages;
mod privileges;
mod queue;
mod rounds;

use std::collections::BTreeMap;
use std::sync::Arc;

use jambox_chain::accumulation::BlockContext;
use jambox_invocation::{AccumulateCall, Accumulated};
use jambox_state::{AccountInfo, Accounts, MemoryBase, PartialState, StateError};
use jambox_types::{
    AvailabilitySpec, Balance, CoreIndex, DeferredTransfer, Gas, Hash, Memo, Parameters, PerCore,
    PerQueuePosition, PerValidator, Privileges, Protocol, RefineContext, RefineLoad, Revision,
    ServiceId, TimeSlot, ValidatorKey, WorkDigest, WorkReport, WorkResult,
};

const PARAMETERS: Parameters = Parameters::TINY;
const PROTOCOL: Protocol = Protocol::new(Revision::GrayPaper072, PARAMETERS);

/// Hash of a package in the tests.
fn package(name: u8) -> Hash {
    Hash([name; 32])
}

/// A report of a package with digests for services, each with a gas limit.
fn report(name: u8, digests: &[(u32, u64)]) -> WorkReport {
    let digest = |(service, gas): &(u32, u64)| WorkDigest {
        service: ServiceId(*service),
        code_hash: Hash([1; 32]),
        payload_hash: Hash([2; 32]),
        accumulate_gas_limit: Gas(*gas),
        result: WorkResult(Ok(vec![name])),
        load: RefineLoad::default(),
    };
    WorkReport {
        availability: AvailabilitySpec { package_hash: package(name), ..Default::default() },
        context: RefineContext::default(),
        core: CoreIndex(0),
        authorizer: Hash([3; 32]),
        auth_gas_used: Gas(0),
        auth_trace: vec![4],
        segment_roots: BTreeMap::new(),
        digests: digests.iter().map(digest).collect(),
    }
}

/// A report without digests that depends on packages.
fn dependent(name: u8, prerequisites: &[u8]) -> WorkReport {
    let mut report = report(name, &[]);
    report.context.prerequisites = prerequisites.iter().map(|name| package(*name)).collect();
    report
}

/// A state with these services, each holding a balance of 1000.
fn state(services: impl IntoIterator<Item = u32>) -> PartialState {
    let mut accounts = Accounts::new(Arc::new(MemoryBase::default()));
    let info = AccountInfo { balance: Balance(1000), ..AccountInfo::default() };
    for service in services {
        accounts.create(ServiceId(service), info).unwrap();
    }
    let queue = Arc::new(PerQueuePosition::from_fn(&PARAMETERS, |_| Hash::ZERO));
    PartialState {
        accounts,
        staging_set: Arc::new(PerValidator::from_fn(&PROTOCOL, |_| ValidatorKey::default())),
        authorizer_queues: Arc::new(PerCore::from_fn(&PARAMETERS, |_| Arc::clone(&queue))),
        privileges: Arc::new(Privileges {
            manager: ServiceId(0),
            assigners: PerCore::from_fn(&PARAMETERS, |_| ServiceId(0)),
            delegator: ServiceId(0),
            registrar: ServiceId(0),
            always_accumulate: BTreeMap::new(),
        }),
    }
}

fn transfer(source: ServiceId, destination: u32, amount: u64, gas: u64) -> DeferredTransfer {
    DeferredTransfer {
        source,
        destination: ServiceId(destination),
        amount: Balance(amount),
        memo: Memo([0; 128]),
        gas_limit: Gas(gas),
    }
}

/// Result of a service that does nothing.
fn idle(call: AccumulateCall) -> Accumulated {
    Accumulated {
        state: call.state,
        transfers: Vec::new(),
        yielded: None,
        gas_used: Gas(0),
        provisions: Vec::new(),
        no_code: None,
        failure: None,
    }
}

type Invoked = Result<Accumulated, StateError>;

const SLOT: TimeSlot = TimeSlot(50);
const BLOCK: BlockContext = BlockContext { slot: SLOT, entropy: Hash([8; 32]) };
