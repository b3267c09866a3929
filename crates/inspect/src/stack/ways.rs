//! Ways through the code from one function to another, by calls that keep no return address.

use std::collections::BTreeSet;

use jambox_engine::Module;
use jambox_isa::{Instruction, Opcode, Reg};

use super::{Prologue, is_call};

/// The largest number of functions between the one that kept its return address and the one whose
/// caller is missing.
const MOST_BETWEEN: usize = 4;

/// The largest number of ways that are tried.
const MOST_WAYS: usize = 1024;

/// Entry points of a standard program: for refine (and is-authorized), and for accumulate
/// (`sec:refineinvocation`, `sec:accumulateinvocation`).
const ENTRIES: [u32; 2] = [0, 5];

/// The lowest address that can have memory (2^16): smaller numbers are no addresses.
const LOWEST_ADDRESS: u64 = 1 << 16;

/// A call on a way.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// The pc of the call.
    pub site: u32,
    /// The octets of stack that its function has taken before the call.
    pub size: u64,
    /// The addresses that the block of the call has loaded into registers.
    addresses: Vec<u64>,
}

/// A direct call.
struct Site {
    pc: u32,
    target: u32,
}

/// The ways to one function.
pub(super) struct Ways<'a> {
    module: &'a Module,
    /// All direct calls, by position; `None` before they are first needed.
    sites: Option<Vec<Site>>,
    /// Beginnings of all called functions.
    starts: BTreeSet<u32>,
    /// The position in the function that the ways lead to.
    to: u64,
}

impl<'a> Ways<'a> {
    pub fn new(module: &'a Module, to: u64) -> Self {
        Self { module, sites: None, starts: BTreeSet::new(), to }
    }

    /// The beginning of the function that the call at a position calls; empty for an indirect call.
    pub fn called_at(&self, pc: u64) -> Vec<u32> {
        target(&self.module.instruction_at(pc)).into_iter().collect()
    }

    /// The functions that the host may have called: the entry points.
    pub fn called_from_outside(&self) -> Vec<u32> {
        let start = |pc: u32| {
            let instruction = self.module.instruction_at(pc.into());
            match instruction.opcode() {
                Opcode::Jump => instruction.fields().target,
                _ => pc,
            }
        };
        ENTRIES.map(start).into()
    }

    /// The only way from one of the functions `from`, the innermost call first; `None` without a
    /// way or with several. On a way, the outermost function keeps its return address `gap` octets
    /// above the beginning of the innermost caller's stack, and the others keep none. Among several
    /// ways, only those count whose addresses were `kept` on the stack.
    pub fn only(
        &mut self,
        from: &[u32],
        gap: u64,
        kept: impl Fn(u64) -> bool,
    ) -> Option<Vec<Step>> {
        self.find_sites();
        let to = u32::try_from(self.to).ok()?;
        let to = *self.starts.range(..=to).next_back()?;
        let mut ways = Vec::new();
        for start in from {
            self.add_ways(*start, to, gap, &mut Vec::new(), &mut ways);
        }
        if ways.len() > 1 {
            ways.retain(|way| way.iter().flat_map(|it| &it.addresses).all(|it| kept(*it)));
        }
        let is_one = ways.len() == 1;
        let mut way = ways.pop().filter(|_| is_one)?;
        way.reverse();
        Some(way)
    }

    /// Adds the ways that continue `way` from the function at `start`, the outermost call first.
    fn add_ways(
        &self,
        start: u32,
        to: u32,
        gap: u64,
        way: &mut Vec<Step>,
        ways: &mut Vec<Vec<Step>>,
    ) {
        for site in self.sites_of(start) {
            if ways.len() >= MOST_WAYS {
                return;
            }
            let Prologue { size, saved } = Prologue::between(self.module, start, site.pc.into());
            // The outermost function keeps its return address at the end of the gap. A function
            // that keeps it elsewhere is not on the way.
            let taken = match (way.is_empty(), saved) {
                (true, Some(saved)) => saved,
                (false, None) => size,
                _ => continue,
            };
            let Some(left) = gap.checked_sub(taken) else { continue };
            way.push(Step { site: site.pc, size, addresses: self.addresses(start, site.pc) });
            if site.target == to && left == 0 {
                ways.push(way.clone());
            } else if way.len() <= MOST_BETWEEN && site.target != to {
                self.add_ways(site.target, to, left, way, ways);
            }
            way.pop();
        }
    }

    fn find_sites(&mut self) {
        if self.sites.is_some() {
            return;
        }
        let set = self.module.engine().instruction_set();
        let all = self.module.program().instructions(set);
        let calls = all.filter_map(|it| {
            let target = target(&it.instruction)?;
            Some(Site { pc: it.pc, target })
        });
        let calls: Vec<_> = calls.collect();
        self.starts = calls.iter().map(|site| site.target).collect();
        self.starts.extend(self.called_from_outside());
        self.sites = Some(calls);
    }

    /// The calls of the function that begins at a position.
    fn sites_of(&self, start: u32) -> &[Site] {
        let end = self.starts.range(start.saturating_add(1)..).next().copied().unwrap_or(u32::MAX);
        let sites = self.sites.as_deref().unwrap_or_default();
        let [first, last] = [start, end].map(|pc| sites.partition_point(|site| site.pc < pc));
        sites.get(first..last).unwrap_or_default()
    }

    /// The addresses in registers at a call that its own block has loaded.
    fn addresses(&self, start: u32, site: u32) -> Vec<u64> {
        let set = self.module.engine().instruction_set();
        let mut loaded: Vec<(Reg, u64)> = Vec::new();
        let code = self.module.program().instructions_from(set, start);
        for it in code.take_while(|it| it.pc < site) {
            let fields = it.instruction.fields();
            if it.instruction.opcode().is_terminator() {
                loaded.clear();
            } else if it.instruction.opcode() == Opcode::LoadImm {
                loaded.retain(|(register, _)| *register != fields.a);
                loaded.push((fields.a, fields.x as u64));
            }
        }
        loaded.into_iter().map(|(_, value)| value).filter(|it| *it >= LOWEST_ADDRESS).collect()
    }
}

/// Target of a direct call; `None` for another instruction.
fn target(instruction: &Instruction) -> Option<u32> {
    let is_direct = instruction.opcode() == Opcode::LoadImmJump && is_call(instruction);
    is_direct.then_some(instruction.fields().target)
}
