//! Tiers of a module's code: interpreted, native, and native in traces.

use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::OnceLock;

use jambox_recompiler::{NativeCode, Tier, Usage};
use jambox_sandbox::native::CodeAddress;

use crate::Module;
use crate::interpreter::Interpreted;

/// Gas that the instances of a module use in native code before the code they reach is made anew,
/// in traces: under 0.8.0 half a millisecond or so, about as long as making traces of a service
/// takes, and four times the gas of the longest public log.
pub(crate) const HOT: u64 = 1 << 25;

/// A module that moves over to native code, and then to code that is hot.
pub(crate) struct Tiered {
    first: OnceCode,
    hot: OnceCode,
    /// Interpreted code: runs before native code, and wherever native code cannot.
    pub(crate) interpreted: OnceLock<Interpreted>,
    /// Gas that instances used while interpreted, up to `threshold`.
    pub(crate) warmth: AtomicU64,
    pub(crate) threshold: u64,
    /// Gas that instances used in the first tier's code, up to `hot_threshold` and the gas that
    /// they used at the same time.
    pub(crate) heat: AtomicU64,
    hot_threshold: u64,
}

/// Code that is made when it is needed; `None` if the process has no room for its tables.
type OnceCode = OnceLock<Option<NativeCode>>;

/// The position and the place in native code at which a run goes on after a host call.
#[derive(Clone, Copy)]
pub(crate) struct Resume {
    /// The position of the `ecalli`.
    pub(crate) call: u64,
    /// The position after it.
    pub(crate) pc: u64,
    pub(crate) at: Place,
}

/// An address in native code, and the tier whose code it is in.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) address: CodeAddress,
    pub(crate) tier: Tier,
}

impl Tiered {
    /// A module that is interpreted until its instances have used `threshold` gas, and whose code
    /// is hot when they have used `hot_threshold` more.
    pub(crate) fn new(threshold: u64, hot_threshold: u64) -> Self {
        Self {
            first: OnceLock::new(),
            hot: OnceLock::new(),
            interpreted: OnceLock::new(),
            warmth: AtomicU64::new(0),
            threshold,
            heat: AtomicU64::new(0),
            hot_threshold,
        }
    }

    /// A tier's code.
    #[inline]
    pub(crate) fn code(&self, module: &Module, tier: Tier) -> Option<&NativeCode> {
        let made = match tier {
            Tier::First => &self.first,
            Tier::Hot => &self.hot,
        };
        let make = || {
            let engine = module.engine();
            let (set, most) = (engine.instruction_set(), engine.config().module_code);
            NativeCode::of_pool(engine.pool(), most, module.program().clone(), set, tier).ok()
        };
        made.get_or_init(make).as_ref()
    }

    /// The gas that an instance may use in the first tier's code until it is hot, counting the gas
    /// it used that the module does not know of.
    #[inline]
    pub(crate) fn until_hot(&self, heat: u64) -> u64 {
        let known = self.heat.load(Ordering::Relaxed);
        self.hot_threshold.saturating_sub(known).saturating_sub(heat)
    }

    /// Size of the native code made so far.
    pub(crate) fn usage(&self) -> Usage {
        let usage = |made: &OnceCode| {
            let code = made.get().and_then(Option::as_ref);
            code.map(NativeCode::usage).unwrap_or_default()
        };
        let (first, hot) = (usage(&self.first), usage(&self.hot));
        Usage {
            octets: first.octets + hot.octets,
            units: first.units + hot.units,
            instructions: first.instructions + hot.instructions,
            copies: first.copies + hot.copies,
            accesses: first.accesses + hot.accesses,
        }
    }
}
