//! Preimage requests and their history.

use std::fmt;

use jambox_codec::{Decode, DecodeError, DecodeErrorKind, Encode, Reader};
use jambox_types::{Hash, TimeSlot};

use crate::key::PREIMAGE_MARK;

/// Key of a preimage request: hash and length of the preimage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestKey {
    /// Blake2b-256 of the preimage.
    pub hash: Hash,
    /// Length of the preimage, in octets.
    pub length: u32,
}

impl RequestKey {
    /// True if the request has a state key of its own.
    ///
    /// State keys of requests contain the length. The paper puts 2^32 - 2 and 2^32 - 1 at its place
    /// in the keys of preimages and storage (`sec:statemerklization`, 0.7.2). Requests of these
    /// lengths would share the key of a preimage or a storage value, so a state has none.
    #[must_use]
    pub const fn has_state_key(&self) -> bool {
        self.length < PREIMAGE_MARK
    }
}

/// The history of a request: up to three time slots (`eq:serviceaccount`, 0.7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestHistory {
    /// Requested, not yet supplied.
    Requested,
    /// Available since the time slot.
    Available(TimeSlot),
    /// Available from the first to the second time slot.
    Unavailable(TimeSlot, TimeSlot),
    /// Available from the first to the second time slot, and again since the third.
    AvailableAgain(TimeSlot, TimeSlot, TimeSlot),
}

impl RequestHistory {
    /// The history with these time slots; `None` for more than three.
    #[must_use]
    pub fn from_slots(slots: &[TimeSlot]) -> Option<Self> {
        match *slots {
            [] => Some(Self::Requested),
            [x] => Some(Self::Available(x)),
            [x, y] => Some(Self::Unavailable(x, y)),
            [x, y, z] => Some(Self::AvailableAgain(x, y, z)),
            _ => None,
        }
    }

    /// The time slots of the history, oldest first.
    pub fn slots(self) -> impl Iterator<Item = TimeSlot> {
        let (slots, count) = match self {
            Self::Requested => ([TimeSlot(0); 3], 0),
            Self::Available(x) => ([x, TimeSlot(0), TimeSlot(0)], 1),
            Self::Unavailable(x, y) => ([x, y, TimeSlot(0)], 2),
            Self::AvailableAgain(x, y, z) => ([x, y, z], 3),
        };
        slots.into_iter().take(count)
    }

    /// True if the preimage was available at `time` (function `I` of `eq:historicallookup`, 0.7.2).
    #[must_use]
    pub fn was_available_at(self, time: TimeSlot) -> bool {
        match self {
            Self::Requested => false,
            Self::Available(x) => x <= time,
            Self::Unavailable(x, y) => x <= time && time < y,
            Self::AvailableAgain(x, y, z) => (x <= time && time < y) || z <= time,
        }
    }
}

impl fmt::Display for RequestHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requested => f.write_str("requested"),
            Self::Available(x) => write!(f, "available since {x}"),
            Self::Unavailable(x, y) => write!(f, "available from {x} to {y}"),
            Self::AvailableAgain(x, y, z) => {
                write!(f, "available from {x} to {y} and since {z}")
            }
        }
    }
}

/// The value under a request's state key (`sec:statemerklization`, 0.7.2).
impl<C: ?Sized> Encode<C> for RequestHistory {
    fn encode_to(&self, out: &mut Vec<u8>, context: &C) {
        self.slots().collect::<Vec<_>>().encode_to(out, context);
    }
}

impl<C: ?Sized> Decode<C> for RequestHistory {
    fn decode(reader: &mut Reader<'_>, context: &C) -> Result<Self, DecodeError> {
        let offset = reader.offset();
        let slots = Vec::<TimeSlot>::decode(reader, context)?;
        let length = slots.len() as u64;
        let kind = DecodeErrorKind::LengthOutOfBounds { length, min: 0, max: 3 };
        Self::from_slots(&slots).ok_or(DecodeError { offset, kind })
    }
}
