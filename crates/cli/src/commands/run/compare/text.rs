//! Text of a comparison.

use std::io::{self, Write};

use jambox_inspect::account::{Change, Gas, PackageSummary, Standing};
use jambox_inspect::count;
use jambox_inspect::hostcalls::Argument;

use crate::output::{Report, line};
use crate::plain::plain;
use crate::style::{BAD, FAINT, GOOD, HEADING, NAME};

use super::{Call, CallDifference, Calls, Comparison, Invoked, Outcomes, Pair, State};

/// Most differences of one invocation's host calls that are shown by default.
const SHOWN: usize = 12;

/// The most characters of a result that are shown.
const CLIPPED: usize = 160;

/// A comparison at a level of detail.
pub struct Shown<'a> {
    pub comparison: &'a Comparison,
    pub verbosity: u8,
}

impl serde::Serialize for Shown<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.comparison.serialize(serializer)
    }
}

impl Report for Shown<'_> {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let Comparison { packages, invocations, results, state, failures } = self.comparison;
        let revisions = packages.each_ref().map(|package| package.revision);
        let [older, newer] = revisions;
        writeln!(out, "{HEADING}{older}{HEADING:#} beside {HEADING}{newer}{HEADING:#}")?;
        let PackageSummary { file, abi, parameters, .. } = &packages[0];
        let file = plain(file.as_deref().unwrap_or_default());
        line(out, "file", &format!("{file}, {abi} ABI, {parameters} parameters"))?;
        let hashes = packages.each_ref().map(|package| Some(package.hash.clone()));
        side_by_side(out, "package", &hashes, revisions)?;
        for invoked in invocations {
            self.write_invoked(out, invoked, revisions)?;
        }
        if !results.is_empty() {
            writeln!(out, "\n{HEADING}results{HEADING:#}")?;
        }
        for Outcomes { what, values } in results {
            let values = values.each_ref().map(|value| value.as_deref().map(clipped));
            side_by_side(out, what, &values, revisions)?;
        }
        write_state(out, state, revisions)?;
        writeln!(out)?;
        if failures.iter().all(Vec::is_empty) {
            return writeln!(out, "{GOOD}done{GOOD:#} under both");
        }
        for (failures, revision) in failures.iter().zip(revisions) {
            for failure in failures {
                writeln!(out, "{BAD}failed{BAD:#} under {revision}: {failure}")?;
            }
        }
        Ok(())
    }
}

impl Shown<'_> {
    fn write_invoked(
        &self,
        out: &mut dyn Write,
        invoked: &Invoked,
        revisions: Pair<&str>,
    ) -> io::Result<()> {
        let Invoked { what, service, item, outcome, output, gas, failure, host_calls } = invoked;
        let item = item.map(|item| format!(" item {item}")).unwrap_or_default();
        let service = service.as_ref().map(|it| format!(" of {}", plain(&it.to_string())));
        let service = service.unwrap_or_default();
        writeln!(out, "\n{HEADING}{what}{HEADING:#}{item}{service}")?;
        let outcome = outcome.each_ref().map(|it| it.as_ref().map(ToString::to_string));
        side_by_side(out, "outcome", &outcome, revisions)?;
        if failure.iter().any(Option::is_some) {
            side_by_side(out, "failure", failure, revisions)?;
        }
        line(out, "gas", &in_words(gas))?;
        if output[0] == output[1] {
            let output = output[0].as_ref().map(ToString::to_string);
            line(out, "output", &output.unwrap_or_else(|| "none".to_owned()))?;
        } else {
            let output = output.each_ref().map(|it| it.as_ref().map(ToString::to_string));
            apart(out, "output", &output, revisions)?;
        }
        self.write_calls(out, host_calls, revisions)
    }

    fn write_calls(
        &self,
        out: &mut dyn Write,
        calls: &Calls,
        revisions: Pair<&str>,
    ) -> io::Result<()> {
        let Calls { counts: [older, newer], same, events_dropped, differences } = calls;
        if differences.is_empty() {
            line(out, "host calls", &format!("{older}, the same in both"))?;
        } else {
            let counts =
                if older == newer { older.to_string() } else { format!("{older}, {newer}") };
            line(out, "host calls", &format!("{counts}; {same} the same in both"))?;
        }
        let most = if self.verbosity > 0 { usize::MAX } else { SHOWN };
        for difference in differences.iter().take(most) {
            write_difference(out, difference, revisions)?;
        }
        if differences.len() > most {
            let more = count((differences.len() - most) as u64, "difference");
            line(out, "", &format!("and {more} more: -v shows all"))?;
        }
        if *events_dropped != [0, 0] {
            let [older, newer] = events_dropped;
            line(out, "", &format!("not kept and not compared: {older} and {newer} events"))?;
        }
        Ok(())
    }
}

