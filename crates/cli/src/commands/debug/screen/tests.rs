//! The interface on terminals of two sizes: what panes say of real sessions, and what keys do.

use std::path::{Path, PathBuf};

use clap::Parser;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::{Color, Modifier};

use super::app::{App, Pane};
use super::draw::draw;
use super::theme::Theme;
use crate::args::{Cli, Command};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// A session as the command makes it, seen on a terminal of a size.
struct Screen {
    app: App,
    terminal: Terminal<TestBackend>,
}

impl Screen {
    fn new(subject: &str, options: &[&str], (width, height): (u16, u16)) -> Self {
        // Paths are shown as they are given, so they are given from there.
        std::env::set_current_dir(root()).unwrap();
        let words = ["jambox", "debug", subject].into_iter().chain(options.iter().copied());
        let cli = Cli::try_parse_from(words).unwrap();
        let Command::Debug(debug) = &cli.command else { panic!() };
        let (protocol, output) = (&cli.protocol, &cli.output.output());
        let loaded = debug.load(protocol);
        let Ok(lines) = loaded.and_then(|loaded| debug.lines(loaded, protocol, output)) else {
            panic!("{subject:?} has no session")
        };
        let app = App::new(lines).unwrap();
        let terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let mut screen = Self { app, terminal };
        screen.draw();
        screen
    }

    fn draw(&mut self) {
        let theme = Theme::new(true);
        self.terminal.draw(|frame| draw(&self.app, &theme, frame)).unwrap();
    }

    fn press(&mut self, code: KeyCode) -> bool {
        let goes_on = self.app.key(KeyEvent::new(code, KeyModifiers::NONE)).unwrap();
        self.draw();
        goes_on
    }

    fn letters(&mut self, letters: &str) {
        for letter in letters.chars() {
            assert!(self.press(KeyCode::Char(letter)));
        }
    }

    /// Types a command of the line mode.
    fn command(&mut self, line: &str) {
        self.letters(":");
        self.letters(line);
        self.press(KeyCode::Enter);
    }

    fn buffer(&self) -> &Buffer {
        self.terminal.backend().buffer()
    }

    fn rows(&self) -> Vec<String> {
        let width = usize::from(self.buffer().area.width);
        let rows = self.buffer().content.chunks(width);
        rows.map(|row| row.iter().map(Cell::symbol).collect()).collect()
    }

    fn text(&self) -> String {
        self.rows().join("\n")
    }

    /// The row that has a text.
    #[track_caller]
    fn row(&self, with: &str) -> String {
        let found = self.rows().into_iter().find(|row| row.contains(with));
        found.unwrap_or_else(|| panic!("no `{with}` in\n{}", self.text()))
    }

    #[track_caller]
    fn shows(&self, texts: &[&str]) {
        texts.iter().for_each(|text| drop(self.row(text)));
    }
}

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (200, 60);
const COUNTER: (&str, &[&str]) = ("guests/asm/counter", &["--accumulate", "counter"]);
const PASTE_BIN: (&str, &[&str]) = ("guests/paste-bin", &["--accumulate", "paste-bin"]);

#[test]
fn a_large_terminal_has_every_pane_at_once() {
    let mut screen = Screen::new(PASTE_BIN.0, PASTE_BIN.1, LARGE);
    for pane in Pane::ALL {
        screen.shows(&[&format!(" {} ", pane.title())]);
    }
    screen.shows(&["accumulate of service 7", "instruction 0 of ", "nothing was logged yet"]);
    let (_, all) = screen.app.instructions();
    assert!(screen.row("instruction 0 of").contains(&format!("of {all}, gas ")));
    // At the first host call, and behind it.
    screen.letters("]");
    screen.shows(&["=>", "ecalli"]);
    let before = screen.app.instructions();
    screen.letters("i");
    assert_eq!(screen.app.instructions().0, before.0 + 1);
    let calls: Vec<_> = screen.app.lines.session().calls().map(|(_, it, _)| it.name()).collect();
    assert!(calls.contains(&"solicit".to_owned()), "{calls:?}");
    screen.press(KeyCode::End);
    screen.shows(&["the end: halt", "solicit(hash: 0x"]);
    assert_eq!(screen.app.instructions(), (all, all));
    screen.press(KeyCode::Home);
    screen.shows(&["instruction 0 of "]);
}

