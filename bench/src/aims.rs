//! This project's aims, beside the figures reached.

use jambox_isa::Revision;

use crate::engines::{Kind, Owner};
use crate::table::{self, Row, duration};

/// An aim, and whether it was met.
pub struct Aim {
    pub what: &'static str,
    /// The figure that was reached and the aim, in words.
    pub outcome: String,
    pub is_met: bool,
}

/// The aims under a revision. Ratios are by native code's time, or parts of the fastest peer's.
struct Goals {
    /// Kernels, by native code.
    kernels: f64,
    /// Kernels, by the fastest peer.
    kernels_by_peer: f64,
    warm: f64,
    cold: f64,
    /// Seconds by instruction that finding the costs of blocks takes, where blocks have costs of
    /// their own.
    block_costs: Option<f64>,
}

const fn goals(revision: Revision) -> Goals {
    match revision {
        Revision::GrayPaper072 => Goals {
            kernels: 1.45,
            kernels_by_peer: 1.0,
            warm: 1.0,
            cold: 1.0 / 3.0,
            block_costs: None,
        },
        Revision::GrayPaper080 => Goals {
            kernels: 1.20,
            kernels_by_peer: 1.0,
            warm: 0.8,
            cold: 1.0 / 5.0,
            block_costs: Some(30e-9),
        },
    }
}

/// The aims under a revision, as far as everything for them was measured.
#[must_use]
pub fn of(revision: Revision, rows: &[Row]) -> Vec<Aim> {
    let goals = goals(revision);
    let mut aims = recompiler(&goals, rows);
    aims.extend(interpreter(rows));
    aims.extend(same_gas(rows));
    if let (Some(limit), Some(ours)) = (goals.block_costs, of_ours(rows, Kind::Recompiler))
        && let Some(reached) = ours.get("block-costs")
    {
        aims.push(time("cost of every block, by instruction", reached, limit, ""));
    }
    aims
}

/// The aims for the recompiler.
fn recompiler(goals: &Goals, rows: &[Row]) -> Vec<Aim> {
    let Some(ours) = of_ours(rows, Kind::Recompiler) else { return Vec::new() };
    let mut aims = Vec::new();
    if let Some(native) = table::native(rows)
        && let Some(reached) = ours.kernels(native)
    {
        let own = "this project's own";
        aims.push(ratio("kernels, exact gas, by native", reached, goals.kernels, own));
        if let Some((best, peer)) = fastest(rows, |row| row.kernels(native)) {
            let limit = best * goals.kernels_by_peer;
            aims.push(ratio("kernels against the fastest peer", reached, limit, peer));
        }
    }
    let mut against = |what, measured: fn(&Row) -> Option<f64>, part: f64| {
        if let (Some(reached), Some((best, peer))) = (measured(ours), fastest(rows, measured)) {
            let of = format!("{part:.2} of {peer}'s {}", duration(best));
            aims.push(time(what, reached, best * part, &of));
        }
    };
    against("logs warm against the fastest peer", |row| row.logs("warm"), goals.warm);
    against("logs cold against the fastest peer", |row| row.logs("cold"), goals.cold);
    against("host call against the fastest peer", |row| row.get("host-call"), 1.0);
    if let Some(reached) = ours.get("instance") {
        aims.push(time("instance creation", reached, 10e-6, ""));
    }
    if let Some(reached) = ours.get("inner-machine") {
        aims.push(time("inner machine, 64 KiB and 1,000 instructions", reached, 30e-6, ""));
    }
    aims
}

/// The aim that all engines whose gas is said to be the paper's took the same for every log and
/// kernel: only with the same work done is their time comparable.
fn same_gas(rows: &[Row]) -> Option<Aim> {
    let exact = rows.iter().filter(|row| row.entry.is_exact());
    let exact: Vec<_> = exact.filter_map(|row| Some((row, row.figures.as_ref().ok()?))).collect();
    let (_, first) = exact.first()?;
    let names = || first.iter().map(|(name, _)| name).filter(|name| name.contains(".gas."));
    let differs = |name: &&str| exact.iter().any(|(row, _)| row.get(name) != first.get(name));
    let (all, different) = (names().count(), names().filter(differs).count());
    let outcome = format!("{different} of {all} differ between {} engines; aim 0", exact.len());
    let what = "gas of every log and kernel, engines with exact gas";
    Some(Aim { what, outcome, is_met: different == 0 })
}

/// The speed of our interpreter over polkavm 0.30's exact interpreter that is aimed at.
const INTERPRETER_RATIO: f64 = 3.0;

/// The aims for the interpreter.
#[must_use]
pub fn interpreter(rows: &[Row]) -> Vec<Aim> {
    let theirs = rows.iter().find(|row| row.entry.name == "polkavm 0.30.0 interpreter");
    let (Some(ours), Some(theirs)) = (of_ours(rows, Kind::Interpreter), theirs) else {
        return Vec::new();
    };
    let mut aims = Vec::new();
    let mut compare = |what, ours: Option<f64>, theirs: Option<f64>| {
        if let (Some(ours), Some(theirs)) = (ours, theirs) {
            let reached = theirs / ours;
            aims.push(Aim {
                what,
                outcome: format!("{reached:.2} times as fast; aim {INTERPRETER_RATIO}"),
                is_met: reached >= INTERPRETER_RATIO,
            });
        }
    };
    compare(
        "interpreter against polkavm 0.30's, logs warm",
        ours.logs("warm"),
        theirs.logs("warm"),
    );
    if let Some(native) = table::native(rows) {
        let (ours, theirs) = (ours.kernels(native), theirs.kernels(native));
        compare("interpreter against polkavm 0.30's, kernels", ours, theirs);
    }
    aims
}

fn of_ours(rows: &[Row], kind: Kind) -> Option<&Row> {
    rows.iter().find(|row| row.entry.owner == Owner::Ours && row.entry.kind == kind)
}

/// The least number of a peer, and that peer's name.
fn fastest(rows: &[Row], number: impl Fn(&Row) -> Option<f64>) -> Option<(f64, &'static str)> {
    let peers = rows.iter().filter(|row| row.entry.owner == Owner::Peer && row.is_right());
    let numbers = peers.filter_map(|row| Some((number(row)?, row.entry.name)));
    numbers.min_by(|(one, _), (other, _)| one.total_cmp(other))
}

fn ratio(what: &'static str, reached: f64, limit: f64, of: &str) -> Aim {
    let outcome = format!("{reached:.3} x native; aim {limit:.3} ({of})");
    Aim { what, outcome, is_met: reached <= limit }
}

fn time(what: &'static str, reached: f64, limit: f64, of: &str) -> Aim {
    let of = if of.is_empty() { String::new() } else { format!(" ({of})") };
    let outcome = format!("{}; aim {}{of}", duration(reached), duration(limit));
    Aim { what, outcome, is_met: reached <= limit }
}
