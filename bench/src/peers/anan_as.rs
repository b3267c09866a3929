//! The command of anan-as, an interpreter in AssemblyScript that replays host-call logs under node:
//! a row of another kind. It runs whole logs and nothing else, a process for each.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::figures::Figures;
use crate::log;
use crate::workload::{Differences, Ending, State, Workload};

/// Variable that names the command, as npm installs it.
const VARIABLE: &str = "ANAN_AS";

/// The command.
///
/// # Errors
/// When no variable names it.
pub fn command() -> Result<PathBuf, String> {
    let command = env::var_os(VARIABLE).map(PathBuf::from);
    command.ok_or_else(|| format!("{VARIABLE} does not name its command"))
}

/// Runs every log of a folder once and compares registers and positions with the log. The time is
/// that of the processes, without that of as many starts of node that do nothing.
///
/// # Errors
/// When the command is missing, or fails.
pub fn measure(folder: &Path, logs: &[Workload], figures: &mut Figures) -> Result<(), String> {
    let command = command()?;
    let starts = of_children(|| {
        for _ in logs {
            run(Command::new("node").args(["--eval", "0"]))?;
        }
        Ok(())
    })?;
    let mut said = Vec::new();
    let replays = of_children(|| {
        for workload in logs {
            let mut replay = Command::new(&command);
            // It takes other gas than the log in places, so it is told not to compare.
            replay.args(["replay-trace", "--no-verify", "--no-logs", "--no-log-host-call"]);
            said.push(run(replay.arg(folder.join(&workload.name).with_extension("log")))?);
        }
        Ok(())
    })?;
    // The kernel tells the time of all children together.
    figures.set_time("log.once.all", replays.saturating_sub(starts));
    let mut differences = Differences::default();
    for (workload, text) in logs.iter().zip(&said) {
        compare(workload, text, &mut differences);
    }
    figures.set("differences.gas", differences.gas as f64);
    figures.set("differences.other", differences.other as f64);
    if let Some(first) = differences.first {
        eprintln!("{first}");
    }
    Ok(())
}

/// Compares what the command printed with the log: every host call, and the end unless that is out
/// of gas, where other gas is another place.
fn compare(workload: &Workload, text: &str, differences: &mut Differences) {
    let calls = workload.calls.iter().map(|call| (format!("ecalli={}", call.number), &call.state));
    let end = workload.end.as_ref().map(|end| (word(end.ending).to_owned(), &end.state));
    let mut found = text.lines().filter_map(|line| {
        let (word, rest) = line.split_once(' ')?;
        let is_state = word.starts_with("ecalli=") || ENDINGS.contains(&word);
        is_state.then(|| (word, log::state(rest)))
    });
    for (expected, state) in calls.chain(end) {
        let Some((word, found)) = found.next() else {
            return differences.other(|| format!("{}: it stops too early", workload.name));
        };
        let found = found.unwrap_or_default();
        if word == OUT_OF_GAS && word == expected {
            continue;
        }
        differences.gas += usize::from(found.gas != state.gas);
        if word != expected || found != (State { gas: found.gas, ..state.clone() }) {
            differences.other(|| format!("{}: {word} {found:x?}, not {state:x?}", workload.name));
        }
    }
}

const OUT_OF_GAS: &str = "OOG";
const ENDINGS: [&str; 4] = ["HALT", "PANIC", OUT_OF_GAS, "FAULT"];

const fn word(ending: Ending) -> &'static str {
    match ending {
        Ending::Halt => "HALT",
        Ending::Panic => "PANIC",
        Ending::OutOfGas => OUT_OF_GAS,
    }
}

/// The output of a command.
fn run(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{name}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{name}: {}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Processor time that child processes take for something; they have ended after it.
fn of_children(mut what: impl FnMut() -> Result<(), String>) -> Result<Duration, String> {
    let before = children().ok_or("the kernel does not tell the time of processes")?;
    what()?;
    let after = children().ok_or("the kernel does not tell the time of processes")?;
    Ok(after.saturating_sub(before))
}

/// Processor time of all child processes that have ended, `cutime` and `cstime` of proc(5). Linux
/// tells it in hundredths of a second.
fn children() -> Option<Duration> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program, in parentheses, may have spaces; the state follows it.
    let fields = text.rsplit_once(')')?.1.split_whitespace().skip(13).take(2);
    let ticks: u64 = fields.map(|field| field.parse::<u64>().ok()).sum::<Option<u64>>()?;
    Some(Duration::from_millis(10 * ticks))
}
