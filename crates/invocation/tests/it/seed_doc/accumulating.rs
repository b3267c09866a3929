//! 14 to 19: bless, set validators, set core queue, checkpoint, new, upgrade.

use jambox_invocation::PanicReason;
use jambox_state::{AccountInfo, Footprint, RequestHistory, RequestKey};
use jambox_types::{Balance, Gas, Hash, ServiceId, TimeSlot};

use super::{HUH, LOW, OK, WHO, block};
use crate::guest::{NOWHERE, OWN, WRITABLE};
use crate::world::{Block, NOBODY, OTHER, SELF, SLOT, THRESHOLD};

const BLESS: u64 = 14;
const SET_VALIDATORS: u64 = 15;
const SET_CORE_QUEUE: u64 = 16;
const CHECKPOINT: u64 = 17;
const NEW: u64 = 18;
const UPGRADE: u64 = 19;

const ARRAY: u64 = WRITABLE;
const ENTRIES: u64 = WRITABLE + 0x1000;
const HASH: u64 = WRITABLE;

/// A block in which [`SELF`] has all privileges.
fn privileged() -> Block {
    let mut block = block();
    let privileges = block.privileges();
    (privileges.manager, privileges.delegator) = (SELF, SELF);
    privileges.assigners[340] = SELF;
    block
}

outcomes!(Bless in bless {
    panic_assigners {
        block().run_in_vain(|guest| {
            guest.panics_reading(BLESS, &[1, NOWHERE, 2, ENTRIES, 0], NOWHERE, 1364);
        });
    }
    panic_always {
        block().run_in_vain(|guest| {
            guest.panics_reading(BLESS, &[1, ARRAY, 2, NOWHERE, 2], NOWHERE, 24);
        });
    }
    huh {
        block().run_in_vain(|guest| {
            guest.pays_for(10, BLESS, &[1, ARRAY, 2, ENTRIES, 0], &[HUH]);
            guest.pays_for(10, BLESS, &[1 << 32, ARRAY, 2, ENTRIES, 0], &[HUH]);
        });
    }
    who {
        privileged().run_in_vain(|guest| {
            guest.pays_for(10, BLESS, &[1 << 32, ARRAY, 2, ENTRIES, 0], &[WHO]);
            guest.pays_for(10, BLESS, &[1, ARRAY, u64::MAX, ENTRIES, 0], &[WHO]);
        });
    }
    ok {
        let after = privileged().run(|guest| {
            guest.put(ARRAY, &[9, 1, 0, 0]);
            guest.put(ENTRIES, &[7, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0]);
            guest.pays_for(10, BLESS, &[11, ARRAY, 12, ENTRIES, 1], &[OK]);
        });
        let privileges = &after.state.privileges;
        assert_eq!(privileges.manager, ServiceId(11));
        assert_eq!(privileges.delegator, ServiceId(12));
        // The document has no registrar.
        assert_eq!(privileges.registrar, ServiceId(4));
        assert_eq!(privileges.assigners[..2], [ServiceId(265), ServiceId(0)]);
        assert_eq!(privileges.always_accumulate, [(ServiceId(7), Gas(8))].into());
    }
    out_of_gas {
        privileged().run_in_vain(|guest| {
            guest.runs_out_below(10, BLESS, &[11, ARRAY, 12, ENTRIES, 1]);
        });
    }
});

/// 10 + 100 for each of 1023 validators.
const FOR_VALIDATORS: u64 = 102_310;

