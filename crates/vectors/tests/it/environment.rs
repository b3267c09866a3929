//! What the cases with services run in.

use jambox_engine::Backend;
use jambox_invocation::Env;
use jambox_types::{Parameters, Protocol, Revision};

/// What the public vectors of 0.7.2 are made under.
pub const TINY: Protocol = Protocol::new(Revision::GrayPaper072, Parameters::TINY);

/// The parameters of the public vectors, programs run as they are by default.
pub fn tiny() -> Env {
    tiny_on(Backend::default())
}

/// The same, once for each backend that people run services on. The others are slow, and run every
/// single program and host-call trace.
pub fn tiny_on_every_backend() -> impl Iterator<Item = Env> {
    let is_slow =
        |backend: &Backend| matches!(backend, Backend::Stepper | Backend::LoopedInterpreter);
    Backend::all_here().into_iter().filter(move |backend| !is_slow(backend)).map(|backend| {
        println!("on {backend:?}");
        tiny_on(backend)
    })
}

fn tiny_on(backend: Backend) -> Env {
    Env::with_backend(TINY, backend).expect("it is there")
}
