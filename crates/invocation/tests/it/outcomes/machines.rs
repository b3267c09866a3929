//! `machine`, `peek`, `poke`, `pages`, `invoke` and `expunge`.

use crate::guest::{Guest, HUH, NOWHERE, OK, OOB, READ_ONLY, WHO, WRITABLE};
use crate::program::{self, STORE, blob};
use crate::world::Work;

const MACHINE: u64 = 8;
const PEEK: u64 = 9;
const POKE: u64 = 10;
const PAGES: u64 = 11;
const INVOKE: u64 = 12;
const EXPUNGE: u64 = 13;

/// Where blobs are.
const BLOB: u64 = WRITABLE;
/// Where blocks of gas and registers are.
const BLOCK: u64 = WRITABLE + 0x1000;
/// Where data are.
const DATA: u64 = WRITABLE + 0x2000;

/// A page that inner machines get, and its address.
const PAGE: u64 = 0x20;
const INNER: u64 = 0x2_0000;

/// How `invoke` says that a machine stopped.
const HALT: u64 = 0;
const PANIC: u64 = 1;
const FAULT: u64 = 2;
const HOST: u64 = 3;
const OOG: u64 = 4;

/// Where a jump ends a program.
const HALT_ADDRESS: u64 = 0xffff_0000;

/// [`STORE`], `load_u8 r2` from there, `ecalli 3`, [`HALT`](program::HALT).
const WORKS: &[&[u8]] = &[STORE, &[52, 2, 0, 0, 2], &[10, 3], program::HALT];
const TRAPS: &[&[u8]] = &[program::TRAP];
const HALTS: &[&[u8]] = &[program::HALT];
const LOOPS: &[&[u8]] = &[program::LOOP];

/// Makes a machine, which must get this handle.
fn make(guest: &mut Guest<'_, '_>, instructions: &[&[u8]], pc: u64, handle: u64) {
    let blob = blob(instructions);
    guest.put(BLOB, &blob);
    guest.answers(MACHINE, &[BLOB, blob.len() as u64, pc], handle);
}

/// Writes a block of this gas and registers `r0`, `r1`, `r2`, the others being 100 to 109.
fn set_block(guest: &mut Guest<'_, '_>, gas: u64, registers: [u64; 3]) {
    guest.put(BLOCK, &block(gas, registers));
}

fn block(gas: u64, registers: [u64; 3]) -> Vec<u8> {
    let numbers = [gas].into_iter().chain(registers).chain(100..110);
    numbers.flat_map(u64::to_le_bytes).collect()
}

fn refine(script: impl FnOnce(&mut Guest<'_, '_>) + Send + 'static) {
    let refined = Work::new().refine(script);
    assert_eq!((refined.result, refined.exports.len()), (Ok(Vec::new()), 0));
}

outcomes!(Machine in machine {
    panic_program {
        refine(|guest| {
            guest.panics_reading(MACHINE, &[NOWHERE, 4, 0], NOWHERE, 4);
            guest.panics_reading(MACHINE, &[BLOB, 1 << 32, 0], BLOB, 1 << 32);
        });
    }
    huh {
        refine(|guest| {
            guest.answers(MACHINE, &[NOWHERE, 0, 0], HUH);
            let blob = blob(TRAPS);
            guest.put(BLOB, &blob);
            let length = blob.len() as u64;
            guest.answers(MACHINE, &[BLOB, length - 1, 0], HUH);
            guest.answers(MACHINE, &[BLOB, length + 1, 0], HUH);
        });
    }
    created {
        refine(|guest| {
            make(guest, TRAPS, 0, 0);
            make(guest, HALTS, 1 << 40, 1);
            make(guest, TRAPS, 0, 2);
            // Neither the code nor the start need make sense in 0.7.2: an empty blob, no opcode.
            make(guest, &[], 5, 3);
            make(guest, &[&[255]], 9, 4);
            // The lowest handle that is free.
            guest.answers(EXPUNGE, &[3], 5);
            guest.answers(EXPUNGE, &[1], 1 << 40);
            make(guest, TRAPS, 0, 1);
            make(guest, TRAPS, 0, 3);
            make(guest, TRAPS, 0, 5);
        });
    }
    out_of_gas {
        refine(|guest| {
            let blob = blob(TRAPS);
            guest.put(BLOB, &blob);
            guest.runs_out_below(10, MACHINE, &[BLOB, blob.len() as u64, 0]);
            guest.gas = 10;
            guest.answers(EXPUNGE, &[0], WHO);
        });
    }
});

