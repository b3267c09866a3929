//! The building blocks of types: round trips, and each kind of refusal.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Debug;

use jambox_codec::{
    Decode, DecodeError, DecodeErrorKind, Encode, decode_all, decode_all_with, encode, encode_with,
    impl_codec,
};
use proptest::prelude::*;

fn check<T: Encode + Decode + PartialEq + Debug>(value: &T, octets: &[u8]) {
    assert_eq!(encode(value), octets, "{value:?}");
    assert_eq!(decode_all::<T>(octets).as_ref(), Ok(value));
    for end in 0..octets.len() {
        let result = decode_all::<T>(&octets[..end]);
        assert!(result.is_err(), "{value:?} cut off at {end} is {result:?}");
    }
    let mut longer = octets.to_vec();
    longer.push(0);
    let kind = DecodeErrorKind::TrailingOctets { count: 1 };
    assert_eq!(decode_all::<T>(&longer), Err(DecodeError { offset: octets.len(), kind }));
}

fn refusal<T: Decode + Debug>(octets: &[u8]) -> (usize, DecodeErrorKind) {
    let error = decode_all::<T>(octets).unwrap_err();
    (error.offset, error.kind)
}

#[test]
fn fixed_width_numbers_are_little_endian() {
    check(&0x12_u8, &[0x12]);
    check(&0x1234_u16, &[0x34, 0x12]);
    check(&0x1234_5678_u32, &[0x78, 0x56, 0x34, 0x12]);
    check(&0x0102_0304_0506_0708_u64, &[8, 7, 6, 5, 4, 3, 2, 1]);
}

