//! Every host call through the SDK, natively and compiled; expected answers come from the paper.

use jambox_sdk::blake2b_256;
use jambox_sdk::types::{ServiceId, TimeSlot};
use jambox_sdk_testing::{
    Chain, Code, Item, Mode, RequestHistory, Way, every_way_with, operand, transfer,
};

fn chain(way: impl Into<Way>) -> Chain {
    let mut chain = Chain::new(way);
    let code = Code::native(all_calls::SERVICE)
        .with_blob(include_bytes!("../all-calls.jam"))
        .with_blob(include_bytes!("../all-calls-0.8.0.jam"));
    chain.service(7, &code).has_preimage(b"preimage", 0).privileged();
    chain.service(8, &code).minimum_gas(10, 50);
    chain
}

fn lines(report: &[u8]) -> Vec<String> {
    String::from_utf8(report.to_vec()).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn refine() {
    let item = Item::new(7).payload("payload").extrinsic(b"ext").import(b"segment").exports(1);
    let run = every_way_with(|way| {
        let run = chain(way).refine(&item);
        assert!(run.failure.is_none(), "{:?}", run.failure);
        ((run.result, run.exports), run.record)
    });
    let expected = [
        "gas: true",
        "cores: 2",
        "entropy: true",
        "trace: []",
        "extrinsic: Ok([101, 120, 116])",
        "extrinsic of 0: Ok([101, 120, 116])",
        "extrinsic of 9: Err(Missing)",
        "import: Ok([115, 101, 103, 109])",
        "import of 0: Ok(4104)",
        "import of 9: Err(Missing)",
        "items: 1",
        "same item: true",
        "configuration: []",
        "token: []",
        "same context: true",
        "summary: 7",
        "summaries: true",
        "same payload: true",
        "inputs: Ok(None)",
        "historical lookup: Ok(Some([112, 114, 101, 105, 109, 97, 103, 101]))",
        "lookup: Err(Unavailable)",
        "storage: Err(Unavailable)",
        "info: Err(Unavailable)",
        "export: Ok(0)",
        "no machine: Err(Refused)",
        "pages below: Err(Refused)",
        "pages keep: Err(Refused)",
        "poke nowhere: Err(OutOfBounds)",
        "pages: Ok(())",
        "poke: Ok(())",
        "pages read: Ok(())",
        "poke read-only: Err(OutOfBounds)",
        "peek: Ok(())",
        "peeked: [100, 97, 116, 97]",
        "pages none: Ok(())",
        "peek nowhere: Err(OutOfBounds)",
        "pages zero: Ok(())",
        "peek zero: Ok([0, 0, 0, 0])",
        "pages write: Ok(())",
        "no gas: OutOfGas",
        "invoke: Host { call: 9 }",
        "registers: (5, true)",
        "again: true",
        // The counter of a machine that panicked is 0 (`sec:virtualmachine`, 0.7.2).
        "expunge: Ok(0)",
    ];
    assert_eq!(lines(&run.0.unwrap()), expected);
    assert_eq!(run.1.len(), 1);
    assert_eq!(&run.1[0][..8], b"segment\0");
}

#[test]
fn accumulate() {
    let run = every_way_with(|way| {
        let mut chain = chain(way);
        let inputs = vec![operand(Ok(b"output")).into(), transfer(8, 7, 5, b"memo")];
        let run = chain.accumulate(7, inputs);
        assert!(run.failure.is_none(), "{:?} {:?}", run.failure, run.record);
        let report = chain.storage(7, "report").unwrap();
        ((report, run.yielded, run.transfers), (run.changes, run.record))
    });
    let expected = [
        "gas: true",
        "cores: 2",
        "entropy: 7",
        "inputs: true",
        "same input: true",
        "no input: Err(Missing)",
        "read: Ok(None)",
        "write: Ok(None)",
        "write again: Ok(Some(5))",
        "read again: Ok(Some([111, 116, 104, 101, 114, 32, 118, 97, 108, 117, 101]))",
        "read part: Ok((Some(11), [118, 97, 108, 117, 101]))",
        "length: Ok(Some(11))",
        "remove: Ok(Some(11))",
        "remove again: Ok(None)",
        "read long: true",
        "foreign: Ok(None)",
        "lookup: Ok(Some([112, 114, 101, 105, 109, 97, 103, 101]))",
        "lookup none: Ok(None)",
        "query: true",
        "query none: Ok(None)",
        "solicit: Ok(())",
        "solicit again: Err(Refused)",
        "query requested: Ok(Some(Requested))",
        "provide: Ok(())",
        "provide again: Err(Refused)",
        "provide unasked: Err(Refused)",
        "provide nobody: Err(Unknown)",
        "solicit other: Ok(())",
        "forget: Ok(())",
        "forget again: Err(Refused)",
        "same info: true",
        "info none: Ok(None)",
        "transfer: Ok(())",
        "transfer nobody: Err(Unknown)",
        "transfer low: Err(GasTooLow)",
        "transfer much: Err(InsufficientFunds)",
        "child: (true, true)",
        "eject: Err(Unknown)",
        "upgrade: Ok(())",
        "upgraded: (5, 6)",
        "assign: Ok(())",
        "assign nowhere: Err(NoSuchCore)",
        "designate: Ok(())",
        "bless: Ok(())",
        "checkpoint: true",
        "yield: Ok(())",
    ];
    assert_eq!(lines(&run.0), expected);
    assert_eq!(run.1, Some(jambox_sdk::types::Hash([2; 32])), "the output outdoes `yield`");
    assert_eq!((run.2.len(), run.2[0].amount.0, run.2[0].memo.0), (1, 10, [3; 128]));
}

/// A service that gives itself up to service 7.
mod leaver {
    use jambox_sdk::prelude::*;

    fn leave(ctx: &AccumulateContext, _: AccumulateArguments) -> Result<(), Error> {
        ctx.request_ejection(ServiceId(7))
    }

    entry_points! { accumulate = leave }
}

/// A service that takes over service 9.
mod taker {
    use jambox_sdk::prelude::*;

    fn take(ctx: &AccumulateContext, _: AccumulateArguments) -> Result<(), Error> {
        ctx.eject(ServiceId(9), &blake2b_256(b"last"))
    }

    entry_points! { accumulate = take }
}

#[test]
fn a_service_gives_itself_up_and_its_parent_ejects_it() {
    let mut chain = Chain::new(Mode::Native);
    chain.service(7, &Code::native(taker::SERVICE));
    chain.service(9, &Code::native(leaver::SERVICE));
    assert!(chain.accumulate(9, vec![]).failure.is_none());
    let mut id = [0; 32];
    id[0] = 7;
    assert_eq!(chain.account(9).unwrap().code_hash.0, id);
    // Only one request may be left, forgotten long enough ago.
    let code = blake2b_256(&[&[4, 9, 0, 0, 0][..], b"native"].concat());
    let code = jambox_state::RequestKey { hash: code, length: 11 };
    let accounts = &mut chain.state_mut().accounts;
    accounts.set_request(ServiceId(9), code, None).unwrap();
    accounts.set_preimage(ServiceId(9), code.hash, None).unwrap();
    let last = jambox_state::RequestKey { hash: blake2b_256(b"last"), length: 4 };
    let forgotten = RequestHistory::Unavailable(TimeSlot(1), TimeSlot(2));
    accounts.set_request(ServiceId(9), last, Some(forgotten)).unwrap();
    let run = chain.accumulate(7, vec![]);
    assert!(run.failure.is_none(), "{:?}", run.failure);
    assert!(chain.account(9).is_none());
}
