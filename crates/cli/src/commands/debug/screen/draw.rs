//! Layout of the panes.

use jambox_debug::Session;
use jambox_invocation::Machine;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

use crate::commands::debug::show;
use crate::plain::plain;

use super::app::{App, Asks, Pane};
use super::keys::KEYS;
use super::panes;
use super::theme::Theme;

/// Smallest usable terminal: columns, rows.
const SMALLEST: (u16, u16) = (60, 18);

/// Smallest terminal that shows all panes: columns, rows.
const LARGE: (u16, u16) = (140, 44);

/// Draws everything.
pub fn draw(app: &App, theme: &Theme, frame: &mut Frame<'_>) {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let Rect { width, height, .. } = area;
        let (columns, rows) = SMALLEST;
        let says = vec![
            Line::from(format!("The terminal has {width} columns and {height} rows.")),
            Line::from(format!("This needs {columns} and {rows}: make it larger,")),
            Line::from("or leave (q) and use --lines."),
        ];
        frame.render_widget(Paragraph::new(says), area);
        return;
    }
    let [head, body, time, message, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(0),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(1),
    ])
    .areas(area);
    frame.render_widget(header(app, theme, head.width), head);
    if area.width >= LARGE.0 && area.height >= LARGE.1 {
        all(app, theme, frame, body);
    } else {
        some(app, theme, frame, body);
    }
    frame.render_widget(timeline(app, theme, time.width.into()), time);
    frame.render_widget(said(app, theme), message);
    let keys = " ? keys  q quit  s step  n next  i instruction  c continue  (capitals go back)";
    frame.render_widget(Line::styled(keys, theme.faint), foot);
    if app.is_help {
        help(theme, frame, body);
    }
}

/// All panes.
fn all(app: &App, theme: &Theme, frame: &mut Frame<'_>, area: Rect) {
    let [left, right] =
        Layout::horizontal([Constraint::Percentage(50), Constraint::Percentage(50)]).areas(area);
    let [source, code, console] =
        Layout::vertical([Constraint::Fill(3), Constraint::Fill(2), Constraint::Length(8)])
            .areas(left);
    // With the borders.
    let registers = panes::rows_of_registers(usize::from(right.width).saturating_sub(2)) + 2;
    let [registers, stack, calls, memory, storage, log] = Layout::vertical([
        Constraint::Length(u16::try_from(registers).unwrap_or(u16::MAX)),
        Constraint::Length(7),
        Constraint::Fill(2),
        Constraint::Length(8),
        Constraint::Fill(1),
        Constraint::Length(5),
    ])
    .areas(right);
    for (pane, area) in [
        (Pane::Source, source),
        (Pane::Code, code),
        (Pane::Console, console),
        (Pane::Registers, registers),
        (Pane::Stack, stack),
        (Pane::Calls, calls),
        (Pane::Memory, memory),
        (Pane::Storage, storage),
        (Pane::Log, log),
    ] {
        let title = format!(" {} ", pane.title()).into();
        draw_pane(app, pane, vec![title], theme, frame, area);
    }
}

/// Source and code, and one of the other panes under them.
fn some(app: &App, theme: &Theme, frame: &mut Frame<'_>, area: Rect) {
    let [upper, lower] =
        Layout::vertical([Constraint::Percentage(55), Constraint::Percentage(45)]).areas(area);
    let [source, code] =
        Layout::horizontal([Constraint::Percentage(55), Constraint::Percentage(45)]).areas(upper);
    for (pane, area) in [(Pane::Source, source), (Pane::Code, code)] {
        draw_pane(app, pane, vec![format!(" {} ", pane.title()).into()], theme, frame, area);
    }
    let mut tabs = vec![Span::raw(" ")];
    for pane in Pane::ALL.into_iter().filter(|it| !matches!(it, Pane::Source | Pane::Code)) {
        let style = if pane == app.tab { theme.here } else { theme.faint };
        tabs.push(Span::styled(pane.title(), style));
        tabs.push(Span::raw(" "));
    }
    draw_pane(app, app.tab, tabs, theme, frame, lower);
}

fn draw_pane(
    app: &App,
    pane: Pane,
    mut title: Vec<Span<'static>>,
    theme: &Theme,
    frame: &mut Frame<'_>,
    area: Rect,
) {
    let has_keys = pane == app.focus;
    let block = Block::bordered().border_style(if has_keys { theme.focus } else { theme.faint });
    let inner = block.inner(area);
    let (width, height) = (usize::from(inner.width), usize::from(inner.height));
    let scroll = if has_keys { app.scroll } else { 0 };
    let content = panes::content(app, pane, (width, height), scroll, theme);
    if !content.title.is_empty() {
        title.push(Span::raw(plain(&content.title).into_owned() + " "));
    }
    frame.render_widget(block.title(Line::from(title)), area);
    let rows = content.lines.len();
    // Panes longer than their content area are scrolled here; the others scroll their own content.
    let first = if rows > height {
        let middle = (content.at + 1).saturating_sub(height);
        let first = (middle as u64).saturating_add_signed(scroll);
        usize::try_from(first).unwrap_or(0).min(rows - height)
    } else {
        0
    };
    let shown: Vec<_> = content.lines.into_iter().skip(first).take(height).collect();
    frame.render_widget(Paragraph::new(shown), inner);
}

