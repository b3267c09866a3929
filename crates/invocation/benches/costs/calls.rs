//! Host calls, made directly at the host by a guest that does nothing else.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use jambox_engine::Access;
use jambox_isa::InstructionSet;
use jambox_program::{JumpTable, ProgramBlob};
use jambox_state::RequestHistory;
use jambox_types::{Hash, PerCore, Revision, TimeSlot};

use crate::guest::{GROW_HEAP, Guest, HEAP, OWN, PLENTY, WRITABLE};
use crate::table::Row;
use crate::world::{Block, OTHER, SELF, Work, preimage, request, service, with_revision};

/// Start of the guests' writable memory, and its number of pages.
const ROOM: u64 = 0x10_0000;
const ROOM_PAGES: u32 = 0x4000;

/// Length of large keys, values, preimages and programs, in octets.
const LARGE: u64 = 4 << 20;

/// Addresses in that memory: octets read, octets written, the block of `invoke`.
const FROM: u64 = ROOM;
const TO: u64 = ROOM + 2 * LARGE;
const BLOCK: u64 = ROOM + 6 * LARGE;
/// Addresses of a large preimage's hash, and of the octets that a service has requested.
const HASH: u64 = ROOM + 7 * LARGE;
const WANTED: u64 = ROOM + 8 * LARGE;

/// Largest number of timings of a call, and number of short calls in one timing.
const ROUNDS: usize = 40;
const BATCH: u64 = 32;

/// The rows measured by a guest.
#[derive(Clone)]
struct Rows {
    revision: Revision,
    rows: Arc<Mutex<Vec<Row>>>,
}

impl Rows {
    fn add(&self, what: &str, nanoseconds: f64, gas: u64) {
        let row = Row { revision: self.revision, what: what.to_string(), nanoseconds, gas };
        self.rows.lock().expect("nobody panicked").push(row);
    }

    /// Times a call that can be repeated.
    fn call(&self, guest: &mut Guest<'_, '_>, what: &str, number: u64, arguments: [u64; 6]) {
        self.prepared(guest, what, number, arguments, BATCH, |_| {});
    }

    /// Times a call, with a preparation before each that is not timed.
    fn once(
        &self,
        guest: &mut Guest<'_, '_>,
        what: &str,
        number: u64,
        arguments: [u64; 6],
        prepare: impl FnMut(&mut Guest<'_, '_>),
    ) {
        self.prepared(guest, what, number, arguments, 1, prepare);
    }

    fn prepared(
        &self,
        guest: &mut Guest<'_, '_>,
        what: &str,
        number: u64,
        arguments: [u64; 6],
        batch: u64,
        mut prepare: impl FnMut(&mut Guest<'_, '_>),
    ) {
        let (mut least, mut gas) = (f64::MAX, 0);
        let begin = Instant::now();
        for _ in 0..ROUNDS {
            prepare(guest);
            guest.gas = PLENTY;
            let start = Instant::now();
            for _ in 0..batch {
                guest.attempt(number, arguments);
            }
            let time = start.elapsed().as_secs_f64() * 1e9 / batch as f64;
            gas = (PLENTY - guest.gas) / batch;
            least = least.min(time);
            if begin.elapsed().as_secs() > 2 {
                break;
            }
        }
        self.add(what, least, gas);
    }
}

/// Measures the calls of a revision in all contexts.
pub fn measure(revision: Revision) -> Vec<Row> {
    let rows = Rows { revision, rows: Arc::default() };
    with_revision(revision, || {
        let (of_state, of_work) = (rows.clone(), rows.clone());
        let large = vec![7; LARGE as usize];
        let mut block = Block::new().balance(1 << 50);
        let wanted = Hash::blake2b(&vec![0; LARGE as usize]);
        preimage(block.accounts(), SELF, &large, RequestHistory::Available(TimeSlot(0)));
        request(block.accounts(), SELF, wanted, LARGE as u32, RequestHistory::Requested);
        let assigners = PerCore::from_fn(&block.protocol.parameters, |_| SELF);
        let privileges = block.privileges();
        (privileges.manager, privileges.delegator, privileges.registrar) = (SELF, SELF, SELF);
        privileges.assigners = assigners;
        block.run(move |guest| accumulating(&of_state, guest));
        let mut work = Work::new();
        preimage(&mut work.accounts, SELF, &large, RequestHistory::Available(TimeSlot(0)));
        service(&mut work.accounts, jambox_types::ServiceId(90_000), 1_000_000);
        work.refine(move |guest| refining(&of_work, guest));
    });
    std::mem::take(&mut *rows.rows.lock().expect("nobody panicked"))
}

