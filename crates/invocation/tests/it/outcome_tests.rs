//! Tests of outcomes, and the registry of outcomes with a test.

use jambox_hostcall::{Abi, HostCall, Interface, OutcomeKind};
use jambox_types::Revision;

use crate::matches;
use crate::world::with_revision;

/// Declares the tests of one call's outcomes and registers their names. Each test runs under every
/// revision with the outcome.
macro_rules! outcomes {
    ($call:ident in $module:ident { $($name:ident $body:block)* }) => {
        pub mod $module {
            use super::*;

            pub const TESTED: $crate::outcome_tests::Tested = $crate::outcome_tests::Tested {
                call: jambox_hostcall::HostCall::$call,
                path: module_path!(),
                outcomes: &[$(stringify!($name)),*],
            };

            $(
                #[test]
                fn $name() {
                    TESTED.in_every_revision(stringify!($name), || $body);
                }
            )*
        }
    };
}

/// The outcomes of a call with tests.
pub struct Tested {
    pub call: HostCall,
    /// Module of the tests. Each is named after its outcome.
    pub path: &'static str,
    pub outcomes: &'static [&'static str],
}

/// The outcome that every call has: its price is not covered.
pub const OUT_OF_GAS: &str = "out_of_gas";

impl Tested {
    /// Interface of the outcomes.
    fn interface(&self, revision: Revision) -> Interface {
        let is_seed = self.path.contains("::seed_doc::");
        let abi = if is_seed { Abi::SeedDoc { strict: true } } else { Abi::GrayPaper };
        Interface { abi, revision }
    }

    /// Runs a test under every revision whose table has the outcome.
    pub fn in_every_revision(&self, outcome: &str, test: impl Fn()) {
        let has_it = |revision: &Revision| {
            let interface = self.interface(*revision);
            let mut forms = interface.forms().filter(|form| form.call == self.call);
            forms.any(|form| {
                let mut names = form.outcomes(*revision).map(|outcome| outcome.name);
                outcome == OUT_OF_GAS || names.any(|name| name == outcome)
            })
        };
        for revision in Revision::ALL.into_iter().filter(has_it) {
            matches::taken();
            with_revision(revision, &test);
            self.check_matched(revision, outcome);
        }
    }

    /// Fails unless the handler reported the outcome that the test is named after. Outcomes that
    /// stop the guest are reported as a reason.
    fn check_matched(&self, revision: Revision, outcome: &str) {
        let interface = self.interface(revision);
        let forms = interface.forms().filter(|form| form.call == self.call);
        let mut tested = forms.flat_map(|form| form.outcomes(revision));
        let Some(tested) = tested.find(|it| it.name == outcome) else { return };
        if matches!(tested.kind, OutcomeKind::Panic | OutcomeKind::OutOfGas) {
            return;
        }
        let matched = matches::taken();
        let of_call = matched.iter().filter(|(call, _)| *call == self.call);
        let names: Vec<_> = of_call.map(|(_, name)| *name).collect();
        assert!(names.contains(&outcome), "{} in {revision}: {names:?}", self.path);
    }

    /// Fails unless there is a test for each outcome of every revision, and for lack of gas, in the
    /// table's order, and no other.
    pub fn check(&self) {
        let mut all: Vec<&str> = Vec::new();
        for revision in Revision::ALL {
            let interface = self.interface(revision);
            let forms = interface.forms().filter(|form| form.call == self.call);
            let names: Vec<_> =
                forms.flat_map(|form| form.outcomes(revision)).map(|it| it.name).collect();
            let tested = self.outcomes.iter().filter(|name| names.contains(name));
            assert_eq!(tested.copied().collect::<Vec<_>>(), names, "{} in {revision}", self.path);
            all.extend(names);
        }
        let is_known = |name: &&str| all.contains(name) || *name == OUT_OF_GAS;
        assert!(self.outcomes.iter().all(is_known), "{}", self.path);
        assert_eq!(self.outcomes.last(), Some(&OUT_OF_GAS), "{}", self.path);
    }
}
