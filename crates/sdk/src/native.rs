//! Host calls of a service that runs natively, under `cargo test`: the same arguments, handed to a
//! [`Host`] that a test harness installs.
//!
//! There are no pointers here. Every octet sequence of a call's arguments is lent as a [`Region`]
//! at an address made up for that call, so that the host's handlers see the same registers and
//! memory as with a guest.
//!
//! Tests of services have the host of `jambox-sdk-testing`. Another is a few lines:
//!
//! ```
//! use jambox_sdk::native::{Call, Host, with_host};
//! use jambox_sdk::{Revision, Storage};
//!
//! /// Answers every call with a length, and keeps nothing.
//! struct Always(u64);
//!
//! impl Host for Always {
//!     fn revision(&self) -> Revision {
//!         Revision::GrayPaper080
//!     }
//!
//!     fn call(&mut self, call: &mut Call) {
//!         assert_eq!(call.regions[0].octets, b"name", "the first argument is the key");
//!         call.registers[7] = self.0;
//!     }
//! }
//!
//! let length = with_host(Box::new(Always(5)), || Storage::default().length("name"));
//! assert_eq!(length, Ok(Some(5)));
//! ```

use std::boxed::Box;
use std::cell::{Cell, RefCell};
use std::vec::Vec;

use jambox_hostcall::Revision;

use crate::revision::interface;
use crate::row::number;

/// Address of a call's first region.
const FIRST_ADDRESS: u64 = 0x1_0000;

/// Alignment of regions, in octets, so that no two touch.
const ALIGNMENT: u64 = 0x1_0000;

/// Memory lent to the host for a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// First address.
    pub address: u64,
    /// Contents.
    pub octets: Vec<u8>,
    /// Set if the host may write to the region.
    pub writable: bool,
}

/// A host call under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Number of the call.
    pub number: u64,
    /// The registers: arguments from `r7` on, all others zero.
    pub registers: [u64; 13],
    /// The memory that the arguments point to.
    pub regions: Vec<Region>,
}

/// Contents of one register.
pub(crate) enum Argument<'a> {
    Number(u64),
    In(&'a [u8]),
    Out(&'a mut [u8]),
}

impl<'a> Argument<'a> {
    /// A number.
    pub fn number(number: u64) -> Self {
        Self::Number(number)
    }

    /// The address of octets that the host reads.
    pub fn input(octets: &'a [u8]) -> Self {
        Self::In(octets)
    }

    /// The address of octets that the host writes.
    pub fn output(octets: &'a mut [u8]) -> Self {
        Self::Out(octets)
    }
}

/// Answers host calls.
pub trait Host {
    /// Revision of the host.
    fn revision(&self) -> Revision;

    /// Changes registers and writable regions as the call demands. If the service may not continue
    /// (a panic of the host, out of gas) it unwinds instead of returning.
    fn call(&mut self, call: &mut Call);
}

std::thread_local! {
    static HOST: RefCell<Option<Box<dyn Host>>> = const { RefCell::new(None) };
    static REVISION: Cell<Option<Revision>> = const { Cell::new(None) };
}

/// Runs `service` with a host for its calls; the host serves this thread until `service` ends.
pub fn with_host<R>(host: Box<dyn Host>, service: impl FnOnce() -> R) -> R {
    /// Takes the host away again, also when the service unwinds.
    struct Restore(Option<Box<dyn Host>>, Option<Revision>);
    impl Drop for Restore {
        fn drop(&mut self) {
            let before = self.0.take();
            HOST.with(|current| current.replace(before));
            REVISION.set(self.1);
        }
    }
    let revision = REVISION.replace(Some(host.revision()));
    let _restore = Restore(HOST.with(|current| current.replace(Some(host))), revision);
    service()
}

/// The revision of this thread's host; the default revision without a host. See
/// [`revision`](crate::revision).
#[must_use]
pub fn revision() -> Revision {
    REVISION.get().unwrap_or_default()
}

/// Makes host call `CALL` (a variant of `HostCall`); gives `r7` and `r8`.
pub(crate) fn call<const CALL: u8, const COUNT: usize>(
    mut arguments: [Argument<'_>; COUNT],
) -> (u64, u64) {
    let mut call = Call {
        number: u64::from(number(CALL, interface())),
        registers: [0; 13],
        regions: Vec::new(),
    };
    let mut next = FIRST_ADDRESS;
    for (register, argument) in call.registers.iter_mut().skip(7).zip(&arguments) {
        let (octets, writable) = match argument {
            Argument::Number(number) => {
                *register = *number;
                continue;
            }
            Argument::In(octets) => (octets.to_vec(), false),
            Argument::Out(octets) => (octets.to_vec(), true),
        };
        *register = next;
        let address = next;
        next = (next + octets.len() as u64 + 1).next_multiple_of(ALIGNMENT);
        call.regions.push(Region { address, octets, writable });
    }
    // The host is taken out while it works: it may run another service on the same thread.
    let host = HOST.with(|current| current.borrow_mut().take());
    let Some(host) = host else {
        panic!("a service makes host calls only under a host: run it with jambox-sdk-testing");
    };
    let host = Returned(Some(host));
    let host = host.serve(&mut call);
    drop(host);
    let lent = arguments.iter_mut().filter_map(|argument| match argument {
        Argument::Number(_) => None,
        Argument::In(_) => Some(None),
        Argument::Out(octets) => Some(Some(octets)),
    });
    for (octets, region) in lent.zip(&call.regions) {
        if let Some(octets) = octets {
            octets.copy_from_slice(&region.octets);
        }
    }
    (call.registers[7], call.registers[8])
}

/// Puts the host back, also when the call unwinds: a service's destructors may call again.
struct Returned(Option<Box<dyn Host>>);

impl Returned {
    fn serve(mut self, call: &mut Call) -> Self {
        if let Some(host) = &mut self.0 {
            host.call(call);
        }
        self
    }
}

impl Drop for Returned {
    fn drop(&mut self) {
        let host = self.0.take();
        HOST.with(|current| current.replace(host));
    }
}