/// Gives a guest memory, with the hash of the large preimage in it.
fn with_room(guest: &mut Guest<'_, '_>) {
    guest.memory.set_access((ROOM / 4096) as u32, ROOM_PAGES, Access::ReadWrite);
    guest.gas = PLENTY;
    guest.put(FROM, &vec![7; LARGE as usize]);
    guest.put(HASH, &Hash::blake2b(&vec![7; LARGE as usize]).0);
}

/// `fetch` of every kind, whole.
fn fetches(rows: &Rows, guest: &mut Guest<'_, '_>, context: &str) {
    for kind in 0..16 {
        let what = format!("fetch, kind {kind}, {context}");
        rows.call(guest, &what, 1, [TO, 0, LARGE, kind, 0, 0]);
    }
}

fn accumulating(rows: &Rows, guest: &mut Guest<'_, '_>) {
    with_room(guest);
    rows.call(guest, "gas", 0, [0; 6]);
    rows.call(guest, "an unknown call", 99, [0; 6]);
    if rows.revision != Revision::GrayPaper072 {
        let [first, end] = HEAP;
        rows.once(guest, "grow_heap, 8 pages", GROW_HEAP, [end, 0, 0, 0, 0, 0], |guest| {
            guest.memory.set_access(first as u32, (end - first) as u32, Access::Inaccessible);
            guest.memory.set_heap(first * 4096, end * 4096);
        });
    }
    fetches(rows, guest, "accumulate");
    rows.call(guest, "lookup, nothing of 4 MiB", 2, [OWN, HASH, TO, 0, 0, 0]);
    rows.call(guest, "lookup, 4 MiB", 2, [OWN, HASH, TO, 0, LARGE, 0]);
    storage(rows, guest);
    rows.call(guest, "info", 5, [OWN, TO, 0, LARGE, 0, 0]);
    privileges(rows, guest);
    services(rows, guest);
    rows.call(guest, "provide, 4 MiB", 26, [OWN, WANTED, LARGE, 0, 0, 0]);
    rows.call(guest, "provide, 4 MiB that nobody wants", 26, [OWN, FROM, LARGE, 0, 0, 0]);
}

fn storage(rows: &Rows, guest: &mut Guest<'_, '_>) {
    let (short, long) = ([FROM, 32], [FROM, LARGE]);
    rows.call(guest, "write, 4 MiB", 4, [short[0], short[1], FROM, LARGE, 0, 0]);
    rows.call(guest, "read, nothing of 4 MiB", 3, [OWN, short[0], short[1], TO, 0, 0]);
    rows.call(guest, "read, 4 MiB", 3, [OWN, short[0], short[1], TO, 0, LARGE]);
    rows.call(guest, "write, a key of 4 MiB", 4, [long[0], long[1], FROM, 8, 0, 0]);
    rows.call(guest, "read, a key of 4 MiB", 3, [OWN, long[0], long[1], TO, 0, 8]);
    rows.call(guest, "write, nothing, a key of 4 MiB", 4, [long[0], long[1], FROM, 0, 0, 0]);
    rows.call(guest, "write, short", 4, [short[0], 8, FROM, 8, 0, 0]);
    rows.call(guest, "read, short", 3, [OWN, short[0], 8, TO, 0, 8]);
    let count = 10_000;
    let mut next = 0_u64;
    rows.once(guest, "write, a new key after many", 4, [TO, 8, FROM, 8, 0, 0], |guest| {
        for _ in 0..count {
            next += 1;
            guest.put(TO, &next.to_le_bytes());
            guest.attempt(4, [TO, 8, FROM, 8, 0, 0]);
        }
        next += 1;
        guest.put(TO, &next.to_le_bytes());
    });
    rows.call(guest, "checkpoint after many", 17, [0; 6]);
}

fn privileges(rows: &Rows, guest: &mut Guest<'_, '_>) {
    // Entries of twelve octets, all of other services.
    let count = 100_000;
    let entries: Vec<u8> =
        (0..count).flat_map(|id: u32| [id, 9, 0]).flat_map(u32::to_le_bytes).collect();
    guest.put(WANTED, &entries);
    let own = SELF.0.into();
    rows.call(guest, "assign", 15, [0, FROM, own, 0, 0, 0]);
    rows.call(guest, "designate, 1,023 keys", 16, [FROM, 1023, 0, 0, 0, 0]);
    rows.call(guest, "bless, 100,000 entries", 14, [own, FROM, own, own, WANTED, count.into()]);
    guest.put(WANTED, &vec![0; entries.len()]);
}

