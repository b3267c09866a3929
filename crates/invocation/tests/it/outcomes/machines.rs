//! `machine`, `peek`, `poke`, `pages`, `invoke` and `expunge`.

use jambox_types::Revision;

use crate::guest::{
    FULL, Guest, HUH, NOWHERE, OK, OOB, PLENTY, READ_ONLY, WHO, WRITABLE, too_long,
};
use crate::program::{self, STORE, blob};
use crate::world::{GAS, Work, by_revision, revision};

const MACHINE: u64 = 8;
const PEEK: u64 = 9;
const POKE: u64 = 10;
const PAGES: u64 = 11;
const INVOKE: u64 = 12;
const EXPUNGE: u64 = 13;

/// Address of blobs.
const BLOB: u64 = WRITABLE;
/// Address of blocks of gas and registers.
const BLOCK: u64 = WRITABLE + 0x1000;
/// Address of data.
const DATA: u64 = WRITABLE + 0x2000;

/// A page of inner machines, and its address.
const PAGE: u64 = 0x20;
const INNER: u64 = 0x2_0000;

/// Exits of inner machines in `r7` after `invoke`.
const HALT: u64 = 0;
const PANIC: u64 = 1;
const FAULT: u64 = 2;
const HOST: u64 = 3;
const OOG: u64 = 4;

/// The dynamic jump address that halts.
const HALT_ADDRESS: u64 = 0xffff_0000;

/// [`STORE`], `load_u8 r2` from there, `ecalli 3`, [`HALT`](program::HALT).
const WORKS: &[&[u8]] = &[STORE, &[52, 2, 0, 0, 2], &[10, 3], program::HALT];
const TRAPS: &[&[u8]] = &[program::TRAP];
const HALTS: &[&[u8]] = &[program::HALT];
const LOOPS: &[&[u8]] = &[program::LOOP];

/// Makes a machine and checks its handle.
fn make(guest: &mut Guest<'_, '_>, instructions: &[&[u8]], pc: u64, handle: u64) {
    let blob = blob(instructions);
    guest.put(BLOB, &blob);
    guest.answers(MACHINE, &[BLOB, blob.len() as u64, pc], handle);
}

