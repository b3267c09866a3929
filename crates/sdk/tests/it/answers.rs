//! Result codes become errors, and so do values that are neither a code nor an answer.

use jambox_sdk::codec::encode_with;
use jambox_sdk::prelude::*;
use jambox_sdk::types::{Parameters, Revision};
use jambox_sdk::{InvokeIo, Machine, Service, Storage};

use crate::scripted::{answering, giving};

/// The paper's codes (`sec:virtualmachineinvocations`, 0.7.2), by their distance from 2^64.
const CODES: [(u64, Error); 9] = [
    (1, Error::Missing),
    (2, Error::Unavailable),
    (3, Error::OutOfBounds),
    (4, Error::Unknown),
    (5, Error::Full),
    (6, Error::NoSuchCore),
    (7, Error::InsufficientFunds),
    (8, Error::GasTooLow),
    (9, Error::Refused),
];

/// Runs an accumulate in an entry point, the only source of a context.
fn accumulating(body: fn(&AccumulateContext, AccumulateArguments)) -> Vec<u8> {
    jambox_sdk::__run::accumulate(body, &[0, 7, 0])
}

#[test]
fn every_code_has_its_error() {
    for (distance, error) in CODES {
        assert_eq!(Error::of_code(0u64.wrapping_sub(distance)), Some(error));
    }
    for value in [0, 1, 1 << 63, u64::MAX - 9, u64::MAX - 20] {
        assert_eq!(Error::of_code(value), None, "{value:#x}");
    }
}

#[test]
fn a_code_that_a_call_should_not_give_is_an_error_all_the_same() {
    for (distance, error) in CODES {
        answering(0u64.wrapping_sub(distance), 0, || {
            let storage = Storage::default();
            let expected = if error == Error::Missing { Ok(None) } else { Err(error) };
            assert_eq!(storage.length("key"), expected);
            assert_eq!(Machine::new(&[], 0).unwrap_err(), error);
        });
    }
}

#[test]
fn a_number_where_ok_is_due_is_no_success() {
    answering(1, 0, || {
        accumulating(|ctx, _| {
            let unexpected = Err(Error::Unexpected(1));
            assert_eq!(ctx.preimages().solicit(&Hash::ZERO, 1), unexpected);
            assert_eq!(ctx.preimages().forget(&Hash::ZERO, 1), unexpected);
            assert_eq!(ctx.preimages().provide(b""), unexpected);
            assert_eq!(ctx.upgrade(&Hash::ZERO, Gas(0), Gas(0)), unexpected);
            assert_eq!(ctx.transfer(ServiceId(1), 1, Gas(1), &Memo::ZERO), unexpected);
            assert_eq!(ctx.eject(ServiceId(1), &Hash::ZERO), unexpected);
            assert_eq!(ctx.assign(0, &[], ServiceId(0)), unexpected);
            assert_eq!(ctx.designate(&[]), unexpected);
            assert_eq!(ctx.yield_hash(&Hash::ZERO), unexpected);
        });
    });
}

#[test]
fn ids_states_and_exits_that_there_are_not_are_errors() {
    answering(1 << 32, 0, || {
        accumulating(|ctx, _| {
            let new = NewService {
                code_hash: Hash::ZERO,
                code_length: 0,
                min_accumulate_gas: Gas(0),
                min_memo_gas: Gas(0),
                gratis: 0,
                wanted_id: ServiceId(0),
            };
            assert_eq!(ctx.new_service(&new), Err(Error::Unexpected(1 << 32)));
            let query = ctx.preimages().query(&Hash::ZERO, 1);
            assert_eq!(query, Err(Error::Unexpected(1 << 32)), "a request has no fifth state");
            let info = ctx.service_info(ServiceRef::Current);
            assert_eq!(info, Err(Error::Unexpected(1 << 32)), "a record has 96 octets");
        });
    });
    answering(5, 0, || {
        let mut machine = Machine::new(&[], 0).unwrap();
        let exit = machine.invoke(&mut InvokeIo::new(0));
        assert_eq!(exit, Err(Error::Unexpected(5)), "there is no sixth exit");
    });
}

