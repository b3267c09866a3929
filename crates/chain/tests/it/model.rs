//! Accumulate's calls about accounts, many in a block and over many blocks, against the paper's
//! formulas over plain maps. Between blocks the state is serialised.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use jambox_chain::accumulation::join;
use jambox_invocation::{AccumulateCall, accumulate};
use jambox_state::{Accounts, KeyedBase, RequestHistory, RequestKey};
use jambox_types::{AccumulateInput, Gas, Hash, Protocol, ServiceId, TimeSlot};
use proptest::prelude::*;

use crate::guest::{CASH, FULL, Guest, HUH, LOW, NONE, OK, OWN, WHO, WRITABLE};
use crate::world::{Block, CODE, ENTROPY, GAS, NOBODY, OTHER, SELF, account, request, scripted};

/// A service that [`SELF`] may eject, after its last request has been forgotten for long enough.
const GIVEN_UP: u64 = 90_000;
const SERVICES: [u64; 6] = [OWN, 65_600, 70_000, NOBODY, GIVEN_UP, 7];
const BLOBS: [&[u8]; 4] = [&CODE, b"preimage", b"", b"forty octets of nothing, or nearly forty"];
const LENGTHS: [u64; 7] = [5, 8, 0, 40, (1 << 32) - 2, (1 << 32) - 1, 1 << 32];

const HASHES: u64 = WRITABLE;
const DATA: u64 = WRITABLE + 0x1000;
const OUT: u64 = WRITABLE + 0x2000;
/// Address of zeros: memos, and a key of three octets.
const ZEROS: u64 = WRITABLE + 0x3000;

fn hash(index: usize) -> Hash {
    Hash::blake2b(BLOBS[index])
}

/// A call. Numbers are indices into the lists above.
#[derive(Clone, Copy, Debug)]
enum Op {
    /// A key (one of the hashes, or three zeros), and the length of the value.
    Write(usize, usize),
    Read(usize, usize),
    Lookup(usize, usize),
    Query(usize, usize),
    Solicit(usize, usize),
    Forget(usize, usize),
    Provide(usize, usize),
    /// Hash, length, gratis, wanted index.
    New(usize, usize, u64, u64),
    Eject(usize, usize),
    /// Service, amount, gas.
    Transfer(usize, u64, u64),
}

fn op() -> impl Strategy<Value = Op> {
    let (service, blob, length) = (0..SERVICES.len(), 0..BLOBS.len(), 0..LENGTHS.len());
    // Most often the blob's own length.
    let named = (blob.clone(), length.clone(), 0..4u8)
        .prop_map(|(blob, length, odd)| (blob, if odd == 0 { length } else { blob }));
    prop_oneof![
        3 => (0..=BLOBS.len(), 0..50usize).prop_map(|(key, value)| Op::Write(key, value)),
        1 => (service.clone(), 0..=BLOBS.len()).prop_map(|(s, key)| Op::Read(s, key)),
        1 => (service.clone(), blob.clone()).prop_map(|(s, blob)| Op::Lookup(s, blob)),
        2 => named.clone().prop_map(|(hash, length)| Op::Query(hash, length)),
        4 => named.clone().prop_map(|(hash, length)| Op::Solicit(hash, length)),
        4 => named.clone().prop_map(|(hash, length)| Op::Forget(hash, length)),
        4 => (service.clone(), blob.clone()).prop_map(|(s, blob)| Op::Provide(s, blob)),
        2 => (named, prop::sample::select(vec![0, 0, 50, 1 << 40]), 6..9u64)
            .prop_map(|((hash, length), gratis, wanted)| {
                // The deposit of the longest can be paid with gratis only, and the state would have
                // no key of its own for the request.
                let length = if (4..6).contains(&length) { 3 } else { length };
                Op::New(hash, length, gratis, wanted)
            }),
        2 => (service.clone(), blob).prop_map(|(s, blob)| Op::Eject(s, blob)),
        1 => (service, prop::sample::select(vec![0, 100, 500, u64::MAX]), 30..40u64)
            .prop_map(|(s, amount, gas)| Op::Transfer(s, amount, gas)),
    ]
}

