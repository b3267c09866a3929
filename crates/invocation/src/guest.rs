//! The calling guest, for handlers.

use jambox_hostcall::{HashPointer, Price, Quantity, Registers, Slice};
use jambox_types::{Blake2b, Hash};

use crate::limits::Meter;
use crate::memory::Inaccessible;
use crate::{CallerMemory, Needed, Observer, PanicReason, Stop};

/// The calling guest: its memory, its gas after the call's charge, and the observer.
///
/// Access to inaccessible memory is [`Stop::Panic`], so handlers write `?`.
pub(crate) struct Guest<'a> {
    pub(crate) memory: &'a mut dyn CallerMemory,
    pub(crate) gas: &'a mut u64,
    pub(crate) observer: &'a mut dyn Observer,
    /// Price of the call, and the registers it depends on.
    pub(crate) price: &'a Price,
    pub(crate) registers: Registers,
    /// Resources of the host used by the invocation.
    pub(crate) meter: &'a mut Meter,
}

/// Largest part of a range that is copied, hashed or compared at once, in octets. No more than this
/// is allocated for a range before the call is known to need all of it.
pub(crate) const CHUNK: u64 = 1 << 16;

impl Guest<'_> {
    /// Reads a claimed range whose length is limited by the protocol. `what` names it in
    /// explanations.
    pub(crate) fn read(&mut self, what: &'static str, slice: Slice) -> Result<Vec<u8>, Stop> {
        let octets = self.look(what, slice)?;
        self.observer.memory_read(slice.address, &octets);
        Ok(octets)
    }

    /// [`Self::read`] without the observer: for a range that is read again.
    pub(crate) fn look(&mut self, what: &'static str, slice: Slice) -> Result<Vec<u8>, Stop> {
        self.require_readable(what, slice)?;
        self.meter.copy(slice.length)?;
        let octets = self.memory.read(slice.address, slice.length);
        octets.map_err(|_| inaccessible(what, slice, Needed::Readable))
    }

    /// Reads a claimed range of any length into memory that the host keeps for the guest. Must be
    /// called after all checks of the call.
    pub(crate) fn read_to_keep(
        &mut self,
        what: &'static str,
        slice: Slice,
    ) -> Result<Vec<u8>, Stop> {
        let Slice { address, length } = slice;
        self.require_readable(what, slice)?;
        self.meter.keep(length)?;
        self.meter.copy(length)?;
        let mut octets = self.meter.room(length)?;
        octets.resize(usize::try_from(length).unwrap_or(0), 0);
        let read = self.memory.read_into(address, &mut octets);
        read.map_err(|_| inaccessible(what, slice, Needed::Readable))?;
        self.observer.memory_read(address, &octets);
        Ok(octets)
    }

    /// Counts octets as kept by the host for the guest, and returns them.
    pub(crate) fn keep(&mut self, octets: Vec<u8>) -> Result<Vec<u8>, Stop> {
        self.meter.keep(octets.len() as u64)?;
        Ok(octets)
    }

    /// Reads a claimed range of any length for the duration of the call. Must be called when a
    /// value of this length is known to be needed.
    pub(crate) fn read_briefly(
        &mut self,
        what: &'static str,
        slice: Slice,
    ) -> Result<Vec<u8>, Stop> {
        self.meter.check_room(slice.length)?;
        self.meter.room(slice.length)?;
        self.read(what, slice)
    }

    /// Hash of a claimed range of any length, without the observer.
    pub(crate) fn hash(&mut self, what: &'static str, slice: Slice) -> Result<Hash, Stop> {
        self.require_readable(what, slice)?;
        let mut hasher = Blake2b::new();
        for (offset, length) in chunks(slice.length) {
            let address = slice.address.saturating_add(offset);
            hasher.update(&self.look(what, Slice { address, length })?);
        }
        Ok(hasher.finish())
    }

    /// Reads an array of `count` elements of `size` octets each. The caller has limited their
    /// number.
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
        self.meter.copy(octets.len() as u64)?;
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

    /// Charges gas beyond the call's base price, before the effect that it pays for.
    pub(crate) fn charge(&mut self, price: u64) -> Result<(), Stop> {
        charge(self.gas, price)
    }

    /// Charges the part of the call's price for a quantity that is now known, before the effect
    /// that it pays for. Returns the gas charged.
    pub(crate) fn charge_for(&mut self, quantity: Quantity, units: u64) -> Result<u64, Stop> {
        let price = self.price.part(&self.registers, quantity, units);
        self.charge(price)?;
        Ok(price)
    }

    /// Refunds the part of the price for units that were not used.
    pub(crate) fn refund_for(&mut self, quantity: Quantity, units: u64) {
        let price = self.price.part(&self.registers, quantity, units);
        *self.gas = self.gas.saturating_add(price);
    }
}

/// Subtracts `price` from `gas`. If it is not covered, no gas is left.
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

/// Offsets and lengths of the chunks of a range of `length` octets.
pub(crate) fn chunks(length: u64) -> impl Iterator<Item = (u64, u64)> {
    let mut offset = 0u64;
    std::iter::from_fn(move || {
        let size = length.saturating_sub(offset).min(CHUNK);
        let start = offset;
        offset = offset.saturating_add(size);
        (size > 0).then_some((start, size))
    })
}
