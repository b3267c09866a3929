//! A chain for tests: accounts, a slot, and services that run natively or compiled on it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jambox_chain::accumulation::join;
use jambox_engine::Engine;
use jambox_hostcall::{HostCall, ResultCode};
use jambox_invocation::{
    AccumulateCall, EngineRunner, Env, ItemBlobs, PackageData, RefineCall, accumulate,
    is_authorized, refine,
};
use jambox_program::join_metadata;
use jambox_sdk::types::{
    Abi, AccumulateInput, AccumulatedQueue, CoreIndex, Gas, Hash, Parameters, Protocol, ReadyQueue,
    Revision, ServiceId, TimeSlot,
};
use jambox_sdk::{
    AccumulateArguments, AccumulateContext, AuthorizeArguments, AuthorizeContext, Service,
    entry_points,
};
use jambox_state::{AccountInfo, Blob, Difference, PartialState};

use crate::account::AccountBuilder;
use crate::code::{Code, Mode, Way};
use crate::fault::Faults;
use crate::measured;
use crate::native::NativeRunner;
use crate::package::Exports;
use crate::record::{Record, Recorder};
use crate::results::{Accumulation, Authorization, Refinement};
use crate::stack::Deepest;
use crate::symbols::KnownSymbols;
use crate::watch::{Seen, Watcher};
use crate::{Item, Package};

/// An authorizer that authorizes everything, with an empty trace.
mod everything {
    use super::{AuthorizeArguments, AuthorizeContext, entry_points};

    fn authorize(_: &AuthorizeContext, _: AuthorizeArguments) {}

    entry_points! { is_authorized = authorize }
}

/// A service that takes what it is sent.
mod receiver {
    use super::{AccumulateArguments, AccumulateContext, entry_points};

    fn accumulate(_: &AccumulateContext, _: AccumulateArguments) {}

    entry_points! { accumulate = accumulate }
}

/// The service whose authorizer is used by packages that name none.
const AUTHORIZER_HOST: ServiceId = ServiceId(u32::MAX - 1);

/// The chain's history of accumulation: packages accumulated, and reports that wait for others.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub slot: TimeSlot,
    pub ready: ReadyQueue,
    pub accumulated: AccumulatedQueue,
}

/// A chain for tests: accounts, a time slot, and the host that serves their calls.
///
/// A test begins with an empty chain, with the `tiny` parameters, at slot 1000. It adds accounts
/// by [`service`](Chain::service), each with its code, which is available since slot 0. Then it
/// runs an entry point, by [`refine`](Chain::refine) or [`accumulate`](Chain::accumulate), or a
/// whole package by [`process`](Chain::process), and looks at the result and at the state. Each
/// accumulation goes on from the state that the last one left. A mistake in the test itself (a
/// missing service, a missing blob) panics.
///
/// A clone is independent: neither chain sees changes of the other, [scripted
/// answers](Chain::answer) included.
///
/// ```
/// use jambox_sdk::prelude::*;
/// use jambox_sdk_testing::{Chain, Code, Mode, operand};
///
/// fn accumulate(ctx: &AccumulateContext, _: AccumulateArguments) -> Result<(), Error> {
///     let runs: u64 = ctx.storage().load("runs")?.unwrap_or(0);
///     ctx.storage().store("runs", &(runs + 1))
/// }
///
/// entry_points! { accumulate = accumulate }
///
/// # fn main() {
/// let mut chain = Chain::new(Mode::Native);
/// chain.service(7, &Code::native(SERVICE)).balance(1_000_000);
/// for runs in 1..=2 {
///     let run = chain.accumulate(7, vec![operand(Ok(b"result")).into()]);
///     assert!(run.failure.is_none());
///     assert_eq!(chain.stored::<u64>(7, "runs"), Some(runs));
/// }
/// # }
/// ```
pub struct Chain {
    way: Way,
    pub(crate) protocol: Protocol,
    pub(crate) state: PartialState,
    natives: BTreeMap<Hash, Service>,
    pub(crate) exports: Exports,
    pub(crate) history: Option<History>,
    /// The chain on disk that this one began from; `None` if it began empty.
    #[cfg(feature = "load")]
    pub(crate) stored: Option<Arc<jambox_store::FileState>>,
    faults: Arc<Faults>,
    deepest: Arc<Deepest>,
    /// Slot of the next block.
    pub slot: TimeSlot,
    /// Entropy of the next block.
    pub entropy: Hash,
    /// Core of the packages.
    pub core: CoreIndex,
}

impl Clone for Chain {
    fn clone(&self) -> Self {
        Self {
            way: self.way,
            protocol: self.protocol,
            state: self.state.clone(),
            natives: self.natives.clone(),
            exports: self.exports.clone(),
            history: self.history.clone(),
            #[cfg(feature = "load")]
            stored: self.stored.clone(),
            faults: Arc::new(self.faults.fork()),
            deepest: Arc::default(),
            slot: self.slot,
            entropy: self.entropy,
            core: self.core,
        }
    }
}