/// Writes a block of this gas and registers `r0`, `r1`, `r2`; the others are 100 to 109.
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
    full {
        refine(|guest| {
            guest.gas = PLENTY;
            (0..63).for_each(|handle| make(guest, TRAPS, 0, handle));
            // Checked before memory.
            guest.answers(MACHINE, &[NOWHERE, 4, 0], FULL);
            guest.answers(MACHINE, &[BLOB, 0, 0], FULL);
            guest.answers(EXPUNGE, &[40], 0);
            make(guest, TRAPS, 0, 40);
        });
    }
    panic_program {
        refine(|guest| {
            guest.gas = PLENTY;
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
    huh_program {
        refine(|guest| {
            // No code; no such opcode; an end that does not end a block.
            let invalid: [&[&[u8]]; 4] = [&[], &[&[255]], &[&[255], &[0]], &[&[10, 3]]];
            for code in invalid {
                let blob = blob(code);
                guest.put(BLOB, &blob);
                guest.answers(MACHINE, &[BLOB, blob.len() as u64, 0], HUH);
            }
            make(guest, TRAPS, 0, 0);
        });
    }
    huh_position {
        refine(|guest| {
            let blob = blob(WORKS);
            guest.put(BLOB, &blob);
            for position in [1, 4, blob.len() as u64, 1 << 32, u64::MAX] {
                guest.answers(MACHINE, &[BLOB, blob.len() as u64, position], HUH);
            }
            make(guest, WORKS, 5, 0);
            guest.answers(EXPUNGE, &[0], 5);
        });
    }
    created {
        refine(|guest| {
            make(guest, TRAPS, 0, 0);
            make(guest, WORKS, 5, 1);
            make(guest, TRAPS, 0, 2);
            // The lowest free handle.
            guest.answers(EXPUNGE, &[1], 5);
            guest.answers(EXPUNGE, &[0], 0);
            make(guest, TRAPS, 0, 0);
            make(guest, TRAPS, 0, 1);
            make(guest, TRAPS, 0, 3);
        });
        if revision() == Revision::GrayPaper072 {
            refine(|guest| {
                // Neither the code nor the entry point need be valid: an empty blob, no opcode.
                make(guest, &[], 5, 0);
                make(guest, &[&[255]], 1 << 40, 1);
                guest.answers(EXPUNGE, &[0], 5);
                guest.answers(EXPUNGE, &[1], 1 << 40);
            });
        }
    }
    out_of_gas {
        refine(|guest| {
            let blob = blob(TRAPS);
            guest.put(BLOB, &blob);
            guest.runs_out(MACHINE, &[BLOB, blob.len() as u64, 0]);
            guest.gas = GAS;
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
            guest.gas = PLENTY;
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
            // Read-only pages are enough; long ranges are copied whole.
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
            guest.runs_out(PEEK, &[0, DATA, INNER, 5]);
        });
    }
});

outcomes!(Poke in poke {
    panic_data {
        refine(|guest| {
            with_page(guest);
            guest.panics_reading(POKE, &[0, NOWHERE, INNER, 5], NOWHERE, 5);
            guest.gas = PLENTY;
            let length = too_long();
            guest.panics_reading(POKE, &[9, NOWHERE, INNER, length], NOWHERE, length);
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
            guest.runs_out(POKE, &[0, DATA, INNER, 5]);
            guest.gas = GAS;
            guest.returns(PEEK, &[0, DATA, INNER, 12], OK);
            assert_eq!(guest.get(DATA, 12), b"inner octets");
        });
    }
});

/// The first twelve octets of the inner page, which must be readable.
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
            guest.gas = PLENTY;
            guest.answers(PAGES, &[0, PAGE, 1, 5], HUH);
            guest.answers(PAGES, &[0, PAGE, 1, u64::MAX], HUH);
            guest.answers(PAGES, &[0, 15, 1, 2], HUH);
            guest.answers(PAGES, &[0, 15, 0, 2], HUH);
            // The sum must be below 2^20: the last page cannot be named.
            guest.answers(PAGES, &[0, (1 << 20) - 1, 1, 2], HUH);
            guest.answers(PAGES, &[0, 16, (1 << 20) - 16, 0], HUH);
            guest.answers(PAGES, &[0, u64::MAX, 1, 2], HUH);
            guest.answers(PAGES, &[0, 16, too_long(), 2], HUH);
            assert_eq!(inner_octets(guest), b"inner octets");
        });
    }
    huh_inaccessible {
        refine(|guest| {
            with_page(guest);
            guest.answers(PAGES, &[0, PAGE, 2, 3], HUH);
            guest.answers(PAGES, &[0, PAGE - 1, 2, 4], HUH);
            // The access is not changed to read-only.
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
            // 0: inaccessible, and zero when accessible again.
            guest.answers(POKE, &[0, READ_ONLY, INNER, 1], OK);
            guest.answers(PAGES, &[0, PAGE, 1, 0], OK);
            guest.answers(PEEK, &[0, DATA, INNER, 1], OOB);
            guest.answers(PAGES, &[0, PAGE, 1, 1], OK);
            assert_eq!(inner_octets(guest), [0; 12]);
            guest.gas = PLENTY;
            // All pages at once, and no page.
            guest.answers(PAGES, &[0, 16, (1 << 20) - 17, 2], OK);
            guest.answers(PAGES, &[0, 16, 0, 4], OK);
            assert_eq!(writable[1], 0x8_0000);
        });
    }
    out_of_gas {
        refine(|guest| {
            with_page(guest);
            guest.runs_out(PAGES, &[0, PAGE, 1, 1]);
            guest.gas = GAS;
            assert_eq!(inner_octets(guest), b"inner octets");
        });
    }
});

/// Runs a machine, which must use this much gas in 0.7.2 and in 0.8.0; in 0.8.0 the caller pays it.
/// Returns `r7` and `r8`.
fn invoke(guest: &mut Guest<'_, '_>, machine: u64, used: [u64; 2]) -> (u64, u64) {
    let price = guest.price(INVOKE, &[]) + by_revision(0, used[1]);
    let before = gas_in_block(guest);
    let result = guest.call_for(price, INVOKE, &[machine, BLOCK]);
    assert_eq!(before - gas_in_block(guest), by_revision(used[0], used[1]), "gas used inside");
    result
}

fn gas_in_block(guest: &Guest<'_, '_>) -> u64 {
    u64::from_le_bytes(guest.get(BLOCK, 8).try_into().expect("eight octets"))
}

/// Gas of [`WORKS`] up to its `ecalli`: three instructions in 0.7.2. In 0.8.0 the whole block is
/// charged when it is entered: by the pipeline model the store and the load start together in the
/// first cycle, the `ecalli` takes 100 from the second on, and the jump is done before it.
const TO_HOST: [u64; 2] = [3, 101];

/// Gas of an `ecalli` and a trap: the `ecalli`, or the 100 cycles of the block.
const ECALLI: [u64; 2] = [1, 100];

/// Gas of a block with one access to memory: one instruction, or 25 cycles.
const ACCESS: [u64; 2] = [1, 25];

