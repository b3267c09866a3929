//! Use of the stack by services, and the warning that it may not suffice.
//!
//! Of a compiled run the memory tells it: what was never written is zero. A native run has the
//! machine's stack, which is far larger, and its frames are not those of compiled code; how deep it
//! is at host calls tells at least of large buffers and of recursion.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jambox_engine::Instance;
use jambox_program::StandardProgram;
use jambox_types::Hash;

/// Use of the stack in the run that used most of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StackUse {
    /// Octets used, as far as they are known: when compiled, up to the last one that is not zero;
    /// natively, up to the deepest host call.
    pub used: u64,
    /// Octets that the compiled stack has; of a service without a blob, the default size.
    pub size: u64,
}

/// Kind of a run, for the warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Run {
    Native,
    Compiled,
}

impl StackUse {
    /// The warning, if one is due: most of the stack was used by a compiled run, or more than all
    /// of it by a native one, whose frames are larger.
    fn warning(self, run: Run) -> Option<String> {
        let Self { used, size } = self;
        let what = match run {
            Run::Compiled if used > size / 4 * 3 => {
                format!("a compiled run used {used} of the {size} octets of its stack")
            }
            Run::Native if used > size => format!(
                "a native run used at least {used} octets of stack, and when compiled there are \
                 {size}"
            ),
            _ => return None,
        };
        let remedy = "set a larger one in Cargo.toml: [package.metadata.jambox] stack = \"..\"";
        let doubt = match run {
            Run::Compiled => "",
            Run::Native => "run the test compiled to be sure, with `jambox test`, or ",
        };
        Some(format!("warning: {what}: {doubt}{remedy}\n"))
    }
}

/// The largest use of the stack in the current record, from the runner to the recorder.
#[derive(Debug, Default)]
pub(crate) struct Deepest(Mutex<Option<StackUse>>);

impl Deepest {
    /// Notes a run, and warns of it once for each code.
    pub fn note(&self, code_hash: Hash, run: Run, found: StackUse) {
        let mut deepest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *deepest = (*deepest).max(Some(found));
        if run == Run::Native && COMPILED_TOO.get() {
            return;
        }
        static WARNED: Mutex<BTreeSet<(Hash, Run)>> = Mutex::new(BTreeSet::new());
        let Some(warning) = found.warning(run) else { return };
        let mut warned = WARNED.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.insert((code_hash, run)) {
            // Not by `eprintln`, whose output is shown only for tests that fail.
            let _ = std::io::stderr().write_all(warning.as_bytes());
        }
    }

    pub fn take(&self) -> Option<StackUse> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

thread_local! {
    /// The test on this thread runs compiled, too, which tells more than the native run.
    static COMPILED_TOO: Cell<bool> = const { Cell::new(false) };
}

/// Runs the native half of a test that has a compiled one.
pub(crate) fn as_half<T>(test: impl FnOnce() -> T) -> T {
    let before = COMPILED_TOO.replace(true);
    let result = test();
    COMPILED_TOO.set(before);
    result
}

/// Size of the stack of a program; the default for octets that are none.
pub(crate) fn size_of(program: &[u8]) -> u64 {
    let size = StandardProgram::parse(program).map(|program| program.stack_size());
    size.unwrap_or(StandardProgram::DEFAULT_STACK).into()
}

/// Use of a stack of this size by a machine that has stopped.
pub(crate) fn used_by(instance: &Instance, size: u64) -> StackUse {
    let mut octets = vec![0; usize::try_from(size).unwrap_or_default()];
    let start = StandardProgram::STACK_END.saturating_sub(size);
    let read = instance.memory().read_into(start, &mut octets);
    let untouched = octets.iter().take_while(|octet| **octet == 0).count() as u64;
    let used = if read.is_ok() { size.saturating_sub(untouched) } else { 0 };
    StackUse { used, size }
}

/// Depth of a native run: of its thread's frames below the first.
#[derive(Clone, Debug)]
pub(crate) struct Depth {
    base: usize,
    deepest: Arc<AtomicU64>,
}

impl Depth {
    /// Measures from the frame of the caller on.
    #[inline(never)]
    pub fn from_here(deepest: Arc<AtomicU64>) -> Self {
        Self { base: here(), deepest }
    }

    /// Notes the depth of the caller.
    #[inline(never)]
    pub fn note(&self) {
        self.deepest.fetch_max(self.base.abs_diff(here()) as u64, Ordering::Relaxed);
    }
}

/// An address in the present frame of the stack.
#[inline(never)]
fn here() -> usize {
    let marker = 0_u8;
    std::ptr::from_ref(std::hint::black_box(&marker)).addr()
}

#[cfg(test)]
mod tests {
    use super::{Run, StackUse};

    #[test]
    fn a_warning_says_what_was_used_and_what_to_do() {
        let of = |used, run| StackUse { used, size: 65536 }.warning(run);
        assert_eq!(of(49152, Run::Compiled), None);
        let compiled = of(49153, Run::Compiled).unwrap();
        assert!(compiled.contains("used 49153 of the 65536 octets"), "{compiled}");
        assert!(compiled.contains("stack = "), "{compiled}");
        assert_eq!(of(65536, Run::Native), None);
        let native = of(65537, Run::Native).unwrap();
        assert!(native.contains("at least 65537") && native.contains("jambox test"), "{native}");
    }
}
