//! The service's revision of the Gray Paper.

#[cfg(target_env = "polkavm")]
use jambox_hostcall::Revision;
use jambox_hostcall::{Abi, Interface};

/// Calling interface between services and the host.
pub(crate) const ABI: Abi = Abi::GrayPaper;

/// The revision of the Gray Paper that the service runs under: in the PVM the one it was compiled
/// for; natively the host's, or the default without a host.
///
/// Code for the PVM can also be left out by `#[cfg(jambox_revision = "0.8.0")]`.
#[cfg(target_env = "polkavm")]
#[must_use]
pub const fn revision() -> Revision {
    #[cfg(jambox_revision = "0.7.2")]
    return Revision::GrayPaper072;
    #[cfg(jambox_revision = "0.8.0")]
    return Revision::GrayPaper080;
    #[cfg(not(any(jambox_revision = "0.7.2", jambox_revision = "0.8.0")))]
    compile_error!(
        "for which revision? `jambox build` says so; other builders pass \
         `--cfg jambox_revision=\"0.8.0\"` (or 0.7.2) to the compiler"
    );
}

#[cfg(not(target_env = "polkavm"))]
pub use crate::native::revision;

/// The host-call interface of that revision.
#[cfg(target_env = "polkavm")]
pub(crate) const fn interface() -> Interface {
    Interface { abi: ABI, revision: revision() }
}

#[cfg(not(target_env = "polkavm"))]
pub(crate) fn interface() -> Interface {
    Interface { abi: ABI, revision: revision() }
}
