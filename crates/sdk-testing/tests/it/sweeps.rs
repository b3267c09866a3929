//! Forks of a chain, blocks of several packages, and sweeps over faults and gas.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use jambox_sdk::prelude::*;
use jambox_sdk::types::Parameters;
use jambox_sdk_testing::{
    Chain, Code, HostCall, Item, Mode, ResultCode, Revision, operand, transfer,
};

/// A service that stores two values or none, and passes on its incoming balance.
mod pair {
    use jambox_sdk::prelude::*;

    fn refine(_: &RefineContext, arguments: RefineArguments) -> Vec<u8> {
        assert!(arguments.payload != b"bad", "as asked");
        arguments.payload
    }

    fn accumulate(ctx: &AccumulateContext, _: AccumulateArguments) -> Result<(), Error> {
        let storage = ctx.storage();
        for input in ctx.fetcher().inputs()? {
            match input {
                AccumulateInput::Transfer(it) if it.amount.0 > 1 => {
                    ctx.transfer(ServiceId(8), it.amount.0, Gas(0), &it.memo)?;
                }
                AccumulateInput::Transfer(_) => {}
                AccumulateInput::Operand(operand) => {
                    let Ok(value) = operand.result.0 else { continue };
                    if storage.set("first", &value).is_ok()
                        && let Err(error) = storage.set("second", &value)
                    {
                        storage.remove("first")?;
                        return Err(error);
                    }
                    ctx.checkpoint();
                }
            }
        }
        Ok(())
    }

    entry_points! { accumulate = accumulate, refine = refine }
}

fn chain() -> Chain {
    let mut chain = Chain::new(Mode::Native.under(Revision::GrayPaper080));
    chain.service(7, &Code::native(pair::SERVICE));
    chain.receiver(8);
    chain
}

fn pairs(chain: &Chain) -> [bool; 2] {
    ["first", "second"].map(|key| chain.storage(7, key).is_some())
}

#[test]
fn a_clone_goes_its_own_way() {
    let mut original = chain();
    original.answer(HostCall::Write, 1, ResultCode::Full);
    let mut fork = original.clone();
    fork.slot.0 += 5;
    assert!(fork.accumulate(7, vec![operand(Ok(b"x")).into()]).failure.is_none());
    assert_eq!(pairs(&fork), [false; 2], "the answer was scripted before");
    fork.accumulate(7, vec![operand(Ok(b"x")).into()]);
    assert_eq!((pairs(&fork), pairs(&original)), ([true; 2], [false; 2]));
    original.accumulate(7, vec![operand(Ok(b"x")).into()]);
    assert_eq!(pairs(&original), [false; 2], "its script is its own");
}

#[test]
fn packages_of_one_block_see_each_other_in_it() {
    let mut chain = chain();
    let packages = ["one", "bad", "two"].map(|text| Item::new(7).payload(text).into());
    let block = chain.process_together(&packages).unwrap();
    assert_eq!(block.computed.len(), 3);
    assert_eq!(block.results()[2], &Ok(b"two".to_vec()));
    assert_eq!(chain.storage(7, "second").unwrap(), b"two");
    assert_eq!(chain.slot.0, 1001, "all in one block");
    let failed: Vec<_> = block.failures.iter().map(|it| (it.service.unwrap().0, it.item)).collect();
    assert_eq!(failed, [(7, Some(0))]);
    assert!(block.failures[0].to_string().starts_with("refine of service 7, item 0: panic\n"));
    assert_eq!(block.record.calls_of(7).filter(|it| it.call == Some(HostCall::Write)).count(), 4);
    assert!(block.gas_used[&ServiceId(7)].0 > 0);
}

#[test]
fn what_is_on_a_chain_can_be_looked_at_and_changed() {
    let mut chain = Chain::with_parameters(Mode::Native, Parameters::FULL);
    assert_eq!(chain.parameters(), &Parameters::FULL);
    chain.service(7, &Code::native(pair::SERVICE)).stores("a", "1").stores("b", "2");
    let expected = [("a", "1"), ("b", "2")].map(|(key, value)| (key.into(), value.into()));
    assert_eq!(chain.storage_of(7), BTreeMap::from(expected));
    chain.set_balance(7, 123);
    assert_eq!(chain.account(7).unwrap().balance.0, 123);
    chain.advance(10);
    assert_eq!(chain.slot.0, 1010);
    let request = jambox_sdk_testing::RequestHistory::Requested;
    chain.receiver(9).requests(b"text", request);
    chain.provide(9, b"text");
    let available = chain.state().accounts.preimage(ServiceId(9), &Hash::blake2b(b"text"));
    assert_eq!(available.unwrap().as_deref(), Some(&b"text"[..]));
    let again = catch_unwind(AssertUnwindSafe(|| chain.provide(9, b"text")));
    assert!(again.is_err(), "nobody asks for it any more");
}

#[test]
fn transfers_and_their_gas_are_told() {
    let mut chain = chain();
    let run = chain.accumulate(7, vec![transfer(1, 7, 5, b"")]);
    assert_eq!(run.transfers.len(), 1);
    let processed = chain.process(&Item::new(7).payload("x").into()).unwrap();
    assert!(processed.transfers.is_empty() && processed.failures.is_empty());
}

#[test]
fn a_fault_sweep_tries_every_answer_of_every_call() {
    let mut seen = std::cell::RefCell::new(Vec::new());
    let count = chain().fault_sweep(|chain, fault| {
        let run = chain.accumulate(7, vec![operand(Ok(b"x")).into()]);
        let [first, second] = pairs(chain);
        assert_eq!(first, second, "both or none");
        seen.borrow_mut().extend(fault);
        run.record
    });
    let seen = seen.get_mut();
    assert_eq!(count, seen.len());
    let writes = seen.iter().filter(|it| it.call == HostCall::Write && it.code == ResultCode::Full);
    assert_eq!(writes.map(|it| it.nth).collect::<Vec<_>>(), [1, 2]);
    assert!(seen.iter().any(|fault| fault.call == HostCall::Fetch));
}

#[test]
fn a_fault_sweep_finds_what_a_fault_breaks() {
    let broken = catch_unwind(AssertUnwindSafe(|| {
        chain().fault_sweep(|chain, _| {
            let run = chain.accumulate(7, vec![operand(Ok(b"x")).into()]);
            assert_eq!(pairs(chain), [true; 2], "always");
            run.record
        })
    }));
    assert!(broken.is_err());
}

#[test]
fn a_gas_sweep_stops_everywhere() {
    let mut gas_seen = std::cell::RefCell::new(Vec::new());
    let used = chain().gas_sweep(1_000_000, 10, |chain, gas| {
        let run = chain.accumulate_with_gas(7, vec![operand(Ok(b"x")).into()], gas.0);
        let [first, second] = pairs(chain);
        assert_eq!(first, second, "both or none");
        gas_seen.borrow_mut().push((gas, run.failure.is_none()));
        run.gas_used
    });
    let seen = gas_seen.get_mut();
    assert_eq!((seen.len(), seen[0]), (12, (Gas(1_000_000), true)));
    assert_eq!(seen[1], (Gas(0), false));
    assert_eq!(seen[11], (Gas(used.0 - 1), false), "one short");
}