#[test]
fn preimage_requests_are_told_by_two_registers() {
    use jambox_sdk::Request;
    let slot = TimeSlot;
    let cases = [
        ((0, 0), Request::Requested),
        ((1 | 5 << 32, 0), Request::Available { since: slot(5) }),
        ((2 | 5 << 32, 6), Request::Unavailable { since: slot(5), until: slot(6) }),
        (
            (3 | 5 << 32, 6 | 7 << 32),
            Request::AvailableAgain { since: slot(5), until: slot(6), again: slot(7) },
        ),
    ];
    for ((r7, r8), expected) in cases {
        answering(r7, r8, || {
            // The context cannot leave its entry point, so the answer is checked inside.
            let told = jambox_sdk::__run::accumulate(
                |ctx: &AccumulateContext, _| {
                    assert_eq!(ctx.preimages().query(&Hash::ZERO, 1), Ok(Some(expected)));
                },
                &[0, 7, 0],
            );
            assert!(told.is_empty());
        });
    }
}

#[test]
fn every_fetcher_refuses_octets_that_are_not_what_it_asked_for() {
    let decode = |result: Option<Error>| matches!(result, Some(Error::Decode { .. }));
    for octets in [&b"\xff\xff\xff"[..], &[0; 1], &[0xff; 3000]] {
        giving(octets, || {
            let refine = |ctx: &RefineContext, _: RefineArguments| {
                let fetcher = ctx.fetcher();
                assert!(decode(fetcher.constants().err()));
                assert!(decode(fetcher.work_package().err()));
                assert!(decode(fetcher.refine_context().err()));
                assert!(decode(fetcher.entropy().err()));
                assert!(decode(fetcher.item_summary(0).err()));
                assert!(decode(fetcher.work_item(0).err()));
                if octets.len() != 1 {
                    assert!(decode(fetcher.item_summaries().err()), "one zero is no items");
                }
                assert_eq!(fetcher.payload(0).unwrap(), octets, "raw octets are as they come");
            };
            let arguments = [&[0, 0, 7, 0][..], &[0; 32]].concat();
            jambox_sdk::__run::refine(refine, &arguments);
            let accumulate = |ctx: &AccumulateContext, _: AccumulateArguments| {
                let fetcher = ctx.fetcher();
                assert!(decode(fetcher.input(0).err()));
                assert!(decode(fetcher.entropy().err()));
                if octets.len() != 1 {
                    assert!(decode(fetcher.inputs().err()), "one zero is no inputs");
                }
                let loaded = ctx.storage().load::<u16>("key");
                assert!(decode(loaded.err()));
            };
            jambox_sdk::__run::accumulate(accumulate, &[0, 7, 0]);
        });
    }
}

#[test]
fn long_values_are_read_in_two_calls_and_whole() {
    let long: Vec<u8> = (0..1000u32).map(|n| n as u8).collect();
    giving(&long, || {
        let refine = |ctx: &RefineContext, _: RefineArguments| {
            assert_eq!(ctx.fetcher().authorization_token().as_deref(), Ok(&long[..]));
        };
        jambox_sdk::__run::refine(refine, &[&[0, 0, 7, 0][..], &[0; 32]].concat());
    });
    let constants = encode_with(&Parameters::FULL, &Revision::GrayPaper072);
    giving(&constants, || {
        accumulating(|ctx, _| assert_eq!(ctx.fetcher().constants(), Ok(Parameters::FULL)));
    });
}

#[test]
fn a_foreign_storage_cannot_be_written() {
    assert_eq!(Storage::of(ServiceId(8).into()).set("key", "value"), Err(Error::Refused));
}

#[test]
#[should_panic(expected = "run it with jambox-sdk-testing")]
fn without_a_host_there_are_no_host_calls() {
    let _ = Storage::default().get("key");
}

#[test]
#[should_panic(expected = "arguments are malformed")]
fn arguments_that_do_not_decode_are_no_arguments() {
    jambox_sdk::__run::accumulate(|_, _| (), &[0xff]);
}

#[test]
fn two_octets_are_is_authorized_and_more_are_refine() {
    fn authorize(_: &AuthorizeContext, arguments: AuthorizeArguments) -> Vec<u8> {
        vec![arguments.core.0 as u8]
    }
    fn refine(_: &RefineContext, _: RefineArguments) -> &'static str {
        "refined"
    }
    let service = Service {
        refine: Some(|octets| jambox_sdk::__run::refine(refine, octets)),
        accumulate: None,
        is_authorized: Some(|octets| jambox_sdk::__run::is_authorized(authorize, octets)),
    };
    assert_eq!(service.start(&[5, 0]), [5]);
    assert_eq!(service.start(&[&[0, 0, 7, 0][..], &[0; 32]].concat()), b"refined");
    let missing = std::panic::catch_unwind(|| service.accumulate(&[0, 7, 0]));
    assert!(missing.is_err());
}