outcomes!(Designate in designate {
    panic_keys {
        privileged().run_in_vain(|guest| {
            guest.panics_for(FOR_VALIDATORS, SET_VALIDATORS, &[NOWHERE, 1023]);
            guest.panics_for(FOR_VALIDATORS, SET_VALIDATORS, &[NOWHERE, 1]);
            guest.panics_for(FOR_VALIDATORS, SET_VALIDATORS, &[ARRAY, u64::MAX]);
        });
    }
    huh {
        block().run_in_vain(|guest| {
            guest.pays_for(FOR_VALIDATORS, SET_VALIDATORS, &[ARRAY, 1023], &[HUH]);
            guest.pays_for(FOR_VALIDATORS, SET_VALIDATORS, &[ARRAY, 5], &[HUH]);
        });
    }
    who {
        privileged().run_in_vain(|guest| {
            for count in [0, 6, 1022, 1024] {
                guest.pays_for(FOR_VALIDATORS, SET_VALIDATORS, &[ARRAY, count], &[WHO]);
            }
        });
    }
    ok {
        let after = privileged().run(|guest| {
            guest.put(ARRAY + 1022 * 336, &[5; 336]);
            guest.pays_for(FOR_VALIDATORS, SET_VALIDATORS, &[ARRAY, 1023], &[OK]);
        });
        let set = &after.state.staging_set;
        assert_eq!((set[1021].ed25519.0, set[1022].ed25519.0), ([0; 32], [5; 32]));
        // With six validators: 10 + 600.
        let mut block = Block::with_parameters(jambox_types::Parameters::TINY).under(crate::seed_doc::SEED);
        block.privileges().delegator = SELF;
        block.run(|guest| guest.pays_for(610, SET_VALIDATORS, &[ARRAY, 6], &[OK]));
    }
    out_of_gas {
        privileged().run_in_vain(|guest| {
            guest.put(ARRAY, &[5; 336]);
            guest.runs_out_below(FOR_VALIDATORS, SET_VALIDATORS, &[ARRAY, 1023]);
        });
    }
});

outcomes!(Assign in assign {
    panic_queue {
        privileged().run_in_vain(|guest| {
            guest.panics_reading(SET_CORE_QUEUE, &[340, NOWHERE, 3], NOWHERE, 96);
            guest.panics_reading(SET_CORE_QUEUE, &[341, NOWHERE, 9], NOWHERE, 288);
        });
    }
    core {
        privileged().run_in_vain(|guest| {
            guest.pays_for(10, SET_CORE_QUEUE, &[341, ARRAY, 3], &[WHO]);
            guest.pays_for(10, SET_CORE_QUEUE, &[u64::MAX, ARRAY, 3], &[WHO]);
        });
    }
    huh {
        privileged().run_in_vain(|guest| {
            guest.pays_for(10, SET_CORE_QUEUE, &[339, ARRAY, 3], &[HUH]);
            guest.pays_for(10, SET_CORE_QUEUE, &[339, ARRAY, 9], &[HUH]);
        });
    }
    count {
        privileged().run_in_vain(|guest| {
            for count in [0, 9, 80] {
                guest.pays_for(10, SET_CORE_QUEUE, &[340, ARRAY, count], &[WHO]);
            }
        });
    }
    ok {
        for count in [1u8, 3, 8] {
            let after = privileged().run(move |guest| {
                let hashes = (0..count).flat_map(|index| [index; 32]);
                guest.put(ARRAY, &hashes.collect::<Vec<_>>());
                guest.pays_for(10, SET_CORE_QUEUE, &[340, ARRAY, count.into()], &[OK]);
            });
            let queue = &after.state.authorizer_queues[340];
            let expected = (0..80u8).map(|position| Hash([position % count; 32]));
            assert!(queue.iter().copied().eq(expected));
            assert_eq!(after.state.authorizer_queues[339][0], Hash([1; 32]));
            // The assigner is unchanged.
            assert_eq!(after.state.privileges.assigners[340], SELF);
        }
    }
    out_of_gas {
        privileged().run_in_vain(|guest| {
            guest.runs_out_below(10, SET_CORE_QUEUE, &[340, ARRAY, 3]);
        });
    }
});

outcomes!(Checkpoint in checkpoint {
    done {
        block().run_in_vain(|guest| guest.pays_for(1000, CHECKPOINT, &[], &[]));
    }
    out_of_gas {
        block().run_in_vain(|guest| guest.runs_out_below(1000, CHECKPOINT, &[]));
    }
});

/// Start of the search for an id, as computed in `outcomes::services`.
const FIRST_ID: u64 = 2_722_400_429;

