//! The harness with services that misbehave.

use jambox_sdk::prelude::*;
use jambox_sdk_testing::{
    Cause, Chain, Code, Exit, HostCall, Item, Mode, Package, ResultCode, both_ways_if_built,
    operand, transfer,
};

use crate::overhead::assemble_text;

/// A service that its payload controls.
mod moody {
    use jambox_sdk::prelude::*;

    fn refine(ctx: &RefineContext, arguments: RefineArguments) -> Result<Vec<u8>, Error> {
        match &arguments.payload[..] {
            b"panic" => panic!("as {} asked", "you"),
            b"error" => Err(Error::Full),
            b"gas" => loop {
                let _ = ctx.remaining_gas();
            },
            b"machine" => {
                let _kept_to_the_end = ctx.machine(&[0, 0, 1, 0, 1], 0)?;
                panic!("with a machine in hand")
            }
            other => Ok(other.to_vec()),
        }
    }

    fn accumulate(ctx: &AccumulateContext, _: AccumulateArguments) -> Result<(), Error> {
        ctx.storage().set("before", "checkpoint")?;
        ctx.checkpoint();
        ctx.storage().set("after", "checkpoint")?;
        for input in ctx.fetcher().inputs()? {
            if let AccumulateInput::Transfer(transfer) = input {
                assert!(transfer.amount.0 != 13, "unlucky");
            }
        }
        Ok(())
    }

    entry_points! { refine = refine, accumulate = accumulate }
}

fn chain() -> Chain {
    let mut chain = Chain::new(Mode::Native);
    chain.service(7, &Code::native(moody::SERVICE));
    chain
}

#[test]
fn a_panic_ends_the_invocation_and_is_logged_with_its_place() {
    let run = chain().refine(&Item::new(7).payload("panic"));
    assert_eq!(run.result, Err(WorkError::Panic));
    assert!(matches!(run.failure.unwrap().why.unwrap().cause, Cause::Exit(Exit::Panic)));
    assert!(run.record.logged("harness.rs:"), "{:?}", run.record.log);
    assert!(run.record.logged("as you asked"));
}

/// The line of `entry_points!` in `moody`.
fn line_of_entry_points() -> usize {
    let text = include_str!("harness.rs");
    let is_it = |line: &str| line.starts_with("    entry_points! { refine = refine, accumulate");
    text.lines().position(is_it).unwrap() + 1
}

#[test]
fn an_error_that_is_returned_is_a_panic_that_shows_it_at_a_place_of_the_user() {
    let run = chain().refine(&Item::new(7).payload("error"));
    assert_eq!(run.result, Err(WorkError::Panic));
    assert!(run.record.logged("Full"));
    let place = format!("harness.rs:{}: Full", line_of_entry_points());
    assert!(run.record.logged(&place), "{:?}", run.record.log);
}

/// A service with errors that name their place.
mod placed {
    use jambox_sdk::prelude::*;

    fn refine(ctx: &RefineContext, _: RefineArguments) -> Result<(), Placed> {
        ctx.fetcher().payload(9)?; // here
        Ok(())
    }

    entry_points! { refine = refine }
}

#[test]
fn an_error_that_is_placed_tells_the_line_that_returned_it() {
    let mut chain = Chain::new(Mode::Native);
    chain.service(7, &Code::native(placed::SERVICE));
    let run = chain.refine(&Item::new(7));
    let text = include_str!("harness.rs");
    let line = text.lines().position(|line| line.ends_with("?; // here")).unwrap() + 1;
    let expected = format!("Missing, returned at {}:{line}", file!());
    assert!(run.record.logged(&expected), "{:?}", run.record.log);
}

/// A blob has other file paths, and no message at all with `panics = "trap"`.
#[test]
fn records_are_equal_if_the_services_did_the_same() {
    let native = chain().refine(&Item::new(7).payload("panic")).record;
    let mut elsewhere = native.clone();
    let (last, line) = (elsewhere.calls.len() - 1, elsewhere.log.len() - 1);
    let moved = native.log[line].message.replace("panicked at ", "panicked at somewhere/else/");
    elsewhere.log[line].message = moved.clone();
    *elsewhere.calls[last].read.last_mut().unwrap() = moved.into_bytes();
    assert_eq!(native, elsewhere);
    let mut silent = native.clone();
    silent.log.pop();
    silent.calls.pop();
    assert_eq!(native, silent);
    let mut other = native.clone();
    other.log[line].message += "!";
    assert_ne!(native, other, "another message");
    let mut fewer = chain().refine(&Item::new(7).payload("machine")).record;
    let whole = fewer.clone();
    fewer.calls.remove(0);
    assert_ne!(whole, fewer, "a host call less");
}

#[test]
fn host_calls_use_up_gas_natively_too() {
    let run = chain().refine(&Item::new(7).payload("gas").gas(1005, 0));
    assert_eq!(run.result, Err(WorkError::OutOfGas));
    assert_eq!(run.gas_used.0, 1005);
    // 48 gas each under 0.8.0: 20 calls are covered, and the next takes the rest.
    assert_eq!(run.record.count(HostCall::Gas), 21, "the last is not covered");
}

