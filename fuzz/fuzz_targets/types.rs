//! Encodings of the protocol's types: octets that decode encode to themselves, and errors lie in
//! the input.
#![no_main]

use std::fmt::Debug;

use jambox_codec::{Decode, Encode, decode_all_with, encode_with};
use jambox_types::{
    AccumulateInput, AccumulatedQueue, Block, Parameters, PendingReport, PerCore, PerValidator,
    Privileges, Protocol, ReadyQueue, RecentBlocks, Revision, Statistics, ValidatorKey,
    WorkPackage, WorkReport,
};
use libfuzzer_sys::fuzz_target;

fn check<T: Decode<Protocol> + Encode<Protocol> + Debug>(octets: &[u8]) {
    for revision in Revision::ALL {
        let protocol = Protocol::new(revision, Parameters::TINY);
        match decode_all_with::<T, _>(octets, &protocol) {
            Ok(value) => assert_eq!(encode_with(&value, &protocol), octets),
            Err(error) => assert!(error.offset <= octets.len(), "{error}"),
        }
    }
}

fuzz_target!(|input: (u8, &[u8])| {
    let (kind, octets) = input;
    match kind % 12 {
        0 => check::<WorkPackage>(octets),
        1 => check::<WorkReport>(octets),
        2 => check::<Block>(octets),
        3 => check::<Vec<AccumulateInput>>(octets),
        4 => check::<Privileges>(octets),
        5 => check::<ReadyQueue>(octets),
        6 => check::<AccumulatedQueue>(octets),
        7 => check::<Statistics>(octets),
        8 => check::<RecentBlocks>(octets),
        9 => check::<PerCore<Option<PendingReport>>>(octets),
        10 => check::<PerValidator<ValidatorKey>>(octets),
        _ => check::<Parameters>(octets),
    }
});
