//! Keys and their effects.

use std::borrow::Cow;

use jambox_debug::Direction;
use ratatui::crossterm::event::KeyCode;

use crate::commands::debug::lines;

/// Effect of a key.
#[derive(Clone, Copy)]
pub enum Action {
    /// Effect of a command of the line mode.
    Command(&'static str),
    /// Moves along the timeline, by a number of hundredths of its length.
    Scrub(i8),
    /// Goes to the next host call in a direction.
    Call(Direction),
    /// Turns to the next or the last pane.
    Turn(Direction),
    /// Scrolls the pane by lines.
    Scroll(i8),
    /// Sets a breakpoint at the current instruction, or removes it.
    Mark,
    /// Asks for the address of the memory that is shown.
    Memory,
    /// Asks for a command of the line mode.
    Ask,
    /// Shows the keys.
    Help,
    /// Leaves.
    Quit,
}

/// A key: its code, its name, its effect.
pub struct Key {
    pub code: KeyCode,
    pub shown: &'static str,
    pub action: Action,
}

const fn key(code: KeyCode, shown: &'static str, action: Action) -> Key {
    Key { code, shown, action }
}

const fn command(letter: char, shown: &'static str, name: &'static str) -> Key {
    key(KeyCode::Char(letter), shown, Action::Command(name))
}

/// All keys, in the order in which the help lists them.
pub const KEYS: &[Key] = &[
    command('s', "s", "step"),
    command('S', "S", "reverse-step"),
    command('n', "n", "next"),
    command('N', "N", "reverse-next"),
    command('i', "i", "stepi"),
    command('I', "I", "reverse-stepi"),
    command('f', "f", "finish"),
    command('F', "F", "reverse-finish"),
    command('c', "c", "continue"),
    command('C', "C", "reverse-continue"),
    key(KeyCode::Left, "Left", Action::Scrub(-1)),
    key(KeyCode::Right, "Right", Action::Scrub(1)),
    key(KeyCode::PageUp, "PgUp", Action::Scrub(-10)),
    key(KeyCode::PageDown, "PgDn", Action::Scrub(10)),
    key(KeyCode::Home, "Home", Action::Command("start")),
    key(KeyCode::End, "End", Action::Command("end")),
    key(KeyCode::Char('['), "[", Action::Call(Direction::Backwards)),
    key(KeyCode::Char(']'), "]", Action::Call(Direction::Forwards)),
    key(KeyCode::Char('b'), "b", Action::Mark),
    key(KeyCode::Char('m'), "m", Action::Memory),
    key(KeyCode::Tab, "Tab", Action::Turn(Direction::Forwards)),
    key(KeyCode::BackTab, "S-Tab", Action::Turn(Direction::Backwards)),
    key(KeyCode::Up, "Up", Action::Scroll(-1)),
    key(KeyCode::Down, "Down", Action::Scroll(1)),
    key(KeyCode::Char(':'), ":", Action::Ask),
    key(KeyCode::Char('?'), "?", Action::Help),
    key(KeyCode::Char('q'), "q", Action::Quit),
];

impl Key {
    /// Effect of the key, in words.
    pub fn purpose(&self) -> Cow<'static, str> {
        match self.action {
            Action::Command(name) => lines::purpose(name).unwrap_or(name).into(),
            Action::Scrub(by) => {
                let direction = if by < 0 { "back" } else { "on" };
                format!("{direction} by {}% of the timeline", by.unsigned_abs()).into()
            }
            Action::Call(Direction::Forwards) => "on to the next host call".into(),
            Action::Call(Direction::Backwards) => "back to the last host call".into(),
            Action::Turn(Direction::Forwards) => "the next pane".into(),
            Action::Turn(Direction::Backwards) => "the pane before".into(),
            Action::Scroll(by) if by < 0 => "scroll the pane up".into(),
            Action::Scroll(_) => "scroll the pane down".into(),
            Action::Mark => "set or remove a stop here".into(),
            Action::Memory => "show memory at an address".into(),
            Action::Ask => "a command; `help` lists them".into(),
            Action::Help => "these keys".into(),
            Action::Quit => "leave".into(),
        }
    }
}
