//! The costs of a module's code, as far as somebody asked.

use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::OnceLock;

use jambox_program::{GasPlan, ProgramBlob};

/// Positions of the code that are remembered together.
const PAGE: usize = 64;

/// Gas due at positions of a program: computed when first asked for, and remembered where that
/// takes longer than computing it.
pub(crate) struct Costs {
    plan: GasPlan,
    pages: OnceLock<Box<[Page]>>,
}

/// The costs of [`PAGE`] positions, plus 1; 0 where nobody asked.
type Page = OnceLock<Box<[AtomicU64; PAGE]>>;

impl Costs {
    pub(crate) fn new(plan: GasPlan) -> Self {
        Self { plan, pages: OnceLock::new() }
    }

    pub(crate) fn plan(&self) -> GasPlan {
        self.plan
    }

    /// Gas that a run coming to `pc` has to pay there.
    #[inline]
    pub(crate) fn at(&self, program: &ProgramBlob, pc: u32) -> u32 {
        self.plan.flat_cost().unwrap_or_else(|| self.remembered(program, pc))
    }

    fn remembered(&self, program: &ProgramBlob, pc: u32) -> u32 {
        if !self.plan.is_due(program, pc) {
            return 0;
        }
        let make_pages = || {
            let count = (program.code_len() as usize).div_ceil(PAGE);
            (0..count).map(|_| Page::new()).collect()
        };
        let page = self.pages.get_or_init(make_pages).get(pc as usize / PAGE);
        let make_page = || Box::new([const { AtomicU64::new(0) }; PAGE]);
        let known = page.and_then(|page| page.get_or_init(make_page).get(pc as usize % PAGE));
        let Some(known) = known else { return self.plan.cost_at(program, pc) };
        match known.load(Ordering::Relaxed).checked_sub(1) {
            Some(cost) => cost as u32,
            None => {
                let cost = self.plan.cost_at(program, pc);
                known.store(u64::from(cost) + 1, Ordering::Relaxed);
                cost
            }
        }
    }
}
