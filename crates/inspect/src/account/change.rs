//! The changes of a state by a run.

use std::fmt;

#[cfg(feature = "serde")]
use serde::Serialize;

use jambox_state::{Difference, Meaning, Part, Place, RequestHistory, Value};
use jambox_types::{Hash, ServiceId};

use super::{Names, Service};
use crate::Octets;

/// An entry of a state that changed.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(Serialize))]
pub struct Change {
    /// The service of the entry; `None` for a component of the state.
    pub service: Option<Service>,
    /// The entry.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub entry: Entry,
    /// The value before; `None` if the entry did not exist.
    pub before: Option<Standing>,
    /// The value after; `None` if the entry no longer exists.
    pub after: Option<Standing>,
}

/// Name of an entry of a service, or of a component of the state.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize))]
pub struct Entry {
    /// The kind: `storage`, `preimage`, `request`, `account` of a service; else a component.
    pub kind: String,
    /// The field of the account, or the core of a component for each core.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub field: Option<String>,
    /// The storage key, or the hash of the preimage.
    pub key: Option<Octets>,
    /// The length of the requested preimage, in octets.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub length: Option<u32>,
}

impl Entry {
    fn new(kind: impl Into<String>) -> Self {
        Self { kind: kind.into(), field: None, key: None, length: None }
    }

    /// The entry of a state key whose meaning is not known.
    #[must_use]
    pub fn unknown() -> Self {
        Self::new("unknown")
    }

    /// The entry of a state key, by the key's meaning.
    #[must_use]
    pub fn of(meaning: &Meaning) -> Self {
        match meaning {
            Meaning::Component(component) => Self::new(component.to_string()),
            Meaning::Account(_) => Self::new("account"),
            Meaning::Storage(_, key) => Self::of_part(&Part::Storage(key.clone())),
            Meaning::Preimage(_, hash) => Self::of_part(&Part::Preimage(*hash)),
            Meaning::Request(_, request) => Self::of_part(&Part::Request(*request)),
        }
    }

    fn of_part(part: &Part) -> Self {
        let with = |kind: &str, key: &[u8]| Self { key: Some(Octets::new(key)), ..Self::new(kind) };
        match part {
            Part::Storage(key) => with("storage", key),
            Part::Preimage(hash) => with("preimage", &hash.0),
            Part::Request(request) => {
                Self { length: Some(request.length), ..with("request", &request.hash.0) }
            }
            field => Self { field: Some(field.to_string()), ..Self::new("account") },
        }
    }

    fn of_place(place: &Place) -> (Option<ServiceId>, Self) {
        let of = |kind: &str, field: String| Self { field: Some(field), ..Self::new(kind) };
        match place {
            Place::Service(service, part) => (Some(*service), Self::of_part(part)),
            Place::AuthorizerQueue(core) => (None, of("authorizer queue", core.to_string())),
            Place::Assigner(core) => (None, of("assigner", core.to_string())),
            Place::AlwaysAccumulate(service) => {
                (Some(*service), Self::new("always-accumulate gas"))
            }
            Place::StagingSet | Place::Manager | Place::Delegator | Place::Registrar => {
                (None, Self::new(place.to_string()))
            }
        }
    }
}

/// The entry for people: text is text, and long keys are cut.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, field, key, length } = self;
        match (field, key, length) {
            (Some(field), ..) if kind == "account" => f.write_str(field),
            (Some(core), ..) => write!(f, "{kind} of core {core}"),
            (None, Some(Octets(hash)), Some(length)) => {
                write!(f, "{kind} {} of {length} octets", const_hex::encode_prefixed(hash))
            }
            (None, Some(key), None) if kind == "storage" => write!(f, "{kind} {key}"),
            (None, Some(Octets(hash)), None) => {
                write!(f, "{kind} {}", const_hex::encode_prefixed(hash))
            }
            (None, None, _) => f.write_str(kind),
        }
    }
}

/// The value of an entry. Serialised: a number as a decimal string, octets and hashes in full in
/// hexadecimal, and lists of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A balance, an amount of gas, a time slot, a count, the index of a service.
    Number(u64),
    /// A hash.
    Hash(Hash),
    /// Octets.
    Octets(Octets),
    /// The history of a request.
    History(RequestHistory),
    /// Some hashes.
    Hashes(Vec<Hash>),
}

impl Standing {
    fn of(value: &Value) -> Self {
        match value {
            Value::Number(number) => Self::Number(*number),
            Value::Hash(hash) => Self::Hash(*hash),
            Value::Blob(octets) | Value::ValidatorKeys(octets) => {
                Self::Octets(Octets::new(&**octets))
            }
            Value::History(history) => Self::History(*history),
            Value::Hashes(hashes) => Self::Hashes(hashes.iter().copied().collect()),
        }
    }
}

#[cfg(feature = "serde")]
impl Serialize for Standing {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.collect_str(number),
            Self::Hash(hash) => serializer.collect_str(hash),
            Self::Octets(octets) => octets.serialize(serializer),
            Self::History(history) => serializer.collect_seq(history.slots().map(|slot| slot.0)),
            Self::Hashes(hashes) => serializer.collect_seq(hashes.iter().map(ToString::to_string)),
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Hash(hash) => hash.fmt(f),
            Self::Octets(octets) => octets.fmt(f),
            Self::History(history) => history.fmt(f),
            Self::Hashes(hashes) => {
                let hashes: Vec<_> = hashes.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", hashes.join(" "))
            }
        }
    }
}

impl Change {
    /// The change of a difference between two states.
    #[must_use]
    pub fn new(difference: &Difference, names: &Names) -> Self {
        let (service, entry) = Entry::of_place(&difference.place);
        Self {
            service: service.map(|service| Service::new(service, names)),
            entry,
            before: difference.before.as_ref().map(Standing::of),
            after: difference.after.as_ref().map(Standing::of),
        }
    }
}
