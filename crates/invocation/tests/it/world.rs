//! States, packages and blocks of the tests.

use std::cell::Cell;
use std::sync::{Arc, Mutex};

use jambox_invocation::{
    AccumulateCall, Accumulated, Env, ItemBlobs, PackageData, RefineCall, Refined, Runner,
    accumulate, is_authorized, refine,
};
use jambox_state::{
    AccountInfo, Accounts, Blob, Footprint, MemoryBase, PartialState, RequestHistory, RequestKey,
};
use jambox_types::{
    Abi, AccumulateInput, Balance, CoreIndex, ExtrinsicSpec, Gas, Hash, ImportSource, ImportSpec,
    Parameters, PerCore, PerQueuePosition, PerValidator, Privileges, Protocol, RefineContext,
    Revision, ServiceId, TimeSlot, ValidatorKey, WorkItem, WorkPackage,
};

use crate::backends::environment;
use crate::guest::{Guest, Scripted};
use crate::matches::Matches;

/// The running service of the tests.
pub const SELF: ServiceId = ServiceId(65_600);
/// Another service.
pub const OTHER: ServiceId = ServiceId(70_000);
/// A service that does not exist.
pub const NOBODY: u64 = 80_000;
/// The slot of the block.
pub const SLOT: TimeSlot = TimeSlot(100_000);
/// The entropy after the block.
pub const ENTROPY: Hash = Hash([7; 32]);
/// The gas given to every invocation.
pub const GAS: u64 = 1_000_000;

/// Threshold balance of an account made by [`service`]: 100, 10 for each of two items, and the 81 +
/// 5 octets of its code's request.
pub const THRESHOLD: u64 = 206;

/// Code of the services: no metadata, four octets of program.
pub const CODE: [u8; 5] = [0, b'c', b'o', b'd', b'e'];

thread_local! {
    static REVISION: Cell<Revision> = const { Cell::new(Revision::GrayPaper072) };
}

/// Revision of new blocks and packages: 0.7.2, unless a test sets another.
pub fn revision() -> Revision {
    REVISION.get()
}

/// Runs a test under every revision.
pub fn in_every_revision(test: impl Fn()) {
    Revision::ALL.into_iter().for_each(|revision| with_revision(revision, &test));
}

/// Chooses between the values of 0.7.2 and of 0.8.0.
pub fn by_revision<T>(old: T, new: T) -> T {
    match revision() {
        Revision::GrayPaper072 => old,
        Revision::GrayPaper080 => new,
    }
}

/// Runs a test with blocks and packages of this revision.
pub fn with_revision(revision: Revision, test: impl FnOnce()) {
    REVISION.set(revision);
    test();
    REVISION.set(Revision::GrayPaper072);
}

/// Protocol of new blocks and packages.
fn protocol() -> Protocol {
    Protocol::new(revision(), Parameters::FULL)
}

/// An environment that runs `script` in place of programs.
pub fn scripted(
    protocol: Protocol,
    script: impl FnOnce(&mut Guest<'_, '_>) + Send + 'static,
) -> Env {
    let runner: Box<dyn Runner> = Box::new(Scripted(Mutex::new(Some(Box::new(script)))));
    environment(protocol).with_runner(runner)
}

/// An account without entries.
pub fn account(balance: u64) -> AccountInfo {
    AccountInfo {
        code_hash: Hash::blake2b(&CODE),
        balance: Balance(balance),
        min_accumulate_gas: Gas(0x11),
        min_memo_gas: Gas(0x22),
        gratis: Balance(0),
        created: TimeSlot(0x33),
        last_accumulation: TimeSlot(0x44),
        parent: ServiceId(0x55),
        footprint: Footprint::default(),
    }
}

/// Adds a service with [`CODE`] to the accounts.
pub fn service(accounts: &mut Accounts, id: ServiceId, balance: u64) {
    accounts.create(id, account(balance)).unwrap();
    preimage(accounts, id, &CODE, RequestHistory::Available(TimeSlot(0)));
}