/// The debugged invocation, and the place in it.
fn header(app: &App, theme: &Theme, width: u16) -> Line<'static> {
    let session = app.lines.session();
    let what = &session.recording().title;
    let (here, all) = app.instructions();
    let machine = match session.machine() {
        Machine::Outer => String::new(),
        Machine::Inner(Machine::CHILD) => "child machine, ".to_owned(),
        Machine::Inner(handle) => format!("inner machine {handle}, "),
    };
    let gas = session.instance().gas();
    let place = format!("{machine}instruction {here} of {all}, gas {gas} ");
    let room = usize::from(width).saturating_sub(place.len());
    let what: String = plain(&format!(" {what}")).chars().take(room).collect();
    Line::from(vec![
        Span::styled(format!("{what:<room$}"), theme.here),
        Span::styled(place, theme.plain),
    ])
}

/// The whole run as a line: the place in it, and the host calls.
fn timeline(app: &App, theme: &Theme, width: usize) -> Line<'static> {
    let (here, all) = app.instructions();
    let (before, after) = (" 0 ".to_owned(), format!(" {all} "));
    let room = width.saturating_sub(before.len() + after.len());
    let last = room.saturating_sub(1) as u64;
    let column = |instruction: u64| {
        let share = u128::from(instruction) * u128::from(last) / u128::from(all.max(1));
        usize::try_from(share).unwrap_or(0)
    };
    let mut cells: Vec<char> = vec!['─'; room];
    let mut mark = |column: usize, mark: char| {
        if let Some(cell) = cells.get_mut(column) {
            *cell = mark;
        }
    };
    for (stretch, ..) in app.lines.session().calls() {
        let end = app.starts.get(stretch + 1).copied().unwrap_or(0);
        mark(column(end.saturating_sub(1)), '┼');
    }
    mark(column(here), '█');
    let (gone, rest) = cells.split_at(column(here).min(room));
    let text = |cells: &[char]| cells.iter().collect::<String>();
    Line::from(vec![
        Span::styled(before, theme.faint),
        Span::styled(text(gone), theme.name),
        Span::styled(text(rest.get(..1).unwrap_or_default()), theme.here),
        Span::styled(text(rest.get(1..).unwrap_or_default()), theme.faint),
        Span::styled(after, theme.faint),
    ])
}

/// The text that is being typed, or the last message. At the end of the recording, the reason for
/// the end follows.
fn said(app: &App, theme: &Theme) -> Line<'static> {
    if let Some(prompt) = &app.prompt {
        let asks = match prompt.asks {
            Asks::Command => " (jambox) ",
            Asks::Address => " memory at (an address, or an expression as a0 + 8): ",
        };
        let typed = plain(&prompt.text).into_owned();
        return Line::from(vec![
            Span::styled(asks, theme.name),
            Span::raw(typed),
            Span::styled("█", theme.here),
        ]);
    }
    let session: &Session = app.lines.session();
    let end = match session.is_at_end() {
        true => format!(" the end: {} ", plain(&show::ending(session))),
        false => " ".to_owned(),
    };
    let message = plain(&app.message).into_owned();
    Line::from(vec![Span::styled(end, theme.here), Span::styled(message, theme.name)])
}

/// The keys, over everything else.
fn help(theme: &Theme, frame: &mut Frame<'_>, area: Rect) {
    let rows = usize::from(area.height).saturating_sub(2);
    let columns = KEYS.len().div_ceil(rows.max(1));
    let per_column = KEYS.len().div_ceil(columns);
    let width = usize::from(area.width).saturating_sub(2) / columns;
    let cell = |row: usize, column: usize| {
        let Some(key) = KEYS.get(column * per_column + row) else { return Vec::new() };
        let purpose = key.purpose();
        let purpose: String = purpose.chars().take(width.saturating_sub(8)).collect();
        let room = width.saturating_sub(7);
        vec![
            Span::styled(format!(" {:<6}", key.shown), theme.name),
            Span::raw(format!("{purpose:<room$}")),
        ]
    };
    let row = |row: usize| {
        Line::from((0..columns).flat_map(|column| cell(row, column)).collect::<Vec<_>>())
    };
    let lines: Vec<_> = (0..per_column).map(row).collect();
    let height = u16::try_from(lines.len()).unwrap_or(area.height).saturating_add(2);
    let area = Rect { height: height.min(area.height), ..area };
    frame.render_widget(Clear, area);
    let block =
        Block::bordered().title(" keys; any of them closes this ").border_style(theme.focus);
    frame.render_widget(Paragraph::new(lines).block(block), area);
}
