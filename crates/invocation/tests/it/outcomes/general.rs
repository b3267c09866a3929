//! `gas`, `fetch`, `info`, `checkpoint`, `yield` and `log`.

use jambox_types::{Balance, Hash};

use crate::guest::{GROW_HEAP, HEAP, NONE, NOWHERE, OK, OWN, READ_ONLY, WHAT, WRITABLE};
use crate::world::{Block, NOBODY, OTHER, SELF, THRESHOLD, Work, by_revision};

const GAS: u64 = 0;
const FETCH: u64 = 1;
const WRITE: u64 = 4;
const INFO: u64 = 5;
const CHECKPOINT: u64 = 17;
const YIELD: u64 = 25;
const LOG: u64 = 100;

outcomes!(Gas in gas {
    remaining {
        for more in [0, 1, 1_000_000] {
            Block::new().run_in_vain(move |guest| {
                guest.gas = guest.price(GAS, &[]) + more;
                guest.answers(GAS, &[], more);
            });
        }
    }
    out_of_gas {
        Block::new().run_in_vain(|guest| guest.runs_out(GAS, &[]));
    }
});

outcomes!(GrowHeap in grow_heap {
    unchanged {
        Block::new().run_in_vain(|guest| {
            let [end, limit] = HEAP;
            for wanted in [0, 1, end - 1, end, limit + 1, 1 << 20, 1 << 32, u64::MAX] {
                guest.returns(GROW_HEAP, &[wanted], end);
            }
            assert!(!guest.memory.is_readable(end * 4096, 1));
        });
        Work::new().authorize(|guest| guest.returns(GROW_HEAP, &[0], HEAP[0]));
        Work::new().refine(|guest| guest.returns(GROW_HEAP, &[0], HEAP[0]));
    }
    out_of_gas_pages {
        Block::new().run_in_vain(|guest| {
            let [end, _] = HEAP;
            guest.runs_out_below(275 + 3 * 121, GROW_HEAP, &[end + 3]);
            assert!(!guest.memory.is_readable(end * 4096, 1));
            // A refused page is not charged.
            guest.gas = 275;
            guest.returns(GROW_HEAP, &[u64::MAX], end);
        });
    }
    grown {
        Block::new().run_in_vain(|guest| {
            let [end, limit] = HEAP;
            guest.pays(275 + 3 * 121, GROW_HEAP, &[end + 3], end + 3);
            assert!(guest.memory.is_writable(end * 4096, 3 * 4096));
            assert!(!guest.memory.is_readable((end + 3) * 4096, 1));
            guest.pays(275, GROW_HEAP, &[end + 1], end + 3);
            guest.pays(275 + (limit - end - 3) * 121, GROW_HEAP, &[limit], limit);
            assert!(guest.memory.is_writable(end * 4096, (limit - end) * 4096));
            assert!(!guest.memory.is_readable(limit * 4096, 1));
            guest.pays(275, GROW_HEAP, &[limit + 1], limit);
        });
        Work::new().authorize(|guest| guest.pays(396, GROW_HEAP, &[HEAP[0] + 1], HEAP[0] + 1));
        Work::new().refine(|guest| guest.pays(396, GROW_HEAP, &[HEAP[0] + 1], HEAP[0] + 1));
    }
    out_of_gas {
        Block::new().run_in_vain(|guest| guest.runs_out(GROW_HEAP, &[0]));
    }
});

/// Length of the constants, in octets.
fn constants_size() -> u64 {
    by_revision(134, 122)
}

outcomes!(Fetch in fetch {
    panic_out {
        Block::new().run_in_vain(|guest| {
            guest.panics_writing(FETCH, &[READ_ONLY, 0, 1, 0], READ_ONLY, 1);
            let size = constants_size();
            guest.panics_writing(FETCH, &[NOWHERE, size - 4, 1000, 0], NOWHERE, 4);
            guest.panics_writing(FETCH, &[u64::MAX, 0, u64::MAX, 0], u64::MAX, size);
        });
    }
    none {
        Block::new().run_in_vain(|guest| {
            guest.answers(FETCH, &[WRITABLE, 0, 134, 16], NONE);
            guest.answers(FETCH, &[NOWHERE, 0, 134, 2], NONE);
            guest.answers(FETCH, &[WRITABLE, 0, 134, u64::MAX], NONE);
        });
    }
    copied {
        Block::new().run_in_vain(|guest| {
            // The first constants: 10, 1 and 100 in eight octets each, 341 in two.
            let size = constants_size();
            guest.returns(FETCH, &[WRITABLE, 16, 10, 0], size);
            assert_eq!(guest.get(WRITABLE, 12), [100, 0, 0, 0, 0, 0, 0, 0, 0x55, 1, 0, 0]);
            // An empty part, at any address.
            guest.answers(FETCH, &[NOWHERE, 0, 0, 0], size);
            guest.answers(FETCH, &[NOWHERE, size, 10, 0], size);
            guest.answers(FETCH, &[NOWHERE, u64::MAX, u64::MAX, 0], size);
        });
    }
    out_of_gas {
        Block::new().run_in_vain(|guest| guest.runs_out(FETCH, &[WRITABLE, 0, 134, 0]));
    }
});

