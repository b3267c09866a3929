//! The factory natively and compiled, under every revision; its children are the example `counter`.

use factory::{CHILDREN, Child, Command, Progress};
use jambox_sdk::codec::encode;
use jambox_sdk_testing::{Chain, Code, Item, Processed, Revision, Way, every_way, every_way_with};

fn chain(way: impl Into<Way>) -> Chain {
    let mut chain = Chain::new(way);
    let code = Code::native(factory::SERVICE)
        .with_blob(include_bytes!("../factory.jam"))
        .with_blob(include_bytes!("../factory-0.8.0.jam"));
    chain.service(7, &code);
    chain
}

fn code(revision: Revision) -> Vec<u8> {
    let (first, second) = (
        include_bytes!("../../fibonacci/fibonacci.jam").as_slice(),
        include_bytes!("../../fibonacci/fibonacci-0.8.0.jam").as_slice(),
    );
    match revision {
        Revision::GrayPaper072 => first.to_vec(),
        Revision::GrayPaper080 => second.to_vec(),
    }
}

fn process(chain: &mut Chain, command: &Command) -> Processed {
    chain.process(&Item::new(7).payload(encode(command)).into()).unwrap()
}

fn order(code: &[u8], endowment: u64) -> Command {
    Command::Order { code: code.to_vec(), endowment }
}

fn deliver(child: u64, code: &[u8]) -> Command {
    Command::Deliver { child, code: code.to_vec() }
}

#[test]
fn a_child_is_ordered_in_one_package_and_delivered_in_another() {
    every_way_with(|way: Way| {
        let (mut chain, code) = (chain(way), code(way.revision));
        let ordered = process(&mut chain, &order(&code, 5_000));
        let child: Child = chain.stored(7, CHILDREN.key(0)).unwrap();
        let id = child.service;
        assert_eq!(ordered.record.events::<Progress>(), [Progress::Created(0, id)]);
        let before = chain.account(id.0).unwrap();
        let delivered = process(&mut chain, &deliver(0, &code));
        assert_eq!(delivered.record.events::<Progress>(), [Progress::Delivered(0, id)]);
        let after = chain.account(id.0).unwrap();
        assert_eq!(after.balance.0, before.balance.0 + 5_000);
        assert_eq!(chain.stored::<Child>(7, CHILDREN.key(0)).unwrap().endowment, 0);
        // The child has its code now, and works.
        let worked = chain.process(&Item::new(id.0).payload(10u32.to_le_bytes()).into()).unwrap();
        assert!(worked.failures.is_empty() && worked.results()[0].is_ok());
        let changes = format!("{:?}", worked.changes.len());
        (changes, (ordered.record, delivered.record, worked.record))
    });
}

#[test]
fn code_that_no_child_waits_for_is_not_wanted() {
    let events = every_way(|way: Way| {
        let (mut chain, code) = (chain(way), code(way.revision));
        process(&mut chain, &order(&code, 0));
        let commands =
            [deliver(0, b"other"), deliver(1, &code), deliver(0, &code), deliver(0, &code)];
        let events = commands.map(|it| process(&mut chain, &it).record.events::<Progress>());
        events.map(|events| matches!(events[0], Progress::NotWanted(_)))
    });
    assert_eq!(events, [true, true, false, true]);
}

#[test]
fn a_child_that_is_too_expensive_is_not_made() {
    let events = every_way(|way: Way| {
        let (mut chain, code) = (chain(way), code(Revision::GrayPaper080));
        let needs = chain.account(7).unwrap().threshold_balance(chain.parameters()).0;
        chain.set_balance(7, needs + 100);
        process(&mut chain, &order(&code, 0)).record.events::<Progress>()
    });
    assert!(matches!(events[..], [Progress::TooExpensive(_)]), "{events:?}");
}

#[test]
fn the_description_is_up_to_date() {
    assert_eq!(factory::PAYLOAD, include_str!("../factory-0.8.0.payload").trim_end());
}
