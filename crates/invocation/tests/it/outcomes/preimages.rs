//! `lookup`, `historical_lookup`, `query`, `solicit`, `forget` and `provide`.

use jambox_state::{PartialState, RequestHistory, RequestKey};
use jambox_types::{Hash, Revision, ServiceId, TimeSlot};

use crate::guest::{FULL, HUH, NONE, NOWHERE, OK, OWN, READ_ONLY, WHO, WRITABLE};
use crate::world::{
    Block, LOOKUP_SLOT, NOBODY, OTHER, SELF, SLOT, Work, blob, preimage, request, revision,
};

const LOOKUP: u64 = 2;
const HISTORICAL_LOOKUP: u64 = 6;
const QUERY: u64 = 22;
const SOLICIT: u64 = 23;
const FORGET: u64 = 24;
const PROVIDE: u64 = 26;

const HASH: u64 = WRITABLE;
const OUT: u64 = WRITABLE + 0x1000;

/// The first slot that is too recent for expunging a preimage that became unavailable in it:
/// 100,000 - 19,200.
const RECENT: u32 = 80_800;

const REQUESTED: RequestHistory = RequestHistory::Requested;

fn since(x: u32) -> RequestHistory {
    RequestHistory::Available(TimeSlot(x))
}

fn between(x: u32, y: u32) -> RequestHistory {
    RequestHistory::Unavailable(TimeSlot(x), TimeSlot(y))
}

fn and_since(x: u32, y: u32, z: u32) -> RequestHistory {
    RequestHistory::AvailableAgain(TimeSlot(x), TimeSlot(y), TimeSlot(z))
}

fn history(state: &PartialState, hash: Hash, length: u32) -> Option<RequestHistory> {
    state.accounts.request(SELF, &RequestKey { hash, length }).unwrap()
}

/// A block in which [`SELF`] has a request for 7 octets of hash 11..11 with this history.
fn block(history: RequestHistory) -> Block {
    let mut block = Block::new();
    request(block.accounts(), SELF, Hash([0x11; 32]), 7, history);
    block
}

/// The same with a preimage, regardless of the request.
fn block_with_preimage(history: RequestHistory) -> Block {
    let mut block = block(history);
    block.accounts().set_preimage(SELF, Hash([0x11; 32]), Some(blob(b"octets!"))).unwrap();
    block
}

outcomes!(Lookup in lookup {
    panic_hash {
        Block::new().run_in_vain(|guest| {
            guest.panics_reading(LOOKUP, &[OWN, NOWHERE, OUT, 0, 9], NOWHERE, 32);
            guest.panics_reading(LOOKUP, &[NOBODY, NOWHERE, OUT, 0, 9], NOWHERE, 32);
        });
    }
    panic_out {
        block_with_preimage(since(1)).run_in_vain(|guest| {
            guest.put(HASH, &[0x11; 32]);
            guest.panics_writing(LOOKUP, &[OWN, HASH, READ_ONLY, 0, 9], READ_ONLY, 7);
            guest.panics_writing(LOOKUP, &[OWN, HASH, NOWHERE, 3, 2], NOWHERE, 2);
        });
    }
    none {
        block(REQUESTED).run_in_vain(|guest| {
            guest.put(HASH, &[0x11; 32]);
            guest.answers(LOOKUP, &[OWN, HASH, OUT, 0, 9], NONE);
            guest.answers(LOOKUP, &[OTHER.0.into(), HASH, NOWHERE, 0, 9], NONE);
            guest.answers(LOOKUP, &[NOBODY, HASH, NOWHERE, 0, 9], NONE);
        });
    }
    copied {
        // In accumulation the request does not matter.
        block_with_preimage(between(1, 2)).run_in_vain(|guest| {
            guest.put(HASH, &[0x11; 32]);
            guest.returns(LOOKUP, &[OWN, HASH, OUT, 0, 9], 7);
            assert_eq!(guest.get(OUT, 8), b"octets!\0");
            guest.returns(LOOKUP, &[SELF.0.into(), HASH, OUT, 2, 3], 7);
            assert_eq!(guest.get(OUT, 8), b"tetets!\0");
            guest.answers(LOOKUP, &[OWN, HASH, NOWHERE, 7, 3], 7);
        });
        let mut block = Block::new();
        preimage(block.accounts(), OTHER, b"theirs", since(3));
        block.run_in_vain(|guest| {
            guest.put(HASH, &Hash::blake2b(b"theirs").0);
            guest.returns(LOOKUP, &[OTHER.0.into(), HASH, OUT, 0, 6], 6);
            assert_eq!(guest.get(OUT, 6), b"theirs");
        });
    }
    out_of_gas {
        block_with_preimage(since(1)).run_in_vain(|guest| {
            guest.put(HASH, &[0x11; 32]);
            guest.runs_out(LOOKUP, &[OWN, HASH, OUT, 0, 9]);
        });
    }
});

