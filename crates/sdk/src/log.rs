//! Log lines for the operator (JIP-1), compiled out above the level that features allow.

use core::fmt;

use jambox_hostcall::LogLevel;

use crate::ecalli::{Argument, host_call, length};

/// The highest level compiled in; `None` with the feature `log-off`.
pub const MAX_LEVEL: Option<LogLevel> = if cfg!(feature = "log-off") {
    None
} else if cfg!(feature = "log-error") {
    Some(LogLevel::Error)
} else if cfg!(feature = "log-warn") {
    Some(LogLevel::Warn)
} else if cfg!(feature = "log-info") {
    Some(LogLevel::Info)
} else if cfg!(feature = "log-debug") {
    Some(LogLevel::Debug)
} else {
    Some(LogLevel::Trace)
};

/// Tests whether lines of a level are compiled in.
#[must_use]
pub const fn enabled(level: LogLevel) -> bool {
    match MAX_LEVEL {
        Some(most) => level as u8 <= most as u8,
        None => false,
    }
}

/// Sends a line; the macros call it.
#[doc(hidden)]
pub fn write(level: LogLevel, target: &str, message: fmt::Arguments<'_>) {
    match message.as_str() {
        Some(text) => send(level, target, text.as_bytes()),
        None => send(level, target, alloc::fmt::format(message).as_bytes()),
    }
}

/// Sends octets as a line. The host always answers `WHAT`, which is no error.
pub(crate) fn send(level: LogLevel, target: &str, message: &[u8]) {
    let target = target.as_bytes();
    let address = if target.is_empty() { Argument::number(0) } else { Argument::input(target) };
    host_call!(
        Log,
        Argument::number(level as u64),
        address,
        length(target),
        Argument::input(message),
        length(message),
    );
}

/// Logs a line: `log!(LogLevel::Info, "{} items", count)`; with `target: "name",` in front of the
/// format to name the line's source.
#[macro_export]
macro_rules! log {
    ($level:expr, target: $target:expr, $($format:tt)+) => {
        if const { $crate::log::enabled($level) } {
            $crate::log::write($level, $target, ::core::format_args!($($format)+));
        }
    };
    ($level:expr, $($format:tt)+) => {
        $crate::log!($level, target: "", $($format)+)
    };
}

/// Logs a fatal error; see [`log!`](crate::log!).
#[macro_export]
macro_rules! error {
    ($($format:tt)+) => {
        $crate::log!($crate::LogLevel::Error, $($format)+)
    };
}

/// Logs a warning; see [`log!`](crate::log!).
#[macro_export]
macro_rules! warn {
    ($($format:tt)+) => {
        $crate::log!($crate::LogLevel::Warn, $($format)+)
    };
}

/// Logs important information; see [`log!`](crate::log!).
#[macro_export]
macro_rules! info {
    ($($format:tt)+) => {
        $crate::log!($crate::LogLevel::Info, $($format)+)
    };
}

/// Logs helpful information; see [`log!`](crate::log!).
#[macro_export]
macro_rules! debug {
    ($($format:tt)+) => {
        $crate::log!($crate::LogLevel::Debug, $($format)+)
    };
}

/// Logs pedantic information; see [`log!`](crate::log!).
#[macro_export]
macro_rules! trace {
    ($($format:tt)+) => {
        $crate::log!($crate::LogLevel::Trace, $($format)+)
    };
}
