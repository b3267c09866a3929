//! The chain that a node begins with when it is given none.

use std::sync::Arc;

use jambox_chain::block::genesis as components;
use jambox_state::{
    AccountInfo, Accounts, Blob, Changes, Component, KeyedBase, RequestHistory, RequestKey,
    StateError, merkle,
};
use jambox_types::{
    Balance, BandersnatchSignature, Extrinsic, Gas, Hash, Header, PerCore, PerQueuePosition,
    Protocol, RecentBlock, RecentBlocks, ServiceId, TimeSlot, ValidatorIndex,
};

use crate::blobs::Blobs;
use crate::origin::Origin;

/// The beginning of a chain: the state, and the header that the first block descends from.
#[derive(Clone, Debug)]
pub struct Genesis {
    /// The state.
    pub changes: Changes,
    /// The header.
    pub header: Header,
    /// The state that `changes`, then its components, lie over; `None` unless the chain is a fork.
    pub origin: Option<Arc<Origin>>,
}

/// The service that makes others, as the clients of the field expect it.
pub const BOOTSTRAP: ServiceId = ServiceId(0);
/// Balance of the bootstrap service.
const BALANCE: Balance = Balance(1 << 60);

/// A development chain: the bootstrap service, with the privileges and balance to create services,
/// and the null authorizer as its preimage, in every pool and in every queue.
///
/// # Errors
///
/// The state cannot be made, as where a store is at fault; there is none here.
pub fn development(protocol: &Protocol) -> Result<Genesis, StateError> {
    let Blobs { bootstrap, null_authorizer, .. } = Blobs::of(protocol.revision);
    let mut changes = components(protocol);
    let base = KeyedBase::default();
    let mut accounts = Accounts::new(Arc::new(base.clone()));
    accounts.create(
        BOOTSTRAP,
        AccountInfo {
            code_hash: Hash::blake2b(bootstrap),
            balance: BALANCE,
            min_accumulate_gas: Gas(0),
            min_memo_gas: Gas(0),
            ..AccountInfo::default()
        },
    )?;
    for blob in [bootstrap, null_authorizer] {
        let hash = Hash::blake2b(blob);
        let length = u32::try_from(blob.len()).unwrap_or(u32::MAX);
        let history = Some(RequestHistory::Available(TimeSlot(0)));
        accounts.set_request(BOOTSTRAP, RequestKey { hash, length }, history)?;
        accounts.set_preimage(BOOTSTRAP, hash, Some(Blob::from(blob)))?;
    }
    changes.set_accounts(&base, &accounts)?;
    let parameters = &protocol.parameters;
    // The hash of code hash and configuration, which is empty.
    let authorizer = Hash::blake2b(&Hash::blake2b(null_authorizer).0);
    let pool = vec![authorizer; parameters.auth_pool_size.into()];
    let pools = PerCore::from_fn(parameters, |_| pool.clone());
    changes.set_component(Component::AuthorizerPools, &pools, protocol);
    let queue = PerQueuePosition::from_fn(parameters, |_| authorizer);
    let queues = PerCore::from_fn(parameters, |_| queue.clone());
    changes.set_component(Component::AuthorizerQueues, &queues, protocol);
    let header = header(protocol);
    begin_history(&mut changes, &header, protocol);
    Ok(Genesis { changes, header, origin: None })
}

/// The header that the first block of a chain descends from.
#[must_use]
pub fn header(protocol: &Protocol) -> Header {
    Header {
        parent: Hash::ZERO,
        parent_state_root: Hash::ZERO,
        extrinsic_hash: Extrinsic::default().hash(protocol),
        slot: TimeSlot(0),
        epoch_mark: None,
        tickets_mark: None,
        author: ValidatorIndex(0),
        entropy_source: BandersnatchSignature([0; BandersnatchSignature::LENGTH]),
        offenders_mark: Vec::new(),
        seal: BandersnatchSignature([0; BandersnatchSignature::LENGTH]),
    }
}

/// Makes a header the only recent block, upon which packages can be anchored.
pub fn begin_history(changes: &mut Changes, header: &Header, protocol: &Protocol) {
    let output_log = Vec::new();
    let recent = RecentBlocks {
        blocks: vec![RecentBlock {
            header_hash: header.hash(protocol),
            accumulation_root: merkle::super_peak(&output_log),
            state_root: Hash::ZERO,
            slot: header.slot,
            reported: [].into(),
        }],
        output_log,
    };
    changes.set_component(Component::RecentBlocks, &recent, protocol);
}