/// Work over accounts in which [`SELF`] has the preimage "octets!" and [`OTHER`] "theirs".
fn work(history: RequestHistory) -> Work {
    let mut work = Work::new();
    preimage(&mut work.accounts, SELF, b"octets!", history);
    preimage(&mut work.accounts, OTHER, b"theirs", history);
    work
}

outcomes!(HistoricalLookup in historical_lookup {
    panic_hash {
        work(since(1)).refine(|guest| {
            let call = [OWN, NOWHERE, OUT, 0, 9];
            guest.panics_reading(HISTORICAL_LOOKUP, &call, NOWHERE, 32);
            let call = [NOBODY, NOWHERE, OUT, 0, 9];
            guest.panics_reading(HISTORICAL_LOOKUP, &call, NOWHERE, 32);
        });
    }
    panic_out {
        work(since(1)).refine(|guest| {
            guest.put(HASH, &Hash::blake2b(b"octets!").0);
            let call = [OWN, HASH, READ_ONLY, 0, 9];
            guest.panics_writing(HISTORICAL_LOOKUP, &call, READ_ONLY, 7);
        });
    }
    none {
        let slot = LOOKUP_SLOT.0;
        let not_there = [
            REQUESTED,
            since(slot + 1),
            between(1, slot),
            between(slot + 1, slot + 2),
            and_since(1, slot, slot + 1),
        ];
        for history in not_there {
            work(history).refine(|guest| {
                guest.put(HASH, &Hash::blake2b(b"octets!").0);
                guest.answers(HISTORICAL_LOOKUP, &[OWN, HASH, NOWHERE, 0, 9], NONE);
            });
        }
        work(since(1)).refine(|guest| {
            guest.put(HASH, &Hash::blake2b(b"octets!").0);
            guest.answers(HISTORICAL_LOOKUP, &[OTHER.0.into(), HASH, OUT, 0, 9], NONE);
            guest.answers(HISTORICAL_LOOKUP, &[NOBODY, HASH, NOWHERE, 0, 9], NONE);
        });
    }
    copied {
        let slot = LOOKUP_SLOT.0;
        let there = [
            since(slot),
            between(slot, slot + 1),
            and_since(1, slot + 1, slot + 2),
            and_since(1, 2, slot),
        ];
        for history in there {
            work(history).refine(|guest| {
                guest.put(HASH, &Hash::blake2b(b"octets!").0);
                guest.returns(HISTORICAL_LOOKUP, &[OWN, HASH, OUT, 1, 9], 7);
                assert_eq!(guest.get(OUT, 7), b"ctets!\0");
                guest.put(HASH, &Hash::blake2b(b"theirs").0);
                guest.returns(HISTORICAL_LOOKUP, &[OTHER.0.into(), HASH, OUT, 0, 3], 6);
                assert_eq!(guest.get(OUT, 7), b"thets!\0");
            });
        }
    }
    out_of_gas {
        work(since(1)).refine(|guest| {
            guest.put(HASH, &Hash::blake2b(b"octets!").0);
            guest.runs_out(HISTORICAL_LOOKUP, &[OWN, HASH, OUT, 0, 9]);
        });
    }
});

