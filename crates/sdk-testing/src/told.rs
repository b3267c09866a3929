//! Effects as text, for snapshots: everything but gas and the octets of accounts.

use std::fmt::{self, Display, Formatter};

use jambox_inspect::Shown;
use jambox_inspect::account::{Change, Names, Standing};
use jambox_sdk::types::{DeferredTransfer, WorkError};
use jambox_state::Difference;

use crate::{Accumulation, Failed, Processed, Record, Refinement};

/// The output, the exports, the failure, and the log; no gas and no host calls.
impl Display for Refinement {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        result(f, "result", &self.result)?;
        let exports = self.exports.iter();
        exports.enumerate().try_for_each(|(index, segment)| export(f, index, segment))?;
        failed(f, &self.failure)?;
        log(f, &self.record)
    }
}

/// The output, transfers, changes of the state, the failure, and the log; no gas and no host calls.
impl Display for Accumulation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(hash) = self.yielded {
            writeln!(f, "yield {hash}")?;
        }
        self.transfers.iter().try_for_each(|it| transfer(f, it))?;
        self.changes.iter().try_for_each(|it| change(f, it))?;
        failed(f, &self.failure)?;
        log(f, &self.record)
    }
}

/// The outputs of items, exports, accumulation outputs, transfers, changes of the state, failures,
/// and the log; no gas and no host calls.
impl Display for Processed {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (item, output) in self.results().into_iter().enumerate() {
            result(f, &format!("item {item}"), output)?;
        }
        let exports = self.computed.exports.iter();
        exports.enumerate().try_for_each(|(index, segment)| export(f, index, segment))?;
        for (service, hash) in &self.outputs {
            writeln!(f, "yield {hash} by {service}")?;
        }
        self.transfers.iter().try_for_each(|it| transfer(f, it))?;
        self.changes.iter().try_for_each(|it| change(f, it))?;
        failed(f, &self.failures)?;
        log(f, &self.record)
    }
}

fn result(f: &mut Formatter<'_>, what: &str, result: &Result<Vec<u8>, WorkError>) -> fmt::Result {
    match result {
        Ok(output) => writeln!(f, "{what}: {}", Shown(output)),
        Err(error) => writeln!(f, "{what}: {error}"),
    }
}

fn export(f: &mut Formatter<'_>, index: usize, segment: &[u8]) -> fmt::Result {
    writeln!(f, "export {index}: {}", Shown(segment))
}

fn transfer(f: &mut Formatter<'_>, transfer: &DeferredTransfer) -> fmt::Result {
    let DeferredTransfer { source, destination, amount, memo, gas_limit } = transfer;
    let memo = Shown(&memo.0);
    writeln!(f, "transfer from {source} to {destination}: {amount}, {gas_limit} gas, memo {memo}")
}

fn change(f: &mut Formatter<'_>, difference: &Difference) -> fmt::Result {
    let Change { service, entry, before, after } = Change::new(difference, &Names::new());
    if entry.field.as_deref() == Some("octets") {
        // The octets of the code are among them, and differ between native and compiled.
        return Ok(());
    }
    let standing = |it: Option<Standing>| it.map_or_else(|| "nothing".into(), |it| it.to_string());
    if let Some(service) = service {
        write!(f, "{service}: ")?;
    }
    writeln!(f, "{entry}: {} -> {}", standing(before), standing(after))
}

/// The first line of each failure; the others differ between native and compiled.
fn failed<'a>(f: &mut Formatter<'_>, all: impl IntoIterator<Item = &'a Failed>) -> fmt::Result {
    all.into_iter().try_for_each(|it| writeln!(f, "failed: {}", it.summary()))
}

/// The log, without lines of panic handlers, which a blob may be built without.
fn log(f: &mut Formatter<'_>, record: &Record) -> fmt::Result {
    for line in record.log.iter().filter(|line| !line.is_panic()) {
        let target = line.target.as_ref().map(|target| format!(" {target}"));
        writeln!(f, "log {}{}: {}", line.level.name(), target.unwrap_or_default(), line.message)?;
    }
    Ok(())
}
