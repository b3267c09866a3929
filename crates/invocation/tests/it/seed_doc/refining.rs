//! 20 to 22 in refine: historical lookup, child invocation, export.

use jambox_state::RequestHistory;
use jambox_types::{Hash, TimeSlot};

use super::{FULL, LOW, NONE, WHO, work};
use crate::guest::{Guest, NOWHERE, READ_ONLY, WRITABLE};
use crate::program::{DATA, HALT, LOOP, STORE, TRAP, ecalli, load_imm, standard, with_metadata};
use crate::world::{LOOKUP_SLOT, OTHER, SELF, Work, by_revision, preimage};

const HISTORICAL_LOOKUP: u64 = 20;
const INVOKE_CHILD: u64 = 21;
const EXPORT: u64 = 22;

const HASH: u64 = WRITABLE;
const INPUT: u64 = WRITABLE + 0x1000;
const OUT: u64 = WRITABLE + 0x2000;

/// [`SELF`] has "sixteen octets!!" since 100 slots before the lookup anchor.
fn since_100_slots() -> Work {
    let mut work = work();
    let history = RequestHistory::Available(TimeSlot(LOOKUP_SLOT.0 - 100));
    preimage(&mut work.accounts, SELF, b"sixteen octets!!", history);
    preimage(&mut work.accounts, OTHER, b"theirs", history);
    work
}

fn put_hash(guest: &mut Guest<'_, '_>, preimage: &[u8]) {
    guest.put(HASH, &Hash::blake2b(preimage).0);
}

outcomes!(HistoricalLookup in historical_lookup {
    panic_hash {
        work().refine(|guest| {
            guest.panics_for(15, HISTORICAL_LOOKUP, &[5, NOWHERE, OUT, 9]);
        });
    }
    panic_out {
        since_100_slots().refine(|guest| {
            put_hash(guest, b"sixteen octets!!");
            guest.panics_for(17, HISTORICAL_LOOKUP, &[5, HASH, READ_ONLY, 16]);
        });
    }
    none {
        since_100_slots().refine(|guest| {
            put_hash(guest, b"sixteen octets!!");
            // One slot too early; before slot 0.
            guest.pays_for(111, HISTORICAL_LOOKUP, &[101, HASH, OUT, 9], &[NONE]);
            guest.pays_for(50_011, HISTORICAL_LOOKUP, &[50_001, HASH, OUT, 9], &[NONE]);
            // Another service's.
            put_hash(guest, b"theirs");
            guest.pays_for(10, HISTORICAL_LOOKUP, &[0, HASH, OUT, 9], &[NONE]);
        });
    }
    copied {
        since_100_slots().refine(|guest| {
            put_hash(guest, b"sixteen octets!!");
            guest.pays_for(112, HISTORICAL_LOOKUP, &[100, HASH, OUT, 20], &[16]);
            assert_eq!(guest.get(OUT, 17), b"sixteen octets!!\0");
            guest.pays_for(11, HISTORICAL_LOOKUP, &[0, HASH, OUT + 0x100, 15], &[16]);
            assert_eq!(guest.get(OUT + 0x100, 16), b"sixteen octets!\0");
        });
    }
    out_of_gas {
        since_100_slots().refine(|guest| {
            put_hash(guest, b"sixteen octets!!");
            guest.runs_out_below(112, HISTORICAL_LOOKUP, &[100, HASH, OUT, 20]);
            guest.runs_out_below(15, HISTORICAL_LOOKUP, &[5, HASH, OUT, 0]);
            guest.runs_out_below(1 << 50, HISTORICAL_LOOKUP, &[u64::MAX, HASH, OUT, 9]);
        });
    }
});

outcomes!(Export in export {
    panic_data {
        work().refine(|guest| {
            guest.panics_for(1000, EXPORT, &[NOWHERE, 4096]);
            guest.panics_for(1000, EXPORT, &[NOWHERE, 1]);
        });
    }
    who {
        work().refine(|guest| {
            for size in [0, 4095, 4097, 4104] {
                guest.pays_for(1000, EXPORT, &[OUT, size], &[WHO]);
            }
        });
    }
    full {
        Work { export_offset: 3072, ..work() }.refine(|guest| {
            guest.pays_for(1000, EXPORT, &[OUT, 4096], &[FULL]);
            guest.pays_for(1000, EXPORT, &[OUT, 4095], &[WHO]);
        });
    }
    exported {
        let refined = Work { export_offset: 3, ..work() }.refine(|guest| {
            guest.put(OUT, &[0xee; 5000]);
            guest.pays_for(1000, EXPORT, &[OUT, 4096], &[3]);
            guest.pays_for(1000, EXPORT, &[OUT, 4096], &[4]);
        });
        assert_eq!(refined.exports.len(), 2);
        assert_eq!(refined.exports[0][..4096], [0xee; 4096]);
        assert_eq!(refined.exports[0][4096..], [0; 8]);
    }
    out_of_gas {
        let refined = work().refine(|guest| guest.runs_out_below(1000, EXPORT, &[OUT, 4096]));
        assert_eq!(refined.exports.len(), 0);
    }
});

