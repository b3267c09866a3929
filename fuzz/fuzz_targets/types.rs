//! Encodings of the protocol's types: what decodes encodes to itself, and errors lie in the input.
#![no_main]

use std::fmt::Debug;

use jambox_codec::{Decode, Encode, decode_all_with, encode};
use jambox_types::{
    AccumulateInput, AccumulatedQueue, Block, Parameters, Privileges, ReadyQueue, Statistics,
    WorkPackage, WorkReport,
};
use libfuzzer_sys::fuzz_target;

fn check<T: Decode<Parameters> + Encode + Debug>(octets: &[u8]) {
    match decode_all_with::<T, _>(octets, &Parameters::TINY) {
        Ok(value) => assert_eq!(encode(&value), octets),
        Err(error) => assert!(error.offset <= octets.len(), "{error}"),
    }
}

fuzz_target!(|input: (u8, &[u8])| {
    let (kind, octets) = input;
    match kind % 9 {
        0 => check::<WorkPackage>(octets),
        1 => check::<WorkReport>(octets),
        2 => check::<Block>(octets),
        3 => check::<Vec<AccumulateInput>>(octets),
        4 => check::<Privileges>(octets),
        5 => check::<ReadyQueue>(octets),
        6 => check::<AccumulatedQueue>(octets),
        7 => check::<Statistics>(octets),
        _ => check::<Parameters>(octets),
    }
});
