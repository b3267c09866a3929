//! Contents of the panes.

use jambox_debug::{Before, When};
use jambox_engine::{Access, PAGE_SIZE};
use jambox_inspect::{Shown, stack};
use jambox_invocation::Machine;
use jambox_isa::Reg;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::commands::debug::show;
use crate::plain::plain;

use super::app::{App, Pane};
use super::theme::Theme;

/// A pane's content.
pub struct Content {
    /// Rest of the title, behind the pane's name.
    pub title: String,
    pub lines: Vec<Line<'static>>,
    /// The line that has to be visible.
    pub at: usize,
}

impl Content {
    fn new(title: String, lines: Vec<Line<'static>>) -> Self {
        Self { title, lines, at: 0 }
    }
}

/// Text of a guest or a file, made harmless.
fn text(text: &str, style: Style) -> Span<'static> {
    Span::styled(plain(&text.replace('\t', "    ")).into_owned(), style)
}

/// Content of a pane of this size, in characters and lines. `scroll` is in lines.
pub fn content(
    app: &App,
    pane: Pane,
    (width, height): (usize, usize),
    scroll: i64,
    theme: &Theme,
) -> Content {
    match pane {
        Pane::Source => source(app, (width, height), scroll, theme),
        Pane::Code => code(app, height, scroll, theme),
        Pane::Registers => registers(app, width, theme),
        Pane::Stack => call_stack(app, theme),
        Pane::Calls => calls(app, theme),
        Pane::Memory => memory(app, height, scroll, theme),
        Pane::Storage => storage(app, theme),
        Pane::Log => log(app, theme),
        Pane::Console => {
            let lines: Vec<_> =
                app.console.iter().map(|line| text(line, theme.plain).into()).collect();
            let at = lines.len().saturating_sub(1);
            Content { title: String::new(), lines, at }
        }
    }
}

/// The first number of a window of this height around another, scrolled.
fn first(number: u64, height: usize, scroll: i64) -> u64 {
    number.saturating_sub(height as u64 / 2).saturating_add_signed(scroll)
}

/// A path, shortened at its start: the end matters most.
fn shortened(path: &str, width: usize) -> String {
    match path.chars().count().checked_sub(width) {
        None | Some(0) => path.to_owned(),
        Some(over) => format!("..{}", path.chars().skip(over + 2).collect::<String>()),
    }
}

fn source(app: &App, (width, height): (usize, usize), scroll: i64, theme: &Theme) -> Content {
    let session = app.lines.session();
    let Some(frame) = app.lines.sources().nearest(session.source()) else {
        let why = "the source of this place is not known: there are no symbols of it";
        return Content::new(String::new(), vec![text(why, theme.faint).into()]);
    };
    // Room beside the pane's name and the corners.
    let title = shortened(&format!("{}:{}", frame.file, frame.line), width.saturating_sub(10));
    let start = first(frame.line.into(), height, scroll).max(1);
    let start = u32::try_from(start).unwrap_or(u32::MAX);
    let lines = app.lines.sources().lines(&frame.file, start, height);
    if lines.is_empty() {
        let function = text(&frame.function, theme.name).into();
        let why = "is not at hand; --source names a folder to look in";
        let why = text(&format!("{} {why}", frame.file), theme.faint).into();
        return Content::new(title, vec![function, why]);
    }
    let row = |(number, line): (u32, String)| {
        let is_here = number == frame.line;
        let style = if is_here { theme.here } else { theme.plain };
        let mark = if is_here { "=>" } else { "  " };
        let numbered = Span::styled(format!("{mark}{number:>4} "), theme.faint);
        Line::from(vec![numbered, text(&line, style)])
    };
    Content::new(title, lines.into_iter().map(row).collect())
}

fn code(app: &App, height: usize, scroll: i64, theme: &Theme) -> Content {
    let instance = app.lines.session().instance();
    let (up, down) = (scroll.min(0).unsigned_abs(), scroll.max(0).unsigned_abs());
    let [up, down] = [up, down].map(|it| usize::try_from(it).unwrap_or(0).min(1 << 16));
    let before = height / 3 + up;
    let listed = show::instructions(instance, before, height + down);
    if listed.is_empty() {
        let why = "there is no code here";
        return Content::new(String::new(), vec![text(why, theme.faint).into()]);
    }
    let (program, pc) = app.here();
    let marks: Vec<u64> =
        app.marks().filter(|(_, it)| it.0 == program).map(|(_, (_, pc))| pc).collect();
    let row = |it: show::Listed| {
        let is_here = it.pc == pc;
        let mark = match (is_here, marks.contains(&it.pc)) {
            (true, true) => "=*",
            (true, false) => "=>",
            (false, true) => " *",
            (false, false) => "  ",
        };
        let style = if is_here { theme.here } else { theme.plain };
        let mut row = vec![
            Span::styled(format!("{mark}{:>6}: ", it.pc), theme.faint),
            Span::styled(it.text, style),
        ];
        if it.gas > 0 {
            row.push(Span::styled(format!("  ; {} gas", it.gas), theme.faint));
        }
        Line::from(row)
    };
    Content::new(format!("pc {pc}"), listed.into_iter().skip(down).map(row).collect())
}

/// Number of registers side by side in a pane of this width.
fn columns(width: usize) -> usize {
    const CELL: usize = 27;
    (width / CELL).clamp(1, Reg::ALL.len())
}

/// Number of rows of registers in a pane of this width.
pub fn rows_of_registers(width: usize) -> usize {
    Reg::ALL.len().div_ceil(columns(width))
}