/// `eq:serviceaccount`, in part.
#[derive(Clone, Debug, Default, PartialEq)]
struct Account {
    storage: BTreeMap<Vec<u8>, Vec<u8>>,
    preimages: BTreeMap<Hash, Vec<u8>>,
    requests: BTreeMap<(Hash, u64), Vec<u32>>,
    code_hash: Hash,
    balance: u64,
    min_memo_gas: u64,
    gratis: u64,
}

/// `eq:deposits`.
impl Account {
    fn items(&self) -> u64 {
        (2 * self.requests.len() + self.storage.len()) as u64
    }

    fn octets(&self) -> u64 {
        let requests = self.requests.keys().map(|(_, length)| 81 + length);
        let storage = self.storage.iter().map(|(key, value)| 34 + (key.len() + value.len()) as u64);
        requests.chain(storage).sum()
    }

    fn threshold(&self) -> u64 {
        (100 + 10 * self.items() + self.octets()).saturating_sub(self.gratis)
    }
}

/// The state, and the additions of an accumulation of [`SELF`].
#[derive(Clone, Debug, Default)]
struct Model {
    accounts: BTreeMap<u64, Account>,
    slot: u32,
    is_privileged: bool,
    provisions: BTreeSet<(u64, Vec<u8>)>,
    /// Keys of the accounts before the accumulation, and the next free index.
    base: BTreeSet<u64>,
    next: u64,
}

const IDS: u64 = (1 << 32) - (1 << 8) - (1 << 16);

impl Model {
    fn own(&mut self) -> &mut Account {
        self.accounts.get_mut(&SELF.0.into()).unwrap()
    }

    fn service(index: usize) -> u64 {
        if SERVICES[index] == OWN { SELF.0.into() } else { SERVICES[index] }
    }

    fn expired(&self, since: u32) -> bool {
        i64::from(since) < i64::from(self.slot) - 19_200
    }

    /// `eq:newserviceindex`.
    fn check(&self, mut index: u64) -> u64 {
        while self.base.contains(&index) {
            index = (index - (1 << 16) + 1) % IDS + (1 << 16);
        }
        index
    }

    /// `I` of `eq:accinvocation`. Slots here are from 2^14 to 2^21: three octets as naturals.
    fn begin(&mut self) {
        self.provisions.clear();
        self.base = self.accounts.keys().copied().collect();
        let [a, b, c, _] = self.slot.to_le_bytes();
        let seed = [&[0xc1, 0x40, 0x00][..], &ENTROPY.0, &[0xc0 + c, a, b]].concat();
        let [a, b, c, d, ..] = Hash::blake2b(&seed).0;
        let number = u64::from(u32::from_le_bytes([a, b, c, d]));
        self.next = self.check(number % IDS + (1 << 16));
    }

    /// End of the accumulation: provisions are integrated.
    fn end(&mut self) {
        for (service, blob) in std::mem::take(&mut self.provisions) {
            let key = (Hash::blake2b(&blob), blob.len() as u64);
            let Some(account) = self.accounts.get_mut(&service) else { continue };
            if account.requests.get(&key) == Some(&vec![]) {
                account.requests.insert(key, vec![self.slot]);
                account.preimages.insert(key.0, blob);
            }
        }
    }

    fn write(&mut self, key: &[u8], value: Vec<u8>) -> u64 {
        let mut after = self.own().clone();
        let before = match value.len() {
            0 => after.storage.remove(key),
            _ => after.storage.insert(key.to_vec(), value),
        };
        if after.threshold() > after.balance {
            return FULL;
        }
        *self.own() = after;
        before.map_or(NONE, |value| value.len() as u64)
    }

    fn provide(&mut self, service: u64, blob: &[u8]) -> u64 {
        let Some(account) = self.accounts.get(&service) else { return WHO };
        let key = (Hash::blake2b(blob), blob.len() as u64);
        let is_requested = account.requests.get(&key) == Some(&vec![]);
        let is_new = is_requested && self.provisions.insert((service, blob.to_vec()));
        if is_new { OK } else { HUH }
    }

    fn solicit(&mut self, key: (Hash, u64)) -> u64 {
        let slot = self.slot;
        let mut after = self.own().clone();
        match after.requests.get(&key).map(Vec::as_slice) {
            None if key.1 < 1 << 32 => drop(after.requests.insert(key, vec![])),
            Some(&[x, y]) => drop(after.requests.insert(key, vec![x, y, slot])),
            None => return FULL,
            _ => return HUH,
        }
        if after.balance < after.threshold() {
            return FULL;
        }
        *self.own() = after;
        OK
    }

