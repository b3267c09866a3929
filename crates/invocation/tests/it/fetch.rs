//! Every kind of `fetch` in every context (`fetch` in `sec:generalfunctions`, 0.7.2). Encodings are
//! written out by the paper's rules, not taken from the encoder.

use jambox_types::{
    AccumulateInput, Balance, DeferredTransfer, Gas, Hash, Memo, Operand, Parameters, WorkError,
    WorkResult,
};

use crate::guest::{Guest, NONE, PLENTY, WRITABLE};
use crate::world::{
    Block, CODE, ENTROPY, LOOKUP_SLOT, OTHER, SELF, Work, by_revision, in_every_revision,
};

const FETCH: u64 = 1;

/// A kind with its indices, and the expected data.
type Case = (u64, u64, u64, Option<Vec<u8>>);

/// Fetches each case whole, and all other kinds, which must not exist.
fn check(guest: &mut Guest<'_, '_>, cases: Vec<Case>) {
    let kinds: Vec<u64> = cases.iter().map(|case| case.0).collect();
    let others = (0..20).chain([u64::MAX]).filter(|kind| !kinds.contains(kind));
    let others: Vec<Case> = others.map(|kind| (kind, 0, 0, None)).collect();
    for (kind, first, second, expected) in cases.into_iter().chain(others) {
        let call = [WRITABLE, 0, 0x6_0000, kind, first, second];
        guest.gas = PLENTY;
        let Some(expected) = expected else {
            guest.answers(FETCH, &call, NONE);
            continue;
        };
        guest.returns(FETCH, &call, expected.len() as u64);
        let given = guest.get(WRITABLE, expected.len() as u64);
        assert!(given == expected, "kind {kind}: {given:02x?} is not {expected:02x?}");
    }
}

/// Places of the constants that 0.8.0 lacks: entries of a ticket, validators, octets of an
/// erasure-coded piece and pieces of a segment.
const UNTIL_080: [usize; 4] = [15, 22, 26, 28];

/// The constants with their widths, in the paper's order.
fn constants(values: [(u64, usize); 33]) -> Vec<u8> {
    let is_there = |place: &usize| by_revision(true, !UNTIL_080.contains(place));
    let values = (0..values.len()).filter(is_there).map(|place| values[place]);
    let octets: Vec<u8> =
        values.flat_map(|(value, width)| value.to_le_bytes()[..width].to_vec()).collect();
    assert_eq!(octets.len(), by_revision(134, 122));
    octets
}

fn full() -> Vec<u8> {
    constants([
        (10, 8),
        (1, 8),
        (100, 8),
        (341, 2),
        (19_200, 4),
        (600, 4),
        (10_000_000, 8),
        (50_000_000, 8),
        (5_000_000_000, 8),
        (3_500_000_000, 8),
        (8, 2),
        (16, 2),
        (8, 2),
        (16, 2),
        (14_400, 4),
        (2, 2),
        (8, 2),
        (6, 2),
        (80, 2),
        (10, 2),
        (128, 2),
        (5, 2),
        (1023, 2),
        (64_000, 4),
        (13_791_360, 4),
        (4_000_000, 4),
        (684, 4),
        (3072, 4),
        (6, 4),
        (49_152, 4),
        (128, 4),
        (3072, 4),
        (500, 4),
    ])
}

fn tiny() -> Vec<u8> {
    constants([
        (10, 8),
        (1, 8),
        (100, 8),
        (2, 2),
        (32, 4),
        (12, 4),
        (10_000_000, 8),
        (50_000_000, 8),
        (1_000_000_000, 8),
        (20_000_000, 8),
        (8, 2),
        (16, 2),
        (8, 2),
        (3, 2),
        (24, 4),
        (3, 2),
        (8, 2),
        (6, 2),
        (80, 2),
        (4, 2),
        (128, 2),
        (5, 2),
        (6, 2),
        (64_000, 4),
        (13_791_360, 4),
        (4_000_000, 4),
        (4, 4),
        (3072, 4),
        (1026, 4),
        (49_152, 4),
        (128, 4),
        (3072, 4),
        (10, 4),
    ])
}

/// The refinement context of [`Work`]: four hashes, the slot, no prerequisites. 0.8.0 adds the
/// anchor's slot after the first hash, and another state root after the lookup anchor's slot.
fn context() -> Vec<u8> {
    let slot = LOOKUP_SLOT.0.to_le_bytes();
    by_revision(
        [&[0; 128], slot.as_slice(), &[0]].concat(),
        [&[0; 132], slot.as_slice(), &[0; 32], &[0]].concat(),
    )
}

/// Fields of the item that are in the summary and in the package: service, code hash, two gas
/// limits, export count.
fn item_head() -> Vec<u8> {
    let gas = [1_000_000u64.to_le_bytes(), 0x0102_0304u64.to_le_bytes()].concat();
    [&SELF.0.to_le_bytes()[..], &Hash::blake2b(&CODE).0, &gas, &[9, 0]].concat()
}

/// The summary of the item of this index: counts of imports and extrinsics, length of payload.
fn summary(index: usize) -> Vec<u8> {
    let counts = [[1, 0, 2, 0, 9, 0, 0, 0], [2, 0, 1, 0, 9, 0, 0, 0]];
    let summary = [&item_head()[..], &counts[index]].concat();
    assert_eq!(summary.len(), 62);
    summary
}

