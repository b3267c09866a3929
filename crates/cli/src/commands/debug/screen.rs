//! The terminal interface: panes around a session, and keys.
//!
//! All that it does is done by the commands of the line mode, or by moving the session; the panes
//! show the position of the session.

mod app;
mod draw;
mod keys;
mod panes;
#[cfg(test)]
mod tests;
mod theme;

use std::io;

use anstream::{AutoStream, ColorChoice};
use ratatui::crossterm::event::{self, Event, KeyEventKind};

use super::lines::Lines;
use app::App;
use theme::Theme;

/// Shows a session until the user leaves.
pub fn run(lines: Lines, colours: ColorChoice) -> io::Result<()> {
    let has_colours = match colours {
        ColorChoice::Never => false,
        ColorChoice::Auto => AutoStream::choice(&io::stdout()) != ColorChoice::Never,
        _ => true,
    };
    let theme = Theme::new(has_colours);
    let mut app = App::new(lines)?;
    let mut terminal = ratatui::try_init()?;
    let left = show(&mut app, &theme, &mut terminal);
    ratatui::try_restore()?;
    left
}

fn show(app: &mut App, theme: &Theme, terminal: &mut ratatui::DefaultTerminal) -> io::Result<()> {
    loop {
        terminal.draw(|frame| draw::draw(app, theme, frame))?;
        let goes_on = match event::read()? {
            Event::Key(key) if key.kind != KeyEventKind::Release => app.key(key)?,
            // The next round draws for a new size of the terminal, and for all other events.
            _ => true,
        };
        if !goes_on {
            return Ok(());
        }
    }
}