/// Makes machine 0 with one writable page of "inner octets".
fn with_page(guest: &mut Guest<'_, '_>) {
    make(guest, WORKS, 0, 0);
    guest.answers(PAGES, &[0, PAGE, 1, 2], OK);
    guest.put(DATA, b"inner octets");
    guest.answers(POKE, &[0, DATA, INNER, 12], OK);
    guest.put(DATA, &[0; 12]);
}

outcomes!(Peek in peek {
    panic_out {
        refine(|guest| {
            with_page(guest);
            guest.panics_writing(PEEK, &[0, READ_ONLY, INNER, 5], READ_ONLY, 5);
            guest.panics_writing(PEEK, &[9, NOWHERE, INNER, 1 << 40], NOWHERE, 1 << 40);
        });
    }
    who {
        refine(|guest| {
            with_page(guest);
            guest.answers(PEEK, &[1, DATA, INNER, 5], WHO);
            guest.answers(PEEK, &[u64::MAX, NOWHERE, INNER, 0], WHO);
        });
    }
    oob {
        refine(|guest| {
            with_page(guest);
            guest.answers(PEEK, &[0, DATA, INNER - 1, 5], OOB);
            guest.answers(PEEK, &[0, DATA, INNER + 4092, 5], OOB);
            guest.answers(PEEK, &[0, DATA, 1 << 32 | INNER, 5], OOB);
            guest.answers(PEEK, &[0, DATA, u64::MAX, 1], OOB);
        });
    }
    ok {
        refine(|guest| {
            with_page(guest);
            guest.returns(PEEK, &[0, DATA, INNER + 6, 6], OK);
            assert_eq!(guest.get(DATA, 7), b"octets\0");
            guest.answers(PEEK, &[0, NOWHERE, NOWHERE, 0], OK);
            // Read-only pages will do; long ranges are copied whole.
            guest.answers(PAGES, &[0, PAGE, 20, 1], OK);
            guest.answers(PAGES, &[0, PAGE + 19, 1, 2], OK);
            guest.put(DATA, &[7; 4096]);
            guest.answers(POKE, &[0, DATA, INNER + 19 * 4096, 4096], OK);
            guest.returns(PEEK, &[0, DATA, INNER, 20 * 4096], OK);
            assert!(guest.get(DATA, 19 * 4096).iter().all(|octet| *octet == 0));
            assert!(guest.get(DATA + 19 * 4096, 4096).iter().all(|octet| *octet == 7));
        });
    }
    out_of_gas {
        refine(|guest| {
            with_page(guest);
            guest.runs_out_below(10, PEEK, &[0, DATA, INNER, 5]);
        });
    }
});

outcomes!(Poke in poke {
    panic_data {
        refine(|guest| {
            with_page(guest);
            guest.panics_reading(POKE, &[0, NOWHERE, INNER, 5], NOWHERE, 5);
            guest.panics_reading(POKE, &[9, NOWHERE, INNER, u64::MAX], NOWHERE, u64::MAX);
        });
    }
    who {
        refine(|guest| {
            with_page(guest);
            guest.answers(POKE, &[1, DATA, INNER, 5], WHO);
            guest.answers(POKE, &[1 << 32, NOWHERE, INNER, 0], WHO);
        });
    }
    oob {
        refine(|guest| {
            with_page(guest);
            guest.answers(POKE, &[0, DATA, INNER - 1, 5], OOB);
            guest.answers(POKE, &[0, DATA, INNER + 4092, 5], OOB);
            guest.answers(POKE, &[0, DATA, 1 << 32 | INNER, 5], OOB);
            guest.answers(PAGES, &[0, PAGE, 1, 3], OK);
            guest.answers(POKE, &[0, DATA, INNER, 5], OOB);
            guest.returns(PEEK, &[0, DATA, INNER, 12], OK);
            assert_eq!(guest.get(DATA, 12), b"inner octets");
        });
    }
    ok {
        refine(|guest| {
            with_page(guest);
            guest.put(READ_ONLY, b"outer");
            guest.answers(POKE, &[0, READ_ONLY, INNER, 5], OK);
            guest.answers(POKE, &[0, NOWHERE, 0, 0], OK);
            guest.returns(PEEK, &[0, DATA, INNER, 12], OK);
            assert_eq!(guest.get(DATA, 12), b"outer octets");
        });
    }
    out_of_gas {
        refine(|guest| {
            with_page(guest);
            guest.runs_out_below(10, POKE, &[0, DATA, INNER, 5]);
            guest.gas = 10;
            guest.returns(PEEK, &[0, DATA, INNER, 12], OK);
            assert_eq!(guest.get(DATA, 12), b"inner octets");
        });
    }
});

