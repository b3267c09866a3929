//! Programs of another revision than the one that they run under.

use jambox_hostcall::Interface;
use jambox_program::Container;
use jambox_types::Protocol;

/// Hint for a failed program that shows signs of another revision; `None` without such signs.
#[must_use]
pub fn of_another_revision(container: &Container, protocol: &Protocol) -> Option<String> {
    let offers = |revision, number: u32| {
        let interface = Interface { abi: protocol.abi, revision };
        interface.forms().any(|form| form.number(interface) == Some(number.into()))
    };
    let other = container.other_revision(protocol.revision, offers)?;
    Some(format!(
        "{other}; perhaps it is a program of that revision: try --revision {}",
        other.made_for
    ))
}
