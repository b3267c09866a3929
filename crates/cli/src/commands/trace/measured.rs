//! Profiles and coverage of replayed executions.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Write};
use std::path::Path;

use serde::Serialize;

use jambox_engine::{Engine, Exit, Instance};
use jambox_hostcall::{Form, Interface};
use jambox_inspect::Instruments;
use jambox_inspect::profile::{Profile, Spent};
use jambox_invocation::{Machine, Observer};
use jambox_package::{Disk, symbols_beside, symbols_in};
use jambox_trace::{
    Call, Execution, Reader, Replayed as Comparison, Watch, replay, replay_watched,
};
use jambox_types::Hash;

use crate::checks::Checks;
use crate::diagnosis::Diagnosis;
use crate::input;
use crate::measuring::Covered;
use crate::outcome::Result;
use crate::output::Report;
use crate::plain::plain;
use crate::style::HEADING;

use super::Replay;
use super::show::context;

/// Report of a replay, with its measurements.
#[derive(Serialize)]
pub struct Replayed<'a> {
    #[serde(flatten)]
    pub checks: &'a Checks,
    #[serde(flatten)]
    pub measured: Measurements,
}

/// Measurements, as far as they are shown.
#[derive(Default, Serialize)]
pub struct Measurements {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    profiles: Vec<Rows>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<Covered>,
}

/// Gas of one execution by its uses.
#[derive(Serialize)]
struct Rows {
    execution: String,
    spent: Vec<Spent>,
}

impl Report for Replayed<'_> {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let Measurements { profiles, coverage } = &self.measured;
        for Rows { execution, spent } in profiles {
            writeln!(out, "{HEADING}{}{HEADING:#}", plain(execution))?;
            for Spent { what, gas } in spent {
                writeln!(out, "{gas:>12}  {}", plain(what))?;
            }
        }
        if let Some(coverage) = coverage {
            coverage.write(out)?;
            writeln!(out)?;
        }
        self.checks.write(out)
    }
}

/// Replays a trace once more, by single instructions, and writes the requested measurements.
pub fn write(options: &Replay, engines: &[Engine]) -> Result<Measurements> {
    let (place, measuring) = (&options.place, &options.measuring);
    if !measuring.is_asked_for() {
        return Ok(Measurements::default());
    }
    if place.is_dir() {
        let message = "only one trace at a time can be measured, and this is a folder";
        return Err(Diagnosis::new(message).in_file(place).help("name a file in it").into());
    }
    // An execution that cannot be read is already reported as a failed case.
    let read = || -> Result<_> {
        Ok(Reader::new(BufReader::new(input::open(place)?)).map_while(std::result::Result::ok))
    };
    let mut symbols = BTreeMap::new();
    for execution in read()? {
        let hash = Hash::blake2b(&execution.program);
        let found = match &options.symbols {
            Some(folder) => symbols_in(&Disk, folder, hash),
            None => symbols_beside(&Disk, place, hash),
        };
        symbols.extend(found.map(|symbols| (hash, symbols)));
    }
    let mut instruments = measuring.instruments(&symbols)?;
    for (number, execution) in (1..).zip(read()?) {
        let Some(engine) = engine_of(&execution, engines) else { continue };
        let revision = engine.config().revision;
        instruments.start(Hash::blake2b(&execution.program), revision);
        let context = context(execution.start.pc);
        let form = |call: &Call| Interface::gray_paper(revision).form(context, call.number);
        let mut measured = Measured { instruments: &mut instruments, form: &form };
        // A failed replay is already reported as a failed case.
        let _ = replay_watched(&execution, engine, &mut measured);
        let what = execution
            .comments
            .last()
            .cloned()
            .unwrap_or_else(|| format!("pc {}", execution.start.pc));
        instruments.end(format!("execution {number}: {what}"));
    }
    let coverage = measuring.write(&instruments, place.parent().unwrap_or(Path::new("")))?;
    let shown = instruments.profiles().iter().filter(|_| measuring.shows_profile());
    let rows =
        |profile: &Profile| Rows { execution: profile.title.clone(), spent: profile.spent.clone() };
    Ok(Measurements { profiles: shown.map(rows).collect(), coverage })
}

/// Engine of the revision that an execution names, or the first whose replay agrees with the trace.
fn engine_of<'e>(execution: &Execution, engines: &'e [Engine]) -> Option<&'e Engine> {
    if let Some(revision) = execution.revision() {
        return engines.iter().find(|engine| engine.config().revision.is(revision));
    }
    let is_right = |engine: &&Engine| {
        let replayed = replay(execution, engine);
        matches!(replayed, Ok(Comparison::Same | Comparison::SameButForLastCall { .. }))
    };
    engines.iter().find(is_right).or(engines.first())
}

/// Passes the events of a replay to instruments.
struct Measured<'a, 's> {
    instruments: &'a mut Instruments<'s>,
    form: &'a dyn Fn(&Call) -> Option<&'static Form>,
}

impl Watch for Measured<'_, '_> {
    fn run(&mut self, instance: &mut Instance) -> Exit {
        self.instruments.run(Machine::Outer, instance)
    }

    fn called(&mut self, instance: &Instance, call: &Call) {
        let form = (self.form)(call);
        self.instruments.called(Some(instance.pc()), form, instance.regs(), instance.gas());
    }

    fn served(&mut self, instance: &Instance, _: &Call) {
        self.instruments.returned(instance.gas());
    }
}
