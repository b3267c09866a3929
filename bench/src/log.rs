//! Host-call logs (JIP-7 text): a service's executions, with every host effect.

use std::fs;
use std::path::Path;

use jambox_program::{Container, ProgramKind};

use crate::workload::{Call, End, Ending, State, Workload};

/// Reads every execution of every log in a folder, by file name.
pub fn read_folder(folder: &Path) -> Result<Vec<Workload>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
    paths.sort();
    let mut logs = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).map_err(|error| error.to_string())?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        read(&name, &text, &mut logs).ok_or_else(|| format!("{}: not a log", path.display()))?;
    }
    Ok(logs)
}

fn read(name: &str, text: &str, logs: &mut Vec<Workload>) -> Option<()> {
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let octets = hex(line.strip_prefix("program ")?)?;
        let ProgramKind::Standard(program, _) = Container::parse(&octets).ok()?.kind else {
            return None;
        };
        let mut arguments = Vec::new();
        let mut start = None;
        let mut calls: Vec<Call> = Vec::new();
        let end = loop {
            let (word, rest) = lines.next()?.split_once(' ')?;
            match word.split('=').next()? {
                "start" => start = Some(state(rest)?),
                "memwrite" if start.is_none() => arguments = hex(rest.rsplit(' ').next()?)?,
                "memwrite" => {
                    let address = number(rest.split(' ').next()?)?;
                    calls.last_mut()?.writes.push((address, hex(rest.rsplit(' ').next()?)?));
                }
                "memread" => {}
                "setreg" => {
                    let (reg, value) = rest.split_once(" <- ")?;
                    let reg = reg.strip_prefix('r')?.parse().ok()?;
                    calls.last_mut()?.regs.push((reg, number(value)?));
                }
                "setgas" => calls.last_mut()?.gas = Some(number(rest.strip_prefix("<- ")?)?),
                "ecalli" => calls.push(Call {
                    number: number(word.split_once('=')?.1)?,
                    state: state(rest)?,
                    writes: Vec::new(),
                    regs: Vec::new(),
                    gas: None,
                }),
                "HALT" => break End { ending: Ending::Halt, state: state(rest)? },
                "PANIC" => break End { ending: Ending::Panic, state: state(rest)? },
                "OOG" => break End { ending: Ending::OutOfGas, state: state(rest)? },
                _ => return None,
            }
        };
        let (name, start, end) = (name.to_owned(), start?, Some(end));
        logs.push(Workload {
            name,
            program,
            arguments,
            start,
            calls,
            end,
            is_gas_known: true,
            result: None,
        });
    }
    Some(())
}

/// `pc=.. gas=.. r00=.. ..`, zero registers left out.
pub fn state(text: &str) -> Option<State> {
    let mut state = State::default();
    for item in text.split(' ') {
        let (key, value) = item.split_once('=')?;
        match key {
            "pc" => state.pc = number(value)?,
            "gas" => state.gas = number(value)?,
            _ => {
                let index: usize = key.strip_prefix('r')?.parse().ok()?;
                *state.regs.get_mut(index)? = number(value)?;
            }
        }
    }
    Some(state)
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x")?.as_bytes();
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let octet = |pair: &[u8]| Some((digit(pair[0])? << 4 | digit(*pair.get(1)?)?) as u8);
    digits.chunks(2).map(octet).collect()
}
