//! The JSON form of the public vectors. A decoded value is compared with the JSON file beside its
//! encoding: an equal encoding proves the layout, and an equal JSON form proves the meaning.

mod read;
mod types;

use jambox_types::Rules;
use serde_json::{Map, Value};

/// A value with a JSON form.
pub trait ToJson {
    /// The JSON form under the rules of a revision, which decide on the fields.
    fn to_json(&self, rules: &Rules) -> Value;

    /// The JSON form of several values. Octets override it with hexadecimal text.
    fn sequence_to_json(items: &[Self], rules: &Rules) -> Value
    where
        Self: Sized,
    {
        items.iter().map(|item| item.to_json(rules)).collect()
    }
}

/// Implements [`ToJson`] for a struct from the list of its fields and their names in the vectors. A
/// field marked `if rule` exists only if the rule is set.
#[macro_export]
#[doc(hidden)]
macro_rules! impl_to_json {
    ($type:ty { $($name:literal: $field:ident $(if $rule:ident)?),* $(,)? }) => {
        impl $crate::json::ToJson for $type {
            fn to_json(&self, rules: &::jambox_types::Rules) -> ::serde_json::Value {
                $crate::json::object(&mut [$((
                    $name,
                    true $(&& rules.$rule)?,
                    $crate::json::ToJson::to_json(&self.$field, rules),
                )),*])
            }
        }
    };
}

/// An object of those fields that are there: names, whether they are, and values, which are taken.
/// One function for all types: collecting a map sorts it, and each iterator has a sort of its own.
#[must_use]
pub fn object(fields: &mut [(&'static str, bool, Value)]) -> Value {
    let mut object = Map::new();
    for (name, is_there, value) in fields {
        if *is_there {
            object.insert((*name).to_owned(), value.take());
        }
    }
    Value::Object(object)
}

pub(crate) use impl_to_json;
pub(crate) use read::impl_json;
pub use read::{FromJson, member};

/// Path and description of the first difference of two JSON values; `None` if they are equal.
#[must_use]
pub fn first_difference(expected: &Value, found: &Value) -> Option<String> {
    difference_at("", expected, found)
}

fn difference_at(path: &str, expected: &Value, found: &Value) -> Option<String> {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            let missing = expected.keys().find(|key| !found.contains_key(*key));
            let surplus = found.keys().find(|key| !expected.contains_key(*key));
            if let Some(key) = missing {
                return Some(format!("{path}.{key}: expected, not found"));
            }
            if let Some(key) = surplus {
                return Some(format!("{path}.{key}: found, not expected"));
            }
            expected.iter().find_map(|(key, value)| {
                difference_at(&format!("{path}.{key}"), value, &found[key])
            })
        }
        (Value::Array(expected), Value::Array(found)) => {
            let differing = expected
                .iter()
                .zip(found)
                .enumerate()
                .find_map(|(index, (e, f))| difference_at(&format!("{path}[{index}]"), e, f));
            differing.or_else(|| {
                let (expected, found) = (expected.len(), found.len());
                (expected != found)
                    .then(|| format!("{path}: {expected} items expected, {found} found"))
            })
        }
        _ if expected == found => None,
        _ => Some(format!("{path}: {} expected, {} found", short(expected), short(found))),
    }
}

fn short(value: &Value) -> String {
    const SHOWN: usize = 80;
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text,
    }
}