/// Adds a preimage with this history to a service.
pub fn preimage(accounts: &mut Accounts, id: ServiceId, octets: &[u8], history: RequestHistory) {
    let hash = Hash::blake2b(octets);
    request(accounts, id, hash, octets.len() as u32, history);
    accounts.set_preimage(id, hash, Some(Blob::from(octets))).unwrap();
}

/// Adds a request with this history to a service.
pub fn request(
    accounts: &mut Accounts,
    id: ServiceId,
    hash: Hash,
    length: u32,
    history: RequestHistory,
) {
    accounts.set_request(id, RequestKey { hash, length }, Some(history)).unwrap();
}

/// A block in which [`SELF`] accumulates.
pub struct Block {
    pub protocol: Protocol,
    pub state: PartialState,
    pub inputs: Vec<AccumulateInput>,
}

impl Block {
    /// The full parameters. [`SELF`] and [`OTHER`] have a million each and no privileges.
    pub fn new() -> Self {
        Self::with_parameters(Parameters::FULL)
    }

    /// [`Block::new`] with other parameters.
    pub fn with_parameters(parameters: Parameters) -> Self {
        let protocol = Protocol { parameters, ..protocol() };
        let mut accounts = Accounts::new(Arc::new(MemoryBase::default()));
        service(&mut accounts, SELF, 1_000_000);
        service(&mut accounts, OTHER, 1_000_000);
        let queue = Arc::new(PerQueuePosition::from_fn(&parameters, |_| Hash([1; 32])));
        let state = PartialState {
            accounts,
            staging_set: Arc::new(PerValidator::from_fn(&protocol, |_| ValidatorKey::default())),
            authorizer_queues: Arc::new(PerCore::from_fn(&parameters, |_| Arc::clone(&queue))),
            privileges: Arc::new(Privileges {
                manager: ServiceId(1),
                assigners: PerCore::from_fn(&parameters, |_| ServiceId(2)),
                delegator: ServiceId(3),
                registrar: ServiceId(4),
                always_accumulate: [(ServiceId(5), Gas(6))].into(),
            }),
        };
        Self { protocol, state, inputs: Vec::new() }
    }

    /// The same under another ABI.
    pub fn under(mut self, abi: Abi) -> Self {
        self.protocol.abi = abi;
        self
    }

    pub fn accounts(&mut self) -> &mut Accounts {
        &mut self.state.accounts
    }

    pub fn privileges(&mut self) -> &mut Privileges {
        Arc::make_mut(&mut self.state.privileges)
    }

    pub fn balance(mut self, balance: u64) -> Self {
        self.accounts().update(SELF, |own| own.balance = Balance(balance)).unwrap();
        self
    }

    /// Runs a script as [`SELF`]'s accumulation.
    pub fn run(self, script: impl FnOnce(&mut Guest<'_, '_>) + Send + 'static) -> Accumulated {
        let env = scripted(self.protocol, script);
        accumulate(&env, self.call(), &mut Matches::new(env.interface())).unwrap()
    }

    /// Runs a script that must leave the state and everything else unchanged.
    pub fn run_in_vain(self, script: impl FnOnce(&mut Guest<'_, '_>) + Send + 'static) {
        let before = self.state.clone();
        let after = self.run(script);
        assert_eq!(before.diff(&after.state).unwrap(), [], "the state changed");
        assert_eq!(after.transfers, []);
        assert_eq!(after.yielded, None);
        assert_eq!(after.provisions, []);
    }

    pub fn call(self) -> AccumulateCall {
        AccumulateCall {
            state: self.state,
            slot: SLOT,
            entropy: ENTROPY,
            service: SELF,
            gas: Gas(GAS),
            inputs: self.inputs,
        }
    }
}

