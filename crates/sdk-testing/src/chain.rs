//! A chain for tests: accounts, a slot, and services that run natively or compiled on it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jambox_chain::accumulation::{AccumulationState, BlockContext, join};
use jambox_chain::{
    Alone, Computed, ReportCall, ReportError, ServiceCall, accumulate_alone, compute_report,
    next_slot,
};
use jambox_codec::Decode;
use jambox_engine::{Backend, Engine};
use jambox_hostcall::{HostCall, ResultCode};
use jambox_invocation::{
    AccumulateCall, EngineRunner, Env, Failure, ItemBlobs, PackageData, RefineCall, accumulate,
    is_authorized, refine,
};
use jambox_program::{CrateInfo, join_metadata, split_metadata};
use jambox_sdk::types::{
    Abi, AccumulateInput, CoreIndex, DeferredTransfer, Gas, Hash, Parameters, PerCore,
    PerQueuePosition, PerValidator, Privileges, Protocol, Revision, ServiceId, TimeSlot,
    ValidatorKey, WorkError,
};
use jambox_sdk::{AuthorizeArguments, AuthorizeContext, Service, entry_points};
use jambox_state::{
    AccountInfo, Accounts, Blob, Difference, MemoryBase, PartialState, RequestHistory, RequestKey,
};

use crate::fault::Faults;
use crate::native::NativeRunner;
use crate::record::{Record, Recorder};
use crate::{Item, Package};

/// How services run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// As the Rust code that the test is linked with.
    Native,
    /// As the blob, on the engine.
    Compiled,
    /// As the blob, executed in a certain way. All give the same results.
    CompiledOn(Backend),
}

impl Mode {
    const fn backend(self) -> Backend {
        match self {
            Self::CompiledOn(backend) => backend,
            Self::Native | Self::Compiled => Backend::AUTO,
        }
    }

    /// This mode under a revision.
    #[must_use]
    pub const fn under(self, revision: Revision) -> Way {
        Way { mode: self, revision }
    }
}

/// A mode under a revision of the paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// How services run.
    pub mode: Mode,
    /// What the host speaks.
    pub revision: Revision,
}

/// The mode under the revision that `jambox test` names, else under the default.
///
/// # Panics
///
/// When there is no such revision.
impl From<Mode> for Way {
    fn from(mode: Mode) -> Self {
        mode.under(crate::revision_under_test())
    }
}

/// A service's code: as Rust, as blobs, or both.
#[derive(Clone, Debug)]
pub struct Code {
    native: Option<Service>,
    /// Each with the revision that its metadata name.
    blobs: Vec<(Option<Revision>, Blob)>,
}

impl Code {
    /// Code that can run natively. Until it is given a blob, it cannot run compiled.
    #[must_use]
    pub const fn native(service: Service) -> Self {
        Self { native: Some(service), blobs: Vec::new() }
    }

    /// Code that can only run compiled.
    #[must_use]
    pub fn compiled(blob: &[u8]) -> Self {
        Self { native: None, blobs: Vec::new() }.with_blob(blob)
    }

    /// The same with a blob that was compiled from it, for the revision that its metadata name; one
    /// that names none runs under any. Of several for one revision, the last is taken.
    #[must_use]
    pub fn with_blob(mut self, blob: &[u8]) -> Self {
        let metadata = split_metadata(blob).map(|(metadata, _)| metadata).unwrap_or_default();
        let revision = CrateInfo::parse(metadata).ok().and_then(|info| info.revision);
        self.blobs.push((revision, blob.into()));
        self
    }

    /// The blob for a revision.
    fn blob(&self, revision: Revision) -> Option<&Blob> {
        let fits = |(named, _): &&(Option<Revision>, Blob)| named.is_none_or(|it| it.is(revision));
        self.blobs.iter().rev().find(fits).map(|(_, blob)| blob)
    }

    /// The same with the blob that `jambox test` has just built, if it runs the test.
    ///
    /// # Panics
    ///
    /// When that blob cannot be read.
    #[must_use]
    pub fn with_built_blob(self) -> Self {
        match std::env::var_os(crate::BLOB_VARIABLE) {
            Some(path) => self.with_blob(&std::fs::read(path).expect("the built blob is there")),
            None => self,
        }
    }
}

/// Authorizes everything, with an empty trace.
mod everything {
    use super::{AuthorizeArguments, AuthorizeContext, entry_points};

