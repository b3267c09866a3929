//! Inner machines against plain maps of pages: `machine`, `pages`, `poke`, `peek`, `invoke` and
//! `expunge` on several machines, in any order, on every backend.

use std::collections::BTreeMap;
use std::sync::Mutex;

use jambox_engine::Backend;
use jambox_invocation::{Env, Runner};
use jambox_types::Protocol;
use proptest::prelude::*;

use crate::guest::{Guest, HUH, OK, OOB, Scripted, WHO, WRITABLE};
use crate::program::blob;
use crate::world::{GAS, Work};

const BLOB: u64 = WRITABLE;
const BLOCK: u64 = WRITABLE + 0x1000;
const DATA: u64 = WRITABLE + 0x2000;

/// `store_ind_u64 [r1], r2`, `load_ind_u64 r3, [r4]`, `ecalli 1`, and then the end of the code.
const PROGRAM: [&[u8]; 3] = [&[123, 0x12], &[130, 0x43], &[10, 1]];

const HOST: u64 = 3;
const FAULT: u64 = 2;
const PANIC: u64 = 1;
const OOG: u64 = 4;

#[derive(Clone, Copy, Debug)]
enum Op {
    Make,
    Expunge(u64),
    /// First page, number, mode.
    Pages(u64, u64, u64, u64),
    /// Address, length.
    Poke(u64, u64, u64),
    Peek(u64, u64, u64),
    /// Addresses of the store and the load, the octet stored, gas.
    Invoke(u64, u64, u64, u8, u64),
}

fn page() -> impl Strategy<Value = u64> + Clone {
    prop_oneof![20 => 16..20u64, 2 => 20..22u64, 1 => 0xf_fffb..=0xf_ffffu64, 1 => Just(15)]
}

fn address() -> impl Strategy<Value = u64> + Clone {
    let offset = prop::sample::select(vec![0, 8, 2000, 4088, 4089, 4092, 4095]);
    (page(), offset).prop_map(|(page, offset)| page * 4096 + offset)
}

fn op() -> impl Strategy<Value = Op> {
    let machine = 0..4u64;
    let length = prop_oneof![4 => 0..20u64, 1 => 4000..9000u64];
    let anywhere = || {
        let high = prop::sample::select(vec![0, 0, 0, 0xabcd << 40]);
        (address(), high).prop_map(|(address, high)| address | high)
    };
    let range = (machine.clone(), address(), length);
    let count = prop_oneof![6 => 0..4u64, 1 => Just(1 << 20), 1 => Just(u64::MAX)];
    prop_oneof![
        1 => Just(Op::Make),
        1 => machine.clone().prop_map(Op::Expunge),
        4 => (machine.clone(), page(), count, prop::sample::select(vec![0, 1, 2, 2, 2, 3, 4, 4, 5]))
            .prop_map(|(m, first, count, mode)| Op::Pages(m, first, count, mode)),
        3 => range.clone().prop_map(|(m, address, length)| Op::Poke(m, address, length)),
        3 => range.prop_map(|(m, address, length)| Op::Peek(m, address, length)),
        5 => (machine, anywhere(), anywhere(), any::<u8>(), 0..8u64)
            .prop_map(|(m, store, load, octet, gas)| Op::Invoke(m, store, load, octet, gas)),
    ]
}

/// `eq:pvmguest`. Pages that are not in the map are inaccessible and zero.
#[derive(Clone, Default)]
struct Machine {
    pages: BTreeMap<u64, Page>,
    pc: u64,
}

#[derive(Clone)]
struct Page {
    is_writable: bool,
    octets: Vec<u8>,
}

/// Reason for an exit at a memory access.
enum Access {
    Panic,
    Fault(u64),
}

impl Machine {
    fn octet(&self, address: u64, needs_write: bool) -> Option<u8> {
        let page = self.pages.get(&(address / 4096)).filter(|it| !needs_write || it.is_writable);
        page.map(|page| page.octets[(address % 4096) as usize])
    }

    fn set(&mut self, address: u64, octet: u8) {
        let page = self.pages.get_mut(&(address / 4096)).unwrap();
        page.octets[(address % 4096) as usize] = octet;
    }

    fn can(&self, address: u64, length: u64, needs_write: bool) -> bool {
        (address..address + length).all(|address| self.octet(address, needs_write).is_some())
    }

    fn read(&self, address: u64, length: u64) -> Vec<u8> {
        (address..address + length).map(|address| self.octet(address, false).unwrap()).collect()
    }

    /// The memory-access exceptional execution state: the lowest inaccessible octet decides.
    fn access(&self, address: u64, needs_write: bool) -> Result<[u64; 8], Access> {
        let addresses: [u64; 8] = std::array::from_fn(|i| (address + i as u64) % (1 << 32));
        match addresses.iter().find(|address| self.octet(**address, needs_write).is_none()) {
            None => Ok(addresses),
            Some(0..0x1_0000) => Err(Access::Panic),
            Some(address) => Err(Access::Fault(address / 4096 * 4096)),
        }
    }

    fn pages(&mut self, first: u64, count: u64, mode: u64) -> u64 {
        let end = u128::from(first) + u128::from(count);
        if mode > 4 || first < 16 || end >= 1 << 20 {
            return HUH;
        }
        let pages = first..first + count;
        if mode > 2 && !pages.clone().all(|page| self.pages.contains_key(&page)) {
            return HUH;
        }
        for page in pages {
            let kept = self.pages.remove(&page).filter(|_| mode > 2);
            let octets = kept.map_or_else(|| vec![0; 4096], |page| page.octets);
            if mode != 0 {
                self.pages.insert(page, Page { is_writable: matches!(mode, 2 | 4), octets });
            }
        }
        OK
    }

