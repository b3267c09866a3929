//! The library natively, and in an inner machine of the service "library".

use jambox_sdk::blake2b_256;
use jambox_sdk::codec::{decode_all, encode};
use jambox_sdk_testing::{Chain, Code, Item, Revision, both_ways_under};
use library::{Answer, Command, Outcome};

/// Answer of the service to a call of a program among its preimages.
fn answer(revision: Revision, program: &[u8], arguments: &[u8]) -> Answer {
    let hash = blake2b_256(program);
    let arguments = arguments.to_vec();
    let command = Command::Call { program: hash, gas: 100_000, packed: false, arguments };
    let result = both_ways_under(revision, |way| {
        let mut chain = Chain::new(way);
        let code = Code::native(library::SERVICE)
            .with_blob(include_bytes!("../../library/library.jam"))
            .with_blob(include_bytes!("../../library/library-0.8.0.jam"));
        chain.service(7, &code).has_preimage(program, 0);
        chain.refine(&Item::new(7).payload(encode(&command))).result
    });
    match decode_all(&result.unwrap()).unwrap() {
        Outcome::Called { answer, .. } => answer,
        other => panic!("{other:?}"),
    }
}

#[test]
fn octets_come_back_in_order_natively_and_from_an_inner_machine() {
    let old = &include_bytes!("../sorted.jam")[..];
    let new = &include_bytes!("../sorted-0.8.0.jam")[..];
    for (input, expected) in
        [(&b""[..], &b""[..]), (b"jambox", b"abjmox"), (&[3, 1, 2], &[1, 2, 3])]
    {
        assert_eq!(sorted::LIBRARY(input), expected);
        for (revision, blob) in [(Revision::GrayPaper072, old), (Revision::GrayPaper080, new)] {
            let found = answer(revision, blob, input);
            assert_eq!(found, Answer::Output(expected.to_vec()), "{revision}");
        }
    }
}
