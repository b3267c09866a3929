//! Sweeps: a test repeated for every answer that a host may give, or with less and less gas.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use jambox_hostcall::{Abi, Form, HostCall, Interface, OutcomeKind, ResultCode};
use jambox_sdk::types::Gas;

use crate::{Chain, Record};

/// An answer in place of the host's: the `nth` of these calls, from 1 on, gets this code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The call.
    pub call: HostCall,
    /// Number of the call among those of its kind, from 1 on.
    pub nth: usize,
    /// Code of the answer.
    pub code: ResultCode,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { call, nth, code } = self;
        write!(f, "{} number {nth} answered {}", call.name(), code.name())
    }
}

impl Chain {
    /// Runs a test on a clone of the chain, then once more for every call of the first run and
    /// every result code that the host may answer it: every fault possible here. The test asserts
    /// what must always hold, and returns its record; its argument is the fault. Gives the number
    /// of faults.
    ///
    /// # Panics
    ///
    /// When the test does, after printing the fault.
    pub fn fault_sweep(&self, test: impl Fn(&mut Self, Option<Fault>) -> Record) -> usize {
        let record = test(&mut self.clone(), None);
        let faults = self.faults(&record);
        for fault in &faults {
            let mut chain = self.clone();
            chain.answer_with(*fault);
            told(&format!("with {fault}"), || test(&mut chain, Some(*fault)));
        }
        faults.len()
    }

    /// All faults possible in a run with this record.
    #[must_use]
    pub fn faults(&self, record: &Record) -> Vec<Fault> {
        let interface = Interface { abi: Abi::GrayPaper, revision: self.revision() };
        let mut made: BTreeMap<HostCall, usize> = BTreeMap::new();
        let mut faults = Vec::new();
        for call in record.calls.iter().filter_map(|call| call.call) {
            let nth = made.entry(call).or_default();
            *nth += 1;
            faults.extend(codes(call, interface).map(|code| Fault { call, nth: *nth, code }));
        }
        faults
    }

    /// Scripts a fault; calls are counted from now.
    pub fn answer_with(&self, fault: Fault) {
        self.answer(fault.call, fault.nth, fault.code);
    }

    /// Runs a test on a clone of the chain with this much gas, then with less: from none to the
    /// amount used by the first run, in this number of even steps, and with one gas less than that
    /// amount. The test asserts its invariants wherever the gas runs out, and returns the gas used.
    /// Gives the gas used by the first run.
    ///
    /// # Panics
    ///
    /// When the test does, after printing the gas.
    pub fn gas_sweep(&self, gas: u64, steps: u64, test: impl Fn(&mut Self, Gas) -> Gas) -> Gas {
        let used = test(&mut self.clone(), Gas(gas));
        let even = (0..steps).map(|step| u128::from(used.0) * u128::from(step) / u128::from(steps));
        let even = even.filter_map(|gas| u64::try_from(gas).ok());
        for gas in even.chain(used.0.checked_sub(1)) {
            told(&format!("with {gas} gas"), || test(&mut self.clone(), Gas(gas)));
        }
        used
    }
}

/// Result codes of a call that did not do its work.
fn codes(call: HostCall, interface: Interface) -> impl Iterator<Item = ResultCode> {
    let is_it = |form: &&Form| form.call == call && form.number(interface).is_some();
    let outcomes = interface.forms().find(is_it).into_iter();
    let outcomes = outcomes.flat_map(move |form| form.outcomes(interface.revision));
    outcomes.filter_map(move |outcome| match outcome.kind {
        OutcomeKind::Code(ResultCode::Ok) => None,
        // No refusal: the key had no value, and the host has written.
        OutcomeKind::Code(ResultCode::None) if call == HostCall::Write => None,
        OutcomeKind::Code(code) => Some(code),
        _ => None,
    })
}

/// Prints a test's circumstances if it panics.
fn told<T>(what: &str, test: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(test)).unwrap_or_else(|panic| {
        eprintln!("the test fails {what}");
        resume_unwind(panic)
    })
}