/// Checks the answer of `query` for a request with this history.
fn queried(history: RequestHistory) -> impl Fn(u64, u64) {
    move |r7, r8| {
        block(history).run_in_vain(move |guest| {
            guest.put(HASH, &[0x11; 32]);
            assert_eq!(guest.call(QUERY, &[HASH, 7]), (r7, r8));
        });
    }
}

/// Lengths that no blob has. 0.8.0 checks them before memory.
const TOO_LONG: [u64; 3] = [1 << 32, 1 << 32 | 7, u64::MAX];

outcomes!(Query in query {
    huh_length {
        block(since(1)).run_in_vain(|guest| {
            guest.put(HASH, &[0x11; 32]);
            for length in TOO_LONG {
                guest.answers(QUERY, &[HASH, length], HUH);
                guest.answers(QUERY, &[NOWHERE, length], HUH);
            }
        });
    }
    panic_hash {
        Block::new().run_in_vain(|guest| guest.panics_reading(QUERY, &[NOWHERE, 7], NOWHERE, 32));
    }
    none {
        block(since(1)).run_in_vain(|guest| {
            guest.put(HASH, &[0x11; 32]);
            let longer = TOO_LONG.iter().filter(|_| revision() == Revision::GrayPaper072);
            for length in [6, 8].iter().chain(longer) {
                assert_eq!(guest.call(QUERY, &[HASH, *length]), (NONE, 0));
            }
        });
    }
    requested {
        queried(REQUESTED)(0, 0);
    }
    available {
        queried(since(0x0102))(0x0102_0000_0001, 0);
    }
    unavailable {
        queried(between(0x0102, 0x0304))(0x0102_0000_0002, 0x0304);
    }
    available_again {
        queried(and_since(0x0102, 0x0304, 0x0506))(0x0102_0000_0003, 0x0506_0000_0304);
    }
    out_of_gas {
        block(REQUESTED).run_in_vain(|guest| {
            guest.put(HASH, &[0x11; 32]);
            guest.runs_out(QUERY, &[HASH, 7]);
        });
    }
});

