//! The table of x86-64 instruction forms, one row each.
//!
//! A row reads
//!
//! ```text
//! /// what it does
//! name: shape(encoding) "mnemonic";
//! ```
//!
//! The [shape](super::shapes) says which operands the method takes and where they are encoded; the
//! encoding is the rest. The tests expand from the same rows: for every operand a form can take,
//! what it writes must be what an independent decoder reads.
//!
//! Code written by a public method cannot harm by itself: it changes registers, or it reads and
//! writes the memory that [`Mem`](super::Mem) names. Forms that jump, or that name other memory,
//! are not public; the assembler puts them together to code that cannot harm either.

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
pub(super) use for_each_form;
