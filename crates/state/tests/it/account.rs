//! Account fields: footprint, threshold balance and encoding.

use jambox_codec::{DecodeErrorKind, decode_all, encode};
use jambox_state::{AccountInfo, Footprint, RequestHistory};
use jambox_types::{Balance, Gas, Hash, Parameters, ServiceId, TimeSlot};

/// `eq:deposits` with numbers worked out by hand.
#[test]
fn threshold_balance() {
    let parameters = Parameters::FULL;
    let footprint = Footprint::default().with_request(1000).with_storage(3, None, Some(7));
    assert_eq!(footprint, Footprint { items: 3, octets: 1081 + 44 });
    let threshold = |gratis| footprint.threshold_balance(Balance(gratis), &parameters).0;
    assert_eq!(threshold(0), 100 + 30 + 1125);
    assert_eq!(threshold(1000), 255);
    assert_eq!(threshold(1255), 0);
    assert_eq!(threshold(u64::MAX), 0);
    let huge = Footprint { items: u32::MAX, octets: u64::MAX };
    assert_eq!(huge.threshold_balance(Balance(0), &parameters).0, u64::MAX);
}

#[test]
fn footprints_follow_changes_of_values() {
    let one = Footprint::default().with_storage(3, None, Some(7));
    assert_eq!(one.with_storage(3, Some(7), Some(9)).octets, 46);
    assert_eq!(one.with_storage(3, Some(7), None), Footprint::default());
    assert_eq!(Footprint::default().with_request(5).without_request(5), Footprint::default());
}

fn info() -> AccountInfo {
    AccountInfo {
        code_hash: Hash([0xcc; 32]),
        balance: Balance(1),
        min_accumulate_gas: Gas(2),
        min_memo_gas: Gas(3),
        gratis: Balance(5),
        created: TimeSlot(7),
        last_accumulation: TimeSlot(8),
        parent: ServiceId(9),
        footprint: Footprint { items: 6, octets: 4 },
    }
}

/// The order and widths of `T` for key 255; the numbers of the fields count up in that order.
#[test]
fn encoding_of_an_account() {
    let mut expected = vec![0];
    expected.extend([0xcc; 32]);
    (1..=5_u64).for_each(|number| expected.extend(number.to_le_bytes()));
    (6..=9_u32).for_each(|number| expected.extend(number.to_le_bytes()));
    assert_eq!(encode(&info()), expected);
    assert_eq!(decode_all::<AccountInfo>(&expected), Ok(info()));
    expected[0] = 1;
    let error = decode_all::<AccountInfo>(&expected).expect_err("an unknown version");
    assert_eq!(error.kind, DecodeErrorKind::UnknownDiscriminator { value: 1, max: 0 });
}

#[test]
fn encoding_of_a_request() {
    let octets = [2, 1, 0, 0, 0, 2, 0, 0, 0];
    let history = RequestHistory::Unavailable(TimeSlot(1), TimeSlot(2));
    assert_eq!(encode(&history), octets);
    assert_eq!(decode_all::<RequestHistory>(&octets), Ok(history));
    let error = decode_all::<RequestHistory>(&[[4].as_slice(), &[0; 16]].concat());
    assert!(error.is_err(), "more than three time slots");
}
