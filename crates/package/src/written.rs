//! Values of TOML as they are written, for payloads whose types come later.

use crate::placed::Placed;

/// A value of TOML. Its meaning depends on the type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// A string.
    Text(String),
    /// A whole number: digits and base.
    Integer(String, u32),
    /// A truth value.
    Boolean(bool),
    /// A list.
    List(Vec<Placed<Written>>),
    /// A table, in the order of the file.
    Table(Vec<(Placed<String>, Placed<Written>)>),
    /// A value that no type has.
    Other,
}

impl Written {
    /// The sort of value, with its article.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Integer(..) => "a number",
            Self::Boolean(_) => "a truth value",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Other => "something else",
        }
    }
}