fn package() -> Vec<u8> {
    let import = |index: u8| [&[0xcc; 32][..], &[index, 0]].concat();
    let extrinsic = |octets: &[u8]| {
        [&Hash::blake2b(octets).0[..], &(octets.len() as u32).to_le_bytes()].concat()
    };
    [
        &OTHER.0.to_le_bytes()[..],
        &Hash::blake2b(&CODE).0,
        &context(),
        b"\x05token",
        b"\x0dconfiguration",
        &[2],
        &item_head(),
        b"\x09payload 0",
        &[1],
        &import(0),
        &[2],
        &extrinsic(b"extrinsic 0.0"),
        &extrinsic(b"extrinsic 0.1"),
        &item_head(),
        b"\x09payload 1",
        &[2],
        &import(0),
        &import(1),
        &[1],
        &extrinsic(b"extrinsic 1.0"),
    ]
    .concat()
}

/// Package data of both in-core contexts.
fn of_package() -> Vec<Case> {
    vec![
        (0, 0, 0, Some(full())),
        (7, 0, 0, Some(package())),
        (8, 0, 0, Some(b"configuration".to_vec())),
        (9, 0, 0, Some(b"token".to_vec())),
        (10, 0, 0, Some(context())),
        (11, 0, 0, Some([vec![2], summary(0), summary(1)].concat())),
        (12, 0, 0, Some(summary(0))),
        (12, 1, 0, Some(summary(1))),
        (12, 2, 0, None),
        (13, 0, 0, Some(b"payload 0".to_vec())),
        (13, 1, u64::MAX, Some(b"payload 1".to_vec())),
        (13, 2, 0, None),
        (13, 1 << 32, 0, None),
    ]
}

#[test]
fn is_authorized_sees_the_package() {
    in_every_revision(|| Work::new().authorize(|guest| check(guest, of_package())));
}

#[test]
fn refine_sees_the_package_and_its_data() {
    in_every_revision(refine_sees_it);
}

fn refine_sees_it() {
    let refined = Work::new().refine(|guest| {
        let mut cases = of_package();
        cases.extend([
            (1, 0, 0, Some(vec![0; 32])),
            (2, 0, 0, Some(b"trace".to_vec())),
            (3, 0, 0, Some(b"extrinsic 0.0".to_vec())),
            (3, 0, 1, Some(b"extrinsic 0.1".to_vec())),
            (3, 1, 0, Some(b"extrinsic 1.0".to_vec())),
            (3, 1, 1, None),
            (3, 2, 0, None),
            (3, u64::MAX, u64::MAX, None),
            // The second item is the one being refined.
            (4, 0, 9, Some(b"extrinsic 1.0".to_vec())),
            (4, 1, 0, None),
            (5, 0, 0, Some(vec![0xa0; 4104])),
            (5, 0, 1, None),
            (5, 1, 1, Some(vec![0xb1; 4104])),
            (5, 2, 0, None),
            (6, 0, 9, Some(vec![0xb0; 4104])),
            (6, 1, 9, Some(vec![0xb1; 4104])),
            (6, 2, 0, None),
        ]);
        check(guest, cases);
    });
    assert_eq!(refined.result, Ok(Vec::new()));
}

#[test]
fn accumulate_sees_its_inputs() {
    in_every_revision(accumulate_sees_them);
}

fn accumulate_sees_them() {
    let operand = |result| {
        AccumulateInput::Operand(Operand {
            package_hash: Hash([1; 32]),
            segment_root: Hash([2; 32]),
            authorizer: Hash([3; 32]),
            payload_hash: Hash([4; 32]),
            gas_limit: Gas(300),
            result: WorkResult(result),
            auth_trace: b"trace".to_vec(),
        })
    };
    let transfer = AccumulateInput::Transfer(DeferredTransfer {
        source: OTHER,
        destination: SELF,
        amount: Balance(5),
        memo: Memo([6; 128]),
        gas_limit: Gas(7),
    });
    // Kind, four hashes, the gas limit as a natural, the result, the trace.
    let encoded_operand = |result: &[u8]| {
        let hashes = [[1; 32], [2; 32], [3; 32], [4; 32]].concat();
        [&[0], &hashes[..], &[0x81, 0x2c], result, b"\x05trace"].concat()
    };
    // Kind, sender, receiver, amount, memo, gas.
    let encoded_transfer = [
        &[1],
        &OTHER.0.to_le_bytes()[..],
        &SELF.0.to_le_bytes(),
        &5u64.to_le_bytes(),
        &[6; 128],
        &7u64.to_le_bytes(),
    ]
    .concat();
    let each = [
        encoded_operand(b"\x00\x06output"),
        encoded_transfer,
        encoded_operand(&[1]),
        encoded_operand(&[6]),
    ];
    let mut block = Block::new();
    block.inputs = vec![
        operand(Ok(b"output".to_vec())),
        transfer,
        operand(Err(WorkError::OutOfGas)),
        operand(Err(WorkError::BigCode)),
    ];
    block.run(move |guest| {
        let mut cases: Vec<Case> = vec![
            (0, 0, 0, Some(full())),
            (1, 0, 0, Some(ENTROPY.0.to_vec())),
            (14, 0, 0, Some([&[4], each.concat().as_slice()].concat())),
            (15, 4, 0, None),
            (15, u64::MAX, 0, None),
        ];
        cases.extend((0..).zip(each).map(|(index, input)| (15, index, 0, Some(input))));
        check(guest, cases);
    });
    Block::new().run(|guest| {
        let cases: Vec<Case> = vec![
            (0, 0, 0, Some(full())),
            (1, 0, 0, Some(ENTROPY.0.to_vec())),
            (14, 0, 0, Some(vec![0])),
            (15, 0, 0, None),
        ];
        check(guest, cases);
    });
}

#[test]
fn constants_are_those_of_the_parameters() {
    in_every_revision(|| {
        Block::with_parameters(Parameters::TINY).run(|guest| {
            let size = by_revision(134, 122);
            guest.returns(FETCH, &[WRITABLE, 0, 1000, 0, 0, 0], size);
            assert_eq!(guest.get(WRITABLE, size), tiny());
        });
    });
}