#[test]
fn a_small_terminal_has_one_pane_under_source_and_code() {
    let mut screen = Screen::new(COUNTER.0, COUNTER.1, SMALL);
    screen.shows(&["source ..sts/asm/counter/counter.asm:61 ", " code pc ", "ra r0  0xffff0000"]);
    for (pane, text) in [
        (Pane::Stack, "#0   "),
        (Pane::Calls, "write(key: \"latest\", value: \"HELLO JAM\")"),
        (Pane::Memory, "at sp = 0xfefe0000"),
        (Pane::Storage, "nothing was written yet"),
        (Pane::Log, "nothing was logged yet"),
        (Pane::Console, "accumulate of service 42 in slot 100"),
    ] {
        while screen.app.focus != pane {
            screen.press(KeyCode::Tab);
        }
        screen.shows(&[text]);
    }
    screen.press(KeyCode::Tab);
    assert_eq!(screen.app.focus, Pane::Source, "round the panes");
    screen.press(KeyCode::BackTab);
    assert_eq!(screen.app.focus, Pane::Console);
}

/// The writers of a key are found forwards and backwards, and the panes show each.
#[test]
fn keys_and_commands_find_who_wrote_an_entry() {
    let mut screen = Screen::new(COUNTER.0, COUNTER.1, LARGE);
    screen.command("key text:latest");
    screen.shows(&["stop 1: on writes to storage key \"latest\""]);
    screen.letters("c");
    screen.shows(&[
        "instruction 62 of ",
        "=>   196: jump @126",
        "\"latest\"",
        "nothing -> \"HELLO JAM\"",
    ]);
    screen.letters("C");
    screen.shows(&["instruction 61 of ", "=> 161     ecalli write"]);
    assert!(!screen.text().contains("nothing -> \"HELLO JAM\""), "it is not written yet");
    // A place of one's own, and no more.
    screen.letters("b");
    screen.shows(&["stop 2: at pc 194", "=*   194: ecalli 5"]);
    screen.press(KeyCode::Home);
    screen.letters("c");
    screen.shows(&["stop 2: at pc 194", "instruction 61 of "]);
    screen.letters("b");
    screen.shows(&["stop at pc 194 removed", "=>   194: ecalli 5"]);
    // Memory at an expression.
    screen.letters("m");
    screen.letters("a0");
    screen.shows(&["memory at (an address", "a0█"]);
    screen.press(KeyCode::Enter);
    screen.shows(&["memory at a0 = 0x10040, ", "6c 61 74 65 73 74", "latest"]);
    // A command that is not understood is named, and Escape takes back the typed text.
    screen.command("fly");
    screen.shows(&["`fly` is no command"]);
    screen.letters(":quit");
    screen.press(KeyCode::Esc);
    assert!(screen.app.prompt.is_none());
    assert!(!screen.press(KeyCode::Char('q')));
}

#[test]
fn the_timeline_is_scrubbed() {
    let mut screen = Screen::new(COUNTER.0, COUNTER.1, SMALL);
    let (_, all) = screen.app.instructions();
    let cursor = |screen: &Screen| {
        let line = screen.rows()[usize::from(SMALL.1) - 3].clone();
        assert!(line.contains('┼'), "host calls are on it: {line}");
        line.chars().position(|cell| cell == '█').unwrap()
    };
    let mut last = cursor(&screen);
    for times in 1..=3 {
        screen.press(KeyCode::PageDown);
        assert_eq!(screen.app.instructions().0, times * 10 * (all / 100).max(1));
        assert!(cursor(&screen) > last);
        last = cursor(&screen);
    }
    screen.press(KeyCode::Left);
    assert_eq!(screen.app.instructions().0, 29 * (all / 100).max(1));
    for _ in 0..20 {
        screen.press(KeyCode::PageUp);
    }
    assert_eq!(screen.app.instructions().0, 0);
    screen.letters("[");
    screen.shows(&["there is no host call in this direction"]);
}

#[test]
fn panes_scroll_and_keys_are_listed() {
    let mut screen = Screen::new(COUNTER.0, COUNTER.1, SMALL);
    screen.press(KeyCode::Tab);
    let top = screen.rows()[2].clone();
    screen.press(KeyCode::Down);
    assert_ne!(screen.rows()[2], top);
    screen.press(KeyCode::Up);
    assert_eq!(screen.rows()[2], top);
    screen.letters("?");
    screen.shows(&["keys; any of them closes this", "S-Tab", "back to the last stop", "leave"]);
    screen.letters("s");
    assert!(!screen.text().contains("S-Tab"));
    assert_eq!(screen.app.instructions().0, 0, "the key that closes it does nothing else");
    screen.letters("z");
    screen.shows(&["this key does nothing"]);
}

