//! Strategies for property tests with [`proptest`]: payloads, and faults of the host.

use jambox_codec::Encode;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::{Index, select};

use crate::{Chain, Fault, Record};

/// Any payload of at most this many octets.
pub fn payload(most: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..=most)
}

/// Encodings of values, for payloads that a service understands.
pub fn encoded<T: Encode>(values: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<u8>> {
    values.prop_map(|value| jambox_codec::encode(&value))
}

/// Octets similar to given ones: the same, cut short, extended, or with one octet changed. Octets
/// that a service has to refuse are found among these sooner than among all payloads.
pub fn near(octets: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let change = prop_oneof![
        Just(Change::None),
        any::<Index>().prop_map(Change::Cut),
        vec(any::<u8>(), 1..8).prop_map(Change::Longer),
        (any::<Index>(), 1..=u8::MAX).prop_map(|(at, by)| Change::Octet(at, by)),
    ];
    (octets, change).prop_map(|(octets, change)| change.of(octets))
}

#[derive(Clone, Debug)]
enum Change {
    None,
    Cut(Index),
    Longer(Vec<u8>),
    Octet(Index, u8),
}

impl Change {
    fn of(self, mut octets: Vec<u8>) -> Vec<u8> {
        match self {
            Self::Cut(at) if !octets.is_empty() => octets.truncate(at.index(octets.len())),
            Self::Longer(more) => octets.extend(more),
            Self::Octet(at, by) if !octets.is_empty() => *at.get_mut(&mut octets) ^= by,
            Self::None | Self::Cut(_) | Self::Octet(..) => {}
        }
        octets
    }
}

/// One of the faults possible in a run with this record, or none: for [`Chain::answer_with`].
pub fn fault(chain: &Chain, record: &Record) -> impl Strategy<Value = Option<Fault>> {
    let faults: Vec<_> = chain.faults(record).into_iter().map(Some).collect();
    select([vec![None], faults].concat())
}
