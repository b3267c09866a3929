//! Options of a build.

use crate::Settings;

/// Destination of the compiler's messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Messages {
    /// Standard error, as they come.
    #[default]
    Show,
    /// The [`BuildError`](crate::BuildError), if there is one; else nowhere.
    Keep,
}

/// Options of a build.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Settings that take precedence over the package's own.
    pub settings: Settings,
    /// Destination of the compiler's messages.
    pub messages: Messages,
}
