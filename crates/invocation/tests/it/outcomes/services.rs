//! `new`, `upgrade` and `eject`.

use jambox_invocation::PanicReason;
use jambox_state::{AccountInfo, Footprint, PartialState, RequestHistory, RequestKey};
use jambox_types::{Balance, Gas, Hash, ServiceId, TimeSlot};

use crate::guest::{CASH, FULL, HUH, NOWHERE, OK, WHO, WRITABLE};
use crate::world::{Block, NOBODY, OTHER, SELF, SLOT, THRESHOLD, account, request, service};

const NEW: u64 = 18;
const UPGRADE: u64 = 19;
const EJECT: u64 = 21;

const HASH: u64 = WRITABLE;

/// Start of the search for an id: BLAKE2b of c14000, 32 times 07, c1a086 (computed independently)
/// begins with 2722334893 little-endian; modulo 2^32 - 2^16 - 2^8, plus 2^16.
const FIRST_ID: u32 = 2_722_400_429;

fn get(state: &PartialState, id: u32) -> Option<AccountInfo> {
    state.accounts.get(ServiceId(id)).unwrap()
}

fn balance(state: &PartialState) -> u64 {
    get(state, SELF.0).unwrap().balance.0
}

fn registrar() -> Block {
    let mut block = Block::new();
    block.privileges().registrar = SELF;
    block
}

outcomes!(New in new {
    panic_hash {
        Block::new().run_in_vain(|guest| {
            guest.panics_reading(NEW, &[NOWHERE, 1000, 1, 2, 0, 0], NOWHERE, 32);
        });
    }
    panic_length {
        Block::new().run_in_vain(|guest| {
            let reason = guest.panics(NEW, &[HASH, 1 << 32, 1, 2, 1, 0]);
            assert_eq!(reason, PanicReason::CodeLength(1 << 32));
        });
    }
    huh {
        Block::new().balance(0).run_in_vain(|guest| {
            guest.answers(NEW, &[HASH, 1000, 1, 2, 1, 0], HUH);
        });
    }
    cash {
        // The new one needs 100 + 20 + 81 + 1000, the old one must keep its threshold.
        Block::new().balance(1201 + THRESHOLD - 1).run_in_vain(|guest| {
            guest.answers(NEW, &[HASH, 1000, 1, 2, 0, 0], CASH);
        });
        Block::new().balance(1200).run_in_vain(|guest| {
            guest.answers(NEW, &[HASH, 1000, 1, 2, 0, 0], CASH);
            guest.answers(NEW, &[HASH, u64::from(u32::MAX), 1, 2, 0, 0], CASH);
        });
    }
    full {
        let mut block = registrar();
        service(block.accounts(), ServiceId(65_535), 1000);
        block.run_in_vain(|guest| {
            guest.answers(NEW, &[HASH, 1000, 1, 2, 0, 65_535], FULL);
        });
        // Lack of funds is checked first.
        let mut block = registrar().balance(1000);
        service(block.accounts(), ServiceId(7), 1000);
        block.run_in_vain(|guest| guest.answers(NEW, &[HASH, 1000, 1, 2, 0, 7], CASH));
    }
    registered {
        let after = registrar().run(|guest| {
            guest.answers(NEW, &[HASH, 1000, 1, 2, 0, 65_535], 65_535);
            guest.answers(NEW, &[HASH, 1000, 1, 2, 0, 0], 0);
            // An id that is not protected is ignored. The sequence of ids has not advanced so far.
            guest.answers(NEW, &[HASH, 1000, 1, 2, 0, 65_536], FIRST_ID.into());
        });
        assert!(get(&after.state, 65_535).is_some() && get(&after.state, 0).is_some());
        assert_eq!(get(&after.state, 65_536), None);
        assert_eq!(balance(&after.state), 1_000_000 - 3 * 1201);
    }
    created {
        let after = Block::new().balance(2 * 1201 + THRESHOLD).run(|guest| {
            guest.put(HASH, &[0xc0; 32]);
            guest.answers(NEW, &[HASH, 1000, 1, 2, 0, 7], FIRST_ID.into());
            guest.answers(NEW, &[HASH, 1000, 3, 4, 0, 7], u64::from(FIRST_ID) + 42);
        });
        assert_eq!(balance(&after.state), THRESHOLD);
        let expected = AccountInfo {
            code_hash: Hash([0xc0; 32]),
            balance: Balance(1201),
            min_accumulate_gas: Gas(1),
            min_memo_gas: Gas(2),
            gratis: Balance(0),
            created: SLOT,
            last_accumulation: TimeSlot(0),
            parent: SELF,
            footprint: Footprint { items: 2, octets: 1081 },
        };
        assert_eq!(get(&after.state, FIRST_ID), Some(expected));
        let key = RequestKey { hash: Hash([0xc0; 32]), length: 1000 };
        let history = after.state.accounts.request(ServiceId(FIRST_ID), &key).unwrap();
        assert_eq!(history, Some(RequestHistory::Requested));
        // Ids in use are skipped one by one; the next search starts 42 ids later.
        let mut block = Block::new();
        service(block.accounts(), ServiceId(FIRST_ID), 1000);
        service(block.accounts(), ServiceId(FIRST_ID + 1), 1000);
        service(block.accounts(), ServiceId(FIRST_ID + 44), 1000);
        block.run(|guest| {
            guest.answers(NEW, &[HASH, 1000, 1, 2, 0, 7], u64::from(FIRST_ID) + 2);
            guest.answers(NEW, &[HASH, 1000, 1, 2, 0, 7], u64::from(FIRST_ID) + 45);
        });
        // By the letter the code may have every length below 2^32, if its owner can pay for it.
        for length in [u32::MAX - 1, u32::MAX] {
            Block::new().balance(1 << 40).run(move |guest| {
                guest.answers(NEW, &[HASH, length.into(), 1, 2, 0, 7], FIRST_ID.into());
            });
        }
        // The manager waives a part of the deposit.
        let mut block = Block::new().balance(1001 + THRESHOLD);
        block.privileges().manager = SELF;
        let after = block.run(|guest| {
            guest.answers(NEW, &[HASH, 1000, 1, 2, 200, 7], FIRST_ID.into());
        });
        let created = get(&after.state, FIRST_ID).unwrap();
        assert_eq!((created.balance.0, created.gratis.0), (1001, 200));
    }
    out_of_gas {
        Block::new().run_in_vain(|guest| {
            guest.runs_out(NEW, &[HASH, 1000, 1, 2, 0, 0]);
        });
    }
});

