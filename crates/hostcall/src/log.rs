//! Log levels of host call 100 (JIP-1).

use core::fmt;

macro_rules! log_levels {
    ($( $(#[doc = $doc:literal])+ $variant:ident $name:literal = $value:literal; )*) => {
        /// Urgency of a guest's log line.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum LogLevel { $( $(#[doc = $doc])+ $variant = $value, )* }

        impl LogLevel {
            /// Every level, most urgent first.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The upper-case name in console and JSON lines.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The level with this number in `r7`. JIP-1 ends at 4; higher numbers are the least
            /// urgent level.
            pub const fn from_register(value: u64) -> Self {
                match value { $($value => Self::$variant,)* _ => Self::Trace }
            }
        }
    };
}

log_levels! {
    /// A fatal error.
    Error "ERROR" = 0;
    /// A warning.
    Warn "WARN" = 1;
    /// Important information.
    Info "INFO" = 2;
    /// Helpful information.
    Debug "DEBUG" = 3;
    /// Pedantic information.
    Trace "TRACE" = 4;
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
