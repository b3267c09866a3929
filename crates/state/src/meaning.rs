//! Meanings of state keys.

use std::fmt;

use jambox_codec::{Decode, DecodeError, DecodeErrorKind, Encode, Reader};
use jambox_types::{Hash, ServiceId};

use crate::{Blob, Component, KeyKind, Part, RequestKey, StateKey};

/// The meaning of a state key. Keys of entries are hashes; their meaning is known only to the
/// writer of the entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Meaning {
    /// A whole component.
    Component(Component),
    /// The fields of an account.
    Account(ServiceId),
    /// A storage value, by its key.
    Storage(ServiceId, Blob),
    /// A preimage, by its hash.
    Preimage(ServiceId, Hash),
    /// A preimage request.
    Request(ServiceId, RequestKey),
}

impl Meaning {
    /// The state key with this meaning (function `C` of `sec:statemerklization`, 0.7.2).
    #[must_use]
    pub fn key(&self) -> StateKey {
        match self {
            Self::Component(component) => component.key(),
            Self::Account(service) => StateKey::account(*service),
            Self::Storage(service, key) => StateKey::storage(*service, key),
            Self::Preimage(service, hash) => StateKey::preimage(*service, hash),
            Self::Request(service, request) => StateKey::request(*service, request),
        }
    }

    /// The meaning of a key; `None` for entries, whose keys are hashes.
    #[must_use]
    pub fn of(key: &StateKey) -> Option<Self> {
        match key.kind() {
            KeyKind::Component(chapter) => Component::of_chapter(chapter).map(Self::Component),
            KeyKind::Account(service) => Some(Self::Account(service)),
            KeyKind::Entry(_) => None,
        }
    }

    /// True for entries: their keys are hashes, so the meaning is lost unless it is stored.
    #[must_use]
    pub const fn is_hashed(&self) -> bool {
        matches!(self, Self::Storage(..) | Self::Preimage(..) | Self::Request(..))
    }

    /// The service of the value; `None` for components.
    #[must_use]
    pub const fn service(&self) -> Option<ServiceId> {
        match self {
            Self::Component(_) => None,
            Self::Account(service)
            | Self::Storage(service, _)
            | Self::Preimage(service, _)
            | Self::Request(service, _) => Some(*service),
        }
    }
}

impl fmt::Display for Meaning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = match self {
            Self::Component(component) => return write!(f, "{component}"),
            Self::Account(service) => return write!(f, "service {service} account"),
            Self::Storage(_, key) => Part::Storage(key.clone()),
            Self::Preimage(_, hash) => Part::Preimage(*hash),
            Self::Request(_, request) => Part::Request(*request),
        };
        write!(f, "service {} {part}", self.service().unwrap_or_default())
    }
}

const STORAGE: u8 = 0;
const PREIMAGE: u8 = 1;
const REQUEST: u8 = 2;
const ACCOUNT: u8 = 3;
const COMPONENT: u8 = 4;

/// Encoding for stores; not part of the protocol.
impl Encode for Meaning {
    fn encode_to(&self, out: &mut Vec<u8>, context: &()) {
        match self {
            Self::Storage(service, key) => {
                (STORAGE, *service).encode_to(out, context);
                key.to_vec().encode_to(out, context);
            }
            Self::Preimage(service, hash) => (PREIMAGE, *service, *hash).encode_to(out, context),
            Self::Request(service, request) => {
                (REQUEST, *service, request.hash).encode_to(out, context);
                request.length.encode_to(out, context);
            }
            Self::Account(service) => (ACCOUNT, *service).encode_to(out, context),
            Self::Component(component) => (COMPONENT, component.chapter()).encode_to(out, context),
        }
    }
}

impl Decode for Meaning {
    fn decode(reader: &mut Reader<'_>, context: &()) -> Result<Self, DecodeError> {
        let offset = reader.offset();
        let unknown = |value: u8, max| {
            let kind = DecodeErrorKind::UnknownDiscriminator { value: value.into(), max };
            DecodeError { offset, kind }
        };
        let tag = u8::decode(reader, context)?;
        if tag == COMPONENT {
            let chapter = u8::decode(reader, context)?;
            let component = Component::of_chapter(chapter);
            return component.map(Self::Component).ok_or(unknown(chapter, 16));
        }
        let service = ServiceId::decode(reader, context)?;
        Ok(match tag {
            STORAGE => Self::Storage(service, Vec::<u8>::decode(reader, context)?.into()),
            PREIMAGE => Self::Preimage(service, Hash::decode(reader, context)?),
            REQUEST => {
                let hash = Hash::decode(reader, context)?;
                let length = u32::decode(reader, context)?;
                Self::Request(service, RequestKey { hash, length })
            }
            ACCOUNT => Self::Account(service),
            _ => return Err(unknown(tag, COMPONENT.into())),
        })
    }
}
