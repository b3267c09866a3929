//! Makes every host call that its context offers, through the SDK, and reports the answers.
//!
//! Refine's output and the value that accumulate stores under `report` are lists of lines:
//! the name of a call and its answer. The answers expected for each account are in the
//! tests.
#![no_std]

use core::fmt::{Debug, Write};

use jambox_sdk::FetchKind;
use jambox_sdk::accumulate::Blessing;
use jambox_sdk::prelude::*;
use jambox_sdk::types::ValidatorKey;
use jambox_sdk::{ExitReason, InvokeIo, Request, fetch};

/// A bare program: `load_imm r7, 5; ecalli 9; trap`.
pub const INNER: [u8; 10] = [0, 0, 6, 51, 7, 5, 10, 9, 0, 0b10_1001];

struct Report(String);

impl Report {
    fn line(&mut self, call: &str, answer: impl Debug) {
        self.write(call, &answer);
    }

    #[inline(never)]
    fn write(&mut self, call: &str, answer: &dyn Debug) {
        let _ = writeln!(self.0, "{call}: {answer:?}");
    }
}

fn refine(ctx: &RefineContext, arguments: RefineArguments) -> Result<String, Error> {
    let mut report = Report(String::new());
    let fetcher = ctx.fetcher();
    report.line("gas", ctx.remaining_gas() > 0);
    report.line("cores", fetcher.constants()?.cores);
    report.line("entropy", fetcher.entropy()? == Hash::ZERO);
    report.line("trace", fetcher.authorizer_trace()?);
    report.line("extrinsic", fetcher.extrinsic(0));
    report.line("extrinsic of 0", fetcher.extrinsic_of(0, 0));
    report.line("extrinsic of 9", fetcher.extrinsic_of(9, 0));
    report.line("import", fetcher.import(0).map(|segment| segment[..4].to_vec()));
    report.line("import of 0", fetcher.import_of(0, 0).map(|segment| segment.len()));
    report.line("import of 9", fetcher.import_of(0, 9));
    let package = fetcher.work_package()?;
    report.line("items", package.items.len());
    report.line("same item", fetcher.work_item(0)? == package.items[0]);
    report.line("configuration", fetcher.authorizer_configuration()?);
    report.line("token", fetcher.authorization_token()?);
    report.line("same context", fetcher.refine_context()? == package.context);
    report.line("summary", fetcher.item_summary(0)?.payload_length);
    report.line("summaries", fetcher.item_summaries()? == [fetcher.item_summary(0)?]);
    report.line("same payload", fetcher.payload(0)? == arguments.payload);
    report.line("inputs", fetch(FetchKind::Inputs, 0, 0));
    let hash = blake2b_256(b"preimage");
    report.line("historical lookup", ctx.preimages().historical_lookup(&hash));
    report.line("lookup", ctx.preimages().lookup(&hash));
    report.line("storage", ctx.service_data().get("x"));
    report.line("info", ctx.service_info(ServiceRef::Current));
    report.line("export", ctx.export_segment(b"segment"));
    machine_calls(ctx, &mut report)?;
    Ok(report.0)
}

fn machine_calls(ctx: &RefineContext, report: &mut Report) -> Result<(), Error> {
    report.line("no machine", ctx.machine(b"nonsense", 0).map(|_| ()));
    let mut machine = ctx.machine(&INNER, 0)?;
    report.line("pages below", machine.pages(0, 1, PageAccess::ReadWrite));
    report.line("pages keep", machine.pages(16, 1, PageAccess::ReadKeep));
    report.line("poke nowhere", machine.poke(0x1_0000, b"data"));
    report.line("pages", machine.pages(16, 1, PageAccess::ReadWrite));
    report.line("poke", machine.poke(0x1_0000, b"data"));
    report.line("pages read", machine.pages(16, 1, PageAccess::ReadKeep));
    report.line("poke read-only", machine.poke(0x1_0000, b"more"));
    let mut octets = [0; 4];
    report.line("peek", machine.peek(0x1_0000, &mut octets));
    report.line("peeked", octets);
    report.line("pages none", machine.pages(16, 1, PageAccess::Inaccessible));
    report.line("peek nowhere", machine.peek(0x1_0000, &mut octets));
    report.line("pages zero", machine.pages(16, 1, PageAccess::Read));
    report.line("peek zero", machine.peek(0x1_0000, &mut octets).map(|()| octets));
    report.line("pages write", machine.pages(16, 1, PageAccess::ReadWriteKeep));
    report.line("no gas", machine.invoke(&mut InvokeIo::new(0))?);
    let mut io = InvokeIo::new(1000);
    report.line("invoke", machine.invoke(&mut io)?);
    report.line("registers", (io.register(7), io.gas() < 1000));
    io.set_register(7, 1);
    report.line("again", machine.invoke(&mut io)? == ExitReason::Panic);
    report.line("expunge", machine.expunge());
    Ok(())
}