/// Gas under both, with the factor from the older to the newer.
fn in_words(gas: &Pair<Option<Gas>>) -> String {
    let used = |gas: &Option<Gas>| gas.map_or("none".to_owned(), |gas| gas.used.to_string());
    let [older, newer] = gas.each_ref().map(used);
    let limits = gas.map(|gas| gas.map(|gas| gas.limit));
    let limit = match limits {
        [Some(one), Some(other)] if one != other => format!("{one} and {other}"),
        [one, other] => one.or(other).unwrap_or(0).to_string(),
    };
    match gas {
        [Some(one), Some(other)] if one.used == other.used => {
            format!("{older} in both, of {limit}")
        }
        [Some(one), Some(other)] if one.used > 0 => {
            let factor = other.used as f64 / one.used as f64;
            format!("{older} -> {newer} (x {factor:.2}) of {limit}")
        }
        _ => format!("{older} -> {newer} of {limit}"),
    }
}

/// A result, cut to the room of a line. JSON has all of it.
fn clipped(value: &str) -> String {
    match value.char_indices().nth(CLIPPED) {
        Some((end, _)) => format!("{}..", &value[..end]),
        None => value.to_owned(),
    }
}

/// A value that both have, once; values that differ, a line each.
fn side_by_side(
    out: &mut dyn Write,
    label: &str,
    values: &Pair<Option<String>>,
    revisions: Pair<&str>,
) -> io::Result<()> {
    match values {
        [Some(one), Some(other)] if one == other => {
            line(out, label, &format!("{} {FAINT}in both{FAINT:#}", plain(one)))
        }
        values => apart(out, label, values, revisions),
    }
}

fn apart(
    out: &mut dyn Write,
    label: &str,
    values: &Pair<Option<String>>,
    revisions: Pair<&str>,
) -> io::Result<()> {
    let mut label = label;
    for (value, revision) in values.iter().zip(revisions) {
        let value = value.as_deref().unwrap_or("nothing");
        line(out, label, &format!("{NAME}{revision}{NAME:#}  {}", plain(value)))?;
        label = "";
    }
    Ok(())
}

fn write_difference(
    out: &mut dyn Write,
    difference: &CallDifference,
    revisions: Pair<&str>,
) -> io::Result<()> {
    let CallDifference { calls, memory_differs } = difference;
    let is_lonely = calls.iter().any(Option::is_none);
    for (call, revision) in calls.iter().zip(revisions) {
        let Some(call) = call else { continue };
        let only = if is_lonely { "only " } else { "" };
        line(out, "", &format!("{only}{NAME}{revision}{NAME:#}  {}", shown(call)))?;
    }
    if *memory_differs && let [Some(one), Some(other)] = calls {
        // The texts show only the beginning of long values.
        if shown(one) == shown(other) {
            line(out, "", "what it read or wrote differs where the lines leave it out")?;
        }
    }
    Ok(())
}

fn shown(call: &Call) -> String {
    let Call { index, number, name, arguments, result } = call;
    let name = name.map_or_else(|| number.to_string(), str::to_owned);
    let argument = |Argument { name, text, .. }: &Argument| format!("{name}: {text}");
    let arguments: Vec<_> = arguments.iter().map(argument).collect();
    format!("call {index}: {name}({}) -> {result}", arguments.join(", "))
}

fn write_state(out: &mut dyn Write, state: &State, revisions: Pair<&str>) -> io::Result<()> {
    writeln!(out, "\n{HEADING}state{HEADING:#}")?;
    let State { same, differences } = state;
    let changes = count(*same as u64, "change");
    match (same, differences.is_empty()) {
        (0, true) => return writeln!(out, "  unchanged in both"),
        (_, true) => return writeln!(out, "  {changes}, the same in both"),
        (_, false) => writeln!(out, "  {changes} the same in both")?,
    }
    for difference in differences {
        let Some(change) = difference.changes.iter().flatten().next() else { continue };
        let owner = change.service.as_ref().map_or("privileged".to_owned(), ToString::to_string);
        writeln!(out, "  {} {}", plain(&owner), change.entry)?;
        for (change, revision) in difference.changes.iter().zip(revisions) {
            let said = change.as_ref().map_or("unchanged".to_owned(), in_short);
            writeln!(out, "    {NAME}{revision}{NAME:#}  {said}")?;
        }
    }
    Ok(())
}

fn in_short(change: &Change) -> String {
    let of = |value: &Option<Standing>| {
        value.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string)
    };
    format!("{} -> {}", of(&change.before), of(&change.after))
}
