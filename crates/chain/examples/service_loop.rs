//! A node's loop of service execution: a package becomes a report, the report changes the state,
//! and the next package starts from that state.
//!
//! `cargo run --package jambox-chain --example service_loop`

use std::collections::BTreeMap;
use std::error::Error;

use jambox_chain::accumulation::{AccumulationState, BlockContext};
use jambox_chain::{ReportCall, accumulate_alone, compute_report};
use jambox_invocation::Env;
use jambox_state::{AccountInfo, Blob, Footprint, PartialState, RequestHistory, RequestKey};
use jambox_types::{
    Balance, CoreIndex, Gas, Hash, Parameters, Protocol, RefineContext, Revision, ServiceId,
    TimeSlot, WorkItem, WorkPackage,
};

/// The service written by `jambox new`, which counts the occurrences of each text.
const CODE: &[u8] = include_bytes!("../../../guests/demo/demo-0.8.0.jam");
const SERVICE: ServiceId = ServiceId(7);

/// A state with one service, whose code is available since slot 0.
fn genesis(protocol: &Protocol, hash: Hash) -> Result<PartialState, Box<dyn Error>> {
    let mut state = PartialState::empty(protocol);
    let info = AccountInfo {
        code_hash: hash,
        balance: Balance(1_000_000),
        min_accumulate_gas: Gas(0),
        min_memo_gas: Gas(0),
        gratis: Balance(0),
        created: TimeSlot(0),
        last_accumulation: TimeSlot(0),
        parent: SERVICE,
        footprint: Footprint::default(),
    };
    state.accounts.create(SERVICE, info)?;
    let request = RequestKey { hash, length: u32::try_from(CODE.len())? };
    let available = Some(RequestHistory::Available(TimeSlot(0)));
    state.accounts.set_request(SERVICE, request, available)?;
    state.accounts.set_preimage(SERVICE, hash, Some(Blob::from(CODE)))?;
    Ok(state)
}

/// A package of one item, authorized by the service itself.
fn package(code_hash: Hash, text: &str) -> WorkPackage {
    let item = WorkItem {
        service: SERVICE,
        code_hash,
        refine_gas_limit: Gas(1_000_000),
        accumulate_gas_limit: Gas(1_000_000),
        export_count: 0,
        payload: text.into(),
        imports: Vec::new(),
        extrinsics: Vec::new(),
    };
    WorkPackage {
        auth_code_host: SERVICE,
        auth_code_hash: code_hash,
        context: RefineContext::default(),
        auth_token: b"open sesame".to_vec(),
        auth_config: Vec::new(),
        items: vec![item],
    }
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let protocol = Protocol::new(Revision::GrayPaper080, Parameters::FULL);
    let env = Env::new(protocol)?;
    let hash = Hash::blake2b(CODE);
    let mut state = genesis(&protocol, hash)?;
    let texts = [("hello", 1_u64), ("world", 1), ("hello", 2)];
    for (slot, (text, times)) in (1..).map(TimeSlot).zip(texts) {
        let call = ReportCall {
            package: &package(hash, text),
            core: CoreIndex(0),
            extrinsics: &[Vec::new()],
            exported: &BTreeMap::new(),
            segment_roots: &BTreeMap::new(),
            accounts: &state.accounts,
            validators: protocol.validator_counts().max,
        };
        let report = compute_report(&env, call, &mut ())?.report;
        let prior = AccumulationState::without_history(state, slot, &protocol.parameters);
        let block = BlockContext { slot, entropy: Hash::ZERO };
        let done = accumulate_alone(&env, prior, block, &report, &mut ())?;
        state = done.after.state.state;
        let seen = state.accounts.storage(SERVICE, &Hash::blake2b(text.as_bytes()).0)?;
        assert_eq!(seen.as_deref(), Some(&times.to_le_bytes()[..]));
        println!("slot {}: {text:?} was seen {times} times", slot.0);
    }
    Ok(())
}
