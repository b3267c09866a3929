//! Time of a guest's gas on the host: every host call and every instruction with expensive
//! arguments, per unit of gas charged. Run by `cargo xtask bench costs`.
//!
//! A unit of gas should stand for less than a microsecond of work. Slower rows are listed with
//! their reason in [`table::REASONS`]; any other slow row fails the run.

/// Records outcomes in the tests; does nothing here.
mod matches {
    use jambox_hostcall::Interface;
    use jambox_invocation::Observer;

    pub struct Matches;

    impl Matches {
        pub fn new(_: Interface) -> Self {
            Self
        }
    }

    impl Observer for Matches {}
}

/// The backend of the tests' environments here.
mod backends {
    use jambox_invocation::Env;
    use jambox_types::Protocol;

    pub fn environment(protocol: Protocol) -> Env {
        Env::new(protocol).expect("the revision is known")
    }
}
#[path = "../../tests/it/guest.rs"]
#[expect(dead_code, reason = "shared with the tests")]
mod guest;
#[path = "../../tests/it/prices.rs"]
mod prices;
#[path = "../../tests/it/program.rs"]
#[expect(dead_code, reason = "shared with the tests")]
mod program;
#[path = "../../tests/it/world.rs"]
#[expect(dead_code, reason = "shared with the tests")]
mod world;

mod calls;
mod instructions;
mod table;

use std::process::ExitCode;

use jambox_types::Revision;

fn main() -> ExitCode {
    let mut rows = Vec::new();
    for revision in Revision::ALL {
        rows.extend(calls::measure(revision));
        rows.extend(instructions::measure(revision));
    }
    table::print(&mut rows)
}
