//! Values read from their JSON form, for vectors without an encoding.

use std::collections::{BTreeMap, BTreeSet};

use jambox_types::{
    Balance, CoreIndex, Gas, Hash, PerCore, PerSlot, Protocol, ServiceId, ServiceStatistics,
    TimeSlot, WorkResult,
};
use serde_json::Value;

use super::types::WORK_ERRORS;

/// A value that can be read from its JSON form.
pub trait FromJson: Sized {
    /// Reads the JSON form under a protocol.
    ///
    /// # Errors
    ///
    /// The fault, and the member with the fault.
    fn from_json(value: &Value, protocol: &Protocol) -> Result<Self, String>;

    /// Reads several values. Octets override it to read hexadecimal text.
    ///
    /// # Errors
    ///
    /// As [`FromJson::from_json`].
    fn sequence_from_json(value: &Value, protocol: &Protocol) -> Result<Vec<Self>, String> {
        let items = value.as_array().ok_or_else(|| unexpected("a sequence", value))?;
        let item = |(index, item)| {
            Self::from_json(item, protocol).map_err(|error| format!("[{index}]{error}"))
        };
        items.iter().enumerate().map(item).collect()
    }
}

/// A member of an object.
///
/// # Errors
///
/// When it is missing, or not the JSON form of a `T`.
pub fn member<T: FromJson>(value: &Value, name: &str, protocol: &Protocol) -> Result<T, String> {
    let member = value.get(name).ok_or_else(|| format!(".{name}: expected, not found"))?;
    T::from_json(member, protocol).map_err(|error| format!(".{name}{error}"))
}

/// Implements both directions for a struct from the list of its fields and their names in the
/// vectors. `impl_to_json!` implements one.
macro_rules! impl_json {
    ($type:ty { $($name:literal: $field:ident $(if $rule:ident)?),* $(,)? }) => {
        $crate::json::impl_to_json!($type { $($name: $field $(if $rule)?),* });

        impl $crate::json::FromJson for $type {
            fn from_json(
                value: &::serde_json::Value,
                protocol: &::jambox_types::Protocol,
            ) -> Result<Self, String> {
                Ok(Self {$(
                    $field: $crate::json::impl_json!(@take value protocol $name $($rule)?),
                )*})
            }
        }
    };
    (@take $value:ident $protocol:ident $name:literal) => {
        $crate::json::member($value, $name, $protocol)?
    };
    (@take $value:ident $protocol:ident $name:literal $rule:ident) => {
        if $protocol.rules().$rule {
            $crate::json::member($value, $name, $protocol)?
        } else {
            Default::default()
        }
    };
}

pub(crate) use impl_json;

fn unexpected(expected: &str, value: &Value) -> String {
    format!(": {expected} expected, {} found", super::short(value))
}

macro_rules! numbers {
    ($($type:ty),*) => {$(
        impl FromJson for $type {
            fn from_json(value: &Value, _: &Protocol) -> Result<Self, String> {
                let number = value.as_u64().and_then(|number| number.try_into().ok());
                number.ok_or_else(|| unexpected(stringify!($type), value))
            }
        }
    )*};
}

numbers!(u16, u32, u64);

macro_rules! scalars {
    ($($type:ident),*) => {$(
        impl FromJson for $type {
            fn from_json(value: &Value, protocol: &Protocol) -> Result<Self, String> {
                FromJson::from_json(value, protocol).map($type)
            }
        }
    )*};
}

scalars!(Balance, CoreIndex, Gas, ServiceId, TimeSlot);

impl FromJson for Hash {
    fn from_json(value: &Value, _: &Protocol) -> Result<Self, String> {
        let text = value.as_str().ok_or_else(|| unexpected("a hash", value))?;
        text.parse().map_err(|error| format!(": {error}"))
    }
}

impl FromJson for u8 {
    fn from_json(value: &Value, _: &Protocol) -> Result<Self, String> {
        let number = value.as_u64().and_then(|number| number.try_into().ok());
        number.ok_or_else(|| unexpected("an octet", value))
    }

    fn sequence_from_json(value: &Value, _: &Protocol) -> Result<Vec<Self>, String> {
        let text = value.as_str().ok_or_else(|| unexpected("octets", value))?;
        const_hex::decode(text).map_err(|error| format!(": {error}"))
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn from_json(value: &Value, protocol: &Protocol) -> Result<Self, String> {
        T::sequence_from_json(value, protocol)
    }
}

macro_rules! sized {
    ($($type:ident),*) => {$(
        impl<T: FromJson> FromJson for $type<T> {
            fn from_json(value: &Value, protocol: &Protocol) -> Result<Self, String> {
                let items = T::sequence_from_json(value, protocol)?;
                Self::new(items, &protocol.parameters).map_err(|error| format!(": {error}"))
            }
        }
    )*};
}

sized!(PerCore, PerSlot);

impl<T: FromJson + Ord> FromJson for BTreeSet<T> {
    fn from_json(value: &Value, protocol: &Protocol) -> Result<Self, String> {
        Ok(T::sequence_from_json(value, protocol)?.into_iter().collect())
    }
}

fn entries<K: FromJson + Ord, V: FromJson>(
    value: &Value,
    [key, name]: [&str; 2],
    protocol: &Protocol,
) -> Result<BTreeMap<K, V>, String> {
    let items = value.as_array().ok_or_else(|| unexpected("a sequence", value))?;
    let entry = |item: &Value| Ok((member(item, key, protocol)?, member(item, name, protocol)?));
    items.iter().map(entry).collect()
}

impl FromJson for BTreeMap<Hash, Hash> {
    fn from_json(value: &Value, protocol: &Protocol) -> Result<Self, String> {
        entries(value, ["work_package_hash", "segment_tree_root"], protocol)
    }
}

impl FromJson for BTreeMap<ServiceId, Gas> {
    fn from_json(value: &Value, protocol: &Protocol) -> Result<Self, String> {
        entries(value, ["id", "gas"], protocol)
    }
}

impl FromJson for ServiceStatistics {
    fn from_json(value: &Value, protocol: &Protocol) -> Result<Self, String> {
        entries(value, ["id", "record"], protocol)
    }
}

impl FromJson for WorkResult {
    fn from_json(value: &Value, protocol: &Protocol) -> Result<Self, String> {
        if let Some(output) = value.get("ok") {
            return Ok(Self(Ok(Vec::from_json(output, protocol)?)));
        }
        let error = WORK_ERRORS.iter().find(|(name, _)| value.get(name).is_some());
        let (_, error) = error.ok_or_else(|| unexpected("the result of a work item", value))?;
        Ok(Self(Err(*error)))
    }
}
