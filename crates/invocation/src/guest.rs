//! The guest that makes a host call, as its handler sees it.

use jambox_hostcall::{HashPointer, Price, Quantity, Registers, Slice};
use jambox_types::Hash;

use crate::memory::Inaccessible;
use crate::{GuestMemory, Needed, Observer, PanicReason, Stop};

/// The calling guest: its memory, what gas it has left after the call's charge, and who watches.
///
/// Reading or writing what the guest has no access to is [`Stop::Panic`], so handlers say `?`.
pub(crate) struct Guest<'a> {
    pub(crate) memory: &'a mut dyn GuestMemory,
    pub(crate) gas: &'a mut u64,
    pub(crate) observer: &'a mut dyn Observer,
    /// The call's price, and the registers that it is worked out from.
    pub(crate) price: &'a Price,
    pub(crate) registers: Registers,
}

impl Guest<'_> {
    /// Reads a claimed range; `what` names it in explanations.
    pub(crate) fn read(&mut self, what: &'static str, slice: Slice) -> Result<Vec<u8>, Stop> {
        let Slice { address, length } = slice;
        let octets = self.memory.read(address, length);
        let octets = octets.map_err(|_| inaccessible(what, slice, Needed::Readable))?;
        self.observer.memory_read(address, &octets);
        Ok(octets)
    }

    /// Reads an array of `count` elements of `size` octets each.
    pub(crate) fn read_array(
        &mut self,
        what: &'static str,
        address: u64,
        count: u64,
        size: u64,
    ) -> Result<Vec<u8>, Stop> {
        self.read(what, Slice { address, length: count.saturating_mul(size) })
    }

    /// Panics the guest unless an array of `count` elements of `size` octets each is readable.
    pub(crate) fn require_array_readable(
        &self,
        what: &'static str,
        address: u64,
        count: u64,
        size: u64,
    ) -> Result<(), Stop> {
        self.require_readable(what, Slice { address, length: count.saturating_mul(size) })
    }

    /// Reads a hash.
    pub(crate) fn read_hash(&mut self, pointer: HashPointer) -> Result<Hash, Stop> {
        let slice = Slice { address: pointer.0, length: Hash::LENGTH as u64 };
        let octets = self.read("the hash", slice)?;
        let mut hash = Hash::ZERO;
        hash.0.copy_from_slice(&octets);
        Ok(hash)
    }

    /// Writes octets.
    pub(crate) fn write(
        &mut self,
        what: &'static str,
        address: u64,
        octets: &[u8],
    ) -> Result<(), Stop> {
        self.memory.write(address, octets).map_err(|Inaccessible { .. }| {
            let slice = Slice { address, length: octets.len() as u64 };
            inaccessible(what, slice, Needed::Writable)
        })?;
        self.observer.memory_written(address, octets);
        Ok(())
    }

    /// Panics the guest unless the range is writable.
    pub(crate) fn require_writable(&self, what: &'static str, slice: Slice) -> Result<(), Stop> {
        match self.memory.is_writable(slice.address, slice.length) {
            true => Ok(()),
            false => Err(inaccessible(what, slice, Needed::Writable)),
        }
    }

    /// Panics the guest unless the range is readable.
    pub(crate) fn require_readable(&self, what: &'static str, slice: Slice) -> Result<(), Stop> {
        match self.memory.is_readable(slice.address, slice.length) {
            true => Ok(()),
            false => Err(inaccessible(what, slice, Needed::Readable)),
        }
    }

    /// Charges gas on top of the call's base price, before the effect that it pays for.
    pub(crate) fn charge(&mut self, price: u64) -> Result<(), Stop> {
        charge(self.gas, price)
    }

    /// Charges the part of the call's price that depends on this quantity, now that it is known.
    /// Before the effect that it pays for. Gives what was charged.
    pub(crate) fn charge_for(&mut self, quantity: Quantity, units: u64) -> Result<u64, Stop> {
        let price = self.price.part(&self.registers, quantity, units);
        self.charge(price)?;
        Ok(price)
    }

    /// Gives back the part of the price that was charged for units that were not used after all.
    pub(crate) fn refund_for(&mut self, quantity: Quantity, units: u64) {
        let price = self.price.part(&self.registers, quantity, units);
        *self.gas = self.gas.saturating_add(price);
    }
}

/// Takes `price` off `gas`; what is not covered leaves none.
pub(crate) fn charge(gas: &mut u64, price: u64) -> Result<(), Stop> {
    let left = *gas;
    match left.checked_sub(price) {
        Some(rest) => {
            *gas = rest;
            Ok(())
        }
        None => {
            *gas = 0;
            Err(Stop::OutOfGas { price, left })
        }
    }
}

fn inaccessible(what: &'static str, slice: Slice, access: Needed) -> Stop {
    let Slice { address, length } = slice;
    Stop::Panic(PanicReason::Memory { what, address, length, access })
}