#[test]
fn destructors_may_call_the_host_while_a_service_unwinds() {
    let run = chain().refine(&Item::new(7).payload("machine"));
    assert_eq!(run.result, Err(WorkError::Panic));
    assert_eq!(run.record.count(HostCall::Expunge), 1);
}

#[test]
fn a_failed_accumulation_falls_back_to_its_checkpoint() {
    let mut chain = chain();
    let run = chain.accumulate(7, vec![transfer(1, 7, 13, b"")]);
    assert!(run.failure.is_some());
    assert_eq!(chain.storage(7, "before").as_deref(), Some(&b"checkpoint"[..]));
    assert_eq!(chain.storage(7, "after"), None);
}

#[test]
fn scripted_answers_replace_the_hosts_once() {
    let mut chain = chain();
    chain.answer(HostCall::Write, 2, ResultCode::Full);
    assert!(chain.accumulate(7, vec![operand(Ok(b"")).into()]).failure.is_some());
    assert_eq!(chain.storage(7, "after"), None);
    assert!(chain.accumulate(7, vec![operand(Ok(b"")).into()]).failure.is_none());
    assert_eq!(chain.storage(7, "after").as_deref(), Some(&b"checkpoint"[..]));
}

#[test]
fn a_package_without_an_authorizer_is_authorized_and_one_with_a_service_that_is_none_is_not() {
    assert!(chain().process(&Item::new(7).payload("x").into()).is_ok());
    let package = Package::new().authorizer(7).item(Item::new(7));
    assert!(chain().process(&package).is_err());
}

/// A service that takes every privilege.
mod usurper {
    use jambox_sdk::prelude::*;

    fn accumulate(ctx: &AccumulateContext, _: AccumulateArguments) -> Result<(), Error> {
        let own = ServiceId(7);
        ctx.bless(&jambox_sdk::accumulate::Blessing {
            manager: own,
            assigners: &[own; 2],
            delegator: own,
            registrar: own,
            always_accumulate: &[],
        })
    }

    entry_points! { accumulate = accumulate }
}

/// `R` and its neighbours in `eq:accpar`, 0.7.2: only the manager's `bless` makes a manager.
#[test]
fn what_a_service_may_not_change_stays() {
    let chain = || {
        let mut chain = Chain::new(Mode::Native);
        chain.service(7, &Code::native(usurper::SERVICE));
        chain
    };
    let mut stranger = chain();
    assert!(stranger.accumulate(7, vec![]).failure.is_none());
    assert_eq!(stranger.state().privileges.manager, ServiceId(0));
    let mut manager = chain();
    let privileges = &mut manager.state_mut().privileges;
    std::sync::Arc::make_mut(privileges).manager = ServiceId(7);
    assert!(manager.accumulate(7, vec![]).failure.is_none());
    assert_eq!(manager.state().privileges.delegator, ServiceId(7));
}

/// The slot of the last accumulation (`sec:accumulation`, "Final State Integration", 0.7.2).
#[test]
fn accumulation_leaves_its_slot() {
    let mut chain = chain();
    chain.accumulate(7, vec![]);
    assert_eq!(chain.account(7).unwrap().last_accumulation.0, 1000);
    chain.slot.0 = 1005;
    chain.process(&Item::new(7).payload("x").into()).unwrap();
    assert_eq!(chain.account(7).unwrap().last_accumulation.0, 1005);
}

/// The octets named by r7 and r8 are a program's output only if they can be read; otherwise it has
/// none (`sec:virtualmachine`, "Argument Invocation Definition", 0.7.2). That is no failure.
#[test]
fn a_guest_that_returns_a_range_it_does_not_have_returns_nothing() {
    // An inaccessible page; a length beyond all memory; an end beyond the last address.
    let ranges = [("0x20000", "100"), ("0xfefdf000", "0x7fffffff"), ("0xffffffffffffffff", "9")];
    for (address, length) in ranges {
        let text = format!(
            ".program standard\n.name \"liar\"\n.stack_size 4096\n.code\n\
             load_imm_64 r7, {address}\nload_imm_64 r8, {length}\njump_ind ra\n"
        );
        let mut chain = Chain::new(Mode::Compiled);
        chain.service(7, &Code::compiled(&assemble_text(&text)));
        assert_eq!(chain.refine(&Item::new(7)).result, Ok(vec![]), "{address}+{length}");
    }
}

/// Environment variable: set in a process of its own that runs one test of this file.
const INSIDE: &str = "JAMBOX_TEST_INSIDE";

#[test]
fn plain_cargo_test_says_that_half_of_the_test_is_left_out() {
    if std::env::var_os(INSIDE).is_some() {
        assert_eq!([1, 2].map(|it| both_ways_if_built(|_| it)), [1, 2]);
        return;
    }
    let name = std::thread::current().name().unwrap().to_owned();
    let mut test = std::process::Command::new(std::env::current_exe().unwrap());
    test.args(["--exact", &name]).env(INSIDE, "1").env_remove("JAMBOX_BLOB");
    let output = test.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert_eq!(said.matches("natively only: `jambox test` builds").count(), 1, "{said}");
}

#[test]
#[should_panic(expected = "has no blob")]
fn a_compiled_run_without_a_blob_is_the_tests_mistake() {
    Chain::new(Mode::Compiled).service(7, &Code::native(moody::SERVICE));
}
