//! What this project says to reach, beside what it reached.

use crate::engines::{Kind, Owner};
use crate::table::{self, Row, duration};

/// An aim, and whether it was met.
pub struct Aim {
    pub what: &'static str,
    /// What was reached and what had to be, in words.
    pub outcome: String,
    pub is_met: bool,
}

/// The aims for the recompiler, as far as everything for them was measured.
#[must_use]
pub fn aims(rows: &[Row]) -> Vec<Aim> {
    let Some(ours) = of_ours(rows, Kind::Recompiler) else { return Vec::new() };
    let mut aims = Vec::new();
    if let Some(native) = table::native(rows)
        && let Some(reached) = ours.kernels(native)
    {
        aims.push(ratio("kernels, exact gas, by native", reached, 1.45, "this project's own"));
        if let Some((best, peer)) = fastest(rows, |row| row.kernels(native)) {
            aims.push(ratio("kernels, no slower than the fastest peer", reached, best, peer));
        }
    }
    let mut against = |what, measured: fn(&Row) -> Option<f64>, part: f64, least: f64| {
        if let (Some(reached), Some((best, peer))) = (measured(ours), fastest(rows, measured)) {
            aims.push(time(
                what,
                reached,
                (best * part).max(least),
                &format!("{peer}, {}", duration(best)),
            ));
        }
    };
    against("logs warm, no slower than the fastest peer", |row| row.logs("warm"), 1.0, 0.0);
    against(
        "logs cold, a third of the fastest peer's time",
        |row| row.logs("cold"),
        1.0 / 3.0,
        0.0,
    );
    against("host call, 40 ns or the fastest peer's", |row| row.get("host-call"), 1.0, 40e-9);
    if let Some(reached) = ours.get("instance") {
        aims.push(time("instance creation", reached, 10e-6, ""));
    }
    if let Some(reached) = ours.get("inner-machine") {
        aims.push(time("inner machine, 64 KiB and 1,000 instructions", reached, 30e-6, ""));
    }
    aims
}

/// How many times as fast as the exact interpreter of polkavm 0.30 ours says to be.
pub const INTERPRETER_RATIO: f64 = 3.0;

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
