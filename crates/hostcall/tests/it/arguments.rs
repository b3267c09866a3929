//! Requests read from registers, and replies written back.

use std::sync::Arc;

use jambox_hostcall::{
    AccountRecord, Context, Delivery, FORMS, FetchKind, HashPointer, History, InnerExit, Interface,
    Pointer, Reply, Request, Revision, ServiceRef, Slice, Window, code, outcome, request,
};

const PAPER: Interface = Interface::gray_paper(Revision::GrayPaper072);

/// Registers with 100 times their index as values.
fn registers() -> [u64; 13] {
    std::array::from_fn(|index| index as u64 * 100)
}

fn decode(context: Context, number: u64, registers: &[u64; 13]) -> Request {
    PAPER.form(context, number).expect("the call exists").decode(PAPER.abi, context, registers)
}

#[test]
fn arguments_come_in_the_papers_order() {
    let accumulate = |number| decode(Context::Accumulate, number, &registers());
    let refine = |number| decode(Context::Refine, number, &registers());
    let window = |address, offset, length| Window { address, offset, length };
    let slice = |address, length| Slice { address, length };
    let expected = [
        (
            accumulate(2),
            Request::Lookup(request::Lookup {
                service: ServiceRef::Id(700),
                hash: HashPointer(800),
                out: window(900, 1000, 1100),
            }),
        ),
        (
            accumulate(3),
            Request::Read(request::Read {
                service: ServiceRef::Id(700),
                key: slice(800, 900),
                out: window(1000, 1100, 1200),
            }),
        ),
        (
            accumulate(4),
            Request::Write(request::Write { key: slice(700, 800), value: slice(900, 1000) }),
        ),
        (
            accumulate(5),
            Request::Info(request::Info {
                service: ServiceRef::Id(700),
                out: window(800, 900, 1000),
            }),
        ),
        (
            refine(9),
            Request::Peek(request::Peek {
                machine: 700,
                to: Pointer(800),
                from: 900,
                length: 1000,
            }),
        ),
        (
            refine(10),
            Request::Poke(request::Poke {
                machine: 700,
                from: Pointer(800),
                to: 900,
                length: 1000,
            }),
        ),
        (
            accumulate(14),
            Request::Bless(request::Bless {
                manager: 700,
                assigners: Pointer(800),
                delegator: 900,
                registrar: Some(1000),
                always: Pointer(1100),
                always_count: 1200,
                by_manager_only: false,
            }),
        ),
        (
            accumulate(18),
            Request::New(request::New {
                code_hash: HashPointer(700),
                code_length: 800,
                min_accumulate_gas: 900,
                min_memo_gas: 1000,
                gratis: 1100,
                wanted_id: 1200,
                balance: None,
            }),
        ),
        (
            accumulate(20),
            Request::Transfer(request::Transfer {
                to: 700,
                amount: 800,
                gas_limit: 900,
                memo: Pointer(1000),
            }),
        ),
        (
            accumulate(100),
            Request::Log(request::Log {
                level: 700,
                target: slice(800, 900),
                message: slice(1000, 1100),
            }),
        ),
    ];
    for (given, expected) in expected {
        assert_eq!(given, expected);
    }
}

#[test]
fn fetch_kinds_are_read_by_context() {
    let mut registers = registers();
    registers[10] = 14;
    let kind = |context| match decode(context, 1, &registers) {
        Request::Fetch(fetch) => fetch.kind,
        request => panic!("{request:?}"),
    };
    assert_eq!(kind(Context::Accumulate), Some(FetchKind::Inputs));
    assert_eq!(kind(Context::Refine), None);
}

#[test]
fn every_form_says_which_registers_it_reads() {
    for form in FORMS {
        let end = form
            .arguments_with_registers()
            .last()
            .map_or(7, |(first, argument)| first + argument.kind.parts().len());
        assert!(end <= 13, "{form:?}");
    }
}

