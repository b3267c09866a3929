//! What a guest's gas costs its host: the time of every host call and of every instruction at
//! arguments that are much work, by what they are charged. Run by `cargo xtask bench costs`.
//!
//! A unit of gas stands for less than a microsecond of work. Whatever takes longer is listed with
//! its reason in [`table::REASONS`], or the run fails.

/// What notes outcomes in the tests, and nothing here.
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

/// What the world of the tests runs on here.
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