outcomes!(Solicit in solicit {
    huh_length {
        Block::new().balance(u64::MAX).run_in_vain(|guest| {
            for length in TOO_LONG {
                guest.answers(SOLICIT, &[HASH, length], HUH);
                guest.answers(SOLICIT, &[NOWHERE, length], HUH);
            }
        });
    }
    panic_hash {
        Block::new().run_in_vain(|guest| {
            guest.panics_reading(SOLICIT, &[NOWHERE, 7], NOWHERE, 32);
        });
    }
    huh {
        for history in [REQUESTED, since(1), and_since(1, 2, 3)] {
            block(history).run_in_vain(|guest| {
                guest.put(HASH, &[0x11; 32]);
                guest.answers(SOLICIT, &[HASH, 7], HUH);
            });
        }
    }
    full {
        // The threshold of four items and 86 + 81 + 100 octets is 100 + 40 + 267.
        Block::new().balance(406).run_in_vain(|guest| guest.answers(SOLICIT, &[HASH, 100], FULL));
        // A forgotten request is no new item, but the threshold (four items, 86 + 88) is checked.
        block(between(1, 2)).balance(313).run_in_vain(|guest| {
            guest.put(HASH, &[0x11; 32]);
            guest.answers(SOLICIT, &[HASH, 7], FULL);
        });
        // The longest blob: four items and 86 + 81 + 2^32 - 1 octets.
        Block::new().balance((1 << 32) + 305).run_in_vain(|guest| {
            guest.answers(SOLICIT, &[HASH, u64::from(u32::MAX)], FULL);
        });
        // No account can hold a longer one; 0.8.0 refuses it before the balance is checked.
        if revision() == Revision::GrayPaper072 {
            Block::new().balance(u64::MAX).run_in_vain(|guest| {
                for length in TOO_LONG {
                    guest.answers(SOLICIT, &[HASH, length], FULL);
                }
            });
        }
    }
    requested {
        let after = Block::new().balance(407).run(|guest| {
            guest.put(HASH, &[0x22; 32]);
            guest.answers(SOLICIT, &[HASH, 100], OK);
        });
        assert_eq!(history(&after.state, Hash([0x22; 32]), 100), Some(REQUESTED));
        let own = after.state.accounts.get(SELF).unwrap().unwrap();
        assert_eq!((own.footprint.items, own.footprint.octets), (4, 267));
        // By the letter there are requests for every length below 2^32.
        for length in [u32::MAX - 1, u32::MAX] {
            let threshold = 100 + 40 + 86 + 81 + u64::from(length);
            let after = Block::new().balance(threshold).run(move |guest| {
                guest.put(HASH, &[0x22; 32]);
                guest.answers(SOLICIT, &[HASH, length.into()], OK);
                assert_eq!(guest.call(QUERY, &[HASH, length.into()]), (0, 0));
            });
            assert_eq!(history(&after.state, Hash([0x22; 32]), length), Some(REQUESTED));
        }
    }
    requested_again {
        let after = block(between(1, 2)).balance(314).run(|guest| {
            guest.put(HASH, &[0x11; 32]);
            guest.answers(SOLICIT, &[HASH, 7], OK);
        });
        let expected = and_since(1, 2, SLOT.0);
        assert_eq!(history(&after.state, Hash([0x11; 32]), 7), Some(expected));
    }
    out_of_gas {
        Block::new().run_in_vain(|guest| guest.runs_out(SOLICIT, &[HASH, 100]));
    }
});

/// Forgets the request with this history, which must succeed. Returns the request's new history and
/// whether the preimage still exists.
fn forget_one(before: RequestHistory) -> (Option<RequestHistory>, bool) {
    let after = block_with_preimage(before).run(|guest| {
        guest.put(HASH, &[0x11; 32]);
        guest.answers(FORGET, &[HASH, 7], OK);
    });
    let hash = Hash([0x11; 32]);
    let preimage = after.state.accounts.preimage(SELF, &hash).unwrap();
    (history(&after.state, hash, 7), preimage.is_some())
}

outcomes!(Forget in forget {
    huh_length {
        block(since(1)).run_in_vain(|guest| {
            guest.put(HASH, &[0x11; 32]);
            for length in TOO_LONG {
                guest.answers(FORGET, &[HASH, length], HUH);
                guest.answers(FORGET, &[NOWHERE, length], HUH);
            }
        });
    }
    panic_hash {
        Block::new().run_in_vain(|guest| guest.panics_reading(FORGET, &[NOWHERE, 7], NOWHERE, 32));
    }
    dropped {
        assert_eq!(forget_one(REQUESTED), (None, false));
    }
    expunged {
        assert_eq!(forget_one(between(1, RECENT - 1)), (None, false));
    }
    forgotten {
        assert_eq!(forget_one(since(1)), (Some(between(1, SLOT.0)), true));
    }
    forgotten_again {
        let before = and_since(1, RECENT - 1, 99_000);
        assert_eq!(forget_one(before), (Some(between(99_000, SLOT.0)), true));
    }
    huh {
        for history in [between(1, RECENT), and_since(1, RECENT, RECENT + 1)] {
            block_with_preimage(history).run_in_vain(|guest| {
                guest.put(HASH, &[0x11; 32]);
                guest.answers(FORGET, &[HASH, 7], HUH);
            });
        }
        block(since(1)).run_in_vain(|guest| {
            guest.put(HASH, &[0x11; 32]);
            guest.answers(FORGET, &[HASH, 8], HUH);
            guest.answers(FORGET, &[HASH, 7 | 1 << 32], HUH);
        });
    }
    out_of_gas {
        block(since(1)).run_in_vain(|guest| {
            guest.put(HASH, &[0x11; 32]);
            guest.runs_out(FORGET, &[HASH, 7]);
        });
    }
});

