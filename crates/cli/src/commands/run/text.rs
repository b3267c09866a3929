//! Text of a run's report.

use std::io::{self, Write};

use jambox_inspect::account::{
    Change, Digest, DigestResult, Event, Gas, HostCall, InCore, InnerRun, Invocation, Outcome,
    PackageSummary, Service, Standing, Transfer, WorkReport,
};
use jambox_inspect::profile::Spent;

use crate::calls;
use crate::chain::Kept;
use crate::explanation;
use crate::output::{Report, line};
use crate::plain::plain;
use crate::style::{BAD, GOOD, HEADING, NAME};

use super::model::RunReport;

/// A run's report at a level of detail.
pub struct Shown<'a> {
    pub report: &'a RunReport,
    pub verbosity: u8,
}

impl serde::Serialize for Shown<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.report.serialize(serializer)
    }
}

impl Report for Shown<'_> {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let RunReport { package, in_core, on_chain, .. } = self.report;
        let InCore { is_authorized, refine, work_report } = in_core;
        write_package(out, package)?;
        if let Some(invocation) = is_authorized {
            self.write_invocation(out, "is-authorized", invocation)?;
        }
        for invocation in refine {
            self.write_invocation(out, "refine", invocation)?;
        }
        if let Some(report) = work_report {
            write_report(out, report)?;
        }
        for invocation in &on_chain.accumulate {
            self.write_invocation(out, "accumulate", invocation)?;
        }
        write_transfers(out, &on_chain.transfers)?;
        self.write_outputs(out)?;
        if work_report.is_some() {
            write_state(out, &on_chain.state)?;
        }
        if let Some(Kept { file, slot, root }) = &self.report.chain {
            writeln!(out, "\n{HEADING}chain{HEADING:#} {file}")?;
            line(out, "slot", &slot.to_string())?;
            line(out, "root", root)?;
        }
        if let Some(coverage) = &self.report.coverage {
            coverage.write(out)?;
        }
        self.write_verdict(out)
    }
}

/// Most rows of a profile in the text.
const PROFILE_ROWS: usize = 16;

fn write_profile(out: &mut dyn Write, invocation: &Invocation) -> io::Result<()> {
    let Invocation { profile, gas, .. } = invocation;
    let (shown, others) = profile.split_at(profile.len().min(PROFILE_ROWS));
    let mut label = "profile";
    let mut row = |spent: u64, what: &str| {
        let share = spent as f64 * 100.0 / gas.used.max(1) as f64;
        let written = line(out, label, &format!("{spent:>8} {share:>5.1}%  {what}"));
        label = "";
        written
    };
    for Spent { what, gas } in shown {
        row(*gas, &plain(what))?;
    }
    if !others.is_empty() {
        let gas = others.iter().map(|spent| spent.gas).sum();
        row(gas, &format!("{} others", others.len()))?;
    }
    Ok(())
}

fn write_package(out: &mut dyn Write, package: &PackageSummary) -> io::Result<()> {
    writeln!(out, "{HEADING}work package{HEADING:#} {}", package.hash)?;
    if let Some(file) = &package.file {
        line(out, "file", file)?;
    }
    let PackageSummary { revision, abi, consensus, parameters, .. } = package;
    let warning = if *consensus { "" } else { " (non-consensus)" };
    line(out, "protocol", &format!("{revision}, {abi} ABI{warning}, {parameters} parameters"))?;
    let PackageSummary { octets, items, core, slot, .. } = package;
    let items = if *items == 1 { "1 item".to_owned() } else { format!("{items} items") };
    line(out, "size", &format!("{octets} octets, {items}"))?;
    line(out, "where", &format!("core {core}, slot {slot}"))
}

