//! The first difference between two runs: the invocation, the host call, the instruction.
//!
//! Both runs are repeated several times, for they are deterministic. The first pass compares only
//! host calls, at full speed. The second looks at every instruction of the invocation that differs,
//! and keeps one hash for each window of instructions. The third compares the instructions of the
//! first window with different hashes.

mod changer;
mod witness;

use jambox_engine::Exit;
use jambox_isa::Instruction;
use jambox_types::Hash;

pub use changer::{Changer, ChangerSearch};
pub use witness::{Ending, Witness};
use witness::{Look, Mark, MarkKind};

/// The first difference between two runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Index of the invocation in the runs, from 0 on.
    pub invocation: usize,
    /// Title of the invocation in the two runs; `None` for a run with fewer invocations.
    pub titles: [Option<String>; 2],
    /// Index of the first different event within the invocation, from 0 on.
    pub event: usize,
    /// The differing event in the two runs; `None` for a run without more events.
    pub events: [Option<Event>; 2],
    /// The part of the event that differs.
    pub what: What,
    /// The first instruction with another effect. `None` where the machines do the same when
    /// stepped, so that the difference lies in the host or a backend.
    pub step: Option<StepDifference>,
}

/// The part of an event that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The program, the arguments or the gas given to it.
    Start,
    /// The kind of the event.
    Kind,
    /// The machine at the event: the pc, the registers or the gas.
    Machine,
    /// The octets that the host read from the guest or wrote to it, or the registers that it left.
    Host,
}

/// An event of an invocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The event in a few words.
    pub text: String,
    /// The hash of the code.
    pub code: Hash,
    /// The pc of the machine; `None` for a native guest.
    pub pc: Option<u64>,
    /// The gas left.
    pub gas: u64,
}

/// The first step in which two machines differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepDifference {
    /// The number of instructions of the invocation that both ran before it.
    pub index: u64,
    /// The steps; `None` for a machine that has come to its end.
    pub steps: [Option<Step>; 2],
}

/// An instruction that ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The hash of the code, or of the program of an inner machine.
    pub code: Hash,
    /// The pc of the instruction.
    pub pc: u64,
    /// The instruction.
    pub instruction: Instruction,
    /// The registers after it.
    pub registers: [u64; 13],
    /// Address and octets of its write to memory; `None` if it wrote nothing.
    pub written: Option<(u32, Vec<u8>)>,
    /// The exit that it caused; `None` if the machine went on.
    pub exit: Option<Exit>,
}

impl Step {
    /// True if it did the same as another step, which may be of another program.
    fn is_same(&self, other: &Self) -> bool {
        (self.pc, self.instruction, self.registers, &self.written, self.exit)
            == (other.pc, other.instruction, other.registers, &other.written, other.exit)
    }
}

/// The compared parts of two runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Gas is compared; `false` for runs under two revisions, which charge differently.
    pub gas: bool,
    /// Different code is a difference by itself. If `false`, invocations with different code are
    /// compared only by the host's view of them: their calls, the octets of each call, and the
    /// output. Positions, registers and gas are left out, and so are the arguments, which contain
    /// the code's hash.
    pub code: bool,
}

impl Rules {
    /// Everything, as for two traces of one run.
    pub const STRICT: Self = Self { gas: true, code: true };
}

/// A run that can be repeated any number of times, always with the same effects.
pub trait Run {
    /// Reason why the run cannot be made.
    type Error;

    /// Makes the run and lets a witness see it.
    ///
    /// # Errors
    ///
    /// When the run cannot be made. A guest's failure is no error.
    fn run(&mut self, witness: &mut Witness) -> Result<(), Self::Error>;
}