outcomes!(New in new {
    panic_hash {
        block().run_in_vain(|guest| {
            guest.panics_for(11_081, NEW, &[5000, 0, NOWHERE, 1, 0, 1000]);
        });
    }
    panic_length {
        block().run_in_vain(|guest| {
            guest.gas = 1 << 40;
            let call = [5000, 0, HASH, 1, 0, 1 << 32];
            let reason = guest.panics_for(10_081 + (1 << 32), NEW, &call);
            assert_eq!(reason, PanicReason::CodeLength(1 << 32));
        });
    }
    low {
        // The new one needs 100 + 20 + 81 + 1000, the old one must keep its threshold.
        block().run_in_vain(|guest| {
            guest.pays_for(11_081, NEW, &[1200, 0, HASH, 1, 0, 1000], &[LOW]);
            guest.pays_for(11_081, NEW, &[1201, 1, HASH, 1, 0, 1000], &[LOW]);
        });
        block().balance(5000 + THRESHOLD - 1).run_in_vain(|guest| {
            guest.pays_for(11_081, NEW, &[5000, 0, HASH, 1, 0, 1000], &[LOW]);
        });
    }
    created {
        let mut block = block().balance((3 << 32) + 5000 + THRESHOLD);
        // Ids below 2^16 cannot be requested: the registrar gets one like any other service.
        block.privileges().registrar = SELF;
        let after = block.run(|guest| {
            guest.put(HASH, &[0xc0; 32]);
            let junk = 7 << 32;
            let call = [5000 | junk, 3, HASH, 0x11 | junk, 0x22, 1000];
            guest.pays_for(11_081, NEW, &call, &[FIRST_ID]);
        });
        let created = ServiceId(FIRST_ID as u32);
        let expected = AccountInfo {
            code_hash: Hash([0xc0; 32]),
            balance: Balance((3 << 32) + 5000),
            min_accumulate_gas: Gas(0x22_0000_0011),
            min_memo_gas: Gas(0x22_0000_0011),
            gratis: Balance(0),
            created: SLOT,
            last_accumulation: TimeSlot(0),
            parent: SELF,
            footprint: Footprint { items: 2, octets: 1081 },
        };
        assert_eq!(after.state.accounts.get(created).unwrap(), Some(expected));
        let own = after.state.accounts.get(SELF).unwrap().unwrap();
        assert_eq!(own.balance, Balance(THRESHOLD));
        let key = RequestKey { hash: Hash([0xc0; 32]), length: 1000 };
        let history = after.state.accounts.request(created, &key).unwrap();
        assert_eq!(history, Some(RequestHistory::Requested));
    }
    out_of_gas {
        block().run_in_vain(|guest| {
            guest.runs_out_below(11_081, NEW, &[5000, 0, HASH, 1, 0, 1000]);
            guest.runs_out_below(10_081, NEW, &[5000, 0, HASH, 1, 0, 0]);
        });
    }
});

outcomes!(Upgrade in upgrade {
    panic_hash {
        block().run_in_vain(|guest| {
            guest.panics_for(1000, UPGRADE, &[OWN, NOWHERE]);
            guest.panics_for(1000, UPGRADE, &[NOBODY, NOWHERE]);
        });
    }
    who {
        block().run_in_vain(|guest| {
            guest.pays_for(1000, UPGRADE, &[NOBODY, HASH], &[WHO]);
            guest.pays_for(1000, UPGRADE, &[1 << 32 | u64::from(SELF.0), HASH], &[WHO]);
        });
    }
    huh {
        block().run_in_vain(|guest| {
            guest.pays_for(1000, UPGRADE, &[OTHER.0.into(), HASH], &[HUH]);
        });
    }
    ok {
        for service in [OWN, SELF.0.into()] {
            let after = block().run(move |guest| {
                guest.put(HASH, &[0xc0; 32]);
                guest.pays_for(1000, UPGRADE, &[service, HASH], &[OK]);
            });
            let own = after.state.accounts.get(SELF).unwrap().unwrap();
            assert_eq!(own.code_hash, Hash([0xc0; 32]));
            // The gas minima are unchanged.
            assert_eq!((own.min_accumulate_gas, own.min_memo_gas), (Gas(0x11), Gas(0x22)));
        }
    }
    out_of_gas {
        block().run_in_vain(|guest| guest.runs_out_below(1000, UPGRADE, &[OWN, HASH]));
    }
});
