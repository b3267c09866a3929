//! Chains loaded from elsewhere, imports from package to package, snapshots, and strategies.

use std::path::Path;

use jambox_sdk::prelude::*;
use jambox_sdk::types::Parameters;
use jambox_sdk_testing::strategies::{encoded, fault, near, payload};
use jambox_sdk_testing::{Chain, Code, HostCall, Item, Mode, Package, Revision, operand, transfer};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// Exports its payload, or returns its imported segment; stores the results of refine.
mod mover {
    use jambox_sdk::prelude::*;

    fn refine(ctx: &RefineContext, arguments: RefineArguments) -> Result<Vec<u8>, Error> {
        if !arguments.payload.is_empty() {
            ctx.export_segment(&arguments.payload)?;
            return Ok(b"exported".to_vec());
        }
        let segment = ctx.fetcher().import(0)?;
        Ok(segment.iter().copied().take_while(|octet| *octet != 0).collect())
    }

    fn accumulate(ctx: &AccumulateContext, _: AccumulateArguments) -> Result<(), Error> {
        for input in ctx.fetcher().inputs()? {
            let AccumulateInput::Operand(operand) = input else { continue };
            let Ok(result) = operand.result.0 else { continue };
            info!("{} octets", result.len());
            ctx.storage().set("last", result)?;
        }
        Ok(())
    }

    entry_points! { refine = refine, accumulate = accumulate }
}

fn chain() -> Chain {
    let mut chain = Chain::new(Mode::Native.under(Revision::GrayPaper080));
    chain.service(7, &Code::native(mover::SERVICE));
    chain
}

#[test]
fn a_package_imports_what_an_earlier_one_has_exported() {
    let mut chain = chain();
    let first = chain.process(&Item::new(7).payload("goods").exports(1).into()).unwrap();
    assert_eq!(first.results(), [&Ok(b"exported".to_vec())]);
    let item = Item::new(7).import_exported(first.package_hash(), 0);
    assert_eq!(chain.refine(&item).result.unwrap(), b"goods");
    let second = chain.process(&item.into()).unwrap();
    assert_eq!(second.results(), [&Ok(b"goods".to_vec())]);
    assert_eq!(chain.storage(7, "last").unwrap(), b"goods", "what it depends on was accumulated");
}

#[test]
fn a_package_waits_for_another() {
    let mut chain = chain();
    let other = Package::from(Item::new(7).payload("first").exports(1));
    let (report, _) = chain.report(&other).unwrap();
    let package = Package::from(Item::new(7).payload("second").exports(1));
    let package = package.prerequisite(report.report.availability.package_hash);
    let mut alone = chain.clone();
    alone.process(&package).unwrap();
    assert_eq!(alone.storage(7, "last"), None, "it waits");
    let block = chain.process_together(&[package, other]).unwrap();
    assert_eq!(chain.storage(7, "last").unwrap(), b"exported");
    let accumulated = block.record.calls_of(7).filter(|it| it.call == Some(HostCall::Write));
    assert_eq!(accumulated.count(), 2, "both of them");
}

#[test]
#[should_panic(expected = "has exported a segment 1 on this chain")]
fn an_import_of_what_nobody_has_exported_is_the_tests_mistake() {
    let mut chain = chain();
    let first = chain.process(&Item::new(7).payload("goods").exports(1).into()).unwrap();
    chain.refine(&Item::new(7).import_exported(first.package_hash(), 1));
}

/// Like a user's file, but compared with the text it must have, not with itself.
#[test]
fn effects_are_told_as_text() {
    let mut chain = chain();
    chain.accumulate(7, vec![operand(Ok(b"before")).into()]);
    let processed = chain.process(&Item::new(7).payload("goods").exports(1).into()).unwrap();
    let text = processed.to_string();
    for line in [
        "item 0: \"exported\"",
        "export 0: \"goods\" and 4099 zeros (4104 octets)",
        "service 7: storage \"last\": \"before\" -> \"exported\"",
        "log INFO: 8 octets",
    ] {
        assert!(text.lines().any(|it| it == line), "{line} is missing in\n{text}");
    }
    let run = chain.accumulate(7, vec![operand(Ok(b"x")).into()]);
    assert!(
        run.to_string().contains("service 7: storage \"last\": \"exported\" -> \"x\"\n"),
        "{run}"
    );
    let run = chain.refine(&Item::new(7));
    assert!(run.to_string().contains("failed: refine of service 7, item 0: panic\n"), "{run}");
}

