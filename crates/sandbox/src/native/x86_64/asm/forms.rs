//! The table of x86-64 instruction forms, one row each.
//!
//! A row reads
//!
//! ```text
//! /// what it does
//! name: shape(encoding) "mnemonic";
//! ```
//!
//! The shape says which operands the method takes and where they are encoded; the encoding is the
//! rest. The tests expand from the same rows: for every operand a form can take, what it writes
//! must be what an independent decoder reads.
//!
//! Code written by a public method cannot harm by itself: it changes registers, or it reads and
//! writes the memory that [`Mem`] names. Forms that jump, or that name other memory, are not
//! public; the assembler puts them together to code that cannot harm either.

use super::buffer::{Head, Op, Tail, Vex, VexRm, displaced, is_long, low_octet_needs_rex};
use super::operand::{Condition, Gpr, Mem, Operand, Size, Spill};
use crate::native::asm::Assembler;

/// Calls `callback!` with every row of the form table.
macro_rules! for_each_form {
    ($callback:ident) => {
        $callback! {
            /// `dst += src`.
            add: dst_src(0x01) "add";
            /// `dst |= src`.
            or: dst_src(0x09) "or";
            /// `dst &= src`.
            and: dst_src(0x21) "and";
            /// `dst -= src`.
            sub: dst_src(0x29) "sub";
            /// `dst ^= src`.
            xor: dst_src(0x31) "xor";
            /// Sets the flags of `dst - src`.
            cmp: dst_src(0x39) "cmp";
            /// Sets the flags of `dst & src`.
            test: dst_src(0x85) "test";
            /// `dst = src`.
            mov: dst_src(0x89) "mov";

            /// `dst += imm`.
            add_imm: dst_imm(0) "add";
            /// `dst |= imm`.
            or_imm: dst_imm(1) "or";
            /// `dst &= imm`.
            and_imm: dst_imm(4) "and";
            /// `dst -= imm`.
            sub_imm: dst_imm(5) "sub";
            /// `dst ^= imm`.
            xor_imm: dst_imm(6) "xor";
            /// Sets the flags of `dst - imm`.
            cmp_imm: dst_imm(7) "cmp";

            /// `dst = ~dst`.
            not: dst(0xf7, 2) "not";
            /// `dst = -dst`.
            neg: dst(0xf7, 3) "neg";
            /// `rdx:rax = rax * src`, signed.
            imul_wide: dst(0xf7, 5) "imul";
            /// `rax, rdx = rdx:rax / src`, unsigned: quotient and remainder.
            div: dst(0xf7, 6) "div";
            /// `rax, rdx = rdx:rax / src`, signed: quotient and remainder.
            idiv: dst(0xf7, 7) "idiv";
            /// `dst <<= 1` and so on, by `cl`.
            rol_cl: dst_cl(0) "rol";
            /// `dst` rotated right by `cl`.
            ror_cl: dst_cl(1) "ror";

            /// `dst <<= count`.
            shl_imm: dst_count(4) "shl";
            /// `dst >>= count`, zeros shifted in.
            shr_imm: dst_count(5) "shr";
            /// `dst >>= count`, the sign shifted in.
            sar_imm: dst_count(7) "sar";

            /// `dst *= src`.
            imul: reg_rm(0, 0xaf) "imul";
            /// The number of bits set.
            popcnt: reg_rm(0xf3, 0xb8) "popcnt";
            /// The number of zeros below the lowest bit set.
            tzcnt: reg_rm(0xf3, 0xbc) "tzcnt";
            /// The number of zeros above the highest bit set.
            lzcnt: reg_rm(0xf3, 0xbd) "lzcnt";

            /// `dst = src`, 8 bits zero-extended.
            movzx_8: widen(true, 0xb6, Size::S32, 8) "movzx";
            /// `dst = src`, 16 bits zero-extended.
            movzx_16: widen(true, 0xb7, Size::S32, 16) "movzx";
            /// `dst = src`, 8 bits sign-extended.
            movsx_8: widen(true, 0xbe, Size::S64, 8) "movsx";
            /// `dst = src`, 16 bits sign-extended.
            movsx_16: widen(true, 0xbf, Size::S64, 16) "movsx";
            /// `dst = src`, 32 bits sign-extended.
            movsxd: widen(false, 0x63, Size::S64, 32) "movsxd";

            /// `dst = src << count`.
            shlx: counted(1) "shlx";
            /// `dst = src >> count`, the sign shifted in.
            sarx: counted(2) "sarx";
            /// `dst = src >> count`, zeros shifted in.
            shrx: counted(3) "shrx";
            /// `dst = ~inverted & src`.
            andn: vex(2, 0, 0xf2) "andn";
            /// `low`, `high` (returned in the first operand) of `rdx * src`, unsigned.
            mulx: vex(2, 3, 0xf6) "mulx";
            /// `mulx` with a field of the frame.
            mulx_spill: vex_spill(2, 3, 0xf6) "mulx";

            /// Loads 8 bits, zero-extended.
            load_u8: load(true, 0xb6, Size::S32, 8) "movzx";
            /// Loads 16 bits, zero-extended.
            load_u16: load(true, 0xb7, Size::S32, 16) "movzx";
            /// Loads 32 bits, zero-extended.
            load_u32: load(false, 0x8b, Size::S32, 32) "mov";
            /// Loads 64 bits.
            load_u64: load(false, 0x8b, Size::S64, 64) "mov";
            /// Loads 8 bits, sign-extended.
            load_i8: load(true, 0xbe, Size::S64, 8) "movsx";
            /// Loads 16 bits, sign-extended.
            load_i16: load(true, 0xbf, Size::S64, 16) "movsx";
            /// Loads 32 bits, sign-extended.
            load_i32: load(false, 0x63, Size::S64, 32) "movsxd";
            /// `dst &= [mem]`.
            and_load: load(false, 0x23, Size::S64, 64) "and";
            /// `dst += [mem]`.
            add_load: load(false, 0x03, Size::S64, 64) "add";

            /// Stores the low 8 bits.
            store_u8: store(0, 0x88, Size::S32, 8) "mov";
            /// Stores the low 16 bits.
            store_u16: store(0x66, 0x89, Size::S32, 16) "mov";
            /// Stores the low 32 bits.
            store_u32: store(0, 0x89, Size::S32, 32) "mov";
            /// Stores 64 bits.
            store_u64: store(0, 0x89, Size::S64, 64) "mov";

            /// Stores the low 8 bits of an immediate.
            store_imm_u8: store_imm(0, 0xc6, Size::S32, 8) "mov";
            /// Stores the low 16 bits of an immediate.
            store_imm_u16: store_imm(0x66, 0xc7, Size::S32, 16) "mov";
            /// Stores an immediate as 32 bits.
            store_imm_u32: store_imm(0, 0xc7, Size::S32, 32) "mov";
            /// Stores an immediate sign-extended to 64 bits.
            store_imm_u64: store_imm(0, 0xc7, Size::S64, 64) "mov";

            /// `dst = condition`, as 8 bits.
            set: setcc() "set";
            /// `dst = src` if the condition holds.
            cmov: cmovcc() "cmov";
            /// `dst = src * imm`.
            imul_imm: three(0x69) "imul";
            /// `dst` is `src` rotated right by `count`.
            rorx: rorx() "rorx";
            /// Reverses the octets.
            bswap: bswap() "bswap";
            /// `dst = imm`, zero-extended.
            mov_u32: mov_u32() "mov";
            /// `dst = imm`, sign-extended.
            mov_i32: mov_i32() "mov";
            /// `dst = imm`.
            mov_u64: mov_u64() "mov";
            /// Sign-extends `rax` into `rdx:rax`.
            sign_into_rdx: sign_into_rdx() "cqo";
            /// `dst = base + displacement`.
            lea: lea() "lea";
            /// `dst = base + index`.
            lea_index: lea_index() "lea";

            /// `dst` is the address at a distance from the end of the instruction.
            lea_rip: lea_rip() "lea";
            /// `dst += [field]`.
            add_field: load_field(0x03) "add";
            /// Stores 64 bits into a field of the frame.
            store_field: store_field(0x89) "mov";
            /// Stores an immediate as 32 bits into a field of the frame.
            store_imm_field: store_imm_field(0xc7) "mov";
            /// Jumps to the address that the register points to.
            jmp_at: jmp_at() "jmp";
            /// Jumps to the address at a distance from the end of the instruction.
            jmp_rip: jmp_rip() "jmp";
            /// Jumps by a distance from the end of the instruction.
            jmp_by: jmp() "jmp";
            /// Jumps by a distance from the end of the instruction if the condition holds.
            jcc_by: jcc() "j";
            /// Like `jcc_by`, with a distance of one octet.
            jcc_short_by: jcc_short() "j";
            /// Like `jmp_by`, with a distance of one octet.
            jmp_short_by: jmp_short() "jmp";
        }
    };
}
#[cfg(test)]
pub(super) use for_each_form;

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
