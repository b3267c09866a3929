//! State of the terminal interface: a session, the pane that has the keys, the typed text.

use std::io::{self, Write};

use anstream::adapter::strip_str;
use jambox_debug::{Condition, Direction, Kind, Position, StopPoint};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::commands::debug::lines::{Answer, Lines};

use super::keys::{Action, KEYS};

/// A pane. The first two are always visible; a small terminal shows one of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pane {
    Source,
    Code,
    Registers,
    Stack,
    Calls,
    Memory,
    Storage,
    Log,
    Console,
}

impl Pane {
    pub const ALL: [Self; 9] = [
        Self::Source,
        Self::Code,
        Self::Registers,
        Self::Stack,
        Self::Calls,
        Self::Memory,
        Self::Storage,
        Self::Log,
        Self::Console,
    ];

    pub const fn title(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Code => "code",
            Self::Registers => "registers",
            Self::Stack => "stack",
            Self::Calls => "host calls",
            Self::Memory => "memory",
            Self::Storage => "storage",
            Self::Log => "log",
            Self::Console => "console",
        }
    }
}

/// Typed text, and its purpose.
pub struct Prompt {
    pub asks: Asks,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    Command,
    Address,
}

/// State of the interface: everything that is shown and that keys can change.
pub struct App {
    pub lines: Lines,
    /// The pane that has the keys.
    pub focus: Pane,
    /// The visible pane among those that share a place.
    pub tab: Pane,
    /// Lines by which the current pane is scrolled.
    pub scroll: i64,
    pub prompt: Option<Prompt>,
    pub is_help: bool,
    /// Output of the commands.
    pub console: Vec<String>,
    /// Last output, until the next action.
    pub message: String,
    /// Start of the memory that is shown: an expression.
    pub address: Condition,
    /// The registers before the last move.
    pub registers: [u64; 13],
    /// Number of instructions before each stretch; at the end, of all.
    pub starts: Vec<u64>,
}

impl App {
    /// The interface at the start of a session. Goes through the session once, to learn its length.
    pub fn new(mut lines: Lines) -> io::Result<Self> {
        let mut welcome = Vec::new();
        lines.welcome(&mut welcome)?;
        lines.says_place = false;
        let starts = lines.session_mut().starts();
        let registers = *lines.session().instance().regs();
        let mut app = Self {
            lines,
            focus: Pane::Source,
            tab: Pane::Registers,
            scroll: 0,
            prompt: None,
            is_help: false,
            console: Vec::new(),
            message: String::new(),
            address: Condition::parse("sp").map_err(io::Error::other)?,
            registers,
            starts,
        };
        app.say(&welcome);
        (app.focus, app.tab) = (Pane::Source, Pane::Registers);
        let note = app.lines.note.clone();
        app.message = note.unwrap_or_else(|| "? lists the keys".to_owned());
        Ok(app)
    }

    /// Number of instructions that have run, and of all in the recording.
    pub fn instructions(&self) -> (u64, u64) {
        let Position { stretch, step } = self.lines.session().position();
        let before = self.starts.get(stretch).copied().unwrap_or(0);
        (before + step, self.starts.last().copied().unwrap_or(0))
    }

