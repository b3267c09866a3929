//! `transfer`.

use jambox_types::{Balance, DeferredTransfer, Gas, Memo};

use crate::guest::{CASH, LOW, NOWHERE, OK, WHO, WRITABLE};
use crate::world::{Block, NOBODY, OTHER, SELF, THRESHOLD};

const TRANSFER: u64 = 20;

/// The memo's address.
const MEMO: u64 = WRITABLE;
/// The receiver's minimum gas.
const MINIMUM: u64 = 0x22;

outcomes!(Transfer in transfer {
    panic_memo {
        Block::new().run_in_vain(|guest| {
            guest.panics_reading(TRANSFER, &[OTHER.0.into(), 1, 100, NOWHERE], NOWHERE, 128);
            // Read before the receiver is looked up, and before the limit is charged.
            let call = [NOBODY, 1, u64::MAX, NOWHERE - 127];
            guest.panics_reading(TRANSFER, &call, NOWHERE - 127, 128);
        });
    }
    who {
        Block::new().run_in_vain(|guest| {
            guest.answers(TRANSFER, &[NOBODY, 1, u64::MAX, MEMO], WHO);
            guest.answers(TRANSFER, &[1 << 32 | u64::from(OTHER.0), 1, 0, MEMO], WHO);
            guest.answers(TRANSFER, &[u64::MAX, 1, 100, MEMO], WHO);
        });
    }
    low {
        Block::new().run_in_vain(|guest| {
            guest.answers(TRANSFER, &[OTHER.0.into(), u64::MAX, MINIMUM - 1, MEMO], LOW);
        });
    }
    cash {
        Block::new().balance(1000).run_in_vain(|guest| {
            let too_much = 1000 - THRESHOLD + 1;
            guest.answers(TRANSFER, &[OTHER.0.into(), too_much, MINIMUM, MEMO], CASH);
            guest.answers(TRANSFER, &[OTHER.0.into(), u64::MAX, u64::MAX, MEMO], CASH);
        });
    }
    out_of_gas_limit {
        Block::new().run_in_vain(|guest| {
            let base = guest.price(TRANSFER, &[]);
            guest.runs_out_below(base + MINIMUM, TRANSFER, &[OTHER.0.into(), 1, MINIMUM, MEMO]);
            guest.runs_out_below(1 << 40, TRANSFER, &[OTHER.0.into(), 1, u64::MAX, MEMO]);
        });
    }
    ok {
        let after = Block::new().balance(1000).run(|guest| {
            guest.put(MEMO, &[0x33; 128]);
            let base = guest.price(TRANSFER, &[]);
            guest.gas = base + MINIMUM + base + 50 + 3;
            guest.pays(base + MINIMUM, TRANSFER, &[OTHER.0.into(), 700, MINIMUM, MEMO], OK);
            // A transfer to oneself is like any other. The receiver's minimum is its own.
            guest.pays(base + 50, TRANSFER, &[SELF.0.into(), 94, 50, MEMO], OK);
            assert_eq!(guest.gas, 3);
        });
        let own = after.state.accounts.get(SELF).unwrap().unwrap();
        assert_eq!(own.balance, Balance(THRESHOLD));
        // The receiver is credited in its own accumulation.
        let other = after.state.accounts.get(OTHER).unwrap().unwrap();
        assert_eq!(other.balance, Balance(1_000_000));
        let to = |destination, amount, gas_limit| DeferredTransfer {
            source: SELF,
            destination,
            amount: Balance(amount),
            memo: Memo([0x33; 128]),
            gas_limit: Gas(gas_limit),
        };
        assert_eq!(after.transfers, [to(OTHER, 700, MINIMUM), to(SELF, 94, 50)]);
    }
    out_of_gas {
        Block::new().run_in_vain(|guest| {
            guest.runs_out(TRANSFER, &[OTHER.0.into(), 1, MINIMUM, MEMO]);
        });
    }
});
