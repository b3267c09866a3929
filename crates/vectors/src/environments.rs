//! Environments of cases, one for each revision.

use jambox_invocation::{Env, HostError};
use jambox_types::{Protocol, Revision};

/// An environment for each revision, otherwise equal.
pub(crate) struct Environments(Vec<(Revision, Result<Env, HostError>)>);

impl Environments {
    /// Environments with the backend and the parameters of `env`.
    pub(crate) fn like(env: &Env) -> Self {
        let (protocol, backend) = (*env.protocol(), env.engine().config().backend);
        let of = |revision| Env::with_backend(Protocol { revision, ..protocol }, backend);
        Self(Revision::ALL.map(|revision| (revision, of(revision))).into())
    }

    /// The first environment under whose protocol `read` succeeds, with the result; otherwise the
    /// first error.
    pub(crate) fn find<T, E: ToString>(
        &self,
        mut read: impl FnMut(&Protocol) -> Result<T, E>,
    ) -> Result<(&Env, T), String> {
        let mut first = None;
        for (_, env) in &self.0 {
            let found = match env {
                Ok(env) => match read(env.protocol()) {
                    Ok(value) => return Ok((env, value)),
                    Err(error) => error.to_string(),
                },
                Err(error) => error.to_string(),
            };
            first = first.or(Some(found));
        }
        Err(first.unwrap_or_default())
    }
}
