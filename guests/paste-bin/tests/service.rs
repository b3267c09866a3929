//! The service natively and compiled.

use jambox_sdk::types::{AccumulateInput, Hash, TimeSlot};
use jambox_sdk::{blake2b_256, codec::encode};
use jambox_sdk_testing::{
    Chain, Code, HostCall, Item, Package, RequestHistory, ResultCode, Way, every_way,
    every_way_with, operand,
};
use paste_bin::{LIFETIME, LONGEST, Paste, Submission};

fn chain(way: impl Into<Way>) -> Chain {
    let mut chain = Chain::new(way);
    let code = Code::native(paste_bin::SERVICE)
        .with_blob(include_bytes!("../paste-bin.jam"))
        .with_blob(include_bytes!("../paste-bin-0.8.0.jam"));
    chain.service(7, &code);
    chain
}

fn submission(text: &[u8]) -> AccumulateInput {
    let length = text.len() as u32;
    operand(Ok(&encode(&Submission { hash: blake2b_256(text), length }))).into()
}

fn request(chain: &Chain, text: &[u8]) -> Option<RequestHistory> {
    let key = jambox_state::RequestKey { hash: Hash::blake2b(text), length: text.len() as u32 };
    chain.state().accounts.request(jambox_sdk::types::ServiceId(7), &key).unwrap()
}

#[test]
fn a_text_becomes_a_request_that_expires() {
    let stored = every_way_with(|way| {
        let mut chain = chain(way);
        let package = Package::from(Item::new(7).payload("hello, world"));
        let processed = chain.process(&package).unwrap();
        assert_eq!(request(&chain, b"hello, world"), Some(RequestHistory::Requested));
        let paste: Paste = chain.stored(7, Hash::blake2b(b"hello, world")).unwrap();
        (paste, format!("{:?}", processed.effects()))
    });
    assert_eq!(stored, Paste { length: 12, expires: TimeSlot(1000 + LIFETIME) });
}

#[test]
fn refine_refuses_no_text_and_too_much() {
    for length in [0, LONGEST + 1] {
        let refused = every_way(|way| {
            chain(way).refine(&Item::new(7).payload(vec![b'x'; length])).result.is_err()
        });
        assert!(refused, "{length} octets");
    }
    let longest = Item::new(7).payload(vec![b'x'; LONGEST]);
    assert!(every_way(|way| chain(way).refine(&longest).result).is_ok());
}

#[test]
fn an_expired_paste_is_forgotten_and_then_gone() {
    let steps = every_way(|way| {
        let mut chain = chain(way);
        let expunge = jambox_sdk::types::Parameters::TINY.expunge_period;
        let mut seen = Vec::new();
        let mut step = |chain: &mut Chain, inputs: Vec<AccumulateInput>| {
            let run = chain.accumulate(7, inputs);
            assert!(run.failure.is_none(), "{:?}", run.failure);
            seen.push((request(chain, b"text"), chain.storage(7, "queue"), run.record.names()));
        };
        step(&mut chain, vec![submission(b"text")]);
        let provided = chain.slot;
        let service = jambox_sdk::types::ServiceId(7);
        let text: std::sync::Arc<[u8]> = b"text"[..].into();
        chain.state_mut().accounts.provide(service, text, provided).unwrap();
        chain.slot.0 += LIFETIME - 1;
        step(&mut chain, vec![]);
        chain.slot.0 += 1;
        step(&mut chain, vec![]);
        chain.slot.0 += expunge + 1;
        step(&mut chain, vec![]);
        seen
    });
    let histories: Vec<_> = steps.iter().map(|step| step.0).collect();
    let gone = TimeSlot(1000 + LIFETIME);
    assert_eq!(
        histories,
        [
            Some(RequestHistory::Requested),
            Some(RequestHistory::Available(TimeSlot(1000))),
            Some(RequestHistory::Unavailable(TimeSlot(1000), gone)),
            None,
        ]
    );
    assert_eq!(steps[3].1.as_deref(), Some(&[0][..]), "the queue is empty");
}

#[test]
fn a_paste_that_is_never_handed_in_goes_at_once() {
    let (history, stored) = every_way(|way| {
        let mut chain = chain(way);
        chain.accumulate(7, vec![submission(b"text")]);
        chain.slot.0 += LIFETIME;
        chain.accumulate(7, vec![]);
        (request(&chain, b"text"), chain.storage(7, Hash::blake2b(b"text")))
    });
    assert_eq!((history, stored), (None, None));
}

#[test]
fn pasting_again_lets_it_live_longer() {
    let expires = every_way(|way| {
        let mut chain = chain(way);
        chain.accumulate(7, vec![submission(b"text"), submission(b"other")]);
        chain.slot.0 += 100;
        chain.accumulate(7, vec![submission(b"text")]);
        chain.stored::<Paste>(7, Hash::blake2b(b"text")).unwrap().expires
    });
    assert_eq!(expires, TimeSlot(1100 + LIFETIME));
}

#[test]
fn one_paste_too_many_does_not_undo_the_others() {
    let (stored, warned) = every_way(|way| {
        let mut chain = chain(way);
        chain.answer(HostCall::Solicit, 2, ResultCode::Full);
        let texts: [&[u8]; 3] = [b"one", b"two", b"three"];
        let run = chain.accumulate(7, texts.map(submission).to_vec());
        assert!(run.failure.is_none());
        let stored = texts.map(|text| chain.storage(7, Hash::blake2b(text)).is_some());
        (stored, run.record.logged("a paste is refused: storage is full"))
    });
    assert_eq!((stored, warned), ([true, false, true], true));
}

#[test]
fn results_that_are_no_submission_are_passed_over() {
    let names = every_way(|way| {
        let mut chain = chain(way);
        chain.accumulate(7, vec![operand(Ok(b"nonsense")).into()]).record.names()
    });
    assert_eq!(names, ["read", "fetch"]);
}
