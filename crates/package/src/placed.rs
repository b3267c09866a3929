//! Values with their places in the package file.

use std::ops::Range;

/// A range of octets in the package file.
pub type Place = Range<usize>;

/// A value with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Place of the value in the file.
    pub place: Place,
}

impl<T> Placed<T> {
    pub(crate) fn map<U>(self, f: impl FnOnce(T) -> U) -> Placed<U> {
        Placed { value: f(self.value), place: self.place }
    }
}