/// What the first twelve octets of the inner page are; the page must be readable.
fn inner_octets(guest: &mut Guest<'_, '_>) -> Vec<u8> {
    guest.returns(PEEK, &[0, DATA, INNER, 12], OK);
    guest.get(DATA, 12)
}

outcomes!(Pages in pages {
    who {
        refine(|guest| {
            with_page(guest);
            guest.answers(PAGES, &[1, PAGE, 1, 2], WHO);
            guest.answers(PAGES, &[1, 0, 1, 9], WHO);
        });
    }
    huh_range {
        refine(|guest| {
            with_page(guest);
            guest.answers(PAGES, &[0, PAGE, 1, 5], HUH);
            guest.answers(PAGES, &[0, PAGE, 1, u64::MAX], HUH);
            guest.answers(PAGES, &[0, 15, 1, 2], HUH);
            guest.answers(PAGES, &[0, 15, 0, 2], HUH);
            // The sum must be below 2^20: the last page is out of reach.
            guest.answers(PAGES, &[0, (1 << 20) - 1, 1, 2], HUH);
            guest.answers(PAGES, &[0, 16, (1 << 20) - 16, 0], HUH);
            guest.answers(PAGES, &[0, u64::MAX, 1, 2], HUH);
            guest.answers(PAGES, &[0, 16, u64::MAX, 2], HUH);
            assert_eq!(inner_octets(guest), b"inner octets");
        });
    }
    huh_inaccessible {
        refine(|guest| {
            with_page(guest);
            guest.answers(PAGES, &[0, PAGE, 2, 3], HUH);
            guest.answers(PAGES, &[0, PAGE - 1, 2, 4], HUH);
            // Nothing was changed to read-only.
            guest.answers(POKE, &[0, DATA, INNER, 0], OK);
            guest.put(DATA, b"I");
            guest.answers(POKE, &[0, DATA, INNER, 1], OK);
        });
    }
    ok {
        refine(|guest| {
            with_page(guest);
            let writable = [0, NOWHERE - 0x1_0000, INNER, 1];
            // 3: read-only, contents kept. 4: writable, contents kept.
            guest.answers(PAGES, &[0, PAGE, 1, 3], OK);
            assert_eq!(inner_octets(guest), b"inner octets");
            guest.answers(POKE, &[0, DATA, INNER, 1], OOB);
            guest.answers(PAGES, &[0, PAGE, 1, 4], OK);
            assert_eq!(inner_octets(guest), b"inner octets");
            guest.answers(POKE, &[0, DATA, INNER, 1], OK);
            // 1: read-only and zero.
            guest.answers(PAGES, &[0, PAGE, 1, 1], OK);
            assert_eq!(inner_octets(guest), [0; 12]);
            guest.answers(POKE, &[0, DATA, INNER, 1], OOB);
            // 2: writable and zero.
            guest.answers(PAGES, &[0, PAGE, 1, 2], OK);
            guest.put(DATA, b"x");
            guest.answers(POKE, &[0, DATA, INNER, 1], OK);
            guest.answers(PAGES, &[0, PAGE, 1, 2], OK);
            assert_eq!(inner_octets(guest), [0; 12]);
            // 0: gone, and zero when it comes back.
            guest.answers(POKE, &[0, READ_ONLY, INNER, 1], OK);
            guest.answers(PAGES, &[0, PAGE, 1, 0], OK);
            guest.answers(PEEK, &[0, DATA, INNER, 1], OOB);
            guest.answers(PAGES, &[0, PAGE, 1, 1], OK);
            assert_eq!(inner_octets(guest), [0; 12]);
            // All there is at once, and nothing at all.
            guest.answers(PAGES, &[0, 16, (1 << 20) - 17, 2], OK);
            guest.answers(PAGES, &[0, 16, 0, 4], OK);
            assert_eq!(writable[1], 0x8_0000);
        });
    }
    out_of_gas {
        refine(|guest| {
            with_page(guest);
            guest.runs_out_below(10, PAGES, &[0, PAGE, 1, 1]);
            guest.gas = 10;
            assert_eq!(inner_octets(guest), b"inner octets");
        });
    }
});