    fn forget(&mut self, key: (Hash, u64)) -> u64 {
        let Some(history) = self.own().requests.get(&key).cloned() else { return HUH };
        let slot = self.slot;
        match history[..] {
            [x] => drop(self.own().requests.insert(key, vec![x, slot])),
            [_, y, w] if self.expired(y) => drop(self.own().requests.insert(key, vec![w, slot])),
            [_, y] if !self.expired(y) => return HUH,
            [] | [_, _] => {
                self.own().requests.remove(&key);
                self.own().preimages.remove(&key.0);
            }
            _ => return HUH,
        }
        OK
    }

    fn create(&mut self, code: (Hash, u64), gratis: u64, wanted: u64) -> u64 {
        if gratis != 0 && !self.is_privileged {
            return HUH;
        }
        let mut created =
            Account { code_hash: code.0, gratis, min_memo_gas: 33, ..Account::default() };
        created.requests.insert(code, vec![]);
        created.balance = created.threshold();
        let own = self.own();
        if own.balance < created.balance || own.balance - created.balance < own.threshold() {
            return CASH;
        }
        if self.is_privileged && self.accounts.contains_key(&wanted) {
            return FULL;
        }
        let index = if self.is_privileged {
            wanted
        } else {
            let index = self.next;
            self.next = self.check((1 << 16) + (index - (1 << 16) + 42) % IDS);
            index
        };
        self.own().balance -= created.balance;
        self.accounts.insert(index, created);
        index
    }

    fn eject(&mut self, service: u64, hash: Hash) -> u64 {
        let account = self.accounts.get(&service).filter(|_| service != u64::from(SELF.0));
        let Some(account) = account.filter(|account| account.code_hash == own_id()) else {
            return WHO;
        };
        let length = account.octets().max(81) - 81;
        let (items, balance) = (account.items(), account.balance);
        match account.requests.get(&(hash, length)).map(Vec::as_slice) {
            Some(&[_, y]) if items == 2 && self.expired(y) => {
                self.accounts.remove(&service);
                self.own().balance += balance;
                OK
            }
            _ => HUH,
        }
    }

    fn transfer(&mut self, to: u64, amount: u64, gas: u64) -> u64 {
        match self.accounts.get(&to) {
            None => return WHO,
            Some(account) if gas < account.min_memo_gas => return LOW,
            Some(_) => {}
        }
        let own = self.own();
        if own.balance < amount || own.balance - amount < own.threshold() {
            return CASH;
        }
        own.balance -= amount;
        OK
    }
}

fn key_of(index: usize) -> (u64, Vec<u8>) {
    match index {
        0..4 => (HASHES + 32 * index as u64, hash(index).0.to_vec()),
        _ => (ZEROS, vec![0; 3]),
    }
}

/// Checks memory and `r7` after a call that copies a blob.
fn copies(guest: &mut Guest<'_, '_>, number: u64, arguments: &[u64], expected: Option<&Vec<u8>>) {
    guest.put(OUT, &[0xee; 64]);
    let length = expected.map_or(NONE, |octets| octets.len() as u64);
    guest.returns(number, arguments, length);
    if let Some(octets) = expected {
        assert_eq!(guest.get(OUT, octets.len() as u64), *octets);
    }
}

/// Makes a call that only reads.
fn ask(op: Op, guest: &mut Guest<'_, '_>, model: &mut Model) {
    let at = |index: usize| HASHES + 32 * index as u64;
    match op {
        Op::Read(service, key) => {
            let (address, key) = key_of(key);
            let account = model.accounts.get(&Model::service(service));
            let value = account.and_then(|account| account.storage.get(&key));
            let arguments = [SERVICES[service], address, key.len() as u64, OUT, 0, 64];
            copies(guest, 3, &arguments, value);
        }
        Op::Lookup(service, blob) => {
            let account = model.accounts.get(&Model::service(service));
            let preimage = account.and_then(|account| account.preimages.get(&hash(blob)));
            copies(guest, 2, &[SERVICES[service], at(blob), OUT, 0, 64], preimage);
        }
        Op::Query(blob, length) => {
            let slots = model.own().requests.get(&(hash(blob), LENGTHS[length]));
            let slots = slots.map(|slots| slots.iter().copied().map(u64::from).collect::<Vec<_>>());
            let expected = match slots.as_deref() {
                None => (NONE, 0),
                Some([]) => (0, 0),
                Some([x]) => (1 + (x << 32), 0),
                Some([x, y]) => (2 + (x << 32), *y),
                Some([x, y, z]) => (3 + (x << 32), y + (z << 32)),
                Some(_) => unreachable!(),
            };
            assert_eq!(guest.call(22, &[at(blob), LENGTHS[length]]), expected);
        }
        _ => perform(op, guest, model),
    }
}