/// Finds the first difference between two runs.
///
/// # Errors
///
/// When one of them cannot be made.
pub fn first_difference<E>(
    one: &mut dyn Run<Error = E>,
    other: &mut dyn Run<Error = E>,
    rules: Rules,
) -> Result<Option<Difference>, E> {
    let (marks, titles): ([Vec<Mark>; 2], [Vec<String>; 2]) = {
        let [one, other] = [marks(one)?, marks(other)?];
        ([one.0, other.0], [one.1, other.1])
    };
    let Some(found) = first_mark(&marks, rules) else { return Ok(None) };
    let (index, what) = found;
    let [first, second] = marks.each_ref().map(|marks| marks.get(index));
    let at = first.or(second);
    let invocation = at.map_or(0, |mark| mark.invocation);
    let before = |marks: &[Mark]| {
        let same = marks.iter().take(index).filter(|mark| mark.invocation == invocation);
        same.count()
    };
    let event = before(&marks[0]);
    let step = first_step(one, other, invocation)?;
    let events = [first, second].map(|mark| mark.map(Mark::event));
    let titles = titles.map(|titles| titles.get(invocation).cloned());
    Ok(Some(Difference { invocation, titles, event, events, what, step }))
}

fn marks<E>(run: &mut dyn Run<Error = E>) -> Result<(Vec<Mark>, Vec<String>), E> {
    let mut witness = Witness::new(Look::Marks);
    run.run(&mut witness)?;
    Ok((witness.marks, witness.titles))
}

/// Index of the first events that differ, and the part that differs; `None` if all are the same.
fn first_mark([one, other]: &[Vec<Mark>; 2], rules: Rules) -> Option<(usize, What)> {
    for index in 0..one.len().max(other.len()) {
        let (Some(one), Some(other)) = (one.get(index), other.get(index)) else {
            return Some((index, What::Kind));
        };
        if let Some(what) = differing(one, other, rules) {
            return Some((index, what));
        }
    }
    None
}

fn differing(one: &Mark, other: &Mark, rules: Rules) -> Option<What> {
    if (one.invocation, &one.kind) != (other.invocation, &other.kind) {
        return Some(What::Kind);
    }
    let is_alike = rules.code || one.code == other.code;
    let is_machine = is_alike && (one.pc, one.registers) != (other.pc, other.registers);
    let is_gas = is_alike && rules.gas && one.gas != other.gas;
    match one.kind {
        MarkKind::Started if is_alike && one.octets != other.octets => Some(What::Start),
        MarkKind::Started if rules.code && one.code != other.code => Some(What::Start),
        MarkKind::Served(_) if one.octets != other.octets || is_machine || is_gas => {
            Some(What::Host)
        }
        MarkKind::Ended(_) if one.octets != other.octets => Some(What::Host),
        _ if is_machine || is_gas => Some(What::Machine),
        _ => None,
    }
}

/// The first instruction of an invocation with another effect; `None` if there is none.
fn first_step<E>(
    one: &mut dyn Run<Error = E>,
    other: &mut dyn Run<Error = E>,
    invocation: usize,
) -> Result<Option<StepDifference>, E> {
    let hashes = [hashes(one, invocation)?, hashes(other, invocation)?];
    let [first, second] = &hashes;
    let windows = first.iter().zip(second).take_while(|(first, second)| first == second).count();
    if windows == first.len() && windows == second.len() {
        return Ok(None);
    }
    let start = (windows as u64).saturating_mul(Witness::WINDOW);
    let steps = [steps(one, invocation, start)?, steps(other, invocation, start)?];
    let [first, second] = steps;
    for index in 0..first.len().max(second.len()) {
        let pair = [first.get(index), second.get(index)];
        let is_same = matches!(pair, [Some(one), Some(other)] if one.is_same(other));
        if !is_same {
            let index = start.saturating_add(index as u64);
            return Ok(Some(StepDifference { index, steps: pair.map(Option::<&Step>::cloned) }));
        }
    }
    Ok(None)
}

fn hashes<E>(run: &mut dyn Run<Error = E>, invocation: usize) -> Result<Vec<u64>, E> {
    let mut witness = Witness::new(Look::Hashes { invocation });
    run.run(&mut witness)?;
    Ok(witness.finished_hashes())
}

fn steps<E>(run: &mut dyn Run<Error = E>, invocation: usize, start: u64) -> Result<Vec<Step>, E> {
    let mut witness = Witness::new(Look::Steps { invocation, start });
    run.run(&mut witness)?;
    Ok(witness.steps)
}