outcomes!(Invoke in invoke {
    panic_block {
        refine(|guest| {
            with_page(guest);
            guest.panics_writing(INVOKE, &[0, READ_ONLY], READ_ONLY, 112);
            guest.panics_writing(INVOKE, &[9, 0x8_0000 - 111], 0x8_0000 - 111, 112);
        });
    }
    out_of_gas_inner {
        refine(|guest| {
            with_page(guest);
            set_block(guest, 500, [HALT_ADDRESS, 0x1234, 0]);
            guest.runs_out_below(968 + 500, INVOKE, &[0, BLOCK]);
            guest.runs_out_below(968 + 500, INVOKE, &[9, BLOCK]);
            guest.gas = 1 << 63;
            set_block(guest, u64::MAX, [HALT_ADDRESS, 0x1234, 0]);
            guest.runs_out_below(1 << 63, INVOKE, &[0, BLOCK]);
            // Unused gas is returned.
            guest.gas = 968 + 500;
            set_block(guest, 500, [HALT_ADDRESS, 0x1234, 0]);
            assert_eq!(invoke(guest, 0, TO_HOST), (HOST, 3));
            assert_eq!(guest.gas, 500 - 101);
        });
    }
    who {
        refine(|guest| {
            with_page(guest);
            // In 0.8.0 the gas in the block stays charged.
            set_block(guest, 500, [0; 3]);
            let price = guest.price(INVOKE, &[]) + by_revision(0, 500);
            guest.pays(price, INVOKE, &[1, BLOCK], WHO);
            guest.pays(price, INVOKE, &[1 << 32, BLOCK], WHO);
            assert_eq!(gas_in_block(guest), 500);
        });
    }
    host {
        refine(|guest| {
            with_page(guest);
            set_block(guest, 500, [HALT_ADDRESS, 0x1234, 0]);
            assert_eq!(invoke(guest, 0, TO_HOST), (HOST, 3));
            // The stored octet is loaded again.
            let left = 500 - by_revision(TO_HOST[0], TO_HOST[1]);
            assert_eq!(guest.get(BLOCK, 112), block(left, [HALT_ADDRESS, 0x1234, 0x34]));
            assert_eq!(inner_octets(guest), b"\x34nner octets");
            // It continues after the call, which is paid already in 0.8.0.
            assert_eq!(invoke(guest, 0, [1, 0]).0, HALT);
        });
        // Numbers are sign-extended.
        refine(|guest| {
            make(guest, &[&[10, 0xff], program::TRAP], 0, 0);
            set_block(guest, by_revision(ECALLI[0], ECALLI[1]), [0; 3]);
            assert_eq!(invoke(guest, 0, ECALLI), (HOST, u64::MAX));
            guest.answers(EXPUNGE, &[0], 2);
        });
    }
    fault {
        refine(|guest| {
            make(guest, WORKS, 0, 0);
            set_block(guest, 500, [HALT_ADDRESS, 0x1234, 7]);
            // The instruction is charged (the vectors' reading of 0.7.2) but not executed.
            assert_eq!(invoke(guest, 0, [1, TO_HOST[1]]), (FAULT, INNER));
            let left = 500 - by_revision(1, TO_HOST[1]);
            assert_eq!(guest.get(BLOCK, 112), block(left, [HALT_ADDRESS, 0x1234, 7]));
            guest.answers(PAGES, &[0, PAGE, 1, 2], OK);
            // In 0.8.0 the block is not charged again.
            assert_eq!(invoke(guest, 0, [TO_HOST[0], 0]), (HOST, 3));
            let left = left - by_revision(TO_HOST[0], 0);
            assert_eq!(guest.get(BLOCK, 112), block(left, [HALT_ADDRESS, 0x1234, 0x34]));
        });
        // The address is the page's.
        refine(|guest| {
            make(guest, &[&[52, 2, 0xff, 0x1f, 3], program::TRAP], 0, 0);
            set_block(guest, 50, [0; 3]);
            assert_eq!(invoke(guest, 0, ACCESS), (FAULT, 0x3_1000));
            guest.answers(EXPUNGE, &[0], 0);
        });
    }
    oog {
        refine(|guest| {
            make(guest, LOOPS, 0, 0);
            set_block(guest, 1000, [1, 2, 3]);
            // Jumps of 15 gas each in 0.8.0: gas for less than another jump is left.
            assert_eq!(invoke(guest, 0, [1000, 990]), (OOG, BLOCK));
            assert_eq!(guest.get(BLOCK, 112), block(by_revision(0, 10), [1, 2, 3]));
            // With more gas it continues.
            with_page_of(guest, 1);
            let (gas, more, r2) = by_revision((2, 1, 5), (100, 101, 0));
            set_block(guest, gas, [HALT_ADDRESS, 5, 0]);
            assert_eq!(invoke(guest, 1, [2, 0]), (OOG, BLOCK));
            let left = by_revision(0, 100);
            assert_eq!(guest.get(BLOCK, 112), block(left, [HALT_ADDRESS, 5, r2]));
            set_block(guest, more, [HALT_ADDRESS, 5, r2]);
            assert_eq!(invoke(guest, 1, [1, TO_HOST[1]]), (HOST, 3));
        });
    }
    panicked {
        refine(|guest| {
            make(guest, &[&[10, 9], program::TRAP], 0, 0);
            set_block(guest, 500, [1, 2, 3]);
            assert_eq!(invoke(guest, 0, ECALLI), (HOST, 9));
            assert_eq!(invoke(guest, 0, [1, 0]), (PANIC, BLOCK));
            // It is at the start again, in 0.8.0 with a block that counts as paid.
            assert_eq!(invoke(guest, 0, [1, 0]), (HOST, 9));
            let left = 500 - by_revision(3, ECALLI[1]);
            assert_eq!(guest.get(BLOCK, 112), block(left, [1, 2, 3]));
            guest.answers(EXPUNGE, &[0], 2);
        });
        // Below 2^16.
        refine(|guest| {
            make(guest, &[&[52, 2, 0xff, 0xff, 0], program::TRAP], 0, 0);
            set_block(guest, 50, [HALT_ADDRESS, 2, 3]);
            assert_eq!(invoke(guest, 0, ACCESS), (PANIC, BLOCK));
            guest.answers(EXPUNGE, &[0], 0);
        });
        // At an entry point without an instruction, which 0.8.0 refuses.
        if revision() == Revision::GrayPaper072 {
            refine(|guest| {
                make(guest, WORKS, 1, 0);
                make(guest, HALTS, 1 << 33, 1);
                for machine in 0..2 {
                    set_block(guest, 50, [HALT_ADDRESS, 2, 3]);
                    guest.returns(INVOKE, &[machine, BLOCK], PANIC);
                    assert_eq!(guest.get(BLOCK, 112), block(49, [HALT_ADDRESS, 2, 3]));
                    guest.answers(EXPUNGE, &[machine], 0);
                }
            });
        }
    }
    halt {
        refine(|guest| {
            make(guest, HALTS, 0, 0);
            set_block(guest, by_revision(u64::MAX, 500), [HALT_ADDRESS, 2, 3]);
            // A dynamic jump takes 22 cycles.
            assert_eq!(invoke(guest, 0, [1, 22]), (HALT, BLOCK));
            guest.answers(EXPUNGE, &[0], 0);
        });
    }
    out_of_gas {
        refine(|guest| {
            with_page(guest);
            set_block(guest, 50, [HALT_ADDRESS, 0x1234, 0]);
            guest.runs_out(INVOKE, &[0, BLOCK]);
            guest.gas = GAS;
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
            make(guest, WORKS, 5, 0);
            guest.answers(EXPUNGE, &[0], 5);
            guest.answers(EXPUNGE, &[0], WHO);
        });
    }
    out_of_gas {
        refine(|guest| {
            make(guest, WORKS, 5, 0);
            guest.runs_out(EXPUNGE, &[0]);
            guest.gas = GAS;
            guest.answers(EXPUNGE, &[0], 5);
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

/// `sbrk` in an inner machine (0.7.2): without a standard layout the heap begins at 0.
#[test]
fn sbrk_begins_at_0_in_an_inner_machine() {
    refine(|guest| {
        // `load_imm r1, 0x12000`, `sbrk r7, r1`, `store_u8 r2` to 0x11000, `sbrk r8, r1`, `trap`.
        let code: &[&[u8]] = &[
            &program::load_imm(1, 0x1_2000),
            &[101, 0x17],
            &[59, 2, 0, 0x10, 1],
            &[101, 0x18],
            program::TRAP,
        ];
        make(guest, code, 0, 0);
        set_block(guest, 50, [0, 0, 0x42]);
        assert_eq!(invoke(guest, 0, [5, 0]), (PANIC, BLOCK));
        // Gas and 13 registers: 0 and 0x12000 are in r7 and r8.
        let register = |guest: &Guest<'_, '_>, index: u64| guest.get(BLOCK + 8 + 8 * index, 8);
        assert_eq!(register(guest, 7), 0u64.to_le_bytes());
        assert_eq!(register(guest, 8), 0x1_2000u64.to_le_bytes());
        guest.returns(PEEK, &[0, DATA, 0x1_1000, 1], OK);
        assert_eq!(guest.get(DATA, 1), [0x42]);
        // Memory below 2^16 is inaccessible; above it, all pages up to the new end are accessible.
        guest.returns(PEEK, &[0, DATA, 0x1_0000, 0x1_4000], OK);
        guest.answers(PEEK, &[0, DATA, 0xffff, 1], OOB);
        guest.answers(PEEK, &[0, DATA, 0x2_4000, 1], OOB);
    });
}
