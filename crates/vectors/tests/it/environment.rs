//! Environments of the cases with services.

use jambox_engine::Backend;
use jambox_invocation::Env;
use jambox_types::{Parameters, Protocol, Revision};

/// The protocol of the public vectors of 0.7.2.
pub const TINY: Protocol = Protocol::new(Revision::GrayPaper072, Parameters::TINY);

/// The parameters of the public vectors, on the default backend.
pub fn tiny() -> Env {
    tiny_on(Backend::default())
}

/// The same on each backend meant for services. The other backends are slow; single programs and
/// host-call traces run on them too.
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