    fn authorize(_: &AuthorizeContext, _: AuthorizeArguments) {}

    entry_points! { is_authorized = authorize }
}

/// The service that hosts the authorizer of packages that name none.
const AUTHORIZER_HOST: ServiceId = ServiceId(u32::MAX - 1);

/// A chain for tests.
///
/// It has the `tiny` parameters and stands at slot 1000, with code that is there since slot 0. A
/// mistake in the test itself (a service that is not there, a blob that is missing) panics.
pub struct Chain {
    way: Way,
    protocol: Protocol,
    state: PartialState,
    natives: BTreeMap<Hash, Service>,
    faults: Arc<Faults>,
    /// The slot of the next block.
    pub slot: TimeSlot,
    /// The entropy of the next block.
    pub entropy: Hash,
    /// The core that packages are worked on.
    pub core: CoreIndex,
}

impl Chain {
    /// A chain without services. A [`Mode`] alone means the revision under test.
    #[must_use]
    pub fn new(way: impl Into<Way>) -> Self {
        let way = way.into();
        let (abi, parameters) = (Abi::GrayPaper, Parameters::TINY);
        let protocol = Protocol { revision: way.revision, abi, parameters };
        let parameters = &protocol.parameters;
        let state = PartialState {
            accounts: Accounts::new(Arc::new(MemoryBase::default())),
            staging_set: Arc::new(PerValidator::from_fn(&protocol, |_| ValidatorKey::default())),
            authorizer_queues: Arc::new(PerCore::from_fn(parameters, |_| {
                Arc::new(PerQueuePosition::from_fn(parameters, |_| Hash::ZERO))
            })),
            privileges: Arc::new(Privileges {
                manager: ServiceId(0),
                assigners: PerCore::from_fn(parameters, |_| ServiceId(0)),
                delegator: ServiceId(0),
                registrar: ServiceId(0),
                always_accumulate: BTreeMap::new(),
            }),
        };
        let mut chain = Self {
            way,
            protocol,
            state,
            natives: BTreeMap::new(),
            faults: Arc::default(),
            slot: TimeSlot(1000),
            entropy: Hash([7; 32]),
            core: CoreIndex(0),
        };
        chain.install(AUTHORIZER_HOST, &Code::native(everything::SERVICE), Mode::Native);
        chain
    }