#[test]
fn signed_and_wide_numbers_are_little_endian_too() {
    check(&-2_i8, &[0xfe]);
    check(&-2_i16, &[0xfe, 0xff]);
    check(&0x1234_5678_i32, &[0x78, 0x56, 0x34, 0x12]);
    check(&i64::MIN, &[0, 0, 0, 0, 0, 0, 0, 0x80]);
    check(&1_u128, &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    check(&-1_i128, &[0xff; 16]);
}

#[test]
fn text_is_its_octets_and_must_be_utf_8() {
    check(&"jäm".to_owned(), &[4, b'j', 0xc3, 0xa4, b'm']);
    assert_eq!(encode("jam"), [3, b'j', b'a', b'm']);
    assert_eq!(refusal::<(u8, String)>(&[9, 1, 0xff]), (1, DecodeErrorKind::NotUtf8));
    let kind = DecodeErrorKind::LengthExceedsInput { claimed: 2 };
    assert_eq!(refusal::<String>(&[2, b'a']), (0, kind));
}

#[test]
fn results_tuples_and_queues() {
    check(&Ok::<u8, u16>(5), &[0, 5]);
    check(&Err::<u8, u16>(5), &[1, 5, 0]);
    let kind = DecodeErrorKind::UnknownDiscriminator { value: 2, max: 1 };
    assert_eq!(refusal::<Result<u8, u8>>(&[2, 0]), (0, kind));
    check(&(1_u8, 2_u8, 3_u8, 4_u8, 5_u8, 6_u8, 7_u8, 8_u8), &[1, 2, 3, 4, 5, 6, 7, 8]);
    let mut queue = VecDeque::from([2_u16, 3]);
    queue.push_front(1);
    check(&queue, &[3, 1, 0, 2, 0, 3, 0]);
}

/// The items take no octet, so the octets left do not bound their number.
#[test]
fn sequences_of_nothing_are_bounded_by_themselves() {
    assert_eq!(encode(&()), []);
    assert_eq!(decode_all::<Vec<()>>(&[3]).unwrap().len(), 3);
    assert_eq!(decode_all::<Vec<((), [(); 2])>>(&[3]).unwrap().len(), 3);
    assert!(decode_all::<[(); 3]>(&[]).is_ok());
    let mut claim = Vec::new();
    jambox_codec::encode_natural((1 << 16) + 1, &mut claim);
    let (length, max) = ((1 << 16) + 1, 1 << 16);
    let kind = DecodeErrorKind::LengthOutOfBounds { length, min: 0, max };
    assert_eq!(refusal::<Vec<()>>(&claim), (0, kind));
}

/// A recursive type: an encoding can nest it as deeply as it has octets.
#[derive(Debug, PartialEq)]
struct Tree(Vec<Tree>);

impl Encode for Tree {
    fn encode_to(&self, out: &mut Vec<u8>, context: &()) {
        self.0.encode_to(out, context);
    }
}

impl Decode for Tree {
    fn decode(reader: &mut jambox_codec::Reader<'_>, context: &()) -> Result<Self, DecodeError> {
        Decode::decode(reader, context).map(Self)
    }
}

#[test]
fn nesting_has_a_limit() {
    let deep = |levels: usize| [vec![1; levels], vec![0]].concat();
    assert!(decode_all::<Tree>(&deep(63)).is_ok());
    let kind = DecodeErrorKind::NestedTooDeep { limit: 64 };
    assert_eq!(refusal::<Tree>(&deep(64)), (65, kind));
    assert_eq!(refusal::<Tree>(&deep(1_000_000)), (65, kind));
    // Items of one sequence are on one level.
    let wide = [vec![0x80, 200], vec![0; 200]].concat();
    assert_eq!(decode_all::<Tree>(&wide).unwrap().0.len(), 200);
}

#[test]
fn arrays_have_no_length_and_sequences_have_one() {
    check(&[1_u8, 2, 3], &[1, 2, 3]);
    check(&[0x0102_u16, 3], &[2, 1, 3, 0]);
    check(&vec![1_u8, 2, 3], &[3, 1, 2, 3]);
    check(&vec![1_u16, 2], &[2, 1, 0, 2, 0]);
    check(&vec![vec![7_u8], vec![]], &[2, 1, 7, 0]);
    check(&Vec::<u32>::new(), &[0]);
}

#[test]
fn options_and_truth_values_have_a_discriminator() {
    check(&None::<u16>, &[0]);
    check(&Some(5_u16), &[1, 5, 0]);
    check(&true, &[1]);
    check(&false, &[0]);
    let kind = DecodeErrorKind::UnknownDiscriminator { value: 2, max: 1 };
    assert_eq!(refusal::<bool>(&[2]), (0, kind));
    assert_eq!(refusal::<(u8, Option<u8>)>(&[9, 2]), (1, kind));
}

#[test]
fn dictionaries_and_sets_are_in_order() {
    check(&BTreeMap::from([(1_u16, 7_u8), (2, 6)]), &[2, 1, 0, 7, 2, 0, 6]);
    check(&BTreeSet::from([1_u8, 2]), &[2, 1, 2]);
    assert_eq!(refusal::<BTreeSet<u8>>(&[2, 2, 1]), (2, DecodeErrorKind::Unsorted));
    assert_eq!(refusal::<BTreeSet<u8>>(&[2, 2, 2]), (2, DecodeErrorKind::Unsorted));
    assert_eq!(
        refusal::<BTreeMap<u16, u8>>(&[2, 2, 0, 6, 1, 0, 7]),
        (4, DecodeErrorKind::Unsorted)
    );
    // The order is that of the keys, not of their encodings: 0x0100 comes after 0x00ff.
    check(&BTreeSet::from([0x00ff_u16, 0x0100]), &[2, 0xff, 0, 0, 1]);
}

#[test]
fn a_length_beyond_the_input_is_refused_where_it_stands() {
    let kind = DecodeErrorKind::LengthExceedsInput { claimed: 4 };
    assert_eq!(refusal::<(u8, Vec<u8>)>(&[0, 4, 1, 2, 3]), (1, kind));
    let kind = DecodeErrorKind::UnexpectedEnd { needed: 4, available: 1 };
    assert_eq!(refusal::<Vec<u32>>(&[2, 0, 0, 0, 0, 1]), (5, kind));
}

#[derive(Debug, PartialEq)]
struct Record {
    wide: u32,
    narrow: u32,
    note: Vec<u8>,
}

impl_codec!(Record { note, wide, narrow: natural });

#[test]
fn a_struct_is_its_fields_in_the_listed_order() {
    check(&Record { wide: 1, narrow: 1, note: vec![9] }, &[1, 9, 1, 0, 0, 0, 1]);
    let kind = DecodeErrorKind::TooLarge { value: 1 << 32, limit: u32::MAX.into() };
    assert_eq!(refusal::<Record>(&[0, 1, 0, 0, 0, 0xf1, 0, 0, 0, 0]), (5, kind));
}

/// A sequence with a length from the context.
#[derive(Debug, PartialEq)]
struct AsLongAs(Vec<u8>);

impl Encode<usize> for AsLongAs {
    fn encode_to(&self, out: &mut Vec<u8>, context: &usize) {
        u8::encode_slice(&self.0, out, context);
    }
}

impl Decode<usize> for AsLongAs {
    fn decode(reader: &mut jambox_codec::Reader<'_>, context: &usize) -> Result<Self, DecodeError> {
        u8::decode_many(reader, *context, context).map(Self)
    }
}

#[derive(Debug, PartialEq)]
struct WithContext {
    before: u8,
    middle: AsLongAs,
    after: Vec<u8>,
}

impl_codec!(WithContext in usize { before, middle, after });

#[test]
fn a_context_reaches_the_fields_that_need_it() {
    let value = WithContext { before: 1, middle: AsLongAs(vec![2, 3]), after: vec![4] };
    assert_eq!(encode_with(&value, &2), [1, 2, 3, 1, 4]);
    assert_eq!(decode_all_with(&[1, 2, 3, 1, 4], &2), Ok(value));
    assert!(decode_all_with::<WithContext, _>(&[1, 2, 3, 1, 4], &3).is_err());
}

/// The rules of a revision.
struct Rules {
    has_slot: bool,
    has_note: bool,
}

trait Ruled {
    fn rules(&self) -> &Rules;
}

impl Ruled for Rules {
    fn rules(&self) -> &Rules {
        self
    }
}

#[derive(Debug, PartialEq)]
struct Revised {
    first: u8,
    slot: u32,
    note: Vec<u8>,
    last: u16,
}

impl_codec!(Revised for Ruled {
    first,
    slot: natural if has_slot,
    note if has_note,
    last: natural,
});

#[test]
fn a_field_that_a_rule_leaves_out_takes_no_octet_and_is_its_default() {
    let octets = |has_slot, has_note, octets: &[u8], slot, note: &[u8]| {
        let rules = Rules { has_slot, has_note };
        let value = Revised { first: 1, slot, note: note.to_vec(), last: 3 };
        assert_eq!(encode_with(&value, &rules), octets);
        assert_eq!(decode_all_with(octets, &rules), Ok(value));
    };
    octets(true, true, &[1, 2, 1, 9, 3], 2, &[9]);
    octets(true, false, &[1, 2, 3], 2, &[]);
    octets(false, true, &[1, 1, 9, 3], 0, &[9]);
    octets(false, false, &[1, 3], 0, &[]);
    // A field that is set although its rule is off is not encoded.
    let value = Revised { first: 1, slot: 2, note: vec![9], last: 3 };
    assert_eq!(encode_with(&value, &Rules { has_slot: false, has_note: false }), [1, 3]);
}

type Nested = (u16, Vec<(Option<u32>, Vec<u8>)>, BTreeMap<u32, (bool, u64)>);

proptest! {
    #[test]
    fn values_come_back(value: Nested) {
        prop_assert_eq!(decode_all::<Nested>(&encode(&value)), Ok(value));
    }

    #[test]
    fn octets_that_decode_come_back(octets in proptest::collection::vec(0..4_u8, 0..64)) {
        if let Ok(value) = decode_all::<Nested>(&octets) {
            prop_assert_eq!(encode(&value), octets);
        }
    }

    #[test]
    fn errors_lie_within_the_input(octets: Vec<u8>) {
        if let Err(error) = decode_all::<Nested>(&octets) {
            prop_assert!(error.offset <= octets.len());
        }
    }
}

/// The length claimed is 2^64 - 1, with a few octets behind it. If room were allocated for the
/// claim, this test would abort.
#[test]
fn a_claimed_length_makes_no_room() {
    let mut octets = vec![0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    octets.extend([0; 64]);
    let kind = DecodeErrorKind::LengthExceedsInput { claimed: u64::MAX };
    assert_eq!(refusal::<Vec<[u8; 4096]>>(&octets), (0, kind));
    assert_eq!(refusal::<BTreeMap<u32, Vec<u8>>>(&octets), (0, kind));
}