/// Makes a call that changes state, and compares the change with the model's.
fn perform(op: Op, guest: &mut Guest<'_, '_>, model: &mut Model) {
    let at = |index: usize| HASHES + 32 * index as u64;
    match op {
        Op::Write(key, length) => {
            let (address, key) = key_of(key);
            let value = guest.get(DATA, length as u64);
            let expected = model.write(&key, value);
            guest.returns(4, &[address, key.len() as u64, DATA, length as u64], expected);
        }
        Op::Solicit(blob, length) => {
            let expected = model.solicit((hash(blob), LENGTHS[length]));
            guest.returns(23, &[at(blob), LENGTHS[length]], expected);
        }
        Op::Forget(blob, length) => {
            let expected = model.forget((hash(blob), LENGTHS[length]));
            guest.returns(24, &[at(blob), LENGTHS[length]], expected);
        }
        Op::Provide(service, blob) => {
            let expected = model.provide(Model::service(service), BLOBS[blob]);
            guest.put(OUT, BLOBS[blob]);
            guest.returns(26, &[SERVICES[service], OUT, BLOBS[blob].len() as u64], expected);
        }
        Op::New(code, length, gratis, wanted) => {
            let call = [at(code), LENGTHS[length], 1, 33, gratis, wanted];
            if LENGTHS[length] >= 1 << 32 {
                guest.panics(18, &call);
                return;
            }
            let expected = model.create((hash(code), LENGTHS[length]), gratis, wanted);
            guest.returns(18, &call, expected);
        }
        Op::Eject(service, blob) => {
            let expected = model.eject(SERVICES[service], hash(blob));
            guest.returns(21, &[SERVICES[service], at(blob)], expected);
        }
        Op::Transfer(to, amount, gas) => {
            let expected = model.transfer(SERVICES[to], amount, gas);
            let price = if expected == OK { 10 + gas } else { 10 };
            guest.pays(price, 20, &[SERVICES[to], amount, gas, ZEROS], expected);
        }
        Op::Read(..) | Op::Lookup(..) | Op::Query(..) => unreachable!("they change nothing"),
    }
}

/// Compares the state with the model.
fn assert_same(model: &Model, accounts: &Accounts) {
    let services = SERVICES[1..].iter().copied().chain(model.base.iter().copied());
    for service in services.chain(model.accounts.keys().copied()) {
        let id = ServiceId(service as u32);
        let (expected, info) = (model.accounts.get(&service), accounts.get(id).unwrap());
        assert_eq!(info.is_some(), expected.is_some(), "service {service}");
        let (Some(expected), Some(info)) = (expected, info) else { continue };
        let footprint = (u64::from(info.footprint.items), info.footprint.octets);
        assert_eq!(footprint, (expected.items(), expected.octets()), "service {service}");
        let fields = (info.balance.0, info.gratis.0, info.min_memo_gas.0, info.code_hash);
        let Account { balance, gratis, min_memo_gas, code_hash, .. } = expected;
        assert_eq!(fields, (*balance, *gratis, *min_memo_gas, *code_hash), "service {service}");
        for (key, value) in &expected.storage {
            let found = accounts.storage(id, key).unwrap();
            assert_eq!(found.as_deref(), Some(value.as_slice()), "service {service}");
        }
        for ((hash, length), slots) in &expected.requests {
            let key = RequestKey { hash: *hash, length: u32::try_from(*length).unwrap() };
            let slots: Vec<TimeSlot> = slots.iter().copied().map(TimeSlot).collect();
            let found = accounts.request(id, &key).unwrap();
            assert_eq!(found, RequestHistory::from_slots(&slots), "service {service}");
        }
        for (hash, preimage) in &expected.preimages {
            let found = accounts.preimage(id, hash).unwrap();
            assert_eq!(found.as_deref(), Some(preimage.as_slice()), "service {service}");
        }
    }
}