impl Chain {
    /// A chain without services. A [`Mode`] alone stands for that mode under the revision under
    /// test.
    #[must_use]
    pub fn new(way: impl Into<Way>) -> Self {
        Self::with_parameters(way, Parameters::TINY)
    }

    /// A chain without services, under other parameters, such as [`Parameters::FULL`].
    #[must_use]
    pub fn with_parameters(way: impl Into<Way>, parameters: Parameters) -> Self {
        let (way, abi) = (way.into(), Abi::GrayPaper);
        let protocol = Protocol { revision: way.revision, abi, parameters };
        let state = PartialState::empty(&protocol);
        let mut chain = Self {
            way,
            protocol,
            state,
            natives: BTreeMap::new(),
            exports: Exports::new(),
            history: None,
            #[cfg(feature = "load")]
            stored: None,
            faults: Arc::default(),
            deepest: Arc::default(),
            slot: TimeSlot(1000),
            entropy: Hash([7; 32]),
            core: CoreIndex(0),
        };
        chain.install_authorizer();
        chain
    }

    /// Creates a service, with a balance of 10^12 and nothing stored but its code.
    pub fn service(&mut self, id: u32, code: &Code) -> AccountBuilder<'_> {
        self.install(ServiceId(id), code, self.way.mode);
        AccountBuilder { chain: self, id: ServiceId(id) }
    }

    /// Creates a service that takes transfers and does nothing else, with a balance of 10^12:
    /// somebody to be paid. It runs natively in every mode.
    pub fn receiver(&mut self, id: u32) -> AccountBuilder<'_> {
        self.install(ServiceId(id), &Code::native(receiver::SERVICE), Mode::Native);
        AccountBuilder { chain: self, id: ServiceId(id) }
    }

    /// Gives an existing service other code, as an upgrade does; everything else stays.
    ///
    /// # Panics
    ///
    /// When there is no such service.
    pub fn upgrade(&mut self, id: u32, code: &Code) {
        assert!(self.account(id).is_some(), "there is no service {id}");
        let (code_hash, blob) = self.register(ServiceId(id), code, self.way.mode);
        let update = |account: &mut AccountInfo| account.code_hash = code_hash;
        self.state.accounts.update(ServiceId(id), update).expect("memory can be written");
        self.preimage(ServiceId(id), &blob, TimeSlot(0));
    }

    /// Creates the service whose authorizer is used by packages that name none.
    pub(crate) fn install_authorizer(&mut self) {
        let code = Code::native(everything::SERVICE);
        if self.account(AUTHORIZER_HOST.0).is_some() {
            // A state saved by a test has it already.
            self.register(AUTHORIZER_HOST, &code, Mode::Native);
        } else {
            self.install(AUTHORIZER_HOST, &code, Mode::Native);
        }
    }

    fn install(&mut self, id: ServiceId, code: &Code, mode: Mode) {
        let (code_hash, blob) = self.register(id, code, mode);
        let balance = jambox_sdk::types::Balance(1_000_000_000_000);
        let info = AccountInfo { code_hash, balance, ..AccountInfo::default() };
        self.state.accounts.create(id, info).expect("memory can be written");
        self.preimage(id, &blob, TimeSlot(0));
    }

    /// Registers the code to run for a code hash, and gives the hash with the octets of the code in
    /// the state.
    fn register(&mut self, id: ServiceId, code: &Code, mode: Mode) -> (Hash, Blob) {
        // Without a blob, the state needs unique octets in place of the code.
        let stand_in = || join_metadata(&id.0.to_le_bytes(), b"native").into();
        let compiled = code.blob(self.way.revision);
        let blob: Blob = compiled.map_or_else(stand_in, |it| Arc::clone(&it.octets));
        let code_hash = Hash::blake2b(&blob);
        match (mode, code.native) {
            (Mode::Native, Some(service)) => drop(self.natives.insert(code_hash, service)),
            (Mode::Native, None) => {}
            (Mode::Compiled | Mode::CompiledOn(_), _) => {
                let revision = self.way.revision;
                assert!(compiled.is_some(), "service {id} has no blob for {revision}");
                if let Some(path) = compiled.and_then(|it| it.path.as_deref()) {
                    KnownSymbols::expect(path);
                }
            }
        }
        (code_hash, blob)
    }

    /// Parameters of the protocol.
    #[must_use]
    pub const fn parameters(&self) -> &Parameters {
        &self.protocol.parameters
    }

    /// Revision of the Gray Paper.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        self.protocol.revision
    }

    /// Advances by this number of slots, in which nothing happens.
    ///
    /// # Panics
    ///
    /// When the slot would be 2^32 or more.
    pub fn advance(&mut self, slots: u32) {
        self.slot.0 = self.slot.0.checked_add(slots).expect("there are as many slots");
    }

    /// Answers the `nth` of these calls (from 1 on, counted from now) with a code, in place of the
    /// host.
    pub fn answer(&self, call: HostCall, nth: usize, code: ResultCode) {
        self.faults.script(call, nth, code);
    }

    pub(crate) fn env(&self) -> Env {
        let env = Env::with_backend(self.protocol, self.way.mode.backend());
        let env = env.expect("the engine has the backend and knows the revision");
        let engine = EngineRunner::new(Engine::clone(env.engine()));
        let (services, faults) = (self.natives.clone(), Arc::clone(&self.faults));
        let interface = env.interface();
        let deepest = Arc::clone(&self.deepest);
        env.with_runner(Box::new(NativeRunner { services, engine, faults, interface, deepest }))
    }

    pub(crate) fn recorder(&self) -> Recorder {
        Recorder {
            record: Record::default(),
            revision: self.revision(),
            instruments: measured::instruments(self.way.mode),
            deepest: Arc::clone(&self.deepest),
            running: (Hash::ZERO, 0),
        }
    }

    pub(crate) fn code_hash(&self, id: ServiceId) -> Hash {
        let account = self.state.accounts.get(id).expect("memory can be read");
        account.unwrap_or_else(|| panic!("there is no service {id}")).code_hash
    }

    pub(crate) fn lay_out(&self, package: &Package) -> crate::package::Laid {
        let host = package.authorizer.unwrap_or(AUTHORIZER_HOST);
        let authorizer = (host, self.code_hash(host));
        let parameters = &self.protocol.parameters;
        package.lay_out(authorizer, self.slot, parameters, &self.exports, |id| self.code_hash(id))
    }

    /// Runs a package's authorizer.
    pub fn authorize(&self, package: &Package) -> Authorization {
        let (env, watcher) = (self.env(), Watcher::of(self));
        let mut watch = watcher.watch(self.recorder());
        let data =
            PackageData::new(self.lay_out(package).package, Vec::new(), self.protocol.revision);
        let done = is_authorized(&env, &data, self.core, &self.state.accounts, &mut watch);
        let done = done.expect("the host can go on");
        let (result, gas_used) = (done.result, done.gas_used);
        let mut seen = Seen::of(watch);
        Authorization { result, gas_used, failure: seen.authorizer(), record: seen.record }
    }

    /// Refines one item alone, without an authorizer.
    pub fn refine(&self, item: &Item) -> Refinement {
        let (env, watcher) = (self.env(), Watcher::of(self));
        let mut watch = watcher.watch(self.recorder());
        let laid = self.lay_out(&item.clone().into());
        let imports = item.imports.iter().map(|import| import.segment(&self.exports).clone());
        let blobs = ItemBlobs { extrinsics: item.extrinsics.clone(), imports: imports.collect() };
        let call = RefineCall {
            package: &PackageData::new(laid.package, vec![blobs], self.protocol.revision),
            item: 0,
            core: self.core,
            trace: &Arc::from([]),
            export_offset: 0,
            accounts: &self.state.accounts,
        };
        let done = refine(&env, call, &mut watch).expect("the host can go on");
        let mut seen = Seen::of(watch);
        Refinement {
            failure: seen.refine(0, item.service, done.result.as_ref().err()),
            result: done.result,
            exports: done.exports.iter().map(|segment| segment.to_vec()).collect(),
            gas_used: done.gas_used,
            record: seen.record,
        }
    }

    /// Accumulates one service alone in a block, and keeps the resulting state. As on a chain,
    /// changes that the service may not make have no effect: a `bless` counts only from the
    /// manager, for example.
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
        let (env, watcher) = (self.env(), Watcher::of(self));
        let mut watch = watcher.watch(self.recorder());
        let call = AccumulateCall {
            state: self.state.clone(),
            slot: self.slot,
            entropy: self.entropy,
            service: ServiceId(id),
            gas: Gas(gas),
            inputs,
        };
        let done = accumulate(&env, call, &mut watch).expect("the host can go on");
        assert!(done.no_code.is_none(), "service {id}: {:?}", done.no_code);
        let service = ServiceId(id);
        let after = join(&self.state, [(service, &done)], self.slot).expect("one cannot clash");
        let changes = self.keep(after, [service]);
        let mut seen = Seen::of(watch);
        Accumulation {
            failure: seen.accumulate(service, Gas(gas), None),
            yielded: done.yielded,
            transfers: done.transfers,
            changes,
            gas_used: done.gas_used,
            record: seen.record,
        }
    }

    /// Continues from a state in which these services accumulated, and gives the differences. They
    /// accumulated in this slot even if they used no gas, as native code without a host call does.
    pub(crate) fn keep(
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
}
