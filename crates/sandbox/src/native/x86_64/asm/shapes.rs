//! Shapes of x86-64 instruction forms: the operands of a method, and where each is encoded.

use super::buffer::{Head, Op, Tail, Vex, VexRm, displaced, is_long, low_octet_needs_rex};
use super::forms::for_each_form;
use super::operand::{Condition, Gpr, Mem, Operand, Size, Spill};
use crate::native::asm::Assembler;

const fn plain(octet: u8) -> Op {
    Op { prefix: 0, escape: false, octet }
}

/// The method of a row, by its shape.
macro_rules! method {
    (dst_src($octet:literal) $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub fn $name(&mut self, size: Size, dst: Gpr, src: Gpr) {
            self.buffer.registers(plain($octet), size, src as u8, dst, false, Tail::default());
        }
    };
    (dst_imm($extension:literal) $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub fn $name(&mut self, size: Size, dst: Gpr, imm: i32) {
            let is_long = is_long(imm);
            let octet = 0x83 - 2 * u8::from(is_long);
            let tail = Tail::default().lowest(imm, 1 + 3 * u32::from(is_long));
            self.buffer.registers(plain(octet), size, $extension, dst, false, tail);
        }
    };
    (dst($octet:literal, $extension:literal) $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub fn $name(&mut self, size: Size, dst: Gpr) {
            self.buffer.registers(plain($octet), size, $extension, dst, false, Tail::default());
        }
    };
    (dst_cl($extension:literal) $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub fn $name(&mut self, size: Size, dst: Gpr) {
            self.buffer.registers(plain(0xd3), size, $extension, dst, false, Tail::default());
        }
    };
    (dst_count($extension:literal) $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub fn $name(&mut self, size: Size, dst: Gpr, count: u8) {
            let tail = Tail::default().imm8(count as i8);
            self.buffer.registers(plain(0xc1), size, $extension, dst, false, tail);
        }
    };
    (reg_rm($prefix:literal, $octet:literal) $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub fn $name(&mut self, size: Size, dst: Gpr, src: Gpr) {
            let op = Op { prefix: $prefix, escape: true, octet: $octet };
            self.buffer.registers(op, size, dst as u8, src, false, Tail::default());
        }
    };
    (widen($escape:literal, $octet:literal, $size:expr, $bits:literal) $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub fn $name(&mut self, dst: Gpr, src: Gpr) {
            let op = Op { prefix: 0, escape: $escape, octet: $octet };
            let forced = $bits == 8 && low_octet_needs_rex(src);
            self.buffer.registers(op, $size, dst as u8, src, forced, Tail::default());
        }
    };
    (counted($prefix:literal) $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub fn $name(&mut self, size: Size, dst: Gpr, src: Gpr, count: Gpr) {
            let vex = Vex { map: 2, prefix: $prefix, octet: 0xf7 };
            self.buffer.vex(vex, size, dst, count, VexRm::Reg(src), Tail::default());
        }
    };
    (vex($map:literal, $prefix:literal, $octet:literal) $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub fn $name(&mut self, size: Size, dst: Gpr, second: Gpr, src: Gpr) {
            let vex = Vex { map: $map, prefix: $prefix, octet: $octet };
            self.buffer.vex(vex, size, dst, second, VexRm::Reg(src), Tail::default());
        }
    };
    (vex_spill($map:literal, $prefix:literal, $octet:literal) $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub fn $name(&mut self, size: Size, dst: Gpr, second: Gpr, spill: Spill) {
            let vex = Vex { map: $map, prefix: $prefix, octet: $octet };
            let rm = VexRm::Frame(spill.field());
            self.buffer.vex(vex, size, dst, second, rm, Tail::default());
        }
    };
    (load($escape:literal, $octet:literal, $size:expr, $bits:literal) $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub fn $name(&mut self, dst: Gpr, src: Mem) {
            let op = Op { prefix: 0, escape: $escape, octet: $octet };
            self.buffer.memory(op, $size, dst as u8, src.into(), false, |tail| tail);
        }
    };
    (store($prefix:literal, $octet:literal, $size:expr, $bits:literal) $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub fn $name(&mut self, dst: Mem, src: Gpr) {
            let op = Op { prefix: $prefix, escape: false, octet: $octet };
            let forced = $bits == 8 && low_octet_needs_rex(src);
            self.buffer.memory(op, $size, src as u8, dst.into(), forced, |tail| tail);
        }
    };
    (store_imm($prefix:literal, $octet:literal, $size:expr, $bits:literal) $doc:literal
        $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub fn $name(&mut self, dst: Mem, imm: i32) {
            let op = Op { prefix: $prefix, escape: false, octet: $octet };
            self.buffer.memory(op, $size, 0, dst.into(), false, |tail| match $bits {
                8 => tail.imm8(imm as i8),
                16 => tail.imm16(imm as i16),
                _ => tail.imm32(imm),
            });
        }
    };
    (setcc() $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub fn $name(&mut self, condition: Condition, dst: Gpr) {
            let op = Op { prefix: 0, escape: true, octet: 0x90 | condition as u8 };
            let forced = low_octet_needs_rex(dst);
            self.buffer.registers(op, Size::S32, 0, dst, forced, Tail::default());
        }
    };
    (cmovcc() $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub fn $name(&mut self, condition: Condition, dst: Gpr, src: Gpr) {
            let op = Op { prefix: 0, escape: true, octet: 0x40 | condition as u8 };
            self.buffer.registers(op, Size::S64, dst as u8, src, false, Tail::default());
        }
    };
    (three($octet:literal) $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub fn $name(&mut self, size: Size, dst: Gpr, src: Gpr, imm: i32) {
            let tail = Tail::default().imm32(imm);
            self.buffer.registers(plain($octet), size, dst as u8, src, false, tail);
        }
    };
    (rorx() $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub fn $name(&mut self, size: Size, dst: Gpr, src: Gpr, count: u8) {
            let vex = Vex { map: 3, prefix: 3, octet: 0xf0 };
            let tail = Tail::default().imm8(count as i8);
            self.buffer.vex(vex, size, dst, Gpr::Rax, VexRm::Reg(src), tail);
        }
    };
    (bswap() $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub fn $name(&mut self, dst: Gpr) {
            let head = Head::default().octet(0x48 | dst.high()).octet(0x0f);
            self.buffer.put(head.octet(0xc8 | dst.low()), Tail::default());
        }
    };
    (mov_u32() $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub fn $name(&mut self, dst: Gpr, imm: u32) {
            let head = Head::default().prefix(if dst.high() == 1 { 0x41 } else { 0 });
            self.buffer.put(head.octet(0xb8 | dst.low()), Tail::default().imm32(imm as i32));
        }
    };
    (mov_i32() $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub fn $name(&mut self, dst: Gpr, imm: i32) {
            let tail = Tail::default().imm32(imm);
            self.buffer.registers(plain(0xc7), Size::S64, 0, dst, false, tail);
        }
    };
    (mov_u64() $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub fn $name(&mut self, dst: Gpr, imm: u64) {
            let head = Head::default().octet(0x48 | dst.high()).octet(0xb8 | dst.low());
            self.buffer.put(head, Tail::imm64(imm));
        }
    };
    (sign_into_rdx() $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub fn $name(&mut self, size: Size) {
            let head = Head::default().prefix(if size == Size::S64 { 0x48 } else { 0 });
            self.buffer.put(head.octet(0x99), Tail::default());
        }
    };
    (lea() $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub fn $name(&mut self, size: Size, dst: Gpr, base: Gpr, displacement: i32) {
            let rex = size.w() << 3 | dst.high() << 2 | base.high();
            let head = Head::default().prefix(if rex == 0 { 0 } else { 0x40 | rex }).octet(0x8d);
            let (head, tail) = displaced(head, dst.low() << 3, base, displacement);
            self.buffer.put(head, tail);
        }
    };
    (lea_index() $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub fn $name(&mut self, size: Size, dst: Gpr, base: Gpr, index: Gpr) {
            let rex = size.w() << 3 | dst.high() << 2 | index.high() << 1 | base.high();
            let head = Head::default().prefix(if rex == 0 { 0 } else { 0x40 | rex }).octet(0x8d);
            let sib = index.low() << 3 | base.low();
            // A base of rbp or r13 is only encoded with a displacement.
            if base.low() == Gpr::Rbp.low() {
                let head = head.octet(0x44 | dst.low() << 3).octet(sib);
                self.buffer.put(head, Tail::default().imm8(0));
            } else {
                let head = head.octet(0x04 | dst.low() << 3).octet(sib);
                self.buffer.put(head, Tail::default());
            }
        }
    };
    (lea_rip() $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub(super) fn $name(&mut self, dst: Gpr, distance: i32) {
            self.buffer.plain_memory(0x8d, Size::S64, dst as u8, Operand::Rip(distance));
        }
    };
    (load_field($octet:literal) $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub(super) fn $name(&mut self, dst: Gpr, field: i8) {
            self.buffer.plain_memory($octet, Size::S64, dst as u8, Operand::Frame(field));
        }
    };
    (store_field($octet:literal) $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub(super) fn $name(&mut self, field: i8, src: Gpr) {
            self.buffer.plain_memory($octet, Size::S64, src as u8, Operand::Frame(field));
        }
    };
    (store_imm_field($octet:literal) $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub(super) fn $name(&mut self, field: i8, imm: i32) {
            let (op, place) = (plain($octet), Operand::Frame(field));
            self.buffer.memory(op, Size::S32, 0, place, false, |tail| tail.imm32(imm));
        }
    };
    (jmp_at() $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub(super) fn $name(&mut self, base: Gpr) {
            self.buffer.plain_memory(0xff, Size::S32, 4, Operand::At(base));
        }
    };
    (jmp_rip() $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub(super) fn $name(&mut self, distance: i32) {
            self.buffer.plain_memory(0xff, Size::S32, 4, Operand::Rip(distance));
        }
    };
    (jmp() $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub(super) fn $name(&mut self, distance: i32) {
            self.buffer.put(Head::default().octet(0xe9), Tail::default().imm32(distance));
        }
    };
    (jcc() $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub(super) fn $name(&mut self, condition: Condition, distance: i32) {
            let head = Head::default().octet(0x0f).octet(0x80 | condition as u8);
            self.buffer.put(head, Tail::default().imm32(distance));
        }
    };
    (jcc_short() $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub(super) fn $name(&mut self, condition: Condition, distance: i8) {
            let head = Head::default().octet(0x70 | condition as u8);
            self.buffer.put(head, Tail::default().imm8(distance));
        }
    };
    (jmp_short() $doc:literal $name:ident) => {
        #[doc = $doc]
        #[inline]
        pub(super) fn $name(&mut self, distance: i8) {
            self.buffer.put(Head::default().octet(0xeb), Tail::default().imm8(distance));
        }
    };
}

macro_rules! define_forms {
    ($(
        #[doc = $doc:literal]
        $name:ident: $shape:ident($($encoding:tt)*) $mnemonic:literal;
    )*) => {
        impl Assembler {
            $(method! { $shape($($encoding)*) $doc $name })*
        }
    };
}

for_each_form!(define_forms);
