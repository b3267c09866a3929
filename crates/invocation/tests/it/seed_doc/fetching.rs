//! 1: fetch.

use jambox_types::{
    AccumulateInput, Balance, DeferredTransfer, Gas, Hash, Memo, Operand, WorkResult,
};

use super::{NONE, block, work};
use crate::guest::{NOWHERE, READ_ONLY, WRITABLE};
use crate::world::{ENTROPY, OTHER, SELF, by_revision};

const FETCH: u64 = 1;

outcomes!(Fetch in fetch {
    panic_out {
        // The charge comes before the refusal: 10 + 134/8, or 10 + 122/8.
        block().run_in_vain(|guest| {
            guest.panics_for(by_revision(26, 25), FETCH, &[READ_ONLY, 0, 134, 0]);
            guest.panics_for(10, FETCH, &[NOWHERE, 0, 7, 0]);
        });
    }
    none {
        // A NONE copies nothing and costs the base price.
        block().run_in_vain(|guest| {
            guest.pays_for(10, FETCH, &[NOWHERE, 0, 1000, 18], &[NONE]);
            guest.pays_for(10, FETCH, &[NOWHERE, 0, 1000, 2], &[NONE]);
        });
    }
    copied {
        block().run_in_vain(|guest| {
            // The data are encoded under the revision: 134 octets, or 122 in 0.8.0, which fit a
            // buffer of 200.
            let size = by_revision(134, 122);
            guest.pays_for(by_revision(26, 25), FETCH, &[WRITABLE, 0, 200, 0], &[size]);
            assert_eq!(guest.get(WRITABLE, 8), [10, 0, 0, 0, 0, 0, 0, 0]);
            assert_eq!(guest.get(WRITABLE + size - 4, 6), [0xf4, 1, 0, 0, 0, 0]);
            guest.pays_for(12, FETCH, &[WRITABLE, 16, 23, 0], &[size]);
            assert_eq!(guest.get(WRITABLE, 8), [100, 0, 0, 0, 0, 0, 0, 0]);
            guest.pays_for(10, FETCH, &[NOWHERE, 0, 0, 0], &[size]);
        });
    }
    out_of_gas {
        block().run_in_vain(|guest| {
            guest.runs_out_below(10, FETCH, &[WRITABLE, 0, 0, 0]);
            guest.runs_out_below(by_revision(26, 25), FETCH, &[WRITABLE, 0, 200, 0]);
            guest.runs_out_below(11, FETCH, &[WRITABLE, 0, 15, 0]);
        });
    }
});

/// The kinds with data, and the length of each.
fn kinds(guest: &mut crate::guest::Guest<'_, '_>) -> Vec<(u64, u64)> {
    let length = |kind| {
        let call = [NOWHERE, 0, 0, kind, 0, 0];
        let (r7, _) = guest.call(FETCH, &call);
        (r7 != NONE).then_some((kind, r7))
    };
    (0..30).filter_map(length).collect()
}

#[test]
fn kinds_are_where_the_page_says() {
    work().authorize(|guest| assert_eq!(kinds(guest), [(0, 134), (8, 13), (9, 5)]));
    work().refine(|guest| {
        let expected = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13];
        assert!(kinds(guest).iter().map(|(kind, _)| *kind).eq(expected));
        // The entropy of refine is zero.
        guest.put(WRITABLE, &[9; 32]);
        guest.pays_for(14, FETCH, &[WRITABLE, 0, 32, 1], &[32]);
        assert_eq!(guest.get(WRITABLE, 32), [0; 32]);
    });
    block().run_in_vain(|guest| {
        // Without inputs the sequences are empty and have no first element.
        assert_eq!(kinds(guest), [(0, 134), (1, 32), (14, 1), (16, 1)]);
        guest.pays_for(14, FETCH, &[WRITABLE, 0, 32, 1], &[32]);
        assert_eq!(guest.get(WRITABLE, 32), ENTROPY.0);
    });
}

#[test]
fn operands_and_transfers_come_apart() {
    let mut block = block();
    let operand = |octet| {
        AccumulateInput::Operand(Operand {
            package_hash: Hash([octet; 32]),
            segment_root: Hash([2; 32]),
            authorizer: Hash([3; 32]),
            payload_hash: Hash([4; 32]),
            gas_limit: Gas(5),
            result: WorkResult(Ok(b"output".to_vec())),
            auth_trace: b"trace".to_vec(),
        })
    };
    block.inputs = vec![
        operand(0x0a),
        AccumulateInput::Transfer(DeferredTransfer {
            source: OTHER,
            destination: SELF,
            amount: Balance(0),
            memo: Memo([6; 128]),
            gas_limit: Gas(7),
        }),
        operand(0x0b),
    ];
    // In the Gray Paper's encoding, without the discriminator of the kind.
    let encoded = |octet: u8| {
        let hashes = [[octet; 32], [2; 32], [3; 32], [4; 32]].concat();
        [&hashes[..], &[5], b"\x00\x06output", b"\x05trace"].concat()
    };
    let transfer = [
        &OTHER.0.to_le_bytes()[..],
        &SELF.0.to_le_bytes(),
        &[0; 8],
        &[6; 128],
        &[7, 0, 0, 0, 0, 0, 0, 0],
    ]
    .concat();
    let cases: Vec<(u64, u64, Option<Vec<u8>>)> = vec![
        (14, 0, Some([&[2][..], &encoded(0x0a), &encoded(0x0b)].concat())),
        (15, 0, Some(encoded(0x0a))),
        (15, 1, Some(encoded(0x0b))),
        (15, 2, None),
        (16, 0, Some([&[1][..], &transfer].concat())),
        (17, 0, Some(transfer)),
        (17, 1, None),
    ];
    block.run_in_vain(move |guest| {
        for (kind, index, expected) in cases {
            let call = [WRITABLE, 0, 1000, kind, index, 0];
            let Some(expected) = expected else {
                guest.pays_for(10, FETCH, &call, &[NONE]);
                continue;
            };
            let length = expected.len() as u64;
            guest.pays_for(10 + length / 8, FETCH, &call, &[length]);
            assert!(guest.get(WRITABLE, length) == expected, "kind {kind}");
        }
    });
}