outcomes!(Invoke in invoke {
    panic_block {
        refine(|guest| {
            with_page(guest);
            guest.panics_writing(INVOKE, &[0, READ_ONLY], READ_ONLY, 112);
            guest.panics_writing(INVOKE, &[9, 0x8_0000 - 111], 0x8_0000 - 111, 112);
        });
    }
    who {
        refine(|guest| {
            with_page(guest);
            guest.answers(INVOKE, &[1, BLOCK], WHO);
            guest.answers(INVOKE, &[1 << 32, BLOCK], WHO);
        });
    }
    host {
        refine(|guest| {
            with_page(guest);
            set_block(guest, 50, [HALT_ADDRESS, 0x1234, 0]);
            assert_eq!(guest.call(INVOKE, &[0, BLOCK]), (HOST, 3));
            // Three instructions; the stored octet is loaded again.
            assert_eq!(guest.get(BLOCK, 112), block(47, [HALT_ADDRESS, 0x1234, 0x34]));
            assert_eq!(inner_octets(guest), b"\x34nner octets");
            // It goes on behind the call.
            assert_eq!(guest.call(INVOKE, &[0, BLOCK]).0, HALT);
            assert_eq!(guest.get(BLOCK, 8), [46, 0, 0, 0, 0, 0, 0, 0]);
        });
        // Numbers are sign-extended.
        refine(|guest| {
            make(guest, &[&[10, 0xff]], 0, 0);
            set_block(guest, 1, [0; 3]);
            assert_eq!(guest.call(INVOKE, &[0, BLOCK]), (HOST, u64::MAX));
            guest.answers(EXPUNGE, &[0], 2);
        });
    }
    fault {
        refine(|guest| {
            make(guest, WORKS, 0, 0);
            set_block(guest, 50, [HALT_ADDRESS, 0x1234, 7]);
            assert_eq!(guest.call(INVOKE, &[0, BLOCK]), (FAULT, INNER));
            // The instruction is paid for (the vectors' reading of 0.7.2) but not done.
            assert_eq!(guest.get(BLOCK, 112), block(49, [HALT_ADDRESS, 0x1234, 7]));
            guest.answers(PAGES, &[0, PAGE, 1, 2], OK);
            assert_eq!(guest.call(INVOKE, &[0, BLOCK]), (HOST, 3));
            assert_eq!(guest.get(BLOCK, 112), block(46, [HALT_ADDRESS, 0x1234, 0x34]));
        });
        // The address is that of the page.
        refine(|guest| {
            make(guest, &[&[52, 2, 0xff, 0x1f, 3]], 0, 0);
            set_block(guest, 50, [0; 3]);
            assert_eq!(guest.call(INVOKE, &[0, BLOCK]), (FAULT, 0x3_1000));
            guest.answers(EXPUNGE, &[0], 0);
        });
    }
    oog {
        refine(|guest| {
            make(guest, LOOPS, 0, 0);
            set_block(guest, 1000, [1, 2, 3]);
            guest.returns(INVOKE, &[0, BLOCK], OOG);
            assert_eq!(guest.get(BLOCK, 112), block(0, [1, 2, 3]));
            // With more gas it goes on.
            with_page_of(guest, 1);
            set_block(guest, 2, [HALT_ADDRESS, 5, 0]);
            guest.returns(INVOKE, &[1, BLOCK], OOG);
            assert_eq!(guest.get(BLOCK, 112), block(0, [HALT_ADDRESS, 5, 5]));
            set_block(guest, 1, [HALT_ADDRESS, 5, 5]);
            assert_eq!(guest.call(INVOKE, &[1, BLOCK]), (HOST, 3));
        });
    }
    panicked {
        refine(|guest| {
            make(guest, &[&[10, 9], &[0]], 0, 0);
            set_block(guest, 50, [1, 2, 3]);
            assert_eq!(guest.call(INVOKE, &[0, BLOCK]), (HOST, 9));
            guest.returns(INVOKE, &[0, BLOCK], PANIC);
            assert_eq!(guest.get(BLOCK, 112), block(48, [1, 2, 3]));
            // It is back at the start.
            assert_eq!(guest.call(INVOKE, &[0, BLOCK]), (HOST, 9));
            guest.answers(EXPUNGE, &[0], 2);
        });
        // Where no instruction starts, and below 2^16.
        refine(|guest| {
            make(guest, WORKS, 1, 0);
            make(guest, HALTS, 1 << 33, 1);
            make(guest, &[&[52, 2, 0xff, 0xff, 0]], 0, 2);
            for machine in 0..3 {
                set_block(guest, 50, [HALT_ADDRESS, 2, 3]);
                guest.returns(INVOKE, &[machine, BLOCK], PANIC);
                assert_eq!(guest.get(BLOCK, 112), block(49, [HALT_ADDRESS, 2, 3]));
                guest.answers(EXPUNGE, &[machine], 0);
            }
        });
    }
    halt {
        refine(|guest| {
            make(guest, HALTS, 0, 0);
            set_block(guest, u64::MAX, [HALT_ADDRESS, 2, 3]);
            guest.returns(INVOKE, &[0, BLOCK], HALT);
            assert_eq!(guest.get(BLOCK, 112), block(u64::MAX - 1, [HALT_ADDRESS, 2, 3]));
            guest.answers(EXPUNGE, &[0], 0);
        });
    }
    out_of_gas {
        refine(|guest| {
            with_page(guest);
            set_block(guest, 50, [HALT_ADDRESS, 0x1234, 0]);
            guest.runs_out_below(10, INVOKE, &[0, BLOCK]);
            guest.gas = 20;
            assert_eq!(inner_octets(guest), b"inner octets");
            guest.answers(EXPUNGE, &[0], 0);
        });
    }
});