outcomes!(Upgrade in upgrade {
    panic_hash {
        Block::new().run_in_vain(|guest| {
            guest.panics_reading(UPGRADE, &[NOWHERE, 1, 2], NOWHERE, 32);
        });
    }
    ok {
        let after = Block::new().run(|guest| {
            guest.put(HASH, &[0xc0; 32]);
            guest.answers(UPGRADE, &[HASH, 1, u64::MAX], OK);
        });
        let expected = AccountInfo {
            code_hash: Hash([0xc0; 32]),
            min_accumulate_gas: Gas(1),
            min_memo_gas: Gas(u64::MAX),
            footprint: Footprint { items: 2, octets: 86 },
            ..account(1_000_000)
        };
        assert_eq!(get(&after.state, SELF.0), Some(expected));
    }
    out_of_gas {
        Block::new().run_in_vain(|guest| guest.runs_out(UPGRADE, &[HASH, 1, 2]));
    }
});

/// The code hash of a service that [`SELF`] may eject: 65,600 in 32 octets.
fn given_up_to_self() -> Hash {
    let mut hash = [0; 32];
    hash[..3].copy_from_slice(&[0x40, 0x00, 0x01]);
    Hash(hash)
}

const GIVEN_UP: ServiceId = ServiceId(90_000);

/// A block with a service that [`SELF`] may eject and one request with this history.
fn giving_up(history: RequestHistory) -> Block {
    let mut block = Block::new();
    let given_up = AccountInfo { code_hash: given_up_to_self(), ..account(5000) };
    block.accounts().create(GIVEN_UP, given_up).unwrap();
    request(block.accounts(), GIVEN_UP, Hash([0x11; 32]), 7, history);
    block
}

/// Unavailable from just long enough ago: 100,000 - 19,200 - 1.
const EXPIRED: RequestHistory = RequestHistory::Unavailable(TimeSlot(1), TimeSlot(80_799));

