//! 6 to 13 in refine and 20 to 26 in accumulate: the Gray Paper's, with the document's codes.

use jambox_state::RequestHistory;
use jambox_types::{Hash, TimeSlot};

use super::{FULL, HUH, LOW, NONE, OK, WHO, block, work};
use crate::guest::{NOWHERE, OWN, WRITABLE};
use crate::program::{HALT, blob};
use crate::world::{
    GAS, NOBODY, OTHER, SELF, Work, by_revision, in_every_revision, preimage, request,
};

const AREA: u64 = WRITABLE + 0x1000;

#[test]
fn refine_calls_are_the_papers_with_other_codes() {
    in_every_revision(refine_calls);
}

fn refine_calls() {
    let mut work = Work { export_offset: 3071, ..work() };
    let history = RequestHistory::Available(TimeSlot(1));
    preimage(&mut work.accounts, SELF, b"octets!", history);
    work.refine(|guest| {
        guest.put(WRITABLE, &Hash::blake2b(b"octets!").0);
        // 6, historical_lookup: with an offset.
        guest.returns(6, &[OWN, WRITABLE, AREA, 2, 9], 7);
        assert_eq!(guest.get(AREA, 6), b"tets!\0");
        guest.answers(6, &[NOBODY, WRITABLE, AREA, 0, 9], NONE);
        // 7, export: of any length.
        guest.answers(7, &[AREA, 5], 3071);
        guest.answers(7, &[AREA, 5], FULL);
        // 8, machine.
        let program = blob(&[HALT]);
        guest.put(WRITABLE, &program);
        guest.answers(8, &[WRITABLE, 1, 0], HUH);
        guest.answers(8, &[WRITABLE, program.len() as u64, 0], 0);
        // 9 to 11, peek, poke, pages: out of bounds is HUH.
        guest.answers(9, &[1, AREA, 0x2_0000, 1], WHO);
        guest.answers(9, &[0, AREA, 0x2_0000, 1], HUH);
        guest.answers(10, &[1, AREA, 0x2_0000, 1], WHO);
        guest.answers(10, &[0, AREA, 0x2_0000, 1], HUH);
        guest.answers(11, &[1, 0x20, 1, 2], WHO);
        guest.answers(11, &[0, 0x20, 1, 9], HUH);
        guest.answers(11, &[0, 0x20, 1, 2], OK);
        guest.answers(10, &[0, AREA, 0x2_0000, 1], OK);
        guest.answers(9, &[0, AREA, 0x2_0000, 1], OK);
        // 12, invoke.
        guest.put(AREA, &[0; 8]);
        guest.answers(12, &[1, AREA], WHO);
        guest.put(AREA, &100u64.to_le_bytes());
        guest.put(AREA + 8, &0xffff_0000u64.to_le_bytes());
        // In 0.8.0 the gas inside is paid for: a dynamic jump, 22.
        let used = by_revision(1, 22);
        let price = guest.price(12, &[]) + by_revision(0, used);
        guest.pays(price, 12, &[0, AREA], 0);
        assert_eq!(guest.get(AREA, 8), (100 - used).to_le_bytes());
        // 13, expunge.
        guest.answers(13, &[0], 0);
        guest.answers(13, &[0], WHO);
        (6..=13).for_each(|number| guest.runs_out(number, &[0, 0, 0, 0, 0, 0]));
    });
}

#[test]
fn accumulate_calls_are_the_papers_with_other_codes() {
    in_every_revision(accumulate_calls);
}

fn accumulate_calls() {
    let mut block = block().balance(500);
    request(block.accounts(), SELF, Hash::blake2b(b"octets!"), 7, RequestHistory::Requested);
    let after = block.run(|guest| {
        // 20, transfer: the base and the limit. Lack of funds is LOW.
        guest.answers(20, &[NOBODY, 1, 50, AREA], WHO);
        guest.answers(20, &[OTHER.0.into(), 1, 0x21, AREA], LOW);
        guest.answers(20, &[OTHER.0.into(), 500, 50, AREA], LOW);
        let base = guest.price(20, &[]);
        guest.pays_for(base + 50, 20, &[OTHER.0.into(), 1, 50, AREA], &[OK]);
        // 21, eject.
        guest.answers(21, &[NOBODY, AREA], WHO);
        guest.answers(21, &[OTHER.0.into(), AREA], WHO);
        // 22, query.
        guest.put(AREA, &Hash::blake2b(b"octets!").0);
        let price = guest.price(22, &[]);
        guest.pays_for(price, 22, &[AREA, 8], &[NONE, 0]);
        guest.pays_for(price, 22, &[AREA, 7], &[0, 0]);
        // 23, solicit.
        guest.answers(23, &[AREA, 7], HUH);
        guest.answers(23, &[AREA, 1000], FULL);
        // 26, provide; 24, forget.
        guest.put(AREA + 0x100, b"octets!");
        guest.answers(26, &[NOBODY, AREA + 0x100, 7], WHO);
        guest.answers(26, &[OWN, AREA + 0x100, 7], OK);
        guest.answers(26, &[OWN, AREA + 0x100, 7], HUH);
        guest.answers(24, &[AREA, 7], OK);
        guest.answers(24, &[AREA, 7], HUH);
        // 25, yield.
        guest.answers(25, &[AREA], OK);
        for number in 20..=26 {
            guest.runs_out(number, &[OWN, 0, 0, AREA, 0, 0]);
            guest.gas = GAS;
        }
        guest.panics(25, &[NOWHERE]);
    });
    assert_eq!((after.transfers.len(), after.provisions.len()), (1, 1));
    assert_eq!(after.yielded, Some(Hash::blake2b(b"octets!")));
}
