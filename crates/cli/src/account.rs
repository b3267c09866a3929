//! Text form of the accounts that Jambox nodes give of packages and blocks.

use std::io::{self, Write};

use jambox_inspect::Octets;
use serde_json::Value;

use crate::plain::plain;
use crate::style::{BAD, GOOD, NAME};

/// Writes the verdict on a package (accepted or refused), and its invocations in core.
pub fn package(out: &mut dyn Write, account: &Value) -> io::Result<()> {
    let Some(hash) = account["package"]["hash"].as_str() else { return Ok(()) };
    match account["refused"].as_str() {
        Some(reason) => writeln!(out, "{BAD}refused{BAD:#} package {hash}: {}", plain(reason))?,
        None => {
            let core = &account["package"]["core"];
            writeln!(out, "{GOOD}accepted{GOOD:#} package {hash} for core {core}")?;
        }
    }
    in_core(out, account)?;
    failures(out, account)
}

/// Writes a package's invocations in core: the authorizer's, then the items'.
pub fn in_core(out: &mut dyn Write, account: &Value) -> io::Result<()> {
    let refined = list(account, "refine");
    for invocation in std::iter::once(&account["is_authorized"]).chain(refined) {
        self::invocation(out, invocation)?;
    }
    Ok(())
}

/// Writes the account of a block; nothing for a block without reports, preimages and invocations.
pub fn block(out: &mut dyn Write, account: &Value) -> io::Result<()> {
    let count = |part: &str| account[part].as_array().map_or(0, Vec::len);
    let (reported, available) = (count("reported"), count("available"));
    if reported + available + count("preimages") + count("accumulate") == 0 {
        return Ok(());
    }
    let slot = &account["slot"];
    writeln!(out, "{NAME}block{NAME:#} slot {slot}: {reported} reported, {available} available")?;
    on_chain(out, account)
}

/// Writes the invocations of accumulate, and the changes of the state.
pub fn on_chain(out: &mut dyn Write, account: &Value) -> io::Result<()> {
    for invocation in list(account, "accumulate") {
        self::invocation(out, invocation)?;
    }
    for transfer in list(account, "transfers") {
        let amount = transfer["amount"].as_str().unwrap_or_default();
        let (from, to) = (service(&transfer["from"]), service(&transfer["to"]));
        writeln!(out, "  transfer of {amount} from {from} to {to}")?;
    }
    for change in list(account, "state") {
        let place = match &change["service"] {
            Value::Null => "privileged".to_owned(),
            of => service(of),
        };
        let words = [&change["kind"], &change["field"], &change["key"]];
        let entry: Vec<String> =
            words.into_iter().filter_map(Value::as_str).map(readable).collect();
        let (before, after) = (standing(&change["before"]), standing(&change["after"]));
        writeln!(out, "  {place} {}: {before} -> {after}", entry.join(" "))?;
    }
    Ok(())
}

/// Writes the failures of a package, a line each, but for the reason of a refusal (see `package`).
pub fn failures(out: &mut dyn Write, account: &Value) -> io::Result<()> {
    for failure in list(account, "failures").filter(|failure| **failure != account["refused"]) {
        writeln!(out, "{BAD}failed{BAD:#} {}", plain(failure.as_str().unwrap_or_default()))?;
    }
    Ok(())
}

fn invocation(out: &mut dyn Write, invocation: &Value) -> io::Result<()> {
    let Some(what) = invocation["what"].as_str() else { return Ok(()) };
    let item = invocation["item"].as_u64().map(|item| format!(" item {item}"));
    let of = match &invocation["service"] {
        Value::Null => String::new(),
        of => format!(" of {}", service(of)),
    };
    let outcome = invocation["outcome"].as_str().unwrap_or_default().replace('-', " ");
    let gas = |part: &str| invocation["gas"][part].as_str().unwrap_or_default().to_owned();
    let (used, limit) = (gas("used"), gas("limit"));
    writeln!(out, "  {what}{}{of}: {outcome}, gas {used} of {limit}", item.unwrap_or_default())?;
    failure(out, &invocation["failure"])?;
    for event in list(invocation, "events").filter(|event| event["kind"] == "log") {
        let message = event["message"].as_str().unwrap_or_default();
        writeln!(out, "    log {}", plain(message))?;
    }
    Ok(())
}

/// Writes the failure of an invocation: the reason, the instruction, the lines of the source.
fn failure(out: &mut dyn Write, failure: &Value) -> io::Result<()> {
    let Some(reason) = failure["reason"].as_str() else { return Ok(()) };
    writeln!(out, "    {BAD}why{BAD:#} {}", plain(reason))?;
    let explanation = &failure["explanation"];
    if let Some(instruction) = explanation["instruction"].as_str() {
        let pc = explanation["pc"].as_str().unwrap_or_default();
        writeln!(out, "        {} at pc {pc}", plain(instruction))?;
    }
    for part in [&explanation["rule"], &failure["hint"]] {
        if let Some(text) = part.as_str().filter(|text| !text.is_empty() && *text != reason) {
            writeln!(out, "        {}", plain(text))?;
        }
    }
    for line in list(explanation, "source").chain(list(explanation, "callers")) {
        writeln!(out, "        {}", plain(line.as_str().unwrap_or_default()))?;
    }
    Ok(())
}

/// Members of a list; none if there is no such list.
fn list<'a>(object: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    object[name].as_array().into_iter().flatten()
}

/// A service: its id in decimal, above 9 also in hexadecimal, as `jambox call` takes it.
fn service(service: &Value) -> String {
    match service["id"].as_u64() {
        Some(id) if id > 9 => format!("service {id} ({id:08x})"),
        _ => format!("service {}", service["id"]),
    }
}

/// A value of the state: a decimal or octets as text, some hashes or slots as a list.
fn standing(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => readable(text),
        other => other.to_string(),
    }
}

/// Octets in the form of `jambox run`, text as text; a string that is not octets stays as it is.
fn readable(text: &str) -> String {
    match text.strip_prefix("0x").map(const_hex::decode) {
        Some(Ok(octets)) => Octets::new(octets).to_string(),
        _ => plain(text).into_owned(),
    }
}
