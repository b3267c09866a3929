//! The host survives every content of a guest's registers.

use proptest::prelude::*;

use crate::guest::{GROW_HEAP, NOWHERE, READ_ONLY, WRITABLE};
use crate::world::{Block, GAS, NOBODY, OTHER, SELF, Work, in_every_revision, request};
use jambox_state::RequestHistory;
use jambox_types::{Hash, TimeSlot};

/// Call number and `r7` to `r12`.
type Call = (u64, [u64; 6]);

/// Boundary values, and a few random ones.
fn register() -> impl Strategy<Value = u64> {
    let mut values = vec![READ_ONLY, WRITABLE, WRITABLE + 0x1000, NOWHERE, NOBODY];
    values.extend([SELF.0, OTHER.0].map(u64::from));
    values.extend([15, 16, 32, 96, 112, 128, 340, 341, 4096, 4104, 65_535, 65_536, 80_799]);
    for power in [12, 20, 31, 32, 33, 63] {
        values.extend([(1 << power) - 1, 1 << power, (1 << power) + 1]);
    }
    values.extend((0..8).map(|below| u64::MAX - below));
    prop_oneof![6 => prop::sample::select(values), 3 => 0..20u64, 1 => any::<u64>()]
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let number =
        prop_oneof![12 => 0..28u64, 1 => Just(GROW_HEAP), 1 => Just(100), 1 => any::<u64>()];
    let call = (number, prop::array::uniform6(register()));
    prop::collection::vec(call, 1..40)
}

/// A block in which most calls can succeed: all privileges, requests in every state.
fn block() -> Block {
    let mut block = Block::new();
    let privileges = block.privileges();
    (privileges.manager, privileges.delegator, privileges.registrar) = (SELF, SELF, SELF);
    privileges.assigners.fill(SELF);
    let histories = [
        RequestHistory::Requested,
        RequestHistory::Available(TimeSlot(1)),
        RequestHistory::Unavailable(TimeSlot(1), TimeSlot(2)),
        RequestHistory::AvailableAgain(TimeSlot(1), TimeSlot(2), TimeSlot(3)),
    ];
    for (length, history) in (0..).zip(histories) {
        request(block.accounts(), SELF, Hash::ZERO, length, history);
    }
    block
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn accumulation_stands(calls in calls()) {
        in_every_revision(|| {
            let calls = calls.clone();
            block().run(move |guest| {
                for (number, arguments) in calls {
                    guest.gas = GAS;
                    guest.attempt(number, arguments);
                }
            });
        });
    }

    #[test]
    fn work_stands(calls in calls()) {
        in_every_revision(|| work_stands_with(calls.clone()));
    }
}

fn work_stands_with(calls: Vec<Call>) {
    let again = calls.clone();
    Work::new().authorize(move |guest| {
        for (number, arguments) in calls {
            guest.gas = GAS;
            guest.attempt(number, arguments);
        }
    });
    Work::new().refine(move |guest| {
        // A program blob, and a block of gas and registers, at addresses that the calls may use.
        guest.put(WRITABLE, &crate::program::blob(&[[10u8, 3], [50, 0]]));
        guest.put(WRITABLE + 0x1000, &[0x40, 0, 0, 0]);
        for (number, arguments) in again {
            guest.gas = GAS;
            guest.attempt(number, arguments);
        }
    });
}