/// Work in which [`SELF`] has a child of these instructions, with "read-only" as data.
fn with_child(metadata: bool, instructions: &[&[u8]]) -> (Work, Hash) {
    let program = standard(b"read-only", instructions);
    let code = if metadata { with_metadata(b"metadata", &program) } else { program };
    let mut work = work();
    preimage(&mut work.accounts, SELF, &code, RequestHistory::Available(TimeSlot(1)));
    (work, Hash::blake2b(&code))
}

/// Runs a child with input "in" and 500 gas of the million. It must have this exit and an output of
/// this length, and use this much gas in 0.7.2 and in 0.8.0.
fn child(instructions: &[&[u8]], exit: u64, output: u64, used: [u64; 2]) {
    let used = by_revision(used[0], used[1]);
    for metadata in [true, false] {
        let (work, hash) = with_child(metadata, instructions);
        work.refine(move |guest| {
            guest.put(HASH, &hash.0);
            guest.put(INPUT, b"in");
            let left = [exit, 500 - used, output];
            guest.pays_for(10 + used, INVOKE_CHILD, &[HASH, INPUT, 2, 500, OUT, 100], &left);
        });
    }
}

outcomes!(InvokeChild in invoke_child {
    panic_hash {
        work().refine(|guest| {
            guest.panics_for(10, INVOKE_CHILD, &[NOWHERE, INPUT, 2, 100, OUT, 9]);
        });
    }
    panic_input {
        work().refine(|guest| {
            guest.panics_for(10, INVOKE_CHILD, &[HASH, NOWHERE, 2, 100, OUT, 9]);
            guest.panics_for(10, INVOKE_CHILD, &[HASH, INPUT, u64::MAX, 100, OUT, 9]);
        });
    }
    none {
        work().refine(|guest| {
            let call = [HASH, INPUT, 2, u64::MAX, OUT, 9];
            guest.pays_for(10, INVOKE_CHILD, &call, &[NONE]);
        });
    }
    low {
        let (work, hash) = with_child(true, &[HALT]);
        work.refine(move |guest| {
            guest.put(HASH, &hash.0);
            guest.gas = 110;
            guest.pays_for(10, INVOKE_CHILD, &[HASH, INPUT, 2, 101, OUT, 9], &[LOW]);
        });
    }
    host {
        child(&[&ecalli(0), HALT], 3, 0, [1, 100]);
    }
    fault {
        child(&[STORE, TRAP], 2, 0, [1, 25]);
    }
    oog {
        // 33 jumps of 15 gas in 0.8.0.
        child(&[LOOP], 4, 0, [500, 495]);
    }
    panicked {
        child(&[TRAP], 1, 0, [1, 2]);
        // The preimage is no program: no gas is used.
        let mut no_program = work();
        let history = RequestHistory::Available(TimeSlot(1));
        preimage(&mut no_program.accounts, SELF, b"no program", history);
        no_program.refine(|guest| {
            put_hash(guest, b"no program");
            guest.pays_for(10, INVOKE_CHILD, &[HASH, INPUT, 2, 100, OUT, 9], &[1, 100, 0]);
        });
    }
    panic_out {
        // The child has run and is charged.
        let (work, hash) = with_child(true, &[HALT]);
        work.refine(move |guest| {
            guest.put(HASH, &hash.0);
            let price = 10 + by_revision(1, 22);
            guest.panics_for(price, INVOKE_CHILD, &[HASH, INPUT, 2, 100, READ_ONLY, 9]);
        });
    }
    halt {
        // A child that halts at once returns its input.
        child(&[HALT], 0, 2, [1, 22]);
        let (work, hash) = with_child(true, &[&load_imm(7, DATA), &load_imm(8, 9), HALT]);
        work.refine(move |guest| {
            guest.put(HASH, &hash.0);
            let used = by_revision(3, 22);
            let call = [HASH, INPUT, 0, used, OUT, 100];
            guest.pays_for(10 + used, INVOKE_CHILD, &call, &[0, 0, 9]);
            assert_eq!(guest.get(OUT, 10), b"read-only\0");
            // The full length is returned; the part that fits is copied.
            let call = [HASH, INPUT, 0, 999_000, OUT + 0x100, 4];
            guest.pays_for(10 + used, INVOKE_CHILD, &call, &[0, 999_000 - used, 9]);
            assert_eq!(guest.get(OUT + 0x100, 5), b"read\0");
        });
        // Unreadable output is empty.
        child(&[&load_imm(7, 0), HALT], 0, 0, [2, 22]);
    }
    out_of_gas {
        let (work, hash) = with_child(true, &[HALT]);
        work.refine(move |guest| {
            guest.put(HASH, &hash.0);
            guest.runs_out_below(10, INVOKE_CHILD, &[HASH, INPUT, 2, 0, OUT, 9]);
        });
    }
});