outcomes!(Info in info {
    panic_out {
        Block::new().run_in_vain(|guest| {
            guest.panics_writing(INFO, &[OWN, READ_ONLY, 0, 96], READ_ONLY, 96);
            guest.panics_writing(INFO, &[OTHER.0.into(), NOWHERE, 90, 96], NOWHERE, 6);
        });
    }
    none {
        Block::new().run_in_vain(|guest| {
            guest.answers(INFO, &[NOBODY, WRITABLE, 0, 96], NONE);
            guest.answers(INFO, &[NOBODY, NOWHERE, 0, 96], NONE);
            guest.answers(INFO, &[1 << 32 | u64::from(SELF.0), WRITABLE, 0, 96], NONE);
        });
    }
    copied {
        let mut block = Block::new();
        block.accounts().update(OTHER, |other| {
            other.balance = Balance(0x0807_0605_0403_0201);
            other.gratis = Balance(6);
        }).unwrap();
        block.run_in_vain(|guest| {
            guest.returns(INFO, &[OTHER.0.into(), WRITABLE, 0, 96], 96);
            let mut record = Hash::blake2b(&crate::world::CODE).0.to_vec();
            record.extend([1, 2, 3, 4, 5, 6, 7, 8]); // balance
            record.extend([200, 0, 0, 0, 0, 0, 0, 0]); // threshold balance: 206 - 6
            record.extend([0x11, 0, 0, 0, 0, 0, 0, 0]); // minimum gas to accumulate
            record.extend([0x22, 0, 0, 0, 0, 0, 0, 0]); // minimum gas for a memo
            record.extend([86, 0, 0, 0, 0, 0, 0, 0]); // octets
            record.extend([2, 0, 0, 0]); // items
            record.extend([6, 0, 0, 0, 0, 0, 0, 0]); // gratis
            record.extend([0x33, 0, 0, 0]); // created
            record.extend([0x44, 0, 0, 0]); // last accumulation
            record.extend([0x55, 0, 0, 0]); // parent
            assert_eq!(guest.get(WRITABLE, 96), record);
            guest.returns(INFO, &[OTHER.0.into(), WRITABLE + 0x1000, 95, 7], 96);
            assert_eq!(guest.get(WRITABLE + 0x1000, 2), [0, 0]);
            // The own account, named in both ways.
            guest.returns(INFO, &[OWN, WRITABLE, 40, 8], 96);
            assert_eq!(guest.get(WRITABLE, 8), THRESHOLD.to_le_bytes());
            guest.returns(INFO, &[SELF.0.into(), WRITABLE, 32, 8], 96);
            assert_eq!(guest.get(WRITABLE, 8), 1_000_000u64.to_le_bytes());
        });
    }
    out_of_gas {
        Block::new().run_in_vain(|guest| guest.runs_out(INFO, &[OWN, WRITABLE, 0, 96]));
    }
});

outcomes!(Checkpoint in checkpoint {
    remaining {
        Block::new().run_in_vain(|guest| {
            guest.gas = guest.price(CHECKPOINT, &[]) + 40;
            guest.answers(CHECKPOINT, &[], 40);
        });
    }
    out_of_gas {
        Block::new().run_in_vain(|guest| guest.runs_out(CHECKPOINT, &[]));
    }
});

outcomes!(Yield in yield_hash {
    panic_hash {
        Block::new().run_in_vain(|guest| {
            guest.panics_reading(YIELD, &[NOWHERE], NOWHERE, 32);
            guest.panics_reading(YIELD, &[READ_ONLY + 0x3fe1], READ_ONLY + 0x3fe1, 32);
        });
    }
    ok {
        let after = Block::new().run(|guest| {
            guest.put(READ_ONLY + 0x3fe0, &[8; 32]);
            guest.put(WRITABLE, &[9; 32]);
            guest.answers(YIELD, &[READ_ONLY + 0x3fe0], OK);
            guest.answers(YIELD, &[WRITABLE], OK);
        });
        assert_eq!(after.yielded, Some(Hash([9; 32])));
    }
    out_of_gas {
        Block::new().run_in_vain(|guest| guest.runs_out(YIELD, &[WRITABLE]));
    }
});

outcomes!(Log in log {
    logged {
        let say = [2, WRITABLE, 6, WRITABLE + 6, 5];
        Block::new().run_in_vain(move |guest| {
            guest.put(WRITABLE, b"targethello");
            guest.answers(LOG, &say, WHAT);
            // Not readable: the same reply.
            guest.answers(LOG, &[2, NOWHERE, 6, WRITABLE, 5], WHAT);
            guest.answers(LOG, &[2, 0, 0, NOWHERE, u64::MAX], WHAT);
        });
        Work::new().authorize(move |guest| guest.answers(LOG, &say, WHAT));
        Work::new().refine(move |guest| guest.answers(LOG, &say, WHAT));
    }
    out_of_gas {
        Block::new().run_in_vain(|guest| guest.runs_out(LOG, &[0, 0, 0, 0, 0]));
    }
});

#[test]
fn checkpoint_takes_everything_along() {
    // The use of a checkpoint shows when the guest fails: see `invocations`. Here the regular
    // context continues unchanged.
    let after = Block::new().run(|guest| {
        guest.put(WRITABLE, b"keyvalue");
        guest.answers(WRITE, &[WRITABLE, 3, WRITABLE + 3, 5], NONE);
        guest.call(CHECKPOINT, &[]);
        guest.answers(WRITE, &[WRITABLE, 3, WRITABLE + 3, 4], 5);
    });
    let value = after.state.accounts.storage(SELF, b"key").unwrap();
    assert_eq!(value.as_deref(), Some(b"valu".as_slice()));
}
