//! 0 and 2 to 5: gas, lookup, write, read, info.

use jambox_state::RequestHistory;
use jambox_types::{Balance, Gas, Hash, TimeSlot};

use super::{HUH, LOW, NONE, OK, block, work};
use crate::guest::{NOWHERE, OWN, READ_ONLY, WRITABLE};
use crate::world::{Block, NOBODY, OTHER, SELF, Work, blob, preimage};

const GAS: u64 = 0;
const LOOKUP: u64 = 2;
const WRITE: u64 = 3;
const READ: u64 = 4;
const INFO: u64 = 5;

/// Address of keys and hashes, and of output data.
const KEY: u64 = WRITABLE;
const OUT: u64 = WRITABLE + 0x1000;

outcomes!(Gas in gas {
    remaining {
        block().run_in_vain(|guest| {
            guest.gas = 11;
            guest.pays_for(10, GAS, &[], &[1]);
        });
        work().authorize(|guest| guest.pays_for(10, GAS, &[], &[50_000_000 - 10]));
        work().refine(|guest| guest.pays_for(10, GAS, &[], &[1_000_000 - 10]));
    }
    out_of_gas {
        block().run_in_vain(|guest| guest.runs_out_below(10, GAS, &[]));
    }
});

/// [`SELF`] has the preimage of 16 octets, [`OTHER`] one of 7.
fn with_preimages() -> (Block, Work) {
    let (mut block, mut work) = (block(), work());
    for accounts in [&mut block.state.accounts, &mut work.accounts] {
        let history = RequestHistory::Available(TimeSlot(1));
        preimage(accounts, SELF, b"sixteen octets!!", history);
        preimage(accounts, OTHER, b"octets!", history);
    }
    (block, work)
}

fn put_hash(guest: &mut crate::guest::Guest<'_, '_>, preimage: &[u8]) {
    guest.put(KEY, &Hash::blake2b(preimage).0);
}

outcomes!(Lookup in lookup {
    panic_hash {
        block().run_in_vain(|guest| {
            guest.panics_for(10, LOOKUP, &[OWN, NOWHERE, OUT, 9]);
        });
        work().authorize(|guest| {
            guest.panics_for(10, LOOKUP, &[OWN, NOWHERE, OUT, 9]);
        });
    }
    panic_out {
        with_preimages().0.run_in_vain(|guest| {
            put_hash(guest, b"sixteen octets!!");
            guest.panics_for(12, LOOKUP, &[OWN, KEY, READ_ONLY, 100]);
        });
    }
    none {
        let (block, work) = with_preimages();
        block.run_in_vain(|guest| {
            guest.pays_for(10, LOOKUP, &[OWN, KEY, NOWHERE, 100], &[NONE]);
            guest.pays_for(10, LOOKUP, &[NOBODY, KEY, NOWHERE, 100], &[NONE]);
        });
        // Is-authorized has no state.
        work.authorize(|guest| {
            put_hash(guest, b"octets!");
            guest.pays_for(10, LOOKUP, &[OTHER.0.into(), KEY, OUT, 7], &[NONE]);
        });
    }
    copied {
        let (block, work) = with_preimages();
        block.run_in_vain(|guest| {
            put_hash(guest, b"sixteen octets!!");
            guest.pays_for(12, LOOKUP, &[OWN, KEY, OUT, 100], &[16]);
            assert_eq!(guest.get(OUT, 17), b"sixteen octets!!\0");
            guest.pays_for(11, LOOKUP, &[SELF.0.into(), KEY, OUT + 0x100, 15], &[16]);
            assert_eq!(guest.get(OUT + 0x100, 16), b"sixteen octets!\0");
        });
        work.refine(|guest| {
            put_hash(guest, b"octets!");
            guest.pays_for(10, LOOKUP, &[OTHER.0.into(), KEY, OUT, 100], &[7]);
            assert_eq!(guest.get(OUT, 8), b"octets!\0");
        });
    }
    out_of_gas {
        with_preimages().0.run_in_vain(|guest| {
            put_hash(guest, b"sixteen octets!!");
            guest.runs_out_below(12, LOOKUP, &[OWN, KEY, OUT, 100]);
            guest.runs_out_below(10, LOOKUP, &[OWN, KEY, OUT, 0]);
        });
    }
});

/// [`SELF`] has ten octets under 32 times 0x11.
fn with_value() -> (Block, Work) {
    let (mut block, mut work) = (block(), work());
    for accounts in [&mut block.state.accounts, &mut work.accounts] {
        accounts.set_storage(SELF, &[0x11; 32], Some(blob(b"ten octets"))).unwrap();
    }
    (block, work)
}