#[test]
fn services_are_named_by_id_or_as_oneself() {
    assert_eq!(ServiceRef::Own.resolve(5), Some(5));
    assert_eq!(ServiceRef::Id(7).resolve(5), Some(7));
    assert_eq!(ServiceRef::Id(1 << 32).resolve(5), None);
}

#[test]
fn windows_are_clipped() {
    let range = |offset, length| Window { address: 0, offset, length }.range(10);
    assert_eq!(range(0, 10), 0..10);
    assert_eq!(range(3, 4), 3..7);
    assert_eq!(range(3, 100), 3..10);
    assert_eq!(range(10, 1), 10..10);
    assert_eq!(range(u64::MAX, u64::MAX), 10..10);
    assert_eq!(range(0, 0), 0..0);
}

fn deliver(number: u64, reply: &Reply) -> Delivery {
    let form = PAPER.form(Context::Accumulate, number).expect("the call exists");
    let request = decode(Context::Accumulate, number, &registers());
    form.deliver(PAPER, &request, reply)
}

fn registers_after(number: u64, reply: &Reply) -> (u64, u64) {
    let delivery = deliver(number, reply);
    assert_eq!(delivery.memory, None);
    let mut after = registers();
    delivery.apply(&mut after);
    assert_eq!((&after[..7], &after[9..]), (&registers()[..7], &registers()[9..]));
    (after[7], after[8])
}

#[test]
fn replies_become_registers() {
    let none = u64::MAX;
    assert_eq!(registers_after(4, &Reply::Code(code!(Write, full))), (u64::MAX - 4, 800));
    assert_eq!(registers_after(4, &Reply::Replaced(None)), (none, 800));
    assert_eq!(registers_after(4, &Reply::Replaced(Some(3))), (3, 800));
    assert_eq!(registers_after(0, &Reply::Gas(9)), (9, 800));
    assert_eq!(registers_after(18, &Reply::Value(outcome!(New, created), 77)), (77, 800));
    assert_eq!(registers_after(2, &Reply::Data(None)), (none, 800));
    assert_eq!(registers_after(5, &Reply::Account(None)), (none, 800));
    assert_eq!(registers_after(22, &Reply::History(None)), (none, 0));
    let history = |history| registers_after(22, &Reply::History(Some(history)));
    assert_eq!(history(History::Requested), (0, 0));
    assert_eq!(history(History::Available(5)), (0x5_0000_0001, 0));
    assert_eq!(history(History::Unavailable(5, 6)), (0x5_0000_0002, 6));
    assert_eq!(history(History::AvailableAgain(5, 6, 7)), (0x5_0000_0003, 0x7_0000_0006));
    let ran = |exit, detail| registers_after(4, &Reply::Ran { exit, detail });
    assert_eq!(ran(InnerExit::Host, Some(4)), (3, 4));
    assert_eq!(ran(InnerExit::Halt, None), (0, 800));
}

#[test]
fn data_go_into_the_window() {
    let mut registers = registers();
    registers[10] = 2;
    registers[11] = 3;
    let form = PAPER.form(Context::Accumulate, 2).expect("lookup");
    let request = form.decode(PAPER.abi, Context::Accumulate, &registers);
    let delivery = form.deliver(PAPER, &request, &Reply::Data(Some(Arc::from(*b"preimage"))));
    let memory = delivery.memory.expect("something is copied");
    assert_eq!((memory.address, memory.octets()), (900, &b"eim"[..]));
    assert_eq!(delivery.registers, [Some(8), None, None, None, None, None]);
    let record = AccountRecord {
        code_hash: [1; 32],
        balance: 2,
        threshold_balance: 3,
        min_accumulate_gas: 4,
        min_memo_gas: 5,
        octets: 6,
        items: 7,
        gratis: 8,
        created: 9,
        last_accumulation: 10,
        parent: 11,
    };
    assert_eq!(record.encode().len(), 96);
    let delivery = deliver(5, &Reply::Account(Some(record)));
    assert_eq!(delivery.registers[0], Some(96));
}
