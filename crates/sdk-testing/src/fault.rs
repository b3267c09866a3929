//! Scripted faults: answers that a test gives in place of the host's.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jambox_hostcall::{HostCall, ResultCode};
use jambox_invocation::Answers;

/// Scripted answers, by call and number of its earlier calls.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    state: Mutex<State>,
}

#[derive(Clone, Debug, Default)]
struct State {
    scripted: BTreeMap<(HostCall, usize), ResultCode>,
    made: BTreeMap<HostCall, usize>,
}

impl Faults {
    /// Answers the `nth` call (from 1 on, counted from now) with a code.
    pub fn script(&self, call: HostCall, nth: usize, code: ResultCode) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let made = state.made.get(&call).copied().unwrap_or(0);
        state.scripted.insert((call, made + nth), code);
    }

    /// A copy for another chain, with the answers still to come.
    pub fn fork(&self) -> Self {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        Self { state: Mutex::new(state.clone()) }
    }
}

impl Answers for Faults {
    /// Counts a call; gives its scripted answer, `None` if there is none.
    fn answer(&self, call: HostCall) -> Option<ResultCode> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let made = state.made.entry(call).or_default();
        *made += 1;
        let key = (call, *made);
        state.scripted.remove(&key)
    }
}
