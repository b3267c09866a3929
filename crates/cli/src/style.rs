//! The few styles that the output uses. Whether they show is decided once, by `--color`.

use anstyle::{AnsiColor, Style};

/// A section's heading.
pub const HEADING: Style = Style::new().bold();
/// Something that went well.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// Something that failed.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// A name of the vocabulary: a host call, an instruction.
pub const NAME: Style = AnsiColor::Cyan.on_default();
/// Secondary text, there for completeness.
pub const FAINT: Style = Style::new().dimmed();