/// Makes another machine of [`WORKS`], with one writable page.
fn with_page_of(guest: &mut Guest<'_, '_>, handle: u64) {
    make(guest, WORKS, 0, handle);
    guest.answers(PAGES, &[handle, PAGE, 1, 2], OK);
}

outcomes!(Expunge in expunge {
    who {
        refine(|guest| {
            guest.answers(EXPUNGE, &[0], WHO);
            make(guest, TRAPS, 0, 0);
            guest.answers(EXPUNGE, &[1], WHO);
            guest.answers(EXPUNGE, &[u64::MAX], WHO);
        });
    }
    removed {
        refine(|guest| {
            make(guest, TRAPS, 0x1_0000_0000_0003, 0);
            guest.answers(EXPUNGE, &[0], 0x1_0000_0000_0003);
            guest.answers(EXPUNGE, &[0], WHO);
        });
    }
    out_of_gas {
        refine(|guest| {
            make(guest, TRAPS, 7, 0);
            guest.runs_out_below(10, EXPUNGE, &[0]);
            guest.gas = 10;
            guest.answers(EXPUNGE, &[0], 7);
        });
    }
});

#[test]
fn many_machines_are_apart_from_each_other() {
    refine(|guest| {
        for machine in 0..100 {
            with_page_of(guest, machine);
            guest.put(DATA, &[machine as u8 + 100; 1]);
            guest.answers(POKE, &[machine, DATA, INNER + 1, 1], OK);
        }
        for machine in (0..100).rev() {
            set_block(guest, 50, [HALT_ADDRESS, machine, 0]);
            assert_eq!(guest.call(INVOKE, &[machine, BLOCK]), (HOST, 3));
        }
        for machine in 0..100 {
            guest.returns(PEEK, &[machine, DATA, INNER, 2], OK);
            assert_eq!(guest.get(DATA, 2), [machine as u8, machine as u8 + 100]);
        }
    });
}
