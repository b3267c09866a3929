//! A host whose answers a test makes up.

use jambox_sdk::Revision;
use jambox_sdk::native::{Call, Host, with_host};

/// Answers every call with a function.
pub struct Scripted<F>(pub F);

impl<F: FnMut(&mut Call)> Host for Scripted<F> {
    fn revision(&self) -> Revision {
        Revision::GrayPaper072
    }

    fn call(&mut self, call: &mut Call) {
        (self.0)(call);
    }
}

/// Runs `body` under a host that answers every call with `r7` and `r8`.
pub fn answering<R>(r7: u64, r8: u64, body: impl FnOnce() -> R) -> R {
    let host = move |call: &mut Call| {
        call.registers[7] = r7;
        call.registers[8] = r8;
    };
    with_host(Box::new(Scripted(host)), body)
}

/// Runs `body` under a host whose values are all these octets.
pub fn giving<R>(octets: &[u8], body: impl FnOnce() -> R) -> R {
    let value = octets.to_vec();
    let host = move |call: &mut Call| {
        let offset = (call.registers[8] as usize).min(value.len());
        let Some(region) = call.regions.iter_mut().find(|region| region.writable) else { return };
        let rest = &value[offset..];
        let length = rest.len().min(region.octets.len());
        region.octets[..length].copy_from_slice(&rest[..length]);
        call.registers[7] = value.len() as u64;
    };
    with_host(Box::new(Scripted(host)), body)
}
