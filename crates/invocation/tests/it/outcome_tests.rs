//! Tests of outcomes, and a record of which outcomes have one.

use jambox_hostcall::HostCall;

/// Declares the tests of one call's outcomes and remembers their names.
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
                fn $name() $body
            )*
        }
    };
}

/// The outcomes of a call that have tests.
pub struct Tested {
    pub call: HostCall,
    /// The module of the tests, each named after its outcome.
    pub path: &'static str,
    pub outcomes: &'static [&'static str],
}

/// The outcome that every call has: its gas is not covered.
pub const OUT_OF_GAS: &str = "out_of_gas";

impl Tested {
    /// Fails unless the tests are those of `outcomes`, in order, and of lack of gas.
    pub fn check(&self, outcomes: &[jambox_hostcall::Outcome]) {
        let names = outcomes.iter().map(|outcome| outcome.name);
        let expected: Vec<_> = names.chain([OUT_OF_GAS]).collect();
        assert_eq!(self.outcomes, expected, "{}", self.path);
    }
}