    /// Puts a service there, with a balance of 10^12 and nothing stored but its code.
    pub fn service(&mut self, id: u32, code: &Code) -> AccountBuilder<'_> {
        self.install(ServiceId(id), code, self.way.mode);
        AccountBuilder { chain: self, id: ServiceId(id) }
    }

    fn install(&mut self, id: ServiceId, code: &Code, mode: Mode) {
        // Without a blob, something unique has to stand for the code in the state.
        let stand_in = || join_metadata(&id.0.to_le_bytes(), b"native").into();
        let compiled = code.blob(self.way.revision);
        let blob: Blob = compiled.cloned().unwrap_or_else(stand_in);
        let code_hash = Hash::blake2b(&blob);
        match (mode, code.native) {
            (Mode::Native, Some(service)) => drop(self.natives.insert(code_hash, service)),
            (Mode::Native, None) => {}
            (Mode::Compiled | Mode::CompiledOn(_), _) => {
                let revision = self.way.revision;
                assert!(compiled.is_some(), "service {id} has no blob for {revision}");
            }
        }
        let balance = jambox_sdk::types::Balance(1_000_000_000_000);
        let info = AccountInfo { code_hash, balance, ..AccountInfo::default() };
        self.state.accounts.create(id, info).expect("memory can be written");
        self.preimage(id, &blob, TimeSlot(0));
    }

    fn preimage(&mut self, id: ServiceId, blob: &Blob, since: TimeSlot) {
        let hash = Hash::blake2b(blob);
        let length = u32::try_from(blob.len()).expect("a preimage fits an account");
        let accounts = &mut self.state.accounts;
        let set = accounts.set_preimage(id, hash, Some(blob.clone()));
        set.expect("memory can be written");
        let history = Some(RequestHistory::Available(since));
        let set = accounts.set_request(id, RequestKey { hash, length }, history);
        set.expect("memory can be written");
    }

    /// The state: accounts, privileges, queues.
    #[must_use]
    pub fn state(&self) -> &PartialState {
        &self.state
    }

    /// The state, to change it.
    pub fn state_mut(&mut self) -> &mut PartialState {
        &mut self.state
    }

    /// A value in a service's storage.
    #[must_use]
    pub fn storage(&self, id: u32, key: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        let value = self.state.accounts.storage(ServiceId(id), key.as_ref());
        value.expect("memory can be read").map(|value| value.to_vec())
    }

    /// A value in a service's storage, decoded.
    ///
    /// # Panics
    ///
    /// When it does not decode.
    #[must_use]
    pub fn stored<T: Decode>(&self, id: u32, key: impl AsRef<[u8]>) -> Option<T> {
        self.storage(id, key).map(|octets| {
            jambox_codec::decode_all(&octets).expect("the stored value has the expected type")
        })
    }

    /// A service's account, if there is such a service.
    #[must_use]
    pub fn account(&self, id: u32) -> Option<AccountInfo> {
        self.state.accounts.get(ServiceId(id)).expect("memory can be read")
    }

    /// Answers the `nth` such call (from 1 on) from now with a code, in place of the host.
    pub fn answer(&self, call: HostCall, nth: usize, code: ResultCode) {
        self.faults.script(call, nth, code);
    }

    fn env(&self) -> Env {
        let env = Env::with_backend(self.protocol, self.way.mode.backend());
        let env = env.expect("the engine has the backend and knows the revision");
        let engine = EngineRunner::new(Engine::clone(env.engine()));
        let (services, faults) = (self.natives.clone(), Arc::clone(&self.faults));
        let interface = env.interface();
        env.with_runner(Box::new(NativeRunner { services, engine, faults, interface }))
    }

    fn recorder(&self, env: &Env) -> Recorder {
        let faults = Arc::clone(&self.faults);
        Recorder { record: Record::default(), faults, interface: env.interface() }
    }

    fn code_hash(&self, id: ServiceId) -> Hash {
        let account = self.state.accounts.get(id).expect("memory can be read");
        account.unwrap_or_else(|| panic!("there is no service {id}")).code_hash
    }

    fn lay_out(&self, package: &Package) -> crate::package::Laid {
        let host = package.authorizer.unwrap_or(AUTHORIZER_HOST);
        let authorizer = (host, self.code_hash(host));
        let parameters = &self.protocol.parameters;
        package.lay_out(authorizer, self.slot, parameters, |id| self.code_hash(id))
    }

    /// Asks a package's authorizer.
    pub fn authorize(&self, package: &Package) -> Authorization {
        let env = self.env();
        let mut recorder = self.recorder(&env);
        let data =
            PackageData::new(self.lay_out(package).package, Vec::new(), self.protocol.revision);
        let done = is_authorized(&env, &data, self.core, &self.state.accounts, &mut recorder);
        let done = done.expect("the host can go on");
        let (result, gas_used) = (done.result, done.gas_used);
        Authorization { result, gas_used, failure: done.failure, record: recorder.record }
    }

    /// Refines one item on its own, without asking an authorizer.
    pub fn refine(&self, item: &Item) -> Refinement {
        let env = self.env();
        let mut recorder = self.recorder(&env);
        let laid = self.lay_out(&item.clone().into());
        let blobs =
            ItemBlobs { extrinsics: item.extrinsics.clone(), imports: item.imports.clone() };
        let call = RefineCall {
            package: &PackageData::new(laid.package, vec![blobs], self.protocol.revision),
            item: 0,
            core: self.core,
            trace: &Arc::from([]),
            export_offset: 0,
            accounts: &self.state.accounts,
        };
        let done = refine(&env, call, &mut recorder).expect("the host can go on");
        Refinement {
            result: done.result,
            exports: done.exports.iter().map(|segment| segment.to_vec()).collect(),
            gas_used: done.gas_used,
            failure: done.failure,
            record: recorder.record,
        }
    }

    /// Lets one service accumulate alone in a block, and keeps the state that comes of it. As on a
    /// chain, what it may not change stays: a `bless` counts if it is the manager's, for example.
    pub fn accumulate(&mut self, id: u32, inputs: Vec<AccumulateInput>) -> Accumulation {
        self.accumulate_with_gas(id, inputs, 10_000_000)
    }

    /// [`Self::accumulate`] with this much gas.
    pub fn accumulate_with_gas(
        &mut self,
        id: u32,
        inputs: Vec<AccumulateInput>,
        gas: u64,
    ) -> Accumulation {
        let env = self.env();
        let mut recorder = self.recorder(&env);
        let call = AccumulateCall {
            state: self.state.clone(),
            slot: self.slot,
            entropy: self.entropy,
            service: ServiceId(id),
            gas: Gas(gas),
            inputs,
        };
        let done = accumulate(&env, call, &mut recorder).expect("the host can go on");
        assert!(done.no_code.is_none(), "service {id}: {:?}", done.no_code);
        let service = ServiceId(id);
        let after = join(&self.state, [(service, &done)], self.slot).expect("one cannot clash");
        let changes = self.keep(after, [service]);
        Accumulation {
            yielded: done.yielded,
            transfers: done.transfers,
            changes,
            gas_used: done.gas_used,
            failure: done.failure,
            record: recorder.record,
        }
    }

    /// Goes on from a state in which these services accumulated, and tells what is new in it. They
    /// did so in this slot even if they used no gas, as native code without a host call does.
    fn keep(
        &mut self,
        mut after: PartialState,
        ran: impl IntoIterator<Item = ServiceId>,
    ) -> Vec<Difference> {
        let slot = self.slot;
        for service in ran {
            if after.accounts.contains(service).expect("memory can be read") {
                let updated = after.accounts.update(service, |info| info.last_accumulation = slot);
                updated.expect("memory can be written");
            }
        }
        let changes = self.state.diff(&after).expect("memory can be read");
        self.state = after;
        changes
    }

    /// Computes the work report of a package, as a core would.
    ///
    /// # Errors
    ///
    /// When the package is not valid or not authorized.
    pub fn report(&self, package: &Package) -> Result<(Computed, Record), ReportError> {
        let env = self.env();
        let mut recorder = self.recorder(&env);
        let laid = self.lay_out(package);
        let call = ReportCall {
            package: &laid.package,
            core: self.core,
            extrinsics: &laid.extrinsics,
            exported: &laid.exported,
            segment_roots: &BTreeMap::new(),
            accounts: &self.state.accounts,
            validators: self.state.staging_set.len(),
        };
        let computed = compute_report(&env, call, &mut recorder)?;
        Ok((computed, recorder.record))
    }

    /// Does all that becomes of a package: its report, then the accumulation of that with every
    /// transfer that it leads to, on the report's own octets. Keeps the state, and moves on by one
    /// slot.
    ///
    /// # Errors
    ///
    /// When the package is not valid or not authorized.
    pub fn process(&mut self, package: &Package) -> Result<Processed, ReportError> {
        let (computed, mut record) = self.report(package)?;
        let env = self.env();
        let mut recorder = self.recorder(&env);
        let block = BlockContext { slot: self.slot, entropy: self.entropy };
        let (state, parameters) = (self.state.clone(), &self.protocol.parameters);
        let prior = AccumulationState::without_history(state, self.slot, parameters);
        let Alone { calls, after, .. } =
            accumulate_alone(&env, prior, block, &computed.report, &mut recorder)
                .map_err(ReportError::Host)?;
        let ran = calls.iter().filter(|call| call.no_code.is_none()).map(|call| call.service);
        let changes = self.keep(after.state.state, ran);
        let failed = |call: ServiceCall| call.failure.map(|failure| (call.service, failure));
        let failures = calls.into_iter().filter_map(failed).collect();
        self.slot = next_slot(self.slot).expect("there is a slot after this one");
        record.calls.extend(recorder.record.calls);
        record.log.extend(recorder.record.log);
        let outputs = after.outputs;
        Ok(Processed { computed, outputs, changes, failures, record })
    }
}

