//! Our run of a block against the state after it: the value that differs, and its writer.

use std::fmt::Write;
use std::path::Path;

use jambox_inspect::difference::{Changer, ChangerSearch};
use jambox_invocation::Env;
use jambox_package::{Disk, symbols_beside};
use jambox_types::{Parameters, Protocol};
use jambox_vectors::steps::Step;
use jambox_vectors::{Campaign, traces};

use crate::commands::vectors::failure;
use crate::engine::environment;
use crate::outcome::Result;
use crate::protocol::ProtocolArgs;

/// True if a path names a step of a trace, or a folder of steps.
pub fn are_steps(path: &Path) -> bool {
    let is_step = |path: &Path| path.extension().is_some_and(|ends| ends == "bin");
    if path.is_dir() && !path.join("package.toml").is_file() {
        return jambox_files::under(path, &["bin"]).is_ok_and(|files| !files.is_empty());
    }
    is_step(path)
}

/// Runs each step, and compares with the state after it. The parameters are tiny, as of public
/// traces, unless others are asked for.
pub fn compare(path: &Path, args: &ProtocolArgs, campaign: &mut Campaign<'_>) -> Result<()> {
    let tiny = Protocol { parameters: Parameters::TINY, ..Protocol::default() };
    let env = environment(args.switches()?.over(tiny), args.execution())?;
    let progress = &mut |_: usize, _: usize, _: &str| {};
    let explain = &mut |env: &Env, step: &Step, difference: &traces::Difference| {
        let mut search = ChangerSearch::new(difference.place.as_ref()?.key, env.interface());
        // The step fails again, as for the caller; only the search's findings matter here.
        let _ = traces::check_step(step, env, &mut search);
        Some(match search.found() {
            Some(changer) => told(&changer, path),
            None => "\n  changed by no host call of this block".to_owned(),
        })
    };
    let run = traces::Run { from: None, progress, explain };
    traces::run_with(path, &env, run, campaign).map_err(|error| failure(path, &error))
}

/// The call in words, with its function and line where symbols lie beside the trace.
fn told(changer: &Changer, trace: &Path) -> String {
    let Changer { invocation, code, call, name, number, pc, arguments, result, gas } = changer;
    let arguments: Vec<_> =
        arguments.iter().map(|it| format!("{}: {}", it.name, it.text)).collect();
    let mut text = format!("\n  changed by {invocation}, host call {call} of it");
    let _ = write!(text, "\n    {name}({}) -> {result} [gas {gas}]", arguments.join(", "));
    let Some(pc) = pc else { return text };
    let _ = write!(text, "\n    ecalli {number} at pc {pc}");
    // Symbols lie beside a trace's file, or in a folder of traces.
    let beside = if trace.is_dir() { trace.join("steps.bin") } else { trace.to_owned() };
    let symbols = symbols_beside(&Disk, &beside, *code);
    let frames = symbols.as_ref().map_or(&[][..], |symbols| symbols.frames_at(*pc));
    for frame in frames {
        let _ = write!(text, "\n    in {frame}");
    }
    if frames.is_empty() {
        let _ = write!(text, "\n    in code {code}, which has no symbols beside the trace");
    }
    text
}