impl Shown<'_> {
    fn write_invocation(
        &self,
        out: &mut dyn Write,
        what: &str,
        invocation: &Invocation,
    ) -> io::Result<()> {
        let item = invocation.item.map(|item| format!(" item {item}")).unwrap_or_default();
        let service = invocation.service.as_ref().map(|it| format!(" of {}", named(it)));
        let service = service.unwrap_or_default();
        writeln!(out, "\n{HEADING}{what}{HEADING:#}{item}{service}")?;
        let style = if invocation.outcome == Outcome::Halt { GOOD } else { BAD };
        line(out, "outcome", &format!("{style}{}{style:#}", invocation.ending()))?;
        let Gas { used, limit } = invocation.gas;
        line(out, "gas", &format!("{used} of {limit}"))?;
        write_profile(out, invocation)?;
        for event in &invocation.events {
            self.write_event(out, event)?;
        }
        if invocation.events_dropped > 0 {
            line(out, "", &format!("and {} more events, not kept", invocation.events_dropped))?;
        }
        if let Some(output) = &invocation.output {
            line(out, "output", &output.to_string())?;
        }
        if let Some(note) = &invocation.note {
            line(out, "note", note)?;
        }
        // An invocation that never ran, or whose result was refused, is explained by its outcome.
        let stopped = matches!(invocation.outcome, Outcome::Panic | Outcome::OutOfGas);
        if let Some(failure) = invocation.failure.as_ref().filter(|_| stopped) {
            line(out, "failure", &format!("{BAD}{}{BAD:#}", failure.reason))?;
            if let Some(explanation) = &failure.explanation {
                explanation::write(out, "  ", explanation)?;
            }
            if let Some(hint) = &failure.hint {
                line(out, "hint", hint)?;
            }
        }
        Ok(())
    }

    fn write_event(&self, out: &mut dyn Write, event: &Event) -> io::Result<()> {
        match event {
            Event::HostCall(call) => self.write_call(out, call),
            Event::Log(log) => line(out, "log", &plain(&log.to_string())),
            Event::Export { index, segment } => {
                line(out, "export", &format!("segment {index}: {segment}"))
            }
            Event::InnerCreated { machine, octets } => {
                line(out, "machine", &format!("{machine} made from a blob of {octets} octets"))
            }
            Event::InnerRan(run) => write_inner(out, run),
        }
    }

    fn write_call(&self, out: &mut dyn Write, call: &HostCall) -> io::Result<()> {
        let name = call.name.map_or_else(|| call.number.to_string(), str::to_owned);
        let gas = format!("gas {}", call.gas.after);
        calls::write(out, &name, &call.arguments, &call.result, &gas)?;
        if self.verbosity > 1 { calls::write_memory(out, &call.memory) } else { Ok(()) }
    }

    fn write_outputs(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(root) = &self.report.on_chain.output_root else { return Ok(()) };
        writeln!(out, "\n{HEADING}accumulation outputs{HEADING:#}")?;
        for output in &self.report.on_chain.outputs {
            line(out, "yield", &format!("{} by {}", output.hash, named(&output.service)))?;
        }
        line(out, "root", root)
    }

    fn write_verdict(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out)?;
        if self.report.failures.is_empty() {
            return writeln!(out, "{GOOD}done{GOOD:#}");
        }
        for failure in &self.report.failures {
            writeln!(out, "{BAD}failed{BAD:#}: {failure}")?;
        }
        Ok(())
    }
}

fn write_inner(out: &mut dyn Write, run: &InnerRun) -> io::Result<()> {
    let InnerRun { machine, exit, pc, gas: Gas { limit, used }, .. } = run;
    let ran = format!("ran: {exit} at pc {pc}, gas {used} of {limit}");
    match machine {
        Some(machine) => line(out, "machine", &format!("{machine} {ran}"))?,
        None => line(out, "child", &ran)?,
    }
    match &run.explanation {
        Some(explanation) => explanation::write_briefly(out, "              ", explanation),
        None => Ok(()),
    }
}

fn write_report(out: &mut dyn Write, report: &WorkReport) -> io::Result<()> {
    writeln!(out, "\n{HEADING}work report{HEADING:#} {}", report.hash)?;
    line(out, "authorizer", &report.authorizer)?;
    line(out, "trace", &report.authorizer_trace.to_string())?;
    let WorkReport { bundle_octets, erasure_root, .. } = report;
    line(out, "bundle", &format!("{bundle_octets} octets, erasure root {erasure_root}"))?;
    line(out, "exports", &format!("{} segments, root {}", report.segments, report.segment_root))?;
    for (index, digest) in report.digests.iter().enumerate() {
        write_digest(out, index, digest)?;
    }
    Ok(())
}

fn write_digest(out: &mut dyn Write, index: usize, digest: &Digest) -> io::Result<()> {
    let result = match &digest.result {
        DigestResult::Output(output) => format!("output {output}"),
        DigestResult::Error(error) => format!("{BAD}{error}{BAD:#}"),
    };
    let Digest { service, gas_used, imports, extrinsics, exports, .. } = digest;
    line(out, "digest", &format!("{index} of {}: {result}", named(service)))?;
    let load = format!(
        "gas {gas_used}, {imports} imports, {extrinsics} extrinsics of {} octets, \
         {exports} exports",
        digest.extrinsic_octets
    );
    line(out, "", &load)
}

fn write_transfers(out: &mut dyn Write, transfers: &[Transfer]) -> io::Result<()> {
    if transfers.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{HEADING}deferred transfers{HEADING:#}")?;
    for Transfer { from, to, amount, gas, memo } in transfers {
        let (from, to) = (named(from), named(to));
        line(out, "transfer", &format!("{amount} from {from} to {to}, gas {gas}, memo {memo}"))?;
    }
    Ok(())
}

fn write_state(out: &mut dyn Write, changes: &[Change]) -> io::Result<()> {
    writeln!(out, "\n{HEADING}state{HEADING:#}")?;
    if changes.is_empty() {
        return writeln!(out, "  unchanged");
    }
    let mut shown = None;
    for Change { service, entry, before, after } in changes {
        let owner = service.as_ref().map_or("privileged".to_owned(), named);
        if shown.as_ref() != Some(&owner) {
            writeln!(out, "  {NAME}{owner}{NAME:#}")?;
        }
        shown = Some(owner);
        let standing = |it: &Option<Standing>| {
            it.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string)
        };
        let (before, after) = (standing(before), standing(after));
        writeln!(out, "    {entry}: {before} -> {after}")?;
    }
    Ok(())
}

/// A service with its name, which comes from a file.
fn named(service: &Service) -> String {
    plain(&service.to_string()).into_owned()
}
