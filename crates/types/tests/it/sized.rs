//! Sequences whose length the parameters fix.

use jambox_codec::{DecodeErrorKind, decode_all_with, encode};
use jambox_types::{CoreBits, CoreIndex, LengthError, Parameters, PerCore, PerSlot, ServiceId};

#[test]
fn lengths_are_right_by_construction() {
    let tiny = Parameters::TINY;
    let cores = PerCore::new(vec![1_u16, 2], &tiny).expect("there are two cores");
    assert_eq!(encode(&cores), [1, 0, 2, 0]);
    assert_eq!(cores[1], 2);
    assert_eq!(PerCore::new(vec![1_u16], &tiny), Err(LengthError { expected: 2, given: 1 }));
    assert_eq!(PerSlot::from_fn(&tiny, |slot| slot).len(), 12);
    let decoded = decode_all_with::<PerCore<ServiceId>, _>(&[1, 0, 0, 0, 2, 0, 0, 0], &tiny);
    assert_eq!(decoded.map(PerCore::into_vec), Ok(vec![ServiceId(1), ServiceId(2)]));
    assert!(decode_all_with::<PerCore<ServiceId>, _>(&[1, 0, 0, 0, 2, 0, 0], &tiny).is_err());
}

#[test]
fn bits_are_packed_lowest_first() {
    let ten = Parameters { cores: 10, ..Parameters::TINY };
    let bits = CoreBits::from_fn(&ten, |core| core.0 == 0 || core.0 == 3 || core.0 == 9);
    assert_eq!(encode(&bits), [0b0000_1001, 0b10]);
    assert_eq!(decode_all_with(&[0b0000_1001, 0b10], &ten), Ok(bits.clone()));
    assert!(bits.is_set(CoreIndex(9)) && !bits.is_set(CoreIndex(1)));
    assert!(!bits.is_set(CoreIndex(10)) && !bits.is_set(CoreIndex(u16::MAX)));
    let beyond = decode_all_with::<CoreBits, _>(&[0, 0b100], &ten).unwrap_err();
    assert_eq!((beyond.offset, beyond.kind), (0, DecodeErrorKind::PaddingBits));
}