fn accumulate(ctx: &AccumulateContext, arguments: AccumulateArguments) -> Result<Hash, Error> {
    let mut report = Report(String::new());
    let fetcher = ctx.fetcher();
    report.line("gas", ctx.remaining_gas() > 0);
    report.line("cores", fetcher.constants()?.cores);
    report.line("entropy", fetcher.entropy()?.0[0]);
    let inputs = fetcher.inputs()?;
    report.line("inputs", inputs.len() == arguments.input_count as usize);
    report.line("same input", fetcher.input(0)? == inputs[0]);
    report.line("no input", fetcher.input(99));
    storage_calls(ctx, &mut report)?;
    preimage_calls(ctx, &mut report);
    service_calls(ctx, arguments.service, &mut report)?;
    privileged_calls(ctx, arguments.service, &mut report)?;
    report.line("checkpoint", ctx.checkpoint() > 0);
    report.line("yield", ctx.yield_hash(&Hash([1; 32])));
    ctx.storage().set("report", &report.0)?;
    Ok(Hash([2; 32]))
}

fn storage_calls(ctx: &AccumulateContext, report: &mut Report) -> Result<(), Error> {
    let storage = ctx.storage();
    report.line("read", storage.get("x"));
    report.line("write", storage.set("x", "value"));
    report.line("write again", storage.set("x", "other value"));
    report.line("read again", storage.get("x"));
    let mut part = [0; 5];
    report.line("read part", storage.read("x", 6, &mut part).map(|length| (length, part)));
    report.line("length", storage.length("x"));
    report.line("remove", storage.remove("x"));
    report.line("remove again", storage.remove("x"));
    let long = vec![7; 1000];
    storage.set("long", &long)?;
    report.line("read long", storage.get("long")?.is_some_and(|read| read == long));
    storage.remove("long")?;
    report.line("foreign", jambox_sdk::Storage::of(ServiceId(404).into()).get("x"));
    Ok(())
}

fn preimage_calls(ctx: &AccumulateContext, report: &mut Report) {
    let preimages = ctx.preimages();
    let hash = blake2b_256(b"preimage");
    report.line("lookup", preimages.lookup(&hash));
    report.line("lookup none", preimages.lookup(&Hash::ZERO));
    report.line("query", matches!(preimages.query(&hash, 8), Ok(Some(Request::Available { .. }))));
    report.line("query none", preimages.query(&hash, 9));
    let wanted = blake2b_256(b"wanted");
    report.line("solicit", preimages.solicit(&wanted, 6));
    report.line("solicit again", preimages.solicit(&wanted, 6));
    report.line("query requested", preimages.query(&wanted, 6));
    report.line("provide", preimages.provide(b"wanted"));
    report.line("provide again", preimages.provide(b"wanted"));
    report.line("provide unasked", preimages.provide(b"unasked"));
    report.line("provide nobody", preimages.of(ServiceId(404)).provide(b"wanted"));
    report.line("solicit other", preimages.solicit(&Hash::ZERO, 6));
    report.line("forget", preimages.forget(&Hash::ZERO, 6));
    report.line("forget again", preimages.forget(&Hash::ZERO, 6));
}

fn service_calls(
    ctx: &AccumulateContext,
    own: ServiceId,
    report: &mut Report,
) -> Result<(), Error> {
    let info = ctx.service_info(ServiceRef::Current)?.ok_or(Error::Missing)?;
    report.line("same info", ctx.service_info(own)? == Some(info));
    report.line("info none", ctx.service_info(ServiceId(404)));
    let memo = Memo([3; 128]);
    report.line("transfer", ctx.transfer(ServiceId(8), 10, Gas(50), &memo));
    report.line("transfer nobody", ctx.transfer(ServiceId(404), 10, Gas(50), &memo));
    report.line("transfer low", ctx.transfer(ServiceId(8), 10, Gas(49), &memo));
    report.line("transfer much", ctx.transfer(ServiceId(8), u64::MAX, Gas(50), &memo));
    let new = NewService {
        code_hash: Hash([4; 32]),
        code_length: 100,
        min_accumulate_gas: Gas(1),
        min_memo_gas: Gas(2),
        gratis: 0,
        wanted_id: ServiceId(0),
    };
    let child = ctx.new_service(&new)?;
    let child = ctx.service_info(child)?.ok_or(Error::Missing)?;
    report.line("child", (child.parent == own, child.code_hash == new.code_hash));
    report.line("eject", ctx.eject(ServiceId(8), &Hash::ZERO));
    report.line("upgrade", ctx.upgrade(&info.code_hash, Gas(5), Gas(6)));
    let upgraded = ctx.service_info(own)?.ok_or(Error::Missing)?;
    report.line("upgraded", (upgraded.min_accumulate_gas.0, upgraded.min_memo_gas.0));
    Ok(())
}

fn privileged_calls(
    ctx: &AccumulateContext,
    own: ServiceId,
    report: &mut Report,
) -> Result<(), Error> {
    let constants = ctx.fetcher().constants()?;
    let queue = vec![Hash([5; 32]); usize::from(constants.auth_queue_size)];
    report.line("assign", ctx.assign(0, &queue, own));
    report.line("assign nowhere", ctx.assign(u64::from(constants.cores), &queue, own));
    let keys = vec![ValidatorKey::default(); usize::from(constants.validators)];
    report.line("designate", ctx.designate(&keys));
    let assigners = vec![own; usize::from(constants.cores)];
    let blessing = Blessing {
        manager: own,
        assigners: &assigners,
        delegator: own,
        registrar: own,
        always_accumulate: &[(own, Gas(7))],
    };
    report.line("bless", ctx.bless(&blessing));
    Ok(())
}

entry_points! { refine = refine, accumulate = accumulate }
