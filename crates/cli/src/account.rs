//! The accounts that nodes of Jambox give of packages and blocks, as text.

use std::io::{self, Write};

use serde_json::Value;

use crate::style::{BAD, GOOD, NAME};

/// Whether a package was taken in, and what happened in core.
pub fn package(out: &mut dyn Write, account: &Value) -> io::Result<()> {
    let Some(hash) = account["package"].as_str() else { return Ok(()) };
    match account["refused"].as_str() {
        Some(reason) => writeln!(out, "{BAD}refused{BAD:#} package {hash}: {reason}")?,
        None => {
            let core = &account["core"];
            writeln!(out, "{GOOD}accepted{GOOD:#} package {hash} for core {core}")?;
        }
    }
    in_core(out, account)?;
    failures(out, account)
}

/// What the authorizer and the items of a package did.
pub fn in_core(out: &mut dyn Write, account: &Value) -> io::Result<()> {
    let refined = account["refine"].as_array().into_iter().flatten();
    for invocation in std::iter::once(&account["is_authorized"]).chain(refined) {
        self::invocation(out, invocation)?;
    }
    Ok(())
}

/// What a block did, if anything.
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

/// What was accumulated, and what that changed.
pub fn on_chain(out: &mut dyn Write, account: &Value) -> io::Result<()> {
    for invocation in account["accumulate"].as_array().into_iter().flatten() {
        self::invocation(out, invocation)?;
    }
    for transfer in account["transfers"].as_array().into_iter().flatten() {
        let text = |part: &str| transfer[part].to_string().replace('"', "");
        let (from, to, amount) = (text("from"), text("to"), text("amount"));
        writeln!(out, "  transfer of {amount} from service {from} to {to}")?;
    }
    for change in account["state"].as_array().into_iter().flatten() {
        let (service, kind) = (&change["service"], change["kind"].as_str().unwrap_or_default());
        let key = change["key"].as_str().unwrap_or_default();
        let value = |part: &str| shortened(change[part].as_str().unwrap_or("nothing"));
        writeln!(
            out,
            "  service {service} {kind} {}: {} -> {}",
            shortened(key),
            value("before"),
            value("after")
        )?;
    }
    Ok(())
}

/// What failed of a package, a line each.
pub fn failures(out: &mut dyn Write, account: &Value) -> io::Result<()> {
    for failure in account["failures"].as_array().into_iter().flatten() {
        writeln!(out, "{BAD}failed{BAD:#} {}", plain(failure.as_str().unwrap_or_default()))?;
    }
    Ok(())
}

fn invocation(out: &mut dyn Write, invocation: &Value) -> io::Result<()> {
    let Some(what) = invocation["what"].as_str() else { return Ok(()) };
    let of_service = invocation["service"].as_u64().map(|id| format!(" of service {id}"));
    let outcome = invocation["outcome"].as_str().unwrap_or_default();
    let gas = |part: &str| invocation["gas"][part].as_str().unwrap_or_default().to_owned();
    let (used, limit) = (gas("used"), gas("limit"));
    let service = of_service.unwrap_or_default();
    writeln!(out, "  {what}{service}: {outcome}, gas {used} of {limit}")?;
    let failure = &invocation["failure"];
    if let Some(reason) = failure["reason"].as_str() {
        writeln!(out, "    {BAD}why{BAD:#} {}", plain(reason))?;
        for part in [&failure["instruction"], &failure["source"][0]] {
            if let Some(text) = part.as_str() {
                writeln!(out, "        {}", plain(text))?;
            }
        }
    }
    for line in invocation["log"].as_array().into_iter().flatten() {
        let message = line["message"].as_str().unwrap_or_default();
        writeln!(out, "    log {}", plain(message))?;
    }
    Ok(())
}

/// A text without characters that would steer a terminal.
fn plain(text: &str) -> String {
    text.chars()
        .flat_map(|it| if it.is_control() { it.escape_default().collect() } else { vec![it] })
        .collect()
}

fn shortened(text: &str) -> String {
    const LIMIT: usize = 66;
    match text.get(..LIMIT) {
        Some(head) if text.len() > LIMIT => format!("{head}.. ({} octets)", text.len() / 2 - 1),
        _ => text.to_owned(),
    }
}
