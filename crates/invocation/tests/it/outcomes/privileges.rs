//! `bless`, `assign` and `designate`.

use jambox_types::{Gas, Hash, Revision, ServiceId};

use crate::guest::{CORE, HUH, NOWHERE, OK, WHO, WRITABLE};
use crate::world::{Block, SELF, revision};

const BLESS: u64 = 14;
const ASSIGN: u64 = 15;
const DESIGNATE: u64 = 16;

/// Address of assigners, queues and keys.
const ARRAY: u64 = WRITABLE;
/// Address of always-accumulate entries.
const ENTRIES: u64 = WRITABLE + 0x1000;

outcomes!(Bless in bless {
    panic_assigners {
        Block::new().run_in_vain(|guest| {
            // 341 cores, four octets each. Read before ids are checked.
            let call = [1 << 32, NOWHERE, 2, 3, ENTRIES, 0];
            guest.panics_reading(BLESS, &call, NOWHERE, 1364);
        });
    }
    panic_always {
        Block::new().run_in_vain(|guest| {
            guest.panics_reading(BLESS, &[1, ARRAY, 2, 3, NOWHERE, 2], NOWHERE, 24);
            let call = [1 << 32, ARRAY, 2, 3, ENTRIES, 1 << 30];
            guest.gas = guest.price(BLESS, &call);
            guest.panics_reading(BLESS, &call, ENTRIES, 12 << 30);
        });
    }
    who {
        Block::new().run_in_vain(|guest| {
            guest.answers(BLESS, &[1 << 32, ARRAY, 2, 3, NOWHERE, 0], WHO);
            guest.answers(BLESS, &[1, ARRAY, 1 << 32, 3, NOWHERE, 0], WHO);
            guest.answers(BLESS, &[1, ARRAY, 2, u64::MAX, NOWHERE, 0], WHO);
        });
    }
    ok {
        // Any service may call it; the changes that count are chosen after the accumulation.
        let after = Block::new().run(|guest| {
            let assigners = (0..341u32).flat_map(|core| (1000 + core).to_le_bytes());
            guest.put(ARRAY, &assigners.collect::<Vec<_>>());
            guest.put(ENTRIES, &[7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
            guest.put(ENTRIES + 12, &[8, 1, 0, 0, 2, 3, 0, 0, 0, 0, 0, 4]);
            guest.answers(BLESS, &[11, ARRAY, u64::from(u32::MAX), 13, ENTRIES, 2], OK);
        });
        let privileges = &after.state.privileges;
        assert_eq!(privileges.manager, ServiceId(11));
        assert_eq!(privileges.delegator, ServiceId(u32::MAX));
        assert_eq!(privileges.registrar, ServiceId(13));
        assert!(privileges.assigners.iter().map(|id| id.0).eq(1000..1341));
        let always = [(ServiceId(7), Gas(1)), (ServiceId(264), Gas(0x0400_0000_0000_0302))];
        assert_eq!(privileges.always_accumulate, always.into());
    }
    out_of_gas {
        Block::new().run_in_vain(|guest| {
            guest.runs_out(BLESS, &[11, ARRAY, 12, 13, ENTRIES, 0]);
        });
    }
});

/// A block in which [`SELF`] is assigner of core 340.
fn assigner() -> Block {
    let mut block = Block::new();
    block.privileges().assigners[340] = SELF;
    block
}

outcomes!(Assign in assign {
    panic_queue {
        assigner().run_in_vain(|guest| {
            guest.panics_reading(ASSIGN, &[340, NOWHERE, 9], NOWHERE, 80 * 32);
            guest.panics_reading(ASSIGN, &[341, NOWHERE, 9], NOWHERE, 80 * 32);
        });
    }
    core {
        assigner().run_in_vain(|guest| {
            guest.answers(ASSIGN, &[341, ARRAY, 9], CORE);
            guest.answers(ASSIGN, &[u64::MAX, ARRAY, 1 << 32], CORE);
            guest.answers(ASSIGN, &[1 << 16, ARRAY, 9], CORE);
        });
    }
    huh {
        assigner().run_in_vain(|guest| {
            guest.answers(ASSIGN, &[0, ARRAY, 9], HUH);
            guest.answers(ASSIGN, &[0, ARRAY, 1 << 32], HUH);
        });
    }
    who {
        assigner().run_in_vain(|guest| guest.answers(ASSIGN, &[340, ARRAY, 1 << 32], WHO));
    }
    ok {
        let after = assigner().run(|guest| {
            let queue = (0..80u8).flat_map(|position| [position; 32]);
            guest.put(ARRAY, &queue.collect::<Vec<_>>());
            guest.answers(ASSIGN, &[340, ARRAY, 9], OK);
            // It is no longer the core's assigner.
            guest.answers(ASSIGN, &[340, ARRAY, 9], HUH);
        });
        let queues = &after.state.authorizer_queues;
        assert!(queues[340].iter().copied().eq((0..80).map(|position| Hash([position; 32]))));
        assert!(queues[339].iter().all(|hash| *hash == Hash([1; 32])));
        let assigners = &after.state.privileges.assigners;
        assert_eq!((assigners[339], assigners[340]), (ServiceId(2), ServiceId(9)));
    }
    out_of_gas {
        assigner().run_in_vain(|guest| guest.runs_out(ASSIGN, &[340, ARRAY, 9]));
    }
});

/// A block in which [`SELF`] is the delegator.
fn delegator() -> Block {
    let mut block = Block::new();
    block.privileges().delegator = SELF;
    block
}

/// Arguments of `designate`. In 0.8.0 the number of validators is one of them.
fn keys(address: u64, count: u64) -> Vec<u64> {
    match revision() {
        Revision::GrayPaper072 => vec![address],
        Revision::GrayPaper080 => vec![address, count],
    }
}

outcomes!(Designate in designate {
    panic_keys {
        // 1023 validators, 336 octets each.
        for block in [delegator(), Block::new()] {
            block.run_in_vain(|guest| {
                guest.panics_reading(DESIGNATE, &keys(NOWHERE, 1023), NOWHERE, 343_728);
                let address = 0x8_0000 - 343_727;
                guest.panics_reading(DESIGNATE, &keys(address, 1023), address, 343_728);
            });
        }
        // The number need not be an allowed one.
        if revision() != Revision::GrayPaper072 {
            delegator().run_in_vain(|guest| {
                guest.panics_reading(DESIGNATE, &keys(NOWHERE, 1), NOWHERE, 336);
                guest.panics_reading(DESIGNATE, &keys(NOWHERE, 1025), NOWHERE, 344_400);
                guest.gas = 1100 + 302 * (1 << 40);
                guest.panics_reading(DESIGNATE, &keys(ARRAY, 1 << 40), ARRAY, 336 << 40);
            });
        }
    }
    huh_count {
        delegator().run_in_vain(|guest| {
            for count in [0, 1, 3, 5, 7, 8, 1022, 1024, 1026] {
                guest.answers(DESIGNATE, &keys(ARRAY, count), HUH);
            }
        });
    }
    huh {
        Block::new().run_in_vain(|guest| {
            guest.answers(DESIGNATE, &keys(ARRAY, 1023), HUH);
        });
    }
    ok {
        let after = delegator().run(|guest| {
            guest.put(ARRAY + 1022 * 336, &[1; 32]);
            guest.put(ARRAY + 1022 * 336 + 32, &[2; 32]);
            guest.put(ARRAY + 1022 * 336 + 64, &[3; 144]);
            guest.put(ARRAY + 1022 * 336 + 208, &[4; 128]);
            guest.answers(DESIGNATE, &keys(ARRAY, 1023), OK);
        });
        let key = &after.state.staging_set[1022];
        assert_eq!(key.bandersnatch.0, [1; 32]);
        assert_eq!(key.ed25519.0, [2; 32]);
        assert_eq!(key.bls.0, [3; 144]);
        assert_eq!(key.metadata.0, [4; 128]);
        assert_eq!(after.state.staging_set[1021], Default::default());
        // In 0.8.0 the number may change.
        if revision() != Revision::GrayPaper072 {
            let after = delegator().run(|guest| {
                guest.put(ARRAY + 5 * 336, &[7; 32]);
                guest.answers(DESIGNATE, &keys(ARRAY, 6), OK);
            });
            assert_eq!(after.state.staging_set.len(), 6);
            assert_eq!(after.state.staging_set[5].bandersnatch.0, [7; 32]);
        }
    }
    out_of_gas {
        delegator().run_in_vain(|guest| {
            guest.put(ARRAY, &[9; 64]);
            guest.runs_out(DESIGNATE, &keys(ARRAY, 1023));
        });
    }
});
