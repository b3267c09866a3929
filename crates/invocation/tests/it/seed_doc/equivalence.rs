//! The same requests in both ABIs leave the same state.

use jambox_invocation::{Accumulated, Refined};
use jambox_types::{Abi, Hash, Parameters};
use proptest::prelude::*;

use super::SEED;
use crate::guest::{Guest, NOWHERE, OWN, WRITABLE};
use crate::world::{Block, GAS, NOBODY, OTHER, SELF, SLOT, Work, preimage, request};
use jambox_state::RequestHistory;
use jambox_types::TimeSlot;

/// A request that exists in both ABIs.
#[derive(Clone, Debug)]
enum Wish {
    Write {
        key: u8,
        value: u64,
    },
    Read {
        key: u8,
    },
    Lookup {
        service: u64,
        hash: u8,
    },
    Info {
        service: u64,
    },
    /// By the manager, who stays: the paper allows every service, the document only the manager.
    Bless {
        delegator: u64,
        always: u64,
    },
    SetQueue {
        core: u64,
        octet: u8,
    },
    SetValidators {
        octet: u8,
    },
    Checkpoint,
    New {
        code_length: u64,
        gas: u64,
    },
    Upgrade {
        hash: u8,
    },
    /// A call of the Gray Paper that the document leaves to it.
    Same {
        number: u64,
        arguments: [u64; 6],
    },
}

/// Address of keys, hashes and other values of one repeated octet: a page for each octet.
fn area(octet: u8) -> u64 {
    WRITABLE + u64::from(octet) * 0x1000
}

/// Address of input arrays, and of output data.
const ARRAY: u64 = WRITABLE + 0x8000;
const OUT: u64 = WRITABLE + 0xf000;

/// Number and registers of the request under `abi`.
fn said(wish: &Wish, abi: Abi) -> (u64, Vec<u64>) {
    let paper = abi == Abi::GrayPaper;
    match *wish {
        Wish::Write { key, value } if paper => (4, vec![area(key), 32, ARRAY, value]),
        Wish::Write { key, value } => (3, vec![area(key), ARRAY, value]),
        Wish::Read { key } if paper => (3, vec![OWN, area(key), 32, OUT, 0, 9]),
        Wish::Read { key } => (4, vec![area(key), OUT, 9]),
        Wish::Lookup { service, hash } if paper => (2, vec![service, area(hash), OUT, 0, 9]),
        Wish::Lookup { service, hash } => (2, vec![service, area(hash), OUT, 9]),
        Wish::Info { service } if paper => (5, vec![service, OUT, 0, 96]),
        Wish::Info { service } => (5, vec![service]),
        Wish::Bless { delegator, always } => {
            let registrar = paper.then_some(4);
            let head = [SELF.0.into(), ARRAY, delegator].into_iter().chain(registrar);
            (14, head.chain([ARRAY + 8, always]).collect())
        }
        // Eighty equal hashes, or one that is repeated; the assigner is unchanged.
        Wish::SetQueue { core, octet } if paper => (15, vec![core, area(octet), SELF.0.into()]),
        Wish::SetQueue { core, octet } => (16, vec![core, area(octet), 1]),
        Wish::SetValidators { octet } if paper => (16, vec![area(octet)]),
        Wish::SetValidators { octet } => (15, vec![area(octet), 6]),
        Wish::Checkpoint => (17, vec![]),
        Wish::New { code_length, gas } if paper => {
            (18, vec![area(1), code_length, gas, gas, 0, u64::MAX])
        }
        // The balance computed by the paper: 100, two items, 81 and the length.
        Wish::New { code_length, gas } => {
            let balance = 201 + code_length;
            (18, vec![balance, 0, area(1), gas, 0, code_length])
        }
        Wish::Upgrade { hash } if paper => (19, vec![area(hash), 0x11, 0x22]),
        Wish::Upgrade { hash } => (19, vec![OWN, area(hash)]),
        Wish::Same { number, arguments } => (number, arguments.to_vec()),
    }
}

fn wishes() -> impl Strategy<Value = Vec<Wish>> {
    let service = || prop::sample::select(vec![OWN, SELF.0.into(), OTHER.0.into(), NOBODY]);
    let word = || {
        prop::sample::select(vec![
            OWN,
            0,
            1,
            7,
            50,
            area(0),
            area(1),
            ARRAY,
            NOWHERE,
            SELF.0.into(),
            OTHER.0.into(),
            NOBODY,
        ])
    };
    let same = (20..27u64, prop::array::uniform6(word()));
    let wish = prop_oneof![
        3 => (0..4u8, 0..600u64).prop_map(|(key, value)| Wish::Write { key, value }),
        1 => (0..4u8).prop_map(|key| Wish::Read { key }),
        1 => (service(), 0..4u8).prop_map(|(service, hash)| Wish::Lookup { service, hash }),
        1 => service().prop_map(|service| Wish::Info { service }),
        1 => (0..3u64, 0..3u64).prop_map(|(delegator, always)| Wish::Bless { delegator, always }),
        1 => (0..3u64, 1..4u8).prop_map(|(core, octet)| Wish::SetQueue { core, octet }),
        1 => (0..4u8).prop_map(|octet| Wish::SetValidators { octet }),
        1 => Just(Wish::Checkpoint),
        1 => (0..2000u64, 0..9u64).prop_map(|(code_length, gas)| Wish::New { code_length, gas }),
        1 => (0..4u8).prop_map(|hash| Wish::Upgrade { hash }),
        6 => same.prop_map(|(number, arguments)| Wish::Same { number, arguments }),
    ];
    prop::collection::vec(wish, 1..30)
}