outcomes!(Eject in eject {
    panic_hash {
        giving_up(EXPIRED).run_in_vain(|guest| {
            guest.panics_reading(EJECT, &[GIVEN_UP.0.into(), NOWHERE], NOWHERE, 32);
            guest.panics_reading(EJECT, &[NOBODY, NOWHERE], NOWHERE, 32);
        });
    }
    who {
        let mut block = giving_up(EXPIRED);
        block.accounts().update(SELF, |own| own.code_hash = given_up_to_self()).unwrap();
        // The own code must stay available to run.
        request(block.accounts(), SELF, given_up_to_self(), 5, RequestHistory::Requested);
        let code = crate::world::blob(&crate::world::CODE);
        block.accounts().set_preimage(SELF, given_up_to_self(), Some(code)).unwrap();
        block.run_in_vain(|guest| {
            guest.put(HASH, &[0x11; 32]);
            guest.answers(EJECT, &[NOBODY, HASH], WHO);
            guest.answers(EJECT, &[OTHER.0.into(), HASH], WHO);
            guest.answers(EJECT, &[SELF.0.into(), HASH], WHO);
            guest.answers(EJECT, &[1 << 32 | u64::from(GIVEN_UP.0), HASH], WHO);
        });
    }
    huh_footprint {
        giving_up(EXPIRED).run_in_vain(|guest| {
            guest.put(HASH, &[0x12; 32]);
            guest.answers(EJECT, &[GIVEN_UP.0.into(), HASH], HUH);
        });
        let mut block = giving_up(EXPIRED);
        block.accounts().set_storage(GIVEN_UP, b"", Some(crate::world::blob(b""))).unwrap();
        block.run_in_vain(|guest| {
            guest.put(HASH, &[0x11; 32]);
            guest.answers(EJECT, &[GIVEN_UP.0.into(), HASH], HUH);
        });
        let mut block = giving_up(EXPIRED);
        let key = RequestKey { hash: Hash([0x11; 32]), length: 7 };
        block.accounts().set_request(GIVEN_UP, key, None).unwrap();
        block.run_in_vain(|guest| {
            guest.put(HASH, &[0x11; 32]);
            guest.answers(EJECT, &[GIVEN_UP.0.into(), HASH], HUH);
        });
    }
    ok {
        let after = giving_up(EXPIRED).run(|guest| {
            guest.put(HASH, &[0x11; 32]);
            guest.answers(EJECT, &[GIVEN_UP.0.into(), HASH], OK);
            guest.answers(EJECT, &[GIVEN_UP.0.into(), HASH], WHO);
        });
        assert_eq!(get(&after.state, GIVEN_UP.0), None);
        assert_eq!(balance(&after.state), 1_005_000);
    }
    huh_early {
        let early = [
            RequestHistory::Requested,
            RequestHistory::Available(TimeSlot(1)),
            RequestHistory::Unavailable(TimeSlot(1), TimeSlot(80_800)),
            RequestHistory::AvailableAgain(TimeSlot(1), TimeSlot(2), TimeSlot(3)),
        ];
        for history in early {
            giving_up(history).run_in_vain(|guest| {
                guest.put(HASH, &[0x11; 32]);
                guest.answers(EJECT, &[GIVEN_UP.0.into(), HASH], HUH);
            });
        }
    }
    out_of_gas {
        giving_up(EXPIRED).run_in_vain(|guest| {
            guest.put(HASH, &[0x11; 32]);
            guest.runs_out(EJECT, &[GIVEN_UP.0.into(), HASH]);
        });
    }
});

/// `bless` needs no privilege in 0.7.2, and `new` reads the privileges of the accumulation's own
/// context. A service that blesses itself is therefore manager and registrar until its accumulation
/// ends.
#[test]
fn a_blessing_counts_at_once() {
    const BLESS: u64 = 14;
    let after = Block::new().balance(1_001 + THRESHOLD).run(|guest| {
        guest.answers(NEW, &[HASH, 1000, 1, 2, 200, 7], HUH);
        let own = u64::from(SELF.0);
        guest.answers(BLESS, &[own, WRITABLE, 3, own, NOWHERE, 0], OK);
        guest.answers(NEW, &[HASH, 1000, 1, 2, 200, 7], 7);
    });
    let created = get(&after.state, 7).unwrap();
    assert_eq!((created.balance.0, created.gratis.0), (1001, 200));
}