/// What an authorizer made of a package.
#[derive(Debug)]
pub struct Authorization {
    /// The trace, or why there is none.
    pub result: Result<Vec<u8>, WorkError>,
    /// The gas used.
    pub gas_used: Gas,
    /// Why it failed, if it did.
    pub failure: Option<Box<Failure>>,
    /// What it did.
    pub record: Record,
}

/// What refine made of an item.
#[derive(Debug)]
pub struct Refinement {
    /// The output, or why there is none.
    pub result: Result<Vec<u8>, WorkError>,
    /// The exported segments.
    pub exports: Vec<Vec<u8>>,
    /// The gas used.
    pub gas_used: Gas,
    /// Why it failed, if it did.
    pub failure: Option<Box<Failure>>,
    /// What it did.
    pub record: Record,
}

impl Refinement {
    /// All but gas: what must be the same natively and compiled.
    pub fn effects(&self) -> (&Result<Vec<u8>, WorkError>, &[Vec<u8>], &Record) {
        (&self.result, &self.exports, &self.record)
    }
}

/// What a service's accumulation did.
#[derive(Debug)]
pub struct Accumulation {
    /// The output.
    pub yielded: Option<Hash>,
    /// Transfers made.
    pub transfers: Vec<DeferredTransfer>,
    /// What changed in the state.
    pub changes: Vec<Difference>,
    /// The gas used.
    pub gas_used: Gas,
    /// Why it failed, if it did.
    pub failure: Option<Box<Failure>>,
    /// What it did.
    pub record: Record,
}

