//! Host calls: arguments into registers, results out of them. All numbers come from the table.

use jambox_hostcall::{FORMS, Form, Interface, Revision};

use crate::Error;

#[cfg(target_env = "polkavm")]
pub(crate) use crate::guest::ecalli::{Argument, call};
#[cfg(not(target_env = "polkavm"))]
pub(crate) use crate::native::{Argument, call};

/// The interface that services are compiled for.
pub(crate) const INTERFACE: Interface = Interface::gray_paper(Revision::GrayPaper072);

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

/// The table's row for a call, at compile time.
const fn form(call: u8) -> &'static Form {
    let mut index = 0;
    while index < FORMS.len() {
        let form = &FORMS[index];
        if form.call as u8 == call && form.number(INTERFACE).is_some() {
            return form;
        }
        index += 1;
    }
    panic!("the interface has no such host call")
}

/// The number of a call.
pub(crate) const fn number(call: u8) -> u32 {
    match form(call).number(INTERFACE) {
        Some(number) if number <= u32::MAX as u64 => number as u32,
        _ => panic!("the call's number does not fit an instruction"),
    }
}

/// How many registers a call reads.
#[cfg_attr(not(target_env = "polkavm"), expect(dead_code, reason = "only guests tell the linker"))]
pub(crate) const fn inputs(call: u8) -> u8 {
    let arguments = form(call).arguments;
    let mut count = 0;
    let mut index = 0;
    while index < arguments.len() {
        count += arguments[index].kind.parts().len() as u8;
        index += 1;
    }
    count
}

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

/// How much of a value is asked for at first: most values need no second call then.
const FIRST_READ: usize = 256;

/// Reads a whole value of unknown length. `read` copies from an offset on and gives the full
/// length, or nothing if there is no value.
pub(crate) fn read_all(
    mut read: impl FnMut(u64, &mut [u8]) -> Result<Option<u64>, Error>,
) -> Result<Option<alloc::vec::Vec<u8>>, Error> {
    let mut octets = alloc::vec![0; FIRST_READ];
    let Some(total) = read(0, &mut octets)? else { return Ok(None) };
    let total = usize::try_from(total).map_err(|_| Error::Unexpected(total))?;
    octets.resize(total, 0);
    if let Some(rest) = octets.get_mut(FIRST_READ..).filter(|rest| !rest.is_empty()) {
        read(FIRST_READ as u64, rest)?;
    }
    Ok(Some(octets))
}