#[test]
fn a_chain_goes_on_where_a_state_file_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let mut before = chain();
    before.process(&Item::new(7).payload("kept").exports(1).into()).unwrap();
    let snapshot = jambox_package::Snapshot {
        revision: before.revision(),
        slot: TimeSlot(1000),
        entropy: before.entropy,
        state: before.state().clone(),
        names: std::collections::BTreeMap::new(),
    };
    std::fs::write(&path, snapshot.to_json()).unwrap();

    let mut chain = Chain::new(Mode::Native.under(Revision::GrayPaper080));
    chain.load(&path);
    assert_eq!((chain.slot.0, chain.entropy), (1001, before.entropy));
    assert_eq!(chain.storage_of(7), before.storage_of(7));
    assert_eq!(chain.account(7), before.account(7));
    chain.upgrade(7, &Code::native(mover::SERVICE));
    chain.accumulate(7, vec![operand(Ok(b"changed")).into()]);
    assert_eq!(chain.storage(7, "last").unwrap(), b"changed");
    assert_eq!(before.storage(7, "last").unwrap(), b"exported");
}

#[test]
fn a_chain_goes_on_where_a_chain_on_disk_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.redb");
    let kept = on_disk(&path);
    let mut chain = Chain::new(Mode::Native.under(Revision::GrayPaper080));
    chain.load(&path);
    assert_eq!(chain.storage(7, "last").unwrap(), kept);
    let stored = chain.storage_of(7);
    assert_eq!(stored.get(&b"last"[..]), Some(&kept.to_vec()), "{stored:?}");
    chain.upgrade(7, &Code::native(mover::SERVICE));
    let processed = chain.process(&Item::new(7).payload("more").exports(1).into()).unwrap();
    assert!(processed.failures.is_empty(), "{:?}", processed.failures);
    assert_eq!(chain.storage_of(7)[&b"last"[..]], b"exported");
    let mut again = Chain::new(Mode::Native.under(Revision::GrayPaper080));
    again.load(&path);
    assert_eq!(again.storage(7, "last").unwrap(), kept, "the file stays as it is");
}

/// Makes a chain on disk with one service, and gives a value in its storage.
fn on_disk(path: &Path) -> Vec<u8> {
    let before = chain();
    let protocol = jambox_types::Protocol::new(Revision::GrayPaper080, Parameters::TINY);
    let store = jambox_store::FileStore::create(path, &protocol).unwrap();
    let mut changes = jambox_chain::block::genesis(&protocol);
    let mut accounts = before.state().accounts.clone();
    let (id, kept) = (ServiceId(7), b"on disk".to_vec());
    accounts.set_storage(id, b"last", Some(kept.as_slice().into())).unwrap();
    changes.set_accounts(&*store.read(), &accounts).unwrap();
    store.write(&changes, [], None).unwrap();
    kept
}

fn sample<T: std::fmt::Debug>(strategy: impl Strategy<Value = T>, count: usize) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    let one = |_| strategy.new_tree(&mut runner).unwrap().current();
    (0..count).map(one).collect()
}

#[test]
fn what_is_near_an_encoding_is_mostly_none() {
    let expected = encode(&(7u32, 5u8));
    let near = sample(near(encoded((Just(7u32), Just(5u8)))), 200);
    let has = |is_it: &dyn Fn(&Vec<u8>) -> bool| near.iter().any(is_it);
    assert!(has(&|it| *it == expected), "itself");
    assert!(has(&|it| it.len() < 5 && expected.starts_with(it)), "cut");
    assert!(has(&|it| it.len() > 5 && it.starts_with(&expected)), "longer");
    assert!(has(&|it| it.len() == 5 && *it != expected), "changed");
    assert!(sample(payload(3), 100).iter().all(|it| it.len() <= 3));
}

#[test]
fn faults_are_those_of_the_calls_that_were_made() {
    let chain = chain();
    let record = chain.clone().accumulate(7, vec![operand(Ok(b"x")).into()]).record;
    let faults = sample(fault(&chain, &record), 100);
    assert!(faults.contains(&None));
    let mut writes = faults.iter().flatten().filter(|fault| fault.call == HostCall::Write);
    let mut fork = chain.clone();
    fork.answer_with(*writes.next().expect("the service writes"));
    assert!(fork.accumulate(7, vec![operand(Ok(b"x")).into()]).failure.is_some());
    assert!(faults.iter().flatten().all(|fault| record.count(fault.call) >= fault.nth));
}

#[test]
fn a_receiver_takes_transfers_in_every_mode() {
    for mode in [Mode::Native, Mode::Compiled] {
        let mut chain = Chain::new(mode.under(Revision::GrayPaper080));
        chain.receiver(8).balance(1_000);
        let run = chain.accumulate(8, vec![transfer(7, 8, 5, b"for jam")]);
        assert!(run.failure.is_none(), "{run}");
        assert_eq!(chain.account(8).unwrap().balance.0, 1_005);
    }
}
