//! Naturals against the paper's definition, a table worked out by hand, and another codec.

use jambox_codec::{DecodeErrorKind, Reader, encode_natural, natural_len};
use proptest::prelude::*;

/// The definition in `sec:serialization` (0.7.2), in wide numbers and as it is written there.
fn by_definition(x: u128) -> Vec<u8> {
    if x == 0 {
        return vec![0];
    }
    let two = 2_u128;
    for l in 0..8_u32 {
        if two.pow(7 * l) <= x && x < two.pow(7 * (l + 1)) {
            let first = two.pow(8) - two.pow(8 - l) + x / two.pow(8 * l);
            return std::iter::once(first).chain(low_octets(x, l)).map(as_octet).collect();
        }
    }
    std::iter::once(two.pow(8) - 1).chain(low_octets(x, 8)).map(as_octet).collect()
}

fn low_octets(x: u128, count: u32) -> impl Iterator<Item = u128> {
    (0..count).map(move |i| x / 256_u128.pow(i) % 256)
}

fn as_octet(x: u128) -> u8 {
    u8::try_from(x).expect("the definition yields octets")
}

fn encoded(number: u64) -> Vec<u8> {
    let mut out = Vec::new();
    encode_natural(number, &mut out);
    out
}

fn check(number: u64) {
    let octets = by_definition(number.into());
    assert_eq!(encoded(number), octets, "{number}");
    assert_eq!(natural_len(number), octets.len(), "{number}");
    let mut reader = Reader::new(&octets);
    assert_eq!(reader.take_natural(), Ok(number));
    assert_eq!(reader.finish(), Ok(()));
    assert_eq!(jam_codec::Encode::encode(&jam_codec::Compact(number)), octets, "{number}");
}

/// A number of every length, so that all lengths are drawn equally often.
fn any_length() -> impl Strategy<Value = u64> {
    (0..64_u32, any::<u64>()).prop_map(|(shift, number)| number >> shift)
}

#[test]
fn hold_to_the_table_worked_out_by_hand() {
    let table = include_str!("../../../../testdata/codec/naturals.txt");
    let rows = table.lines().filter(|line| !line.starts_with('#'));
    let mut count = 0;
    for row in rows {
        let mut words = row.split_whitespace();
        let number = words.next().expect("a number").parse().expect("a number");
        let octets: Vec<u8> =
            words.map(|word| u8::from_str_radix(word, 16).expect("an octet")).collect();
        assert_eq!(encoded(number), octets, "{number}");
        count += 1;
    }
    assert!(count > 20, "the table has {count} rows");
}

#[test]
fn hold_to_the_definition_around_every_power_of_two() {
    for power in 0..64 {
        let middle = 1_u64 << power;
        for distance in 0..3 {
            check(middle.wrapping_sub(distance));
            check(middle.wrapping_add(distance));
        }
    }
}

#[test]
fn have_one_encoding_only() {
    // The smallest number of some lengths, and the one before it in as many octets.
    for (octets, canonical) in [
        (vec![0x80, 0x7f], false),
        (vec![0x80, 0x80], true),
        (vec![0xc0, 0xff, 0x3f], false),
        (vec![0xc0, 0x00, 0x40], true),
        (vec![0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00], false),
        (vec![0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01], true),
    ] {
        let result = Reader::new(&octets).take_natural();
        match result {
            Ok(number) => assert!(canonical && encoded(number) == octets, "{octets:02x?}"),
            Err(error) => {
                assert!(!canonical, "{octets:02x?}");
                assert_eq!((error.offset, error.kind), (0, DecodeErrorKind::NonCanonicalNatural));
            }
        }
    }
}

#[test]
fn keep_to_the_type_asked_for() {
    let octets = encoded(256);
    let error = Reader::new(&octets).take_natural_as::<u8>().unwrap_err();
    assert_eq!(error.kind, DecodeErrorKind::TooLarge { value: 256, limit: 255 });
    assert_eq!(Reader::new(&octets).take_natural_as::<u16>(), Ok(256));
}

proptest! {
    #[test]
    fn hold_to_the_definition(number in any_length()) {
        check(number);
    }

    #[test]
    fn decode_to_what_encodes_to_them(octets in proptest::collection::vec(any::<u8>(), 0..10)) {
        let mut reader = Reader::new(&octets);
        if let Ok(number) = reader.take_natural() {
            prop_assert_eq!(encoded(number), &octets[..reader.offset()]);
        }
    }
}