#[test]
fn a_terminal_too_small_says_so() {
    let screen = Screen::new(COUNTER.0, COUNTER.1, (40, 10));
    screen.shows(&["The terminal has 40 columns and 10 rows.", "needs 60 and 18"]);
    let smallest = Screen::new(COUNTER.0, COUNTER.1, (60, 18));
    smallest.shows(&["source ..nter/counter.asm:61", "? keys"]);
}

#[test]
fn what_has_no_symbols_is_code() {
    let screen = Screen::new("guests/fibonacci/fibonacci.jam", &[], LARGE);
    screen.shows(&["a program alone", "there are no symbols of it", "=>"]);
}

/// Texts of a guest or a file cannot move the cursor or turn the direction of writing.
#[test]
fn nothing_that_a_terminal_obeys_is_shown() {
    let mut screen = Screen::new(COUNTER.0, COUNTER.1, LARGE);
    screen.app.console.push("\u{1b}[2J\u{202e}gpj.exe".to_owned());
    screen.draw();
    screen.shows(&["\\u{1b}[2J\\u{202e}gpj.exe"]);
}

/// Draws what a terminal shows, a run of alike cells a piece.
fn drawn(title: &str, buffer: &Buffer) -> String {
    const CELL: (f64, f64) = (8.43, 18.0);
    const MARGIN: f64 = 14.0;
    let (columns, rows) = (f64::from(buffer.area.width), f64::from(buffer.area.height));
    let (width, height) = (2.0 * MARGIN + CELL.0 * columns, 2.0 * MARGIN + CELL.1 * rows);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\">\n<title>{title}</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#16181d\"/>\n\
         <g font-size=\"14\" xml:space=\"preserve\" style=\"white-space: pre\" font-family=\"\
         ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace\">\n"
    );
    let alike = |one: &Cell, other: &Cell| (one.fg, one.modifier) == (other.fg, other.modifier);
    for (number, row) in (0_u16..).zip(buffer.content.chunks(usize::from(buffer.area.width))) {
        let y = MARGIN + CELL.1 * (f64::from(number) + 0.75);
        let mut column = 0_u16;
        for piece in row.chunk_by(alike) {
            let text: String = piece.iter().map(Cell::symbol).collect();
            let style = attributes(&piece[0]);
            // Each group of words in its column, whatever becomes of the spaces between them.
            let mut at = column;
            for group in text.split_inclusive("  ") {
                let count = |text: &str| u16::try_from(text.chars().count()).unwrap();
                let words = group.trim();
                let x = at + count(group) - count(group.trim_start());
                at += count(group);
                if words.is_empty() {
                    continue;
                }
                let (x, length) =
                    (MARGIN + CELL.0 * f64::from(x), CELL.0 * f64::from(count(words)));
                let words = words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
                out += &format!(
                    "<text x=\"{x:.2}\" y=\"{y:.2}\" textLength=\"{length:.2}\" {style}>{words}</text>\n"
                );
            }
            column += u16::try_from(piece.len()).unwrap();
        }
    }
    out + "</g>\n</svg>\n"
}

fn attributes(cell: &Cell) -> &'static str {
    match (cell.fg, cell.modifier.contains(Modifier::BOLD)) {
        _ if cell.modifier.contains(Modifier::DIM) => "fill=\"#7f8794\"",
        (Color::Reset, false) => "fill=\"#d7dae0\"",
        (Color::Reset, true) => "fill=\"#ffffff\" font-weight=\"bold\"",
        (Color::Cyan, false) => "fill=\"#67d4e8\"",
        (Color::Cyan, true) => "fill=\"#67d4e8\" font-weight=\"bold\"",
        (Color::Yellow, _) => "fill=\"#ffd866\" font-weight=\"bold\"",
        (Color::Green, _) => "fill=\"#7bd88f\" font-weight=\"bold\"",
        (colour, _) => panic!("a colour that the picture does not have yet: {colour:?}"),
    }
}

/// `docs/debugger.svg` is what the interface shows. `JAMBOX_BLESS=1` draws it anew.
#[test]
fn the_picture_is_true() {
    let mut screen = Screen::new(COUNTER.0, COUNTER.1, (150, 46));
    screen.command("key text:latest");
    screen.letters("ccma2");
    screen.press(KeyCode::Enter);
    let picture = drawn("jambox debug guests/asm/counter --accumulate counter", screen.buffer());
    let path = root().join("docs/debugger.svg");
    if std::env::var_os("JAMBOX_BLESS").is_some() {
        std::fs::write(path, picture).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(path).unwrap();
    assert!(kept == picture, "docs/debugger.svg is stale: set JAMBOX_BLESS=1 to draw it anew");
}