fn model_account(code_hash: Hash, balance: u64) -> Account {
    Account { code_hash, balance, min_memo_gas: 0x22, ..Account::default() }
}

/// The id of [`SELF`] as a code hash. A service with this code hash can be ejected by [`SELF`].
fn own_id() -> Hash {
    let mut hash = Hash::ZERO;
    hash.0[..4].copy_from_slice(&SELF.0.to_le_bytes());
    hash
}

/// The state before the first block, with its model.
fn start(is_privileged: bool, balance: u64) -> (Block, Model) {
    let mut block = Block::new().balance(balance);
    let mut model = Model { is_privileged, ..Model::default() };
    for (id, balance) in [(SELF, balance), (OTHER, 1_000_000)] {
        let mut with_code = model_account(hash(0), balance);
        with_code.preimages.insert(hash(0), CODE.to_vec());
        with_code.requests.insert((hash(0), 5), vec![0]);
        model.accounts.insert(id.0.into(), with_code);
    }
    let mut given_up = account(5000);
    given_up.code_hash = own_id();
    block.accounts().create(ServiceId(GIVEN_UP as u32), given_up).unwrap();
    let history = RequestHistory::Unavailable(TimeSlot(1), TimeSlot(90_000));
    request(block.accounts(), ServiceId(GIVEN_UP as u32), hash(1), 8, history);
    let mut expected = model_account(own_id(), 5000);
    expected.requests.insert((hash(1), 8), vec![1, 90_000]);
    model.accounts.insert(GIVEN_UP, expected);
    // Others have requests too.
    request(block.accounts(), OTHER, hash(1), 8, RequestHistory::Requested);
    let other = model.accounts.get_mut(&OTHER.0.into()).unwrap();
    other.requests.insert((hash(1), 8), vec![]);
    let privileges = block.privileges();
    if is_privileged {
        (privileges.manager, privileges.registrar) = (SELF, SELF);
    }
    (block, model)
}

fn run(blocks: Vec<Vec<Op>>, is_privileged: bool, balance: u64) {
    let (block, mut model) = start(is_privileged, balance);
    let mut keyed = KeyedBase::default();
    keyed.apply(&block.state.accounts).unwrap();
    let mut state = block.state;
    for (number, ops) in (0..).zip(blocks) {
        state.accounts = Accounts::new(Arc::new(keyed.clone()));
        assert_same(&model, &state.accounts);
        if !model.own().preimages.contains_key(&hash(0)) {
            return;
        }
        model.slot = 100_000 + number * 9_700;
        model.begin();
        let shared = Arc::new(Mutex::new(model));
        let inside = Arc::clone(&shared);
        let env = scripted(
            Protocol::new(jambox_types::Revision::GrayPaper072, jambox_types::Parameters::FULL),
            move |guest| {
                (0..BLOBS.len())
                    .for_each(|index| guest.put(HASHES + 32 * index as u64, &hash(index).0));
                guest.put(DATA, &[number as u8; 64]);
                let mut model = inside.lock().unwrap();
                for op in ops {
                    guest.gas = GAS;
                    ask(op, guest, &mut model);
                }
            },
        );
        let slot = TimeSlot(shared.lock().unwrap().slot);
        let call = AccumulateCall {
            state: state.clone(),
            slot,
            entropy: ENTROPY,
            service: SELF,
            gas: Gas(GAS),
            inputs: Vec::<AccumulateInput>::new(),
        };
        let done = accumulate(&env, call, &mut ()).expect("the host can go on");
        state = join(&state, [(SELF, &done)], slot).expect("the state can be read");
        drop(env);
        model = Arc::into_inner(shared).unwrap().into_inner().unwrap();
        model.end();
        assert_same(&model, &state.accounts);
        keyed.apply(&state.accounts).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 150,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn accounts_change_as_the_formulas_say(
        blocks in prop::collection::vec(prop::collection::vec(op(), 1..30), 1..7),
        is_privileged: bool,
        balance in prop::sample::select(vec![250_u64, 700, 3000, 1_000_000]),
    ) {
        run(blocks, is_privileged, balance);
    }
}
