//! The service natively and compiled. Its effects are compared with those of the assembly in
//! `crates/sdk-testing`, together with their gas.

use jambox_sdk::types::WorkError;
use jambox_sdk_testing::{Chain, Code, Item, Way, every_way, operand};

fn chain(way: impl Into<Way>) -> Chain {
    let mut chain = Chain::new(way);
    let code = Code::native(counter::SERVICE)
        .with_blob(include_bytes!("../counter.jam"))
        .with_blob(include_bytes!("../counter-0.8.0.jam"));
    chain.service(42, &code).stores("count", 2u64.to_le_bytes());
    chain.service(7, &code);
    chain
}

#[test]
fn refine_shouts_and_exports_what_was_said() {
    let (result, exports, record) = every_way(|way| {
        let run = chain(way).refine(&Item::new(42).payload("hello jam").exports(1));
        (run.result, run.exports, run.record)
    });
    assert_eq!(result.unwrap(), b"HELLO JAM");
    assert!(exports[0].starts_with(b"hello jam\0") && exports.len() == 1);
    assert!(record.logged("payload in upper case"));
}

#[test]
fn accumulate_counts_tips_and_yields() {
    let (stored, transfers, yielded) = every_way(|way| {
        let mut chain = chain(way);
        let latest = jambox_sdk::blake2b_256(b"latest");
        let inputs = vec![
            operand(Ok(b"ONE")).into(),
            operand(Err(WorkError::Panic)).payload_hash(latest).into(),
        ];
        let run = chain.accumulate(42, inputs);
        assert_eq!(run.yielded, Some(latest));
        let stored = [chain.storage(42, "count"), chain.storage(42, "latest")];
        (stored, run.transfers, run.yielded)
    });
    assert_eq!(stored, [Some(4u64.to_le_bytes().to_vec()), Some(b"ONE".to_vec())]);
    assert_eq!((transfers.len(), transfers[0].amount.0), (1, 25));
    assert!(yielded.is_some());
}

#[test]
fn nothing_to_count_changes_nothing() {
    let changes = every_way(|way| chain(way).accumulate(42, Vec::new()).record.names());
    assert_eq!(changes, [""; 0]);
}