impl Accumulation {
    /// All but gas: what must be the same natively and compiled.
    #[must_use]
    pub fn effects(&self) -> (Option<Hash>, &[DeferredTransfer], &[Difference], &Record) {
        (self.yielded, &self.transfers, &self.changes, &self.record)
    }
}

/// What became of a package.
#[derive(Debug)]
pub struct Processed {
    /// The report with the exports.
    pub computed: Computed,
    /// What services yielded.
    pub outputs: BTreeSet<(ServiceId, Hash)>,
    /// What changed in the state.
    pub changes: Vec<Difference>,
    /// Services whose accumulation failed.
    pub failures: Vec<(ServiceId, Box<Failure>)>,
    /// What the services did, authorizer, refine and accumulate.
    pub record: Record,
}

impl Processed {
    /// The output of each item's refine.
    #[must_use]
    pub fn results(&self) -> Vec<&Result<Vec<u8>, WorkError>> {
        self.computed.report.digests.iter().map(|digest| &digest.result.0).collect()
    }

    /// All but gas: what must be the same natively and compiled.
    #[must_use]
    pub fn effects(&self) -> impl PartialEq + std::fmt::Debug + '_ {
        (self.results(), &self.computed.exports, &self.outputs, &self.changes, &self.record)
    }
}

/// Adds to an account that was just made.
pub struct AccountBuilder<'a> {
    chain: &'a mut Chain,
    id: ServiceId,
}

impl AccountBuilder<'_> {
    /// Sets the balance.
    pub fn balance(self, balance: u64) -> Self {
        let accounts = &mut self.chain.state.accounts;
        let set = accounts.update(self.id, |account| account.balance.0 = balance);
        set.expect("memory can be written");
        self
    }

    /// Sets the least gas for work items and for transfers.
    pub fn minimum_gas(self, accumulate: u64, memo: u64) -> Self {
        let accounts = &mut self.chain.state.accounts;
        let set = accounts.update(self.id, |account| {
            account.min_accumulate_gas = Gas(accumulate);
            account.min_memo_gas = Gas(memo);
        });
        set.expect("memory can be written");
        self
    }

    /// Adds a value to the storage.
    pub fn stores(self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        let accounts = &mut self.chain.state.accounts;
        let set = accounts.set_storage(self.id, key.as_ref(), Some(value.as_ref().into()));
        set.expect("memory can be written");
        self
    }

    /// Adds a preimage that is there since a slot.
    pub fn has_preimage(self, preimage: &[u8], since: u32) -> Self {
        self.chain.preimage(self.id, &preimage.into(), TimeSlot(since));
        self
    }

    /// Adds a request for a preimage.
    pub fn requests(self, preimage: &[u8], history: RequestHistory) -> Self {
        let length = u32::try_from(preimage.len()).expect("a preimage fits an account");
        let key = RequestKey { hash: Hash::blake2b(preimage), length };
        let set = self.chain.state.accounts.set_request(self.id, key, Some(history));
        set.expect("memory can be written");
        self
    }

    /// Makes the service the one that holds every privilege.
    pub fn privileged(self) -> Self {
        let parameters = &self.chain.protocol.parameters;
        self.chain.state.privileges = Arc::new(Privileges {
            manager: self.id,
            assigners: PerCore::from_fn(parameters, |_| self.id),
            delegator: self.id,
            registrar: self.id,
            always_accumulate: BTreeMap::new(),
        });
        self
    }
}
