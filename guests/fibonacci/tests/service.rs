//! The service natively and compiled.

use jambox_sdk_testing::{
    Chain, Code, GasSnapshot, HostCall, Item, Mode, ResultCode, Revision, Way, every_way,
    every_way_with, operand, transfer,
};

fn chain(way: impl Into<Way>) -> Chain {
    let mut chain = Chain::new(way);
    let code = Code::native(fibonacci::SERVICE)
        .with_blob(include_bytes!("../fibonacci.jam"))
        .with_blob(include_bytes!("../fibonacci-0.8.0.jam"));
    chain.service(7, &code);
    chain
}

fn item(index: u32) -> Item {
    Item::new(7).payload(index.to_le_bytes())
}

#[test]
fn refine_computes_numbers_known_from_elsewhere() {
    // OEIS A000045; the last is 2^64 mod wrapped: F(94) = 19740274219868223167.
    let known: [(u32, u128); 5] = [
        (0, 0),
        (1, 1),
        (10, 55),
        (90, 2_880_067_194_370_816_120),
        (94, 19_740_274_219_868_223_167),
    ];
    for (index, number) in known {
        let result = every_way(|way| chain(way).refine(&item(index)).result);
        assert_eq!(result.unwrap(), (number as u64).to_le_bytes(), "number {index}");
    }
}

#[test]
fn a_payload_that_is_no_index_gives_an_empty_output() {
    for payload in [&b""[..], b"123", b"12345"] {
        let result = every_way(|way| chain(way).refine(&Item::new(7).payload(payload)).result);
        assert_eq!(result.unwrap(), []);
    }
}

#[test]
fn a_package_goes_all_the_way_the_same_in_both_modes() {
    let stored = every_way_with(|way| {
        let mut chain = chain(way);
        let package = jambox_sdk_testing::Package::new().item(item(10)).item(item(20));
        let processed = chain.process(&package).unwrap();
        let debug = format!("{:?}", processed.effects());
        ((chain.stored::<u64>(7, "largest"), chain.stored::<u64>(7, "count")), debug)
    });
    assert_eq!(stored, (Some(6765), Some(2)));
}

#[test]
fn transfers_failures_and_nonsense_count_for_nothing() {
    let inputs = || {
        vec![
            transfer(1, 7, 5, b"hello"),
            operand(Err(jambox_sdk::types::WorkError::Panic)).into(),
            operand(Ok(b"seven ch")).into(),
            operand(Ok(b"nonsense?")).into(),
        ]
    };
    let count = every_way(|way| {
        let mut chain = chain(way);
        let run = chain.accumulate(7, inputs());
        assert!(run.failure.is_none());
        chain.stored::<u64>(7, "count")
    });
    assert_eq!(count, Some(1), "eight octets are a number, whatever they spell");
}

#[test]
fn a_full_storage_fails_the_accumulation_and_changes_nothing() {
    let (failed, stored) = every_way(|way| {
        let mut chain = chain(way);
        chain.answer(HostCall::Write, 2, ResultCode::Full);
        let run = chain.accumulate(7, vec![operand(Ok(&8u64.to_le_bytes())).into()]);
        (run.failure.is_some(), chain.storage(7, "largest"))
    });
    assert!(failed && stored.is_none());
}

#[test]
fn gas_stays_what_it_was() {
    let mut snapshot = GasSnapshot::open(concat!(env!("CARGO_MANIFEST_DIR"), "/gas.txt"));
    for revision in Revision::ALL {
        let mut chain = chain(Mode::Compiled.under(revision));
        let run = chain.refine(&item(90));
        snapshot.check(&format!("{revision}: refine 90"), run.gas_used, 2.0);
        let run = chain.accumulate(7, vec![operand(Ok(&8u64.to_le_bytes())).into()]);
        snapshot.check(&format!("{revision}: accumulate one"), run.gas_used, 2.0);
    }
}
