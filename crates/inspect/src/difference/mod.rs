//! The first difference between two runs: the invocation, the host call, the instruction.
//!
//! Both runs are made several times, which they are the same by being deterministic: first only
//! host calls are looked at, at full speed; then every instruction of the invocation that differs,
//! of which nothing is kept but a hash now and then; then the few instructions between two hashes.

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
    /// Which invocation of the runs, from 0 on.
    pub invocation: usize,
    /// What it is called in the two runs; nothing where a run has fewer.
    pub titles: [Option<String>; 2],
    /// The first event that differs: its index within the invocation, and what it is in either run;
    /// nothing where a run has no more events.
    pub event: usize,
    /// That event in the two runs.
    pub events: [Option<Event>; 2],
    /// What of it differs.
    pub what: What,
    /// The first instruction that does something else. None where the machines do the same when
    /// stepped, so that the host or a backend must be what differs.
    pub step: Option<StepDifference>,
}

/// What differs at an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The program, the arguments or the gas given to it.
    Start,
    /// Which event comes next.
    Kind,
    /// The machine when it comes to the event: the pc, the registers or the gas.
    Machine,
    /// What the host read from the guest, or wrote to it, or left in its registers.
    Host,
}

/// An event of an invocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happened, in a few words.
    pub text: String,
    /// The hash of the code.
    pub code: Hash,
    /// Where the machine was.
    pub pc: Option<u64>,
    /// The gas left.
    pub gas: u64,
}

/// The first step in which two machines do something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepDifference {
    /// How many instructions of the invocation both ran before it.
    pub index: u64,
    /// The steps; nothing where a machine has come to its end.
    pub steps: [Option<Step>; 2],
}

/// An instruction that ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The hash of the code, or of the program of an inner machine.
    pub code: Hash,
    /// Where it is.
    pub pc: u64,
    /// The instruction.
    pub instruction: Instruction,
    /// The registers after it.
    pub registers: [u64; 13],
    /// What it wrote to memory, and where.
    pub written: Option<(u32, Vec<u8>)>,
    /// How the run ended with it, if it did.
    pub exit: Option<Exit>,
}

impl Step {
    /// Whether it did the same as another, which may be of another program.
    fn is_same(&self, other: &Self) -> bool {
        (self.pc, self.instruction, self.registers, &self.written, self.exit)
            == (other.pc, other.instruction, other.registers, &other.written, other.exit)
    }
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Whether gas is: two revisions charge otherwise.
    pub gas: bool,
    /// Whether other code is a difference by itself. If not, an invocation whose code is another is
    /// compared by what the host sees of it: which calls it makes, with which octets, and what
    /// comes out; it keeps other things in its registers, and its arguments tell its hash.
    pub code: bool,
}

impl Rules {
    /// Everything, as for two traces of one run.
    pub const STRICT: Self = Self { gas: true, code: true };
}

/// A run that can be made as often as one likes, and always does the same.
pub trait Run {
    /// Why it cannot be made.
    type Error;

    /// Makes the run and lets a witness see it.
    ///
    /// # Errors
    ///
    /// When it cannot be made; what a guest does is none.
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

/// The index of the first events that differ, and what of them does.
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

/// The first instruction of an invocation that does something else.
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