    /// Acts on a key; false once the user leaves.
    pub fn key(&mut self, key: KeyEvent) -> io::Result<bool> {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return Ok(key.code != KeyCode::Char('c'));
        }
        if let Some(prompt) = &mut self.prompt {
            match key.code {
                KeyCode::Char(letter) => prompt.text.push(letter),
                KeyCode::Backspace => drop(prompt.text.pop()),
                KeyCode::Esc => self.prompt = None,
                KeyCode::Enter => return self.enter(),
                _ => {}
            }
            return Ok(true);
        }
        if std::mem::take(&mut self.is_help) {
            return Ok(true);
        }
        match KEYS.iter().find(|it| it.code == key.code) {
            Some(found) => self.act(found.action),
            None => {
                self.message = "this key does nothing; ? lists those that do".to_owned();
                Ok(true)
            }
        }
    }

    fn act(&mut self, action: Action) -> io::Result<bool> {
        self.message.clear();
        match action {
            Action::Command(name) => return self.command(name),
            Action::Scrub(by) => self.scrub(by),
            Action::Call(direction) => self.seek_call(direction),
            Action::Turn(direction) => self.turn(direction),
            Action::Scroll(by) => self.scroll += i64::from(by),
            Action::Mark => self.mark(),
            Action::Memory => self.ask(Asks::Address),
            Action::Ask => self.ask(Asks::Command),
            Action::Help => self.is_help = true,
            Action::Quit => return Ok(false),
        }
        Ok(true)
    }

    fn ask(&mut self, asks: Asks) {
        self.prompt = Some(Prompt { asks, text: String::new() });
    }

    /// Acts on the typed text, which is complete.
    fn enter(&mut self) -> io::Result<bool> {
        let Some(Prompt { asks, text }) = self.prompt.take() else { return Ok(true) };
        match asks {
            Asks::Command => {
                self.console.push(format!("(jambox) {text}"));
                return self.command(&text);
            }
            Asks::Address => match Condition::parse(&text) {
                Ok(address) => {
                    self.address = address;
                    self.show(Pane::Memory);
                }
                Err(error) => self.message = error.to_string(),
            },
        }
        Ok(true)
    }

    /// Executes a line; false once the user leaves.
    fn command(&mut self, line: &str) -> io::Result<bool> {
        self.message.clear();
        let registers = *self.lines.session().instance().regs();
        let from = self.lines.session().position();
        let mut said = Vec::new();
        let answer = self.lines.command(line, &mut said)?;
        match answer {
            Answer::Quit => return Ok(false),
            Answer::Done => self.say(&said),
            Answer::Refused(problem) => self.say(problem.as_bytes()),
        }
        if self.lines.session().position() != from {
            self.moved(registers);
        }
        Ok(true)
    }

    /// Follows a move of the session; `registers` are those before it.
    fn moved(&mut self, registers: [u64; 13]) {
        self.registers = registers;
        if self.focus != Pane::Console {
            self.scroll = 0;
        }
    }

    /// Keeps an output in the console, which is shown if the output has more than a line.
    fn say(&mut self, said: &[u8]) {
        let text = String::from_utf8_lossy(said);
        let before = self.console.len();
        self.console.extend(strip_str(&text).to_string().lines().map(str::to_owned));
        match self.console.get(before..) {
            Some([line]) => self.message.clone_from(line),
            Some([first, ..]) => {
                self.message.clone_from(first);
                self.show(Pane::Console);
            }
            _ => {}
        }
    }

    fn scrub(&mut self, hundredths: i8) {
        let (here, all) = self.instructions();
        let by = (all / 100).max(1).saturating_mul(hundredths.unsigned_abs().into());
        let to = if hundredths < 0 { here.saturating_sub(by) } else { (here + by).min(all) };
        let registers = *self.lines.session().instance().regs();
        self.lines.session_mut().seek_instruction(to);
        self.moved(registers);
    }

    /// Goes to the place just before a host call.
    fn seek_call(&mut self, direction: Direction) {
        let (here, _) = self.instructions();
        let session = self.lines.session();
        // A stretch's last instruction is the call.
        let place = |stretch: usize| self.starts.get(stretch + 1).map(|end| end.saturating_sub(1));
        let places: Vec<_> = session.calls().filter_map(|(stretch, ..)| place(stretch)).collect();
        let found = match direction {
            Direction::Forwards => places.into_iter().find(|place| *place > here),
            Direction::Backwards => places.into_iter().rfind(|place| *place < here),
        };
        let Some(place) = found else {
            self.message = "there is no host call in this direction".to_owned();
            return;
        };
        let registers = *session.instance().regs();
        self.lines.session_mut().seek_instruction(place);
        self.moved(registers);
    }

    fn turn(&mut self, direction: Direction) {
        let count = Pane::ALL.len();
        let at = Pane::ALL.iter().position(|pane| *pane == self.focus).unwrap_or(0);
        let by = match direction {
            Direction::Forwards => 1,
            Direction::Backwards => count - 1,
        };
        let next = Pane::ALL.get((at + by) % count).copied();
        self.show(next.unwrap_or(Pane::Source));
    }

    fn show(&mut self, pane: Pane) {
        self.focus = pane;
        self.scroll = 0;
        if !matches!(pane, Pane::Source | Pane::Code) {
            self.tab = pane;
        }
    }

    /// Positions of all stops at places, by program and pc.
    pub fn marks(&self) -> impl Iterator<Item = (usize, (usize, u64))> {
        self.lines.stops().iter().flat_map(|(number, StopPoint { kind, .. })| {
            let places = match kind {
                Kind::Places(places) => places.iter().copied().collect(),
                _ => Vec::new(),
            };
            places.into_iter().map(move |place| (number, place))
        })
    }

    /// The current program and pc.
    pub fn here(&self) -> (usize, u64) {
        let session = self.lines.session();
        let stretch = session.recording().stretches.get(session.position().stretch);
        (stretch.map_or(0, |stretch| stretch.code), session.instance().pc())
    }

    fn mark(&mut self) {
        let here = self.here();
        let found: Vec<_> = self.marks().filter(|(_, place)| *place == here).collect();
        for (number, _) in &found {
            self.lines.stops_mut().remove(*number);
        }
        self.message = if found.is_empty() {
            let kind = Kind::Places([here].into());
            let number = self.lines.stops_mut().add(StopPoint { kind, condition: None });
            format!("stop {number}: at pc {}", here.1)
        } else {
            format!("stop at pc {} removed", here.1)
        };
    }

    /// Lines of an output, without styles.
    pub fn written(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Vec<String> {
        let mut octets = Vec::new();
        match write(&mut octets) {
            Ok(()) => {
                let text = String::from_utf8_lossy(&octets).into_owned();
                strip_str(&text).to_string().lines().map(str::to_owned).collect()
            }
            Err(error) => vec![error.to_string()],
        }
    }
}