/// A block in which both services have requested "preimage" and [`OTHER`] also the empty blob.
fn providing() -> Block {
    let mut block = Block::new();
    let hash = Hash::blake2b(b"preimage");
    request(block.accounts(), SELF, hash, 8, REQUESTED);
    request(block.accounts(), OTHER, hash, 8, REQUESTED);
    request(block.accounts(), OTHER, Hash::blake2b(b""), 0, REQUESTED);
    block
}

outcomes!(Provide in provide {
    huh_length {
        providing().run_in_vain(|guest| {
            // 3980 gas and 2264 for each KiB.
            let call = [OWN, NOWHERE, 1 << 32];
            guest.gas = 3980 + 2264 * (1 << 22);
            guest.answers(PROVIDE, &call, HUH);
            guest.gas = 3980 + 2264 * (1 << 22);
            guest.answers(PROVIDE, &[NOBODY, NOWHERE, 1 << 32], HUH);
        });
    }
    panic_data {
        providing().run_in_vain(|guest| {
            guest.panics_reading(PROVIDE, &[OWN, NOWHERE, 8], NOWHERE, 8);
            let most = if revision() == Revision::GrayPaper072 { 1 << 60 } else { 1 << 16 };
            guest.panics_reading(PROVIDE, &[NOBODY, NOWHERE, most], NOWHERE, most);
        });
    }
    who {
        providing().run_in_vain(|guest| {
            guest.put(OUT, b"preimage");
            guest.answers(PROVIDE, &[NOBODY, OUT, 8], WHO);
            guest.answers(PROVIDE, &[1 << 32 | u64::from(SELF.0), OUT, 8], WHO);
        });
    }
    huh_request {
        let mut block = providing();
        preimage(block.accounts(), SELF, b"there", since(1));
        request(block.accounts(), SELF, Hash::blake2b(b"again"), 5, between(1, 2));
        block.run_in_vain(|guest| {
            for octets in [&b"preimag"[..], b"there", b"again", b""] {
                guest.put(OUT, octets);
                guest.answers(PROVIDE, &[OWN, OUT, octets.len() as u64], HUH);
            }
        });
    }
    huh_provided {
        let after = providing().run(|guest| {
            guest.put(OUT, b"preimage");
            guest.answers(PROVIDE, &[OWN, OUT, 8], OK);
            guest.answers(PROVIDE, &[OWN, OUT, 8], HUH);
            guest.answers(PROVIDE, &[SELF.0.into(), OUT, 8], HUH);
        });
        assert_eq!(after.provisions, [(SELF, blob(b"preimage"))]);
    }
    ok {
        let after = providing().run(|guest| {
            guest.put(OUT, b"preimage");
            guest.answers(PROVIDE, &[OTHER.0.into(), OUT, 8], OK);
            guest.answers(PROVIDE, &[OWN, OUT, 8], OK);
            guest.answers(PROVIDE, &[OTHER.0.into(), NOWHERE, 0], OK);
        });
        let mut provisions = after.provisions;
        provisions.sort();
        let expected: [(ServiceId, _); 3] =
            [(SELF, blob(b"preimage")), (OTHER, blob(b"")), (OTHER, blob(b"preimage"))];
        assert_eq!(provisions, expected);
        // The preimage is integrated after the accumulation.
        assert_eq!(history(&after.state, Hash::blake2b(b"preimage"), 8), Some(REQUESTED));
    }
    out_of_gas {
        providing().run_in_vain(|guest| {
            guest.put(OUT, b"preimage");
            guest.runs_out(PROVIDE, &[OWN, OUT, 8]);
        });
    }
});
