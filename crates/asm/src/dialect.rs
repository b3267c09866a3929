//! Names of instructions and host calls: given to the assembler, which knows none.

use jambox_isa::InstructionSet;

/// Instructions and host calls with their names.
#[derive(Clone, Copy, Debug)]
pub struct Dialect<'a> {
    /// Instructions.
    pub set: InstructionSet,
    /// Names and numbers of host calls.
    pub host_calls: &'a [(&'a str, u64)],
}

impl Dialect<'_> {
    /// Number of the host call with this name.
    pub(crate) fn host_call_number(&self, name: &str) -> Option<u64> {
        let mut calls = self.host_calls.iter();
        calls.find(|(known, _)| *known == name).map(|(_, number)| *number)
    }

    /// Name of the host call with this number. `None` if the name also stands for another number.
    pub(crate) fn host_call_name(&self, number: u64) -> Option<&str> {
        let (name, _) = self.host_calls.iter().find(|(_, known)| *known == number)?;
        (self.host_call_number(name) == Some(number)).then_some(name)
    }
}
