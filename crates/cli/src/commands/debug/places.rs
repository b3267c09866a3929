//! Places that a person or an editor names, as positions of the programs of a recording.

use std::collections::BTreeSet;

use jambox_debug::{
    Condition, Failing, Kind, Located, Recording, StopPoint, locate_function, locate_line,
};

/// Places in the code, with their description.
pub struct Found {
    pub places: BTreeSet<(usize, u64)>,
    pub what: String,
    /// The line that was found, if one was asked for.
    pub line: Option<u32>,
}

/// Finds a function, `file:line` or `pc N`.
pub fn find(recording: &Recording, place: &str) -> Result<Found, String> {
    if let Some(pc) = place.strip_prefix("pc ") {
        return at_pc(recording, pc.trim());
    }
    if let Some((file, line)) = place.rsplit_once(':')
        && let Ok(line) = line.parse()
    {
        return find_line(recording, file, line);
    }
    let found = each(recording, |symbols| locate_function(symbols, place));
    found.ok_or_else(|| missing(recording, &format!("no function `{place}` in the symbols")))
}

/// Finds a line, or the next that has code.
pub fn find_line(recording: &Recording, file: &str, line: u32) -> Result<Found, String> {
    let found = each(recording, |symbols| locate_line(symbols, file, line));
    found.ok_or_else(|| missing(recording, &format!("no code at or after {file}:{line}")))
}

fn at_pc(recording: &Recording, pc: &str) -> Result<Found, String> {
    let pc = jambox_isa::parse_number(pc).ok_or_else(|| format!("`{pc}` is no position"))?;
    let program = recording.codes.first().map(|code| code.module.program());
    let is_start = |pc: u64| {
        u32::try_from(pc).is_ok_and(|pc| program.is_some_and(|it| it.is_instruction_start(pc)))
    };
    if !is_start(pc) {
        return Err(format!("no instruction starts at pc {pc}"));
    }
    Ok(Found { places: [(0, pc)].into(), what: format!("pc {pc}"), line: None })
}

/// Places that `locate` finds in the symbols of all programs; `None` if there are none.
fn each(
    recording: &Recording,
    locate: impl Fn(&jambox_symbols::Symbols) -> Option<Located>,
) -> Option<Found> {
    let mut all: Option<Found> = None;
    for (index, code) in recording.codes.iter().enumerate() {
        let Some(found) = code.symbols.as_ref().and_then(&locate) else { continue };
        let places = found.pcs.into_iter().map(|pc| (index, pc));
        let line = found.line;
        let what = match found.moved_from {
            None => found.what,
            Some(line) => format!("{}, for there is no code at line {line}", found.what),
        };
        let all = all.get_or_insert_with(|| Found { places: BTreeSet::new(), what, line });
        all.places.extend(places);
    }
    all
}

fn missing(recording: &Recording, message: &str) -> String {
    if recording.codes.iter().any(|code| code.symbols.is_some()) {
        return message.to_owned();
    }
    "there are no symbols: `jambox build` leaves them beside the blob; `break pc N` does without"
        .to_owned()
}

/// Splits the text of a stop at its last ` if `. Error: the condition behind it does not parse.
pub fn with_condition(text: &str) -> Result<(&str, Option<Condition>), String> {
    let Some((what, condition)) = text.rsplit_once(" if ") else { return Ok((text.trim(), None)) };
    let condition = Condition::parse(condition).map_err(|error| error.to_string())?;
    Ok((what.trim(), Some(condition)))
}

/// A stop in words.
pub fn describe(stop: &StopPoint) -> String {
    let kind = match &stop.kind {
        Kind::Places(places) => {
            let pcs: Vec<_> = places.iter().map(|(_, pc)| pc.to_string()).collect();
            format!("at pc {}", pcs.join(", "))
        }
        Kind::Call(Some(name)) => format!("before host call {name}"),
        Kind::Call(None) => "before every host call".to_owned(),
        Kind::Exit => "when a machine ends".to_owned(),
        Kind::Failure(Failing::Panic) => "when a machine panics".to_owned(),
        Kind::Failure(Failing::PageFault) => "on page faults".to_owned(),
        Kind::Failure(Failing::OutOfGas) => "when a machine runs out of gas".to_owned(),
        Kind::Failure(Failing::HostCode) => "on host codes that are not OK".to_owned(),
        Kind::InnerStart => "when an inner machine starts".to_owned(),
        Kind::GasBelow(gas) => format!("when gas falls below {gas}"),
        Kind::Memory(address, length) => format!("on writes to {address:#x}+{length}"),
        Kind::Storage(key) => {
            format!("on writes to storage key {}", jambox_inspect::Shown(key))
        }
    };
    match &stop.condition {
        Some(condition) => format!("{kind}, if {}", condition.text()),
        None => kind,
    }
}
