//! Styles of the terminal interface.

use ratatui::style::{Color, Modifier, Style};

/// Styles of the parts of the screen. Without colours they differ in weight alone.
pub struct Theme {
    pub plain: Style,
    /// Secondary text, there for completeness.
    pub faint: Style,
    /// A name of the vocabulary: a register, a host call.
    pub name: Style,
    /// Place of the machine.
    pub here: Style,
    /// Values that the last move has changed.
    pub changed: Style,
    /// The border of the pane that has the keys.
    pub focus: Style,
}

impl Theme {
    pub fn new(has_colours: bool) -> Self {
        let plain = Style::new();
        let coloured = |style: Style, colour| if has_colours { style.fg(colour) } else { style };
        let bold = plain.add_modifier(Modifier::BOLD);
        Self {
            plain,
            faint: plain.add_modifier(Modifier::DIM),
            name: coloured(plain, Color::Cyan),
            here: coloured(bold, Color::Yellow),
            changed: coloured(bold, Color::Green),
            focus: coloured(bold, Color::Cyan),
        }
    }
}
