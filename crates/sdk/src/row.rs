//! Rows of the host-call table, looked up at compile time.

use jambox_hostcall::{FORMS, Form, Interface};

/// The table's row for a call; for the PVM, at compile time.
const fn form(call: u8, interface: Interface) -> &'static Form {
    let mut index = 0;
    while index < FORMS.len() {
        let form = &FORMS[index];
        if form.call as u8 == call && form.number(interface).is_some() {
            return form;
        }
        index += 1;
    }
    panic!("the interface has no such host call")
}

/// The number of a call.
pub(crate) const fn number(call: u8, interface: Interface) -> u32 {
    match form(call, interface).number(interface) {
        Some(number) if number <= u32::MAX as u64 => number as u32,
        _ => panic!("the call's number does not fit an instruction"),
    }
}

/// Number of registers that a call reads.
#[cfg_attr(not(target_env = "polkavm"), expect(dead_code, reason = "only guests tell the linker"))]
pub(crate) const fn inputs(call: u8, interface: Interface) -> u8 {
    let arguments = form(call, interface).arguments;
    let mut count = 0;
    let mut index = 0;
    while index < arguments.len() {
        count += arguments[index].kind.parts().len() as u8;
        index += 1;
    }
    count
}
