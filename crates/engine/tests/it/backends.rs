//! Running one test on everything that executes programs.

use jambox_engine::{Backend, Config, Engine};

/// The backends that this build and this machine have.
pub fn all() -> Vec<Backend> {
    let mut backends = vec![Backend::Stepper, Backend::LoopedInterpreter, Backend::Interpreter];
    let native =
        [Backend::Recompiler, Backend::Auto { threshold: 0 }, Backend::Auto { threshold: 1 }];
    if Engine::new(Config { backend: Backend::Recompiler, ..Config::default() }).is_ok() {
        backends.extend(native);
    }
    backends
}

/// Defines tests that run on each backend in turn.
macro_rules! on_every_backend {
    ($(fn $name:ident($backend:ident) $body:block)*) => {$(
        #[test]
        fn $name() {
            for $backend in $crate::backends::all() {
                println!("on {:?}", $backend);
                $body
            }
        }
    )*};
}

pub(crate) use on_every_backend;