outcomes!(Read in read {
    panic_key {
        block().run_in_vain(|guest| {
            guest.panics_for(1000, READ, &[NOWHERE, OUT, 9]);
            guest.panics_for(1000, READ, &[0x8_0000 - 31, OUT, 9]);
        });
    }
    panic_out {
        with_value().0.run_in_vain(|guest| {
            guest.put(KEY, &[0x11; 32]);
            guest.panics_for(1002, READ, &[KEY, NOWHERE, 10]);
        });
    }
    none {
        let (block, work) = with_value();
        block.run_in_vain(|guest| guest.pays_for(1000, READ, &[KEY, NOWHERE, 100], &[NONE]));
        work.authorize(|guest| {
            guest.put(KEY, &[0x11; 32]);
            guest.pays_for(1000, READ, &[KEY, NOWHERE, 100], &[NONE]);
        });
    }
    copied {
        let (block, work) = with_value();
        block.run_in_vain(|guest| {
            guest.put(KEY, &[0x11; 32]);
            guest.pays_for(1002, READ, &[KEY, OUT, 100], &[10]);
            assert_eq!(guest.get(OUT, 11), b"ten octets\0");
            guest.pays_for(1000, READ, &[KEY, OUT + 0x100, 3], &[10]);
            assert_eq!(guest.get(OUT + 0x100, 4), b"ten\0");
        });
        work.refine(|guest| {
            guest.put(KEY, &[0x11; 32]);
            guest.pays_for(1002, READ, &[KEY, OUT, 8], &[10]);
        });
    }
    out_of_gas {
        with_value().0.run_in_vain(|guest| {
            guest.put(KEY, &[0x11; 32]);
            guest.runs_out_below(1002, READ, &[KEY, OUT, 100]);
            guest.runs_out_below(1000, READ, &[KEY, OUT, 0]);
        });
    }
});

fn stored(after: &jambox_invocation::Accumulated) -> Option<Vec<u8>> {
    let value = after.state.accounts.storage(SELF, &[0x11; 32]).unwrap();
    value.map(|value| value.to_vec())
}

outcomes!(Write in write {
    huh {
        // The price is the same, and nothing is read.
        work().authorize(|guest| guest.pays_for(1006, WRITE, &[NOWHERE, NOWHERE, 3], &[HUH]));
        work().refine(|guest| guest.pays_for(1006, WRITE, &[NOWHERE, NOWHERE, 3], &[HUH]));
    }
    panic_key {
        block().run_in_vain(|guest| {
            guest.panics_for(1000, WRITE, &[NOWHERE, OUT, 0]);
        });
    }
    panic_value {
        block().run_in_vain(|guest| {
            guest.panics_for(1010, WRITE, &[KEY, NOWHERE, 5]);
        });
    }
    low {
        // The threshold of three items and 86 + 34 + 32 + 10 octets is 100 + 30 + 162.
        block().balance(291).run_in_vain(|guest| {
            guest.pays_for(1020, WRITE, &[KEY, OUT, 10], &[LOW]);
        });
    }
    ok {
        let after = block().balance(292).run(|guest| {
            guest.put(KEY, &[0x11; 32]);
            guest.put(OUT, b"ten octets");
            guest.pays_for(1020, WRITE, &[KEY, OUT, 10], &[OK]);
        });
        assert_eq!(stored(&after).as_deref(), Some(&b"ten octets"[..]));
        // Also over another value, and for a deletion.
        let after = with_value().0.run(|guest| {
            guest.put(KEY, &[0x11; 32]);
            guest.pays_for(1002, WRITE, &[KEY, KEY, 1], &[OK]);
        });
        assert_eq!(stored(&after).as_deref(), Some(&[0x11][..]));
        let after = with_value().0.run(|guest| {
            guest.put(KEY, &[0x11; 32]);
            guest.pays_for(1000, WRITE, &[KEY, NOWHERE, 0], &[OK]);
            guest.pays_for(1000, WRITE, &[KEY, NOWHERE, 0], &[OK]);
        });
        assert_eq!(stored(&after), None);
    }
    out_of_gas {
        block().run_in_vain(|guest| {
            guest.runs_out_below(1020, WRITE, &[KEY, OUT, 10]);
            guest.runs_out_below(1000, WRITE, &[KEY, OUT, 0]);
        });
        // Sizes near 2^64 cost more gas than exists.
        block().run_in_vain(|guest| guest.runs_out_below(1 << 50, WRITE, &[KEY, OUT, 1 << 63]));
    }
});

outcomes!(Info in info {
    none {
        block().run_in_vain(|guest| {
            guest.pays_for(100, INFO, &[NOBODY], &[NONE]);
            guest.pays_for(100, INFO, &[1 << 32 | u64::from(SELF.0)], &[NONE]);
        });
        work().authorize(|guest| {
            guest.pays_for(100, INFO, &[OWN], &[NONE]);
            guest.pays_for(100, INFO, &[OTHER.0.into()], &[NONE]);
        });
    }
    told {
        let (mut block, mut work) = (block(), work());
        for accounts in [&mut block.state.accounts, &mut work.accounts] {
            accounts.update(SELF, |own| {
                own.balance = Balance(0x0807_0605_0403_0201);
                own.min_accumulate_gas = Gas(0x1817_1615_1413_1211);
            }).unwrap();
        }
        // Balance, minimum gas to accumulate, threshold balance: low, then high.
        let told = [0x0403_0201, 0x0807_0605, 0x1413_1211, 0x1817_1615, 206, 0];
        block.run_in_vain(move |guest| {
            guest.pays_for(100, INFO, &[OWN], &told);
            guest.pays_for(100, INFO, &[SELF.0.into()], &told);
            guest.pays_for(100, INFO, &[OTHER.0.into()], &[1_000_000, 0, 0x11, 0, 206, 0]);
        });
        work.refine(move |guest| guest.pays_for(100, INFO, &[OWN], &told));
    }
    out_of_gas {
        block().run_in_vain(|guest| guest.runs_out_below(100, INFO, &[OWN]));
    }
});
