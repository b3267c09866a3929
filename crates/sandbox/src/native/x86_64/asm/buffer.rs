//! Buffer of instructions, written eight octets at a time.

use super::operand::{Gpr, Operand, Size};

/// The most octets that one call of [`Buffer::put`] writes.
const ROOM: usize = 16;

/// Octets of machine code under construction.
#[derive(Default)]
pub(in crate::native) struct Buffer {
    octets: Vec<u8>,
    length: usize,
}

/// Up to eight octets of an instruction: prefixes, opcode, ModRM and SIB.
#[derive(Clone, Copy, Default)]
pub(super) struct Head {
    octets: u64,
    length: u32,
}

impl Head {
    #[inline(always)]
    pub(super) const fn octet(self, octet: u8) -> Self {
        Self { octets: self.octets | (octet as u64) << (8 * self.length), length: self.length + 1 }
    }

    /// The octet if it is not zero. Without a branch: which instructions come is anybody's guess.
    #[inline(always)]
    pub(super) const fn prefix(self, octet: u8) -> Self {
        Self {
            octets: self.octets | (octet as u64) << (8 * self.length),
            length: self.length + (octet != 0) as u32,
        }
    }
}

/// Up to eight octets after the head: displacement and immediate.
#[derive(Clone, Copy, Default)]
pub(super) struct Tail {
    octets: u64,
    length: u32,
}

impl Tail {
    #[inline(always)]
    pub(super) const fn imm8(self, value: i8) -> Self {
        self.append(value as u8 as u64, 1)
    }

    #[inline(always)]
    pub(super) const fn imm16(self, value: i16) -> Self {
        self.append(value as u16 as u64, 2)
    }

    #[inline(always)]
    pub(super) const fn imm32(self, value: i32) -> Self {
        self.append(value as u32 as u64, 4)
    }

    #[inline(always)]
    pub(super) const fn imm64(value: u64) -> Self {
        Self { octets: value, length: 8 }
    }

    /// The lowest `length` octets of a value, at most four. Without a branch.
    #[inline(always)]
    pub(super) const fn lowest(self, value: i32, length: u32) -> Self {
        self.append(value as u32 as u64 & ((1 << (8 * length)) - 1), length)
    }

    #[inline(always)]
    const fn append(self, octets: u64, length: u32) -> Self {
        Self { octets: self.octets | octets << (8 * self.length), length: self.length + length }
    }
}

/// An opcode: mandatory prefix (or 0), whether the `0F` escape precedes it, the octet.
#[derive(Clone, Copy)]
pub(super) struct Op {
    pub(super) prefix: u8,
    pub(super) escape: bool,
    pub(super) octet: u8,
}

/// A REX prefix; absent if it would say nothing, unless `forced`.
#[inline(always)]
fn rex(w: u8, reg: u8, index: u8, base: u8, forced: bool) -> u8 {
    let bits = w << 3 | reg << 2 | index << 1 | base;
    if bits == 0 && !forced { 0 } else { 0x40 | bits }
}

/// True if a register names its low octet only with a REX prefix (`bpl`, `sil`, `dil`).
pub(super) const fn low_octet_needs_rex(reg: Gpr) -> bool {
    matches!(reg, Gpr::Rbp | Gpr::Rsi | Gpr::Rdi)
}

impl Buffer {
    /// Number of octets written.
    #[inline(always)]
    pub(in crate::native) fn length(&self) -> usize {
        self.length
    }

    /// The octets written.
    pub(in crate::native) fn octets(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or_default()
    }

    /// Forgets the octets written, keeps the room.
    pub(in crate::native) fn clear(&mut self) {
        self.length = 0;
    }

    /// Sets the distance of a jump that ends at `end`; false if it is too long for its form, which
    /// has one octet if `is_short`, else four.
    #[inline]
    pub(in crate::native) fn set_distance(&mut self, end: usize, is_short: bool, by: i32) -> bool {
        if !is_short {
            self.patch32(end - 4, by);
            return true;
        }
        let short = i8::try_from(by);
        if let Ok(by) = short {
            self.patch8(end - 1, by);
        }
        short.is_ok()
    }

    /// Sets the amount of an instruction that ends at `end`: a signed octet, or four if `is_long`.
    #[inline]
    pub(in crate::native) fn set_amount(&mut self, end: usize, is_long: bool, value: u32) {
        if is_long {
            self.patch32(end - 4, value as i32);
        } else {
            self.patch8(end - 1, value as i8);
        }
    }

    /// Overwrites four octets that have been written before.
    #[inline]
    pub(super) fn patch32(&mut self, at: usize, value: i32) {
        if let Some(octets) = self.octets.get_mut(at..at + 4) {
            octets.copy_from_slice(&value.to_le_bytes());
        }
    }

    /// Overwrites an octet that has been written before.
    #[inline]
    fn patch8(&mut self, at: usize, value: i8) {
        if let Some(octet) = self.octets.get_mut(at) {
            *octet = value as u8;
        }
    }

    /// Appends an instruction.
    #[inline(always)]
    pub(super) fn put(&mut self, head: Head, tail: Tail) {
        if self.octets.len() < self.length + ROOM {
            self.grow();
        }
        let middle = head.length as usize;
        if let Some(room) = self.octets.get_mut(self.length..self.length + ROOM) {
            room[..8].copy_from_slice(&head.octets.to_le_bytes());
            room[middle..middle + 8].copy_from_slice(&tail.octets.to_le_bytes());
        }
        self.length += middle + tail.length as usize;
    }