/// A package of two items for [`SELF`], with extrinsics and imports, and the accounts of its
/// refinement.
pub struct Work {
    pub protocol: Protocol,
    pub package: WorkPackage,
    pub blobs: Vec<ItemBlobs>,
    pub accounts: Accounts,
    pub export_offset: u64,
}

/// Slot as of which the package's preimages are looked up.
pub const LOOKUP_SLOT: TimeSlot = TimeSlot(50_000);

impl Work {
    pub fn new() -> Self {
        let mut accounts = Accounts::new(Arc::new(MemoryBase::default()));
        service(&mut accounts, SELF, 1_000_000);
        service(&mut accounts, OTHER, 1_000_000);
        let blobs = vec![
            ItemBlobs {
                extrinsics: vec![blob(b"extrinsic 0.0"), blob(b"extrinsic 0.1")],
                imports: vec![segment(0xa0)],
            },
            ItemBlobs {
                extrinsics: vec![blob(b"extrinsic 1.0")],
                imports: vec![segment(0xb0), segment(0xb1)],
            },
        ];
        let items = blobs.iter().enumerate().map(|(index, blobs)| item(index, blobs)).collect();
        let package = WorkPackage {
            auth_code_host: OTHER,
            auth_code_hash: Hash::blake2b(&CODE),
            context: RefineContext { lookup_anchor_slot: LOOKUP_SLOT, ..RefineContext::default() },
            auth_token: b"token".to_vec(),
            auth_config: b"configuration".to_vec(),
            items,
        };
        Self { protocol: protocol(), package, blobs, accounts, export_offset: 0 }
    }

    /// The same under another ABI.
    pub fn under(mut self, abi: Abi) -> Self {
        self.protocol.abi = abi;
        self
    }

    pub fn data(&self) -> PackageData {
        PackageData::new(self.package.clone(), self.blobs.clone(), self.protocol.revision)
    }

    /// Runs a script as the refinement of the second item on core 3.
    pub fn refine(self, script: impl FnOnce(&mut Guest<'_, '_>) + Send + 'static) -> Refined {
        let env = scripted(self.protocol, script);
        self.refine_in(&env, 1)
    }

    pub fn refine_in(&self, env: &Env, item: usize) -> Refined {
        let call = RefineCall {
            package: &self.data(),
            item,
            core: CoreIndex(3),
            trace: &blob(b"trace"),
            export_offset: self.export_offset,
            accounts: &self.accounts,
        };
        refine(env, call, &mut Matches::new(env.interface())).unwrap()
    }

    /// Runs a script as the package's authorizer on core 3.
    pub fn authorize(self, script: impl FnOnce(&mut Guest<'_, '_>) + Send + 'static) {
        let env = scripted(self.protocol, script);
        let data = self.data();
        let authorized = is_authorized(
            &env,
            &data,
            CoreIndex(3),
            &self.accounts,
            &mut Matches::new(env.interface()),
        )
        .unwrap();
        assert_eq!(authorized.result, Ok(Vec::new()));
    }
}

fn item(index: usize, blobs: &ItemBlobs) -> WorkItem {
    let spec = |blob: &Blob| ExtrinsicSpec { hash: Hash::blake2b(blob), length: blob.len() as u32 };
    let root = ImportSource::SegmentRoot(Hash([0xcc; 32]));
    WorkItem {
        service: SELF,
        code_hash: Hash::blake2b(&CODE),
        refine_gas_limit: Gas(GAS),
        accumulate_gas_limit: Gas(0x0102_0304),
        export_count: 9,
        payload: format!("payload {index}").into_bytes(),
        imports: (0..blobs.imports.len())
            .map(|index| ImportSpec::new(root, index as u16).unwrap())
            .collect(),
        extrinsics: blobs.extrinsics.iter().map(spec).collect(),
    }
}

/// A blob of these octets.
pub fn blob(octets: &[u8]) -> Blob {
    Blob::from(octets)
}

/// A segment of one repeated octet.
pub fn segment(octet: u8) -> Blob {
    vec![octet; 4104].into()
}