    /// Runs the program: the exit, its detail, and the registers.
    fn run(&mut self, gas: &mut u64, registers: &mut [u64; 13]) -> (u64, Option<u64>) {
        loop {
            let Some(left) = gas.checked_sub(1) else { return (OOG, None) };
            *gas = left;
            let accessed = match self.pc {
                0 => self.access(registers[1], true).map(|addresses| {
                    for (address, octet) in addresses.into_iter().zip(registers[2].to_le_bytes()) {
                        self.set(address, octet);
                    }
                }),
                2 => self.access(registers[4], false).map(|addresses| {
                    let octets = addresses.map(|address| self.octet(address, false).unwrap());
                    registers[3] = u64::from_le_bytes(octets);
                }),
                4 => {
                    self.pc = 6;
                    return (HOST, Some(1));
                }
                _ => Err(Access::Panic),
            };
            match accessed {
                Ok(()) => self.pc += 2,
                Err(Access::Fault(page)) => return (FAULT, Some(page)),
                Err(Access::Panic) => {
                    self.pc = 0;
                    return (PANIC, None);
                }
            }
        }
    }
}

fn invoke(
    guest: &mut Guest<'_, '_>,
    machines: &mut BTreeMap<u64, Machine>,
    handle: u64,
    mut gas: u64,
    mut registers: [u64; 13],
) {
    let block = |gas: u64, registers: &[u64; 13]| -> Vec<u8> {
        std::iter::once(&gas).chain(registers).flat_map(|number| number.to_le_bytes()).collect()
    };
    guest.put(BLOCK, &block(gas, &registers));
    let Some(machine) = machines.get_mut(&handle) else {
        return guest.answers(12, &[handle, BLOCK], WHO);
    };
    let (exit, detail) = machine.run(&mut gas, &mut registers);
    let (r7, r8) = guest.call(12, &[handle, BLOCK]);
    assert_eq!((r7, r8), (exit, detail.unwrap_or(BLOCK)));
    assert_eq!(guest.get(BLOCK, 112), block(gas, &registers));
}

fn perform(op: Op, guest: &mut Guest<'_, '_>, machines: &mut BTreeMap<u64, Machine>) {
    match op {
        Op::Make => {
            let blob = blob(&PROGRAM);
            guest.put(BLOB, &blob);
            let handle = (0..).find(|handle| !machines.contains_key(handle)).unwrap();
            guest.answers(8, &[BLOB, blob.len() as u64, 0], handle);
            machines.insert(handle, Machine::default());
        }
        Op::Expunge(handle) => {
            let expected = machines.remove(&handle).map_or(WHO, |machine| machine.pc);
            guest.answers(13, &[handle], expected);
        }
        Op::Pages(handle, first, count, mode) => {
            let machine = machines.get_mut(&handle);
            let expected = machine.map_or(WHO, |machine| machine.pages(first, count, mode));
            guest.answers(11, &[handle, first, count, mode], expected);
        }
        Op::Poke(handle, address, length) => {
            let octets: Vec<u8> = (0..length).map(|i| (i * 7 + address) as u8).collect();
            guest.put(DATA, &octets);
            let expected = match machines.get_mut(&handle) {
                None => WHO,
                Some(machine) if !machine.can(address, length, true) => OOB,
                Some(machine) => {
                    for (address, octet) in (address..).zip(octets) {
                        machine.set(address, octet);
                    }
                    OK
                }
            };
            guest.answers(10, &[handle, DATA, address, length], expected);
        }
        Op::Peek(handle, address, length) => {
            let (expected, octets) = match machines.get_mut(&handle) {
                None => (WHO, Vec::new()),
                Some(machine) if !machine.can(address, length, false) => (OOB, Vec::new()),
                Some(machine) => (OK, machine.read(address, length)),
            };
            guest.returns(9, &[handle, DATA, address, length], expected);
            assert!(guest.get(DATA, octets.len() as u64) == octets, "the octets of {op:?}");
        }
        Op::Invoke(handle, store, load, octet, gas) => {
            let stored = u64::from_le_bytes([octet; 8]);
            let registers = [9, store, stored, 8, load, 7, 6, 5, 4, 3, 2, 1, 0];
            invoke(guest, machines, handle, gas, registers);
        }
    }
}

fn check(backend: Backend, ops: Vec<Op>) {
    // Three machines with four pages to begin with.
    let first = (0..3).flat_map(|machine| [Op::Make, Op::Pages(machine, 16, 4, 2)]);
    let ops: Vec<Op> = first.chain(ops).collect();
    let script = move |guest: &mut Guest<'_, '_>| {
        let mut machines = BTreeMap::new();
        for op in ops {
            guest.gas = GAS;
            perform(op, guest, &mut machines);
        }
    };
    let runner: Box<dyn Runner> = Box::new(Scripted(Mutex::new(Some(Box::new(script)))));
    // Without native code there is one backend less to check.
    if let Ok(env) = Env::with_backend(
        Protocol::new(jambox_types::Revision::GrayPaper072, jambox_types::Parameters::FULL),
        backend,
    ) {
        Work::new().refine_in(&env.with_runner(runner), 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn machines_are_what_plain_maps_are(ops in prop::collection::vec(op(), 1..60)) {
        for backend in [Backend::Stepper, Backend::Interpreter, Backend::Recompiler] {
            check(backend, ops.clone());
        }
    }
}