    #[cold]
    fn grow(&mut self) {
        let size = (self.octets.len() * 2).max(4096);
        self.octets.resize(size, 0);
    }

    /// `mov ecx, value` and `jmp [rsp + field]`, which end every way out: one for every few
    /// instructions, so they are written at once.
    #[inline(always)]
    pub(super) fn leave(&mut self, value: u32, field: i8) {
        let head = Head { octets: 0xb9 | (value as u64) << 8, length: 5 };
        let jump = Tail { octets: 0x24_64_ff, length: 3 };
        self.put(head, jump.imm8(field));
    }

    /// Register to register: `rm` and `reg` as in the ModRM octet.
    #[inline(always)]
    pub(super) fn registers(
        &mut self,
        op: Op,
        size: Size,
        reg: u8,
        rm: Gpr,
        forced: bool,
        tail: Tail,
    ) {
        let mut head =
            Head::default().prefix(op.prefix).prefix(rex(size.w(), reg >> 3, 0, rm.high(), forced));
        if op.escape {
            head = head.octet(0x0f);
        }
        head = head.octet(op.octet).octet(0xc0 | (reg & 7) << 3 | rm.low());
        self.put(head, tail);
    }

    /// Register or opcode extension, and memory. `immediate` follows the displacement.
    #[inline(always)]
    pub(super) fn memory(
        &mut self,
        op: Op,
        size: Size,
        reg: u8,
        mem: Operand,
        forced: bool,
        immediate: impl FnOnce(Tail) -> Tail,
    ) {
        let mut head = Head::default();
        let base = match mem {
            Operand::Guest(base, _) => {
                head = head.octet(0x67).octet(0x65);
                base.map_or(0, Gpr::high)
            }
            Operand::At(base) => base.high(),
            Operand::Frame(_) | Operand::Rip(_) => 0,
        };
        head = head.prefix(op.prefix).prefix(rex(size.w(), reg >> 3, 0, base, forced));
        if op.escape {
            head = head.octet(0x0f);
        }
        let (head, tail) = place(head.octet(op.octet), (reg & 7) << 3, mem);
        self.put(head, immediate(tail));
    }

    /// The same without prefix, escape and immediate.
    #[inline(always)]
    pub(super) fn plain_memory(&mut self, octet: u8, size: Size, reg: u8, mem: Operand) {
        let op = Op { prefix: 0, escape: false, octet };
        self.memory(op, size, reg, mem, false, |tail| tail);
    }

    /// A three-operand instruction with a VEX prefix in the maps `0F38` (2) or `0F3A` (3).
    #[inline(always)]
    pub(super) fn vex(
        &mut self,
        vex: Vex,
        size: Size,
        reg: Gpr,
        second: Gpr,
        rm: VexRm,
        tail: Tail,
    ) {
        let base = match rm {
            VexRm::Reg(rm) => rm.high(),
            VexRm::Frame(_) => 0,
        };
        let inverted = (reg.high() ^ 1) << 7 | 1 << 6 | (base ^ 1) << 5;
        let head = Head::default()
            .octet(0xc4)
            .octet(inverted | vex.map)
            .octet(size.w() << 7 | (second as u8 ^ 15) << 3 | vex.prefix)
            .octet(vex.octet);
        match rm {
            VexRm::Reg(rm) => self.put(head.octet(0xc0 | reg.low() << 3 | rm.low()), tail),
            VexRm::Frame(at) => {
                let (head, tail) = place(head, reg.low() << 3, Operand::Frame(at));
                self.put(head, tail);
            }
        }
    }
}

/// The opcode of a VEX instruction: map (2 or 3), implied prefix (0 none, 1 `66`, 2 `F3`, 3 `F2`).
#[derive(Clone, Copy)]
pub(super) struct Vex {
    pub(super) map: u8,
    pub(super) prefix: u8,
    pub(super) octet: u8,
}

/// The last operand of a VEX instruction.
#[derive(Clone, Copy)]
pub(super) enum VexRm {
    Reg(Gpr),
    Frame(i8),
}

/// Appends ModRM, SIB and displacement of a memory operand.
#[inline(always)]
fn place(head: Head, reg: u8, mem: Operand) -> (Head, Tail) {
    let tail = Tail::default();
    match mem {
        Operand::Guest(None, at) => (head.octet(reg | 4).octet(0x25), tail.imm32(at)),
        Operand::Guest(Some(base), at) => displaced(head, reg, base, at),
        Operand::At(base) => displaced(head, reg, base, 0),
        Operand::Frame(at) => (head.octet(0x40 | reg | 4).octet(0x24), tail.imm8(at)),
        Operand::Rip(at) => (head.octet(reg | 5), tail.imm32(at)),
    }
}

/// True if a number needs more than the one octet that is extended by its sign.
#[inline(always)]
pub(super) const fn is_long(value: i32) -> bool {
    value as i8 as i32 != value
}

/// `[base + displacement]` in the shortest form.
#[inline(always)]
pub(super) fn displaced(head: Head, reg: u8, base: Gpr, at: i32) -> (Head, Tail) {
    let needs_sib = base.low() == Gpr::R12.low();
    let needs_displacement = base.low() == Gpr::Rbp.low();
    let is_long = is_long(at);
    let is_there = at != 0 || needs_displacement;
    let mode = (u8::from(is_there) + u8::from(is_long)) << 6;
    let length = u32::from(is_there) + 3 * u32::from(is_long);
    let head = head.octet(mode | reg | base.low()).prefix(if needs_sib { 0x24 } else { 0 });
    (head, Tail::default().lowest(at, length))
}
