//! Host calls: arguments into registers, results out of them. All numbers come from the table.

use alloc::vec::Vec;

use crate::Error;

#[cfg(target_env = "polkavm")]
pub(crate) use crate::guest::ecalli::{Argument, call};
#[cfg(not(target_env = "polkavm"))]
pub(crate) use crate::native::{Argument, call};

/// A length as an argument.
pub(crate) fn length<'a>(octets: &[u8]) -> Argument<'a> {
    Argument::number(octets.len() as u64)
}

/// Makes the host call named by a variant of `HostCall`; gives `r7` and `r8`.
macro_rules! host_call {
    ($call:ident $(, $argument:expr)* $(,)?) => {
        $crate::ecalli::call::<{ jambox_hostcall::HostCall::$call as u8 }, _>([$($argument),*])
    };
}
pub(crate) use host_call;

/// The result of a call that answers `OK` or a code.
pub(crate) fn done((r7, _): (u64, u64)) -> Result<(), Error> {
    match r7 {
        0 => Ok(()),
        other => Err(Error::of_code(other).unwrap_or(Error::Unexpected(other))),
    }
}

/// The result of a call that answers a number or a code.
pub(crate) fn value((r7, _): (u64, u64)) -> Result<u64, Error> {
    Error::of_code(r7).map_or(Ok(r7), Err)
}

/// The result of a call that answers a number, `NONE`, or a code that is an error.
pub(crate) fn optional(registers: (u64, u64)) -> Result<Option<u64>, Error> {
    match value(registers) {
        Ok(value) => Ok(Some(value)),
        Err(Error::Missing) => Ok(None),
        Err(other) => Err(other),
    }
}

/// Octets of a value read by the first call: most values need no second call then.
const FIRST_READ: usize = 256;

/// Reads a whole value of unknown length. `read` copies from an offset on and gives the full
/// length; `None` if there is no value.
///
/// A longer value is read again as a whole: that is cheaper than moving the octets read before.
pub(crate) fn read_all(
    mut read: impl FnMut(u64, &mut [u8]) -> Result<Option<u64>, Error>,
) -> Result<Option<Vec<u8>>, Error> {
    let mut octets = unspecified(FIRST_READ);
    let Some(total) = read(0, &mut octets)? else { return Ok(None) };
    let total = usize::try_from(total).map_err(|_| Error::Unexpected(total))?;
    if total > FIRST_READ {
        octets = unspecified(total);
        if read(0, &mut octets)? != Some(total as u64) {
            return Err(Error::Unexpected(total as u64));
        }
    }
    octets.truncate(total);
    Ok(Some(octets))
}

#[cfg(target_env = "polkavm")]
pub(crate) use crate::guest::unspecified;

/// Octets for the host to overwrite. In the PVM their contents are unspecified, because filling
/// them would cost gas.
#[cfg(not(target_env = "polkavm"))]
pub(crate) fn unspecified(length: usize) -> Vec<u8> {
    alloc::vec![0; length]
}
