//! `read` and `write`.

use jambox_state::Accounts;
use jambox_types::Balance;

use crate::guest::{FULL, NONE, NOWHERE, OWN, PLENTY, READ_ONLY, WRITABLE, too_long};
use crate::world::{Block, NOBODY, OTHER, SELF, blob};

const READ: u64 = 3;
const WRITE: u64 = 4;

const KEY: u64 = WRITABLE;
const VALUE: u64 = WRITABLE + 0x1000;
const OUT: u64 = WRITABLE + 0x2000;

fn stored(accounts: &Accounts, key: &[u8]) -> Option<Vec<u8>> {
    accounts.storage(SELF, key).unwrap().map(|value| value.to_vec())
}

/// [`SELF`] has "abc" = "own value", [`OTHER`] has "abc" = "other".
fn block() -> Block {
    let mut block = Block::new();
    block.accounts().set_storage(SELF, b"abc", Some(blob(b"own value"))).unwrap();
    block.accounts().set_storage(OTHER, b"abc", Some(blob(b"other"))).unwrap();
    block
}

outcomes!(Read in read {
    panic_key {
        block().run_in_vain(|guest| {
            guest.panics_reading(READ, &[OWN, NOWHERE, 3, OUT, 0, 9], NOWHERE, 3);
            // Read before the service is looked up.
            guest.panics_reading(READ, &[NOBODY, NOWHERE, 1, OUT, 0, 9], NOWHERE, 1);
            guest.gas = PLENTY;
            let length = too_long();
            guest.panics_reading(READ, &[OWN, KEY, length, OUT, 0, 9], KEY, length);
        });
    }
    panic_out {
        block().run_in_vain(|guest| {
            guest.put(KEY, b"abc");
            guest.panics_writing(READ, &[OWN, KEY, 3, READ_ONLY, 0, 9], READ_ONLY, 9);
            guest.gas = PLENTY;
            guest.panics_writing(READ, &[OWN, KEY, 3, NOWHERE, 5, too_long()], NOWHERE, 4);
        });
    }
    none {
        block().run_in_vain(|guest| {
            guest.put(KEY, b"abcd");
            guest.answers(READ, &[OWN, KEY, 4, OUT, 0, 9], NONE);
            guest.answers(READ, &[OWN, NOWHERE, 0, NOWHERE, 0, 9], NONE);
            guest.answers(READ, &[NOBODY, KEY, 3, NOWHERE, 0, 9], NONE);
            guest.answers(READ, &[1 << 32 | u64::from(SELF.0), KEY, 3, OUT, 0, 9], NONE);
        });
    }
    copied {
        block().run_in_vain(|guest| {
            guest.put(KEY, b"abc");
            guest.returns(READ, &[OWN, KEY, 3, OUT, 0, 100], 9);
            assert_eq!(guest.get(OUT, 10), b"own value\0");
            guest.returns(READ, &[SELF.0.into(), KEY, 3, OUT, 4, 3], 9);
            assert_eq!(guest.get(OUT, 10), b"val value\0");
            guest.returns(READ, &[OTHER.0.into(), KEY, 3, OUT, 0, 5], 5);
            assert_eq!(guest.get(OUT, 5), b"other");
            guest.answers(READ, &[OWN, KEY, 3, NOWHERE, 9, 5], 9);
            guest.gas = PLENTY;
            guest.answers(READ, &[OWN, KEY, 3, NOWHERE, u64::MAX, too_long()], 9);
        });
    }
    out_of_gas {
        block().run_in_vain(|guest| {
            guest.put(KEY, b"abc");
            guest.runs_out(READ, &[OWN, KEY, 3, OUT, 0, 9]);
        });
    }
});

outcomes!(Write in write {
    panic_key {
        block().run_in_vain(|guest| {
            guest.panics_reading(WRITE, &[NOWHERE, 1, VALUE, 5], NOWHERE, 1);
            guest.panics_reading(WRITE, &[0xffff, 1, VALUE, 0], 0xffff, 1);
        });
    }
    panic_value {
        block().run_in_vain(|guest| {
            guest.panics_reading(WRITE, &[KEY, 3, NOWHERE, 1], NOWHERE, 1);
            guest.gas = PLENTY;
            guest.panics_reading(WRITE, &[KEY, 3, VALUE, 1 << 40], VALUE, 1 << 40);
        });
    }
    full {
        // The threshold of three items and 86 + 34 + 4 + 10 octets is 100 + 30 + 134.
        Block::new().balance(263).run_in_vain(|guest| {
            guest.answers(WRITE, &[KEY, 4, VALUE, 10], FULL);
        });
        // A balance below the threshold may stay below it even if a value is removed.
        let mut poor = block();
        poor.accounts().update(SELF, |own| own.balance = Balance(205)).unwrap();
        poor.run_in_vain(|guest| {
            guest.put(KEY, b"abc");
            guest.answers(WRITE, &[KEY, 3, NOWHERE, 0], FULL);
        });
    }
    created {
        let after = Block::new().balance(264).run(|guest| {
            guest.put(KEY, b"keys");
            guest.put(VALUE, b"ten octets");
            guest.answers(WRITE, &[KEY, 4, VALUE, 10], NONE);
        });
        assert_eq!(stored(&after.state.accounts, b"keys"), Some(b"ten octets".to_vec()));
        let own = after.state.accounts.get(SELF).unwrap().unwrap();
        assert_eq!((own.footprint.items, own.footprint.octets), (3, 134));
        // Deleting a missing entry changes nothing. The empty key is a key.
        let after = Block::new().run(|guest| {
            guest.answers(WRITE, &[KEY, 4, NOWHERE, 0], NONE);
            guest.answers(WRITE, &[NOWHERE, 0, VALUE, 1], NONE);
        });
        assert_eq!(stored(&after.state.accounts, b""), Some(vec![0]));
        assert_eq!(stored(&after.state.accounts, &[0; 4]), None);
    }
    replaced {
        let after = block().run(|guest| {
            guest.put(KEY, b"abc");
            guest.put(VALUE, b"new");
            guest.answers(WRITE, &[KEY, 3, VALUE, 3], 9);
        });
        assert_eq!(stored(&after.state.accounts, b"abc"), Some(b"new".to_vec()));
        let after = block().run(|guest| {
            guest.put(KEY, b"abc");
            guest.answers(WRITE, &[KEY, 3, NOWHERE, 0], 9);
            guest.answers(WRITE, &[KEY, 3, NOWHERE, 0], NONE);
        });
        assert_eq!(stored(&after.state.accounts, b"abc"), None);
        let own = after.state.accounts.get(SELF).unwrap().unwrap();
        assert_eq!((own.footprint.items, own.footprint.octets), (2, 86));
    }
    out_of_gas {
        block().run_in_vain(|guest| guest.runs_out(WRITE, &[KEY, 3, VALUE, 5]));
    }
});