fn services(rows: &Rows, guest: &mut Guest<'_, '_>) {
    rows.call(guest, "new", 18, [HASH, LARGE, 1, 1, 0, 0]);
    rows.call(guest, "upgrade", 19, [HASH, 1, 1, 0, 0, 0]);
    rows.call(guest, "transfer", 20, [OTHER.0.into(), 1, 100, FROM, 0, 0]);
    rows.call(guest, "eject", 21, [OTHER.0.into(), HASH, 0, 0, 0, 0]);
    rows.call(guest, "query", 22, [HASH, LARGE, 0, 0, 0, 0]);
    let mut length = 0;
    rows.once(guest, "solicit", 23, [FROM, 9, 0, 0, 0, 0], |guest| {
        length += 1;
        guest.put(FROM, &u64::to_le_bytes(length));
    });
    rows.call(guest, "forget", 24, [FROM, 9, 0, 0, 0, 0]);
    rows.call(guest, "yield", 25, [FROM, 0, 0, 0, 0, 0]);
}

fn refining(rows: &Rows, guest: &mut Guest<'_, '_>) {
    with_room(guest);
    fetches(rows, guest, "refine");
    let whole = [OWN, HASH, TO, 0, LARGE, 0];
    rows.call(guest, "historical_lookup, 4 MiB", 6, whole);
    rows.call(guest, "historical_lookup, nothing of 4 MiB", 6, [OWN, HASH, TO, 0, 0, 0]);
    rows.call(guest, "export", 7, [FROM, 4104, 0, 0, 0, 0]);
    machines(rows, guest);
}

fn machines(rows: &Rows, guest: &mut Guest<'_, '_>) {
    let program = long_program(rows.revision);
    let length = program.len() as u64;
    guest.put(TO, &program);
    rows.once(guest, "machine, a program of 3 MiB", 8, [TO, length, 0, 0, 0, 0], |guest| {
        guest.attempt(13, [0; 6]);
    });
    rows.once(guest, "expunge", 13, [0; 6], |guest| {
        guest.attempt(8, [TO, length, 0, 0, 0, 0]);
    });
    let looping = crate::program::blob(&[crate::program::LOOP]);
    guest.put(WRITABLE, &looping);
    guest.attempt(13, [0; 6]);
    guest.attempt(8, [WRITABLE, looping.len() as u64, 0, 0, 0, 0]);
    let pages = 4096;
    rows.once(guest, "pages, 16 MiB anew", 11, [0, 16, pages, 2, 0, 0], |guest| {
        guest.attempt(11, [0, 16, pages, 0, 0, 0]);
    });
    rows.call(guest, "poke, 4 MiB", 10, [0, FROM, 0x1_0000, LARGE, 0, 0]);
    rows.call(guest, "peek, 4 MiB", 9, [0, TO, 0x1_0000, LARGE, 0, 0]);
    rows.once(guest, "pages, 16 MiB away", 11, [0, 16, pages, 0, 0, 0], |guest| {
        guest.attempt(11, [0, 16, pages, 2, 0, 0]);
        guest.attempt(10, [0, FROM, 0x1_0000, LARGE, 0, 0]);
    });
    for (what, gas) in [("invoke, 1 inner gas", 1_u64), ("invoke, a million inner gas", 1_000_000)]
    {
        rows.once(guest, what, 12, [0, BLOCK, 0, 0, 0, 0], |guest| {
            guest.put(BLOCK, &[gas.to_le_bytes().as_slice(), &[0; 13 * 8]].concat());
        });
    }
}

/// The program that takes the longest to validate: short instructions, each a block.
fn long_program(revision: Revision) -> Vec<u8> {
    let fallthrough =
        InstructionSet::of(revision).iter().find(|code| code.mnemonic() == "fallthrough");
    let octet = fallthrough.and_then(|code| code.octet(revision)).expect("an opcode of both");
    let code: Vec<u8> = (0..3 << 20).map(|_| octet).chain([0]).collect();
    let starts = 0..code.len() as u32;
    ProgramBlob::from_parts(&code, starts, JumpTable::default()).expect("short enough").encode()
}