fn registers(app: &App, width: usize, theme: &Theme) -> Content {
    let now = app.lines.session().instance().regs();
    let cells = Reg::ALL.into_iter().zip(now.iter().zip(&app.registers));
    let cells: Vec<_> = cells
        .map(|(reg, (value, before))| {
            let style = if value == before { theme.plain } else { theme.changed };
            let name = format!("{} {:<4}", reg.alias(), reg.name());
            [Span::styled(name, theme.name), Span::styled(format!("{value:<#19x}"), style)]
        })
        .collect();
    // Down the columns, so that neighbours are above each other.
    let rows = rows_of_registers(width);
    let row = |row: usize| {
        let spans = cells.iter().skip(row).step_by(rows).flatten().cloned();
        Line::from(spans.collect::<Vec<_>>())
    };
    Content::new(String::new(), (0..rows).map(row).collect())
}

fn call_stack(app: &App, theme: &Theme) -> Content {
    let session = app.lines.session();
    let rows = App::written(|out| show::stack(session, out));
    let row = |(index, row): (usize, &String)| {
        text(row, if index == 0 { theme.here } else { theme.plain }).into()
    };
    let symbols = session.code().and_then(|code| code.symbols.as_ref());
    let depth = stack::of(session.instance(), symbols).frames.len();
    let title = match session.machine() {
        Machine::Outer => format!("{depth} deep"),
        Machine::Inner(Machine::CHILD) => "of the child machine".to_owned(),
        Machine::Inner(handle) => format!("of inner machine {handle}"),
    };
    Content::new(title, rows.iter().enumerate().map(row).collect())
}

fn calls(app: &App, theme: &Theme) -> Content {
    let interface = app.lines.interface();
    let mut at = 0;
    let mut lines = Vec::new();
    for (number, (_, call, when)) in app.lines.session().calls().enumerate() {
        let (arguments, result) = show::call_in_words(call, interface, when != When::Now);
        let (mark, style) = match when {
            When::Done => ("  ", theme.plain),
            When::Now => ("=>", theme.here),
            When::Later => ("  ", theme.faint),
        };
        if when != When::Later {
            at = number;
        }
        let arguments: Vec<_> =
            arguments.iter().map(|it| format!("{}: {}", it.name, it.text)).collect();
        let arguments = text(&format!("({}) -> {result}", arguments.join(", ")), style);
        let name = Span::styled(call.name(), if style == theme.plain { theme.name } else { style });
        let numbered = Span::styled(format!("{mark}{number:>4} "), theme.faint);
        lines.push(Line::from(vec![numbered, name, arguments]));
    }
    if lines.is_empty() {
        lines.push(text("no host call is made", theme.faint).into());
    }
    Content { title: format!("{} of them", app.lines.session().calls().count()), lines, at }
}

fn memory(app: &App, height: usize, scroll: i64, theme: &Theme) -> Content {
    let instance = app.lines.session().instance();
    let of = app.address.text();
    let Some(address) = app.address.value(instance) else {
        let why = format!("{of} is in memory that is not readable");
        return Content::new(String::new(), vec![text(&why, theme.faint).into()]);
    };
    let start = address.wrapping_add_signed(scroll.saturating_mul(16));
    let access = match u32::try_from(start / u64::from(PAGE_SIZE)) {
        Ok(page) => instance.memory().access(page),
        Err(_) => Access::Inaccessible,
    };
    let length = height as u64 * 16;
    let rows = App::written(|out| show::memory(instance, start, length, out));
    let title = format!("at {of} = {address:#x}, {}", format!("{access:?}").to_lowercase());
    Content::new(title, rows.iter().map(|row| text(row, theme.plain).into()).collect())
}

fn storage(app: &App, theme: &Theme) -> Content {
    let entries = app.lines.session().storage();
    let count = entries.len();
    let mut lines = Vec::new();
    for entry in entries {
        let before = match &entry.before {
            Before::Nothing => "nothing".to_owned(),
            Before::Read(octets) => Shown(octets).to_string(),
            Before::Length(length) => format!("{length} octets that were not read"),
        };
        let now = match entry.after.length {
            0 => "nothing".to_owned(),
            _ => Shown(&entry.after.octets).to_string(),
        };
        lines.push(Line::from(vec![
            text(&Shown(&entry.key).to_string(), theme.name),
            text(&format!("  {before} -> "), theme.faint),
            text(&now, theme.changed),
        ]));
    }
    if lines.is_empty() {
        lines.push(text("nothing was written yet", theme.faint).into());
    }
    let at = lines.len().saturating_sub(1);
    Content { title: format!("{count} written"), lines, at }
}

fn log(app: &App, theme: &Theme) -> Content {
    let logged = app.lines.session().log();
    let row = |line: &jambox_debug::Logged| {
        let target = line.target.as_ref().map(|it| String::from_utf8_lossy(&it.octets));
        let target = target.map(|it| format!("{it} ")).unwrap_or_default();
        let message = String::from_utf8_lossy(&line.message.octets);
        Line::from(vec![
            Span::styled(format!("{:<6}", line.level), theme.name),
            text(&target, theme.faint),
            text(&message, theme.plain),
        ])
    };
    let mut lines: Vec<_> = logged.iter().map(row).collect();
    if lines.is_empty() {
        lines.push(text("nothing was logged yet", theme.faint).into());
    }
    let at = lines.len().saturating_sub(1);
    Content { title: String::new(), lines, at }
}
