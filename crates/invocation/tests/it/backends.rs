//! The backend of these tests, and a run of all tests on each backend.

use std::process::{Command, Stdio};

use jambox_engine::Backend;
use jambox_invocation::Env;
use jambox_types::Protocol;

/// Name of the tests' backend, as `Debug` writes it.
const VARIABLE: &str = "JAMBOX_TEST_BACKEND";

/// An environment with the backend named by [`VARIABLE`], or the default backend.
pub fn environment(protocol: Protocol) -> Env {
    Env::with_backend(protocol, backend()).expect("the revision is known")
}

fn backend() -> Backend {
    let Ok(name) = std::env::var(VARIABLE) else { return Backend::default() };
    let mut all = Backend::all_here().into_iter();
    all.find(|backend| format!("{backend:?}") == name).expect("a backend")
}

/// Runs this program once for each backend that users may choose, except for the default. The tests
/// of models are left out: they take long, and run no programs.
#[test]
fn all_tests_pass_on_every_backend() {
    if std::env::var_os(VARIABLE).is_some() {
        return;
    }
    let program = std::env::current_exe().expect("a program");
    for backend in Backend::all_here() {
        let is_slow = matches!(backend, Backend::Stepper | Backend::LoopedInterpreter);
        if is_slow || backend == Backend::default() {
            continue;
        }
        let mut tests = Command::new(&program);
        tests.env(VARIABLE, format!("{backend:?}")).args(["--quiet", "--skip", "model"]);
        let output = tests.stdin(Stdio::null()).output().expect("it runs");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "on {backend:?}:\n{text}");
    }
}