fn prepare(guest: &mut Guest<'_, '_>) {
    (0..4u8).for_each(|octet| guest.put(area(octet), &[octet; 0x1000]));
    guest.put(area(0), &Hash::blake2b(b"preimage").0);
    guest.put(ARRAY, b"preimage");
}

fn say(guest: &mut Guest<'_, '_>, abi: Abi, wishes: &[Wish]) {
    for wish in wishes {
        let (number, arguments) = said(wish, abi);
        let mut registers = [0x5e_0000; 6];
        registers[..arguments.len()].copy_from_slice(&arguments);
        guest.gas = GAS;
        guest.attempt(number, registers);
    }
}

fn accumulated(abi: Abi, wishes: Vec<Wish>) -> (jambox_state::PartialState, Accumulated) {
    let mut block = Block::with_parameters(Parameters::TINY).under(abi).balance(5000);
    let privileges = block.privileges();
    (privileges.manager, privileges.delegator) = (SELF, SELF);
    privileges.assigners.fill(SELF);
    let hash = Hash::blake2b(b"preimage");
    for service in [SELF, OTHER] {
        request(block.accounts(), service, hash, 8, RequestHistory::Requested);
    }
    let history = RequestHistory::Unavailable(TimeSlot(1), TimeSlot(SLOT.0 - 33));
    request(block.accounts(), SELF, Hash([1; 32]), 7, history);
    preimage(block.accounts(), SELF, b"another", RequestHistory::Available(TimeSlot(1)));
    let before = block.state.clone();
    let after = block.run(move |guest| {
        prepare(guest);
        say(guest, abi, &wishes);
    });
    (before, after)
}

fn refined(abi: Abi, exports: usize) -> Refined {
    Work::new().under(abi).refine(move |guest| {
        prepare(guest);
        let number = if abi == Abi::GrayPaper { 7 } else { 22 };
        for index in 0..exports {
            guest.gas = GAS;
            guest.attempt(number, [area(index as u8 % 4), 4096, 0, 0, 0, 0]);
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_requests_leave_the_same_state(wishes in wishes()) {
        let (before_paper, paper) = accumulated(Abi::GrayPaper, wishes.clone());
        let (before_seed, seed) = accumulated(SEED, wishes);
        // The bases differ, so the changes over each are compared.
        let changes = |before: &jambox_state::PartialState, after: &Accumulated| {
            before.diff(&after.state).unwrap()
        };
        let (in_paper, in_seed) = (changes(&before_paper, &paper), changes(&before_seed, &seed));
        let differs = in_paper.iter().zip(&in_seed).find(|(paper, seed)| paper != seed);
        let place = differs.map(|(paper, _)| &paper.place);
        prop_assert!(in_paper == in_seed, "the states differ at {place:?}");
        prop_assert_eq!(paper.transfers, seed.transfers);
        prop_assert_eq!(paper.provisions, seed.provisions);
        prop_assert_eq!(paper.yielded, seed.yielded);
    }

    #[test]
    fn the_same_requests_leave_the_same_exports(exports in 0..5usize) {
        prop_assert_eq!(refined(Abi::GrayPaper, exports).exports, refined(SEED, exports).exports);
    }
}

#[test]
fn the_wishes_do_something() {
    let wishes = vec![
        Wish::Write { key: 1, value: 100 },
        Wish::New { code_length: 10, gas: 1 },
        Wish::SetQueue { core: 1, octet: 2 },
        Wish::SetValidators { octet: 3 },
        Wish::Bless { delegator: 2, always: 1 },
        Wish::Same { number: 26, arguments: [OWN, ARRAY, 8, 0, 0, 0] },
        Wish::Same { number: 24, arguments: [area(1), 7, 0, 0, 0, 0] },
        Wish::Same { number: 20, arguments: [OTHER.0.into(), 7, 50, ARRAY, 0, 0] },
        Wish::Upgrade { hash: 2 },
    ];
    for abi in [Abi::GrayPaper, SEED] {
        let (before, after) = accumulated(abi, wishes.clone());
        let places: Vec<_> =
            before.diff(&after.state).unwrap().into_iter().map(|change| change.place).collect();
        assert!(places.len() > 20, "{places:?}");
        assert_eq!((after.transfers.len(), after.provisions.len()), (1, 1));
    }
}
