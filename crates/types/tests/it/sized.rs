//! Sequences whose length the protocol decides.

use jambox_codec::{DecodeErrorKind, decode_all_with, encode, encode_with};
use jambox_types::{
    CoreBits, CoreIndex, LengthError, Lengths, Parameters, PerCore, PerSlot, PerSuperMajority,
    PerValidator, Protocol, Revision, ServiceId, super_majority,
};

#[test]
fn lengths_are_right_by_construction() {
    let tiny = Parameters::TINY;
    let cores = PerCore::new(vec![1_u16, 2], &tiny).expect("there are two cores");
    assert_eq!(encode(&cores), [1, 0, 2, 0]);
    assert_eq!(cores[1], 2);
    assert_eq!(
        PerCore::new(vec![1_u16], &tiny),
        Err(LengthError { expected: Lengths::exactly(2), given: 1 })
    );
    assert_eq!(PerSlot::from_fn(&tiny, |slot| slot).len(), 12);
    let tiny = Protocol::new(Revision::GrayPaper072, tiny);
    let decoded = decode_all_with::<PerCore<ServiceId>, _>(&[1, 0, 0, 0, 2, 0, 0, 0], &tiny);
    assert_eq!(decoded.map(PerCore::into_vec), Ok(vec![ServiceId(1), ServiceId(2)]));
    assert!(decode_all_with::<PerCore<ServiceId>, _>(&[1, 0, 0, 0, 2, 0, 0], &tiny).is_err());
}

#[test]
fn bits_are_packed_lowest_first() {
    let ten = Parameters { cores: 10, ..Parameters::TINY };
    let bits = CoreBits::from_fn(&ten, |core| core.0 == 0 || core.0 == 3 || core.0 == 9);
    assert_eq!(encode(&bits), [0b0000_1001, 0b10]);
    let ten = Protocol::new(Revision::GrayPaper072, ten);
    assert_eq!(decode_all_with(&[0b0000_1001, 0b10], &ten), Ok(bits.clone()));
    assert!(bits.is_set(CoreIndex(9)) && !bits.is_set(CoreIndex(1)));
    assert!(!bits.is_set(CoreIndex(10)) && !bits.is_set(CoreIndex(u16::MAX)));
    let beyond = decode_all_with::<CoreBits, _>(&[0, 0b100], &ten).unwrap_err();
    assert_eq!((beyond.offset, beyond.kind), (0, DecodeErrorKind::PaddingBits));
}

fn protocol(revision: Revision, cores: u16, validators: u16) -> Protocol {
    Protocol::new(revision, Parameters { cores, validators, ..Parameters::TINY })
}

#[test]
fn validators_are_fixed_by_a_parameter_in_0_7_2() {
    let protocol = protocol(Revision::GrayPaper072, 2, 4);
    let four = PerValidator::new(vec![1_u8, 2, 3, 4], &protocol).expect("there are four");
    assert_eq!(encode_with(&four, &protocol), [1, 2, 3, 4]);
    assert_eq!(decode_all_with(&[1, 2, 3, 4], &protocol), Ok(four));
    assert!(decode_all_with::<PerValidator<u8>, _>(&[1, 2, 3], &protocol).is_err());
    assert!(decode_all_with::<PerValidator<u8>, _>(&[4, 1, 2, 3, 4], &protocol).is_err());
    let three = PerSuperMajority::new(vec![1_u8, 2, 3], &protocol).expect("three of four");
    assert_eq!(encode_with(&three, &protocol), [1, 2, 3]);
}

/// `eq:valcount`, 0.8.0: 3c for every c from 2 to the number of cores.
#[test]
fn validators_are_counted_in_0_8_0() {
    let protocol = protocol(Revision::GrayPaper080, 4, 0);
    assert_eq!(protocol.validator_counts(), Lengths::steps(3, 6, 12));
    for count in 0..=15_u8 {
        let items: Vec<u8> = (0..count).collect();
        let octets = [&[count], items.as_slice()].concat();
        let decoded = decode_all_with::<PerValidator<u8>, _>(&octets, &protocol);
        let made = PerValidator::new(items.clone(), &protocol);
        if [6, 9, 12].contains(&count) {
            assert_eq!(encode_with(&made.expect("it is allowed"), &protocol), octets);
            assert_eq!(decoded.map(PerValidator::into_vec), Ok(items));
        } else {
            assert_eq!(made.unwrap_err().given, usize::from(count));
            let (length, offset) = (u64::from(count), 0);
            let kind = match count {
                7 | 8 | 10 | 11 => DecodeErrorKind::LengthNotInSteps { length, min: 6, step: 3 },
                _ => DecodeErrorKind::LengthOutOfBounds { length, min: 6, max: 12 },
            };
            let error = decoded.unwrap_err();
            assert_eq!((error.offset, error.kind), (offset, kind));
        }
        let judgments = decode_all_with::<PerSuperMajority<u8>, _>(&octets, &protocol);
        assert_eq!(judgments.is_ok(), [5, 7, 9].contains(&count), "{count} judgments");
    }
    assert_eq!(PerValidator::from_fn(&protocol, |index| index).len(), 12);
    let full = Protocol::new(Revision::GrayPaper080, Parameters::FULL);
    assert_eq!(full.validator_counts(), Lengths::steps(3, 6, 1023));
}

#[test]
fn a_super_majority_is_more_than_two_thirds() {
    for (validators, expected) in [(6, 5), (9, 7), (10, 7), (11, 8), (1023, 683)] {
        assert_eq!(super_majority(validators), expected);
        assert!(3 * expected > 2 * validators && 3 * (expected - 1) <= 2 * validators);
    }
}
