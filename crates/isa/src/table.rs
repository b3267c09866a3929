//! The instruction table.
//!
//! A row reads
//!
//! ```text
//! /// what it does, in the operand letters of the paper
//! [octet in 0.7.2, octet in 0.8.0] mnemonic Variant(Format) "syntax" terminator? (pipeline);
//! ```
//!
//! with `_` where a revision lacks the instruction. The letters of the syntax are operands, see
//! [`Slot`](crate::Slot); everything else in it is punctuation.
//!
//! The pipeline column is the instruction's row of the gas model (`sec:pvmgas`, 0.8.0), and empty
//! for an instruction that 0.8.0 lacks. It reads
//!
//! ```text
//! (latency, decode slots, execution units, source registers => destination register)
//! ```
//!
//! with a number of cycles, `MEMORY`, `BRANCH` or `MOVE` for the latency; for the slots a number,
//! `[x, y]` (x if the destination is also a source, else y) or `[x, y first]` (x if the
//! destination is the first source); the units as [`Units`](crate::Units) names them.

/// Calls `callback!` with every row of the instruction table.
///
/// The rows are those of both revisions together, in opcode order (`sec:instructiontables`, 0.7.2).
#[macro_export]
macro_rules! for_each_instruction {
    ($callback:ident) => {
        $callback! {
            /// Panics.
            [0, 0] trap Trap(NoOperands) "" terminator (2, 1, NONE, =>);
            /// Does nothing but end a basic block.
            [1, 1] fallthrough Fallthrough(NoOperands) "" terminator (2, 1, NONE, =>);
            /// Does nothing; tells the gas model that the block is rarely entered.
            [_, 2] unlikely Unlikely(NoOperands) "" (40, 1, NONE, =>);
            /// Exits to the host with call number `x`.
            [10, 10] ecalli Ecalli(Imm) "h" (100, 4, ALU, =>);
            /// `a = x`, with eight octets of immediate.
            [20, 20] load_imm_64 LoadImm64(RegExtImm) "a, w" (1, 2, NONE, => a);

            /// Stores the low 8 bits of `y` at `x`.
            [30, 30] store_imm_u8 StoreImmU8(ImmImm) "[m], y" (25, 1, STORE, =>);
            /// Stores the low 16 bits of `y` at `x`.
            [31, 31] store_imm_u16 StoreImmU16(ImmImm) "[m], y" (25, 1, STORE, =>);
            /// Stores the low 32 bits of `y` at `x`.
            [32, 32] store_imm_u32 StoreImmU32(ImmImm) "[m], y" (25, 1, STORE, =>);
            /// Stores `y`, sign-extended to 64 bits, at `x`.
            [33, 33] store_imm_u64 StoreImmU64(ImmImm) "[m], y" (25, 1, STORE, =>);

            /// Jumps to `target`.
            [40, 40] jump Jump(Offset) "t" terminator (15, 1, NONE, =>);

            /// Jumps through the jump table at address `a + x`; halts at address 2^32 - 2^16.
            [50, 50] jump_ind JumpInd(RegImm) "a+x" terminator (22, 1, NONE, a =>);
            /// `a = x`, sign-extended.
            [51, 51] load_imm LoadImm(RegImm) "a, x" (1, 1, NONE, => a);
            /// Loads 8 bits at `x` into `a`, zero-extended.
            [52, 52] load_u8 LoadU8(RegImm) "a, [m]" (MEMORY, 1, LOAD, => a);
            /// Loads 8 bits at `x` into `a`, sign-extended.
            [53, 53] load_i8 LoadI8(RegImm) "a, [m]" (MEMORY, 1, LOAD, => a);
            /// Loads 16 bits at `x` into `a`, zero-extended.
            [54, 54] load_u16 LoadU16(RegImm) "a, [m]" (MEMORY, 1, LOAD, => a);
            /// Loads 16 bits at `x` into `a`, sign-extended.
            [55, 55] load_i16 LoadI16(RegImm) "a, [m]" (MEMORY, 1, LOAD, => a);
            /// Loads 32 bits at `x` into `a`, zero-extended.
            [56, 56] load_u32 LoadU32(RegImm) "a, [m]" (MEMORY, 1, LOAD, => a);
            /// Loads 32 bits at `x` into `a`, sign-extended.
            [57, 57] load_i32 LoadI32(RegImm) "a, [m]" (MEMORY, 1, LOAD, => a);
            /// Loads 64 bits at `x` into `a`.
            [58, 58] load_u64 LoadU64(RegImm) "a, [m]" (MEMORY, 1, LOAD, => a);
            /// Stores the low 8 bits of `a` at `x`.
            [59, 59] store_u8 StoreU8(RegImm) "[m], a" (25, 1, STORE, a =>);
            /// Stores the low 16 bits of `a` at `x`.
            [60, 60] store_u16 StoreU16(RegImm) "[m], a" (25, 1, STORE, a =>);
            /// Stores the low 32 bits of `a` at `x`.
            [61, 61] store_u32 StoreU32(RegImm) "[m], a" (25, 1, STORE, a =>);
            /// Stores `a` at `x`.
            [62, 62] store_u64 StoreU64(RegImm) "[m], a" (25, 1, STORE, a =>);

            /// Stores the low 8 bits of `y` at `a + x`.
            [70, 70] store_imm_ind_u8 StoreImmIndU8(RegImmImm) "[a+x], y" (25, 1, STORE, a =>);
            /// Stores the low 16 bits of `y` at `a + x`.
            [71, 71] store_imm_ind_u16 StoreImmIndU16(RegImmImm) "[a+x], y" (25, 1, STORE, a =>);
            /// Stores the low 32 bits of `y` at `a + x`.
            [72, 72] store_imm_ind_u32 StoreImmIndU32(RegImmImm) "[a+x], y" (25, 1, STORE, a =>);
            /// Stores `y`, sign-extended to 64 bits, at `a + x`.
            [73, 73] store_imm_ind_u64 StoreImmIndU64(RegImmImm) "[a+x], y" (25, 1, STORE, a =>);

            /// `a = x`, then jumps to `target`.
            [80, 80] load_imm_jump LoadImmJump(RegImmOffset) "a, x, t" terminator
                (15, 1, NONE, => a);
            /// Jumps to `target` if `a = x`.
            [81, 81] branch_eq_imm BranchEqImm(RegImmOffset) "a, x, t" terminator
                (BRANCH, 1, ALU, a =>);
            /// Jumps to `target` if `a != x`.
            [82, 82] branch_ne_imm BranchNeImm(RegImmOffset) "a, x, t" terminator
                (BRANCH, 1, ALU, a =>);
            /// Jumps to `target` if `a < x`, unsigned.
            [83, 83] branch_lt_u_imm BranchLtUImm(RegImmOffset) "a, x, t" terminator
                (BRANCH, 1, ALU, a =>);
            /// Jumps to `target` if `a <= x`, unsigned.
            [84, 84] branch_le_u_imm BranchLeUImm(RegImmOffset) "a, x, t" terminator
                (BRANCH, 1, ALU, a =>);
            /// Jumps to `target` if `a >= x`, unsigned.
            [85, 85] branch_ge_u_imm BranchGeUImm(RegImmOffset) "a, x, t" terminator
                (BRANCH, 1, ALU, a =>);
            /// Jumps to `target` if `a > x`, unsigned.
            [86, 86] branch_gt_u_imm BranchGtUImm(RegImmOffset) "a, x, t" terminator
                (BRANCH, 1, ALU, a =>);
            /// Jumps to `target` if `a < x`, signed.
            [87, 87] branch_lt_s_imm BranchLtSImm(RegImmOffset) "a, x, t" terminator
                (BRANCH, 1, ALU, a =>);
            /// Jumps to `target` if `a <= x`, signed.
            [88, 88] branch_le_s_imm BranchLeSImm(RegImmOffset) "a, x, t" terminator
                (BRANCH, 1, ALU, a =>);
            /// Jumps to `target` if `a >= x`, signed.
            [89, 89] branch_ge_s_imm BranchGeSImm(RegImmOffset) "a, x, t" terminator
                (BRANCH, 1, ALU, a =>);
            /// Jumps to `target` if `a > x`, signed.
            [90, 90] branch_gt_s_imm BranchGtSImm(RegImmOffset) "a, x, t" terminator
                (BRANCH, 1, ALU, a =>);

            /// `d = a`.
            [100, 100] move_reg MoveReg(RegReg) "d, a" (MOVE, 1, NONE, a => d);
            /// Grows the heap by `a` octets; `d` is where the new octets begin, or 0.
            [101, _] sbrk Sbrk(RegReg) "d, a" ();
            /// `d` is the number of bits set in `a`.
            [102, 101] count_set_bits_64 CountSetBits64(RegReg) "d, a" (1, 1, ALU, a => d);
            /// `d` is the number of bits set in the low 32 bits of `a`.
            [103, 102] count_set_bits_32 CountSetBits32(RegReg) "d, a" (1, 1, ALU, a => d);
            /// `d` is the number of zero bits above the highest bit set in `a`.
            [104, 103] leading_zero_bits_64 LeadingZeroBits64(RegReg) "d, a" (1, 1, ALU, a => d);
            /// `d` is the number of zero bits above the highest bit set in the low 32 bits of `a`.
            [105, 104] leading_zero_bits_32 LeadingZeroBits32(RegReg) "d, a" (1, 1, ALU, a => d);
            /// `d` is the number of zero bits below the lowest bit set in `a`.
            [106, 105] trailing_zero_bits_64 TrailingZeroBits64(RegReg) "d, a"
                (2, 1, TWO_ALUS, a => d);
            /// `d` is the number of zero bits below the lowest bit set in the low 32 bits of `a`.
            [107, 106] trailing_zero_bits_32 TrailingZeroBits32(RegReg) "d, a"
                (2, 1, TWO_ALUS, a => d);
            /// `d` is the low 8 bits of `a`, sign-extended.
            [108, 107] sign_extend_8 SignExtend8(RegReg) "d, a" (1, 1, ALU, a => d);
            /// `d` is the low 16 bits of `a`, sign-extended.
            [109, 108] sign_extend_16 SignExtend16(RegReg) "d, a" (1, 1, ALU, a => d);
            /// `d` is the low 16 bits of `a`, zero-extended.
            [110, 109] zero_extend_16 ZeroExtend16(RegReg) "d, a" (1, 1, ALU, a => d);
            /// `d` is `a` with its eight octets reversed.
            [111, 110] reverse_bytes ReverseBytes(RegReg) "d, a" (1, [1, 2], ALU, a => d);

            /// Stores the low 8 bits of `a` at `b + x`.
            [120, 120] store_ind_u8 StoreIndU8(RegRegImm) "[b+x], a" (25, 1, STORE, a b =>);
            /// Stores the low 16 bits of `a` at `b + x`.
            [121, 121] store_ind_u16 StoreIndU16(RegRegImm) "[b+x], a" (25, 1, STORE, a b =>);
            /// Stores the low 32 bits of `a` at `b + x`.
            [122, 122] store_ind_u32 StoreIndU32(RegRegImm) "[b+x], a" (25, 1, STORE, a b =>);
            /// Stores `a` at `b + x`.
            [123, 123] store_ind_u64 StoreIndU64(RegRegImm) "[b+x], a" (25, 1, STORE, a b =>);
            /// Loads 8 bits at `b + x` into `a`, zero-extended.
            [124, 124] load_ind_u8 LoadIndU8(RegRegImm) "a, [b+x]" (MEMORY, 1, LOAD, b => a);
            /// Loads 8 bits at `b + x` into `a`, sign-extended.
            [125, 125] load_ind_i8 LoadIndI8(RegRegImm) "a, [b+x]" (MEMORY, 1, LOAD, b => a);
            /// Loads 16 bits at `b + x` into `a`, zero-extended.
            [126, 126] load_ind_u16 LoadIndU16(RegRegImm) "a, [b+x]" (MEMORY, 1, LOAD, b => a);
            /// Loads 16 bits at `b + x` into `a`, sign-extended.
            [127, 127] load_ind_i16 LoadIndI16(RegRegImm) "a, [b+x]" (MEMORY, 1, LOAD, b => a);
            /// Loads 32 bits at `b + x` into `a`, zero-extended.
            [128, 128] load_ind_u32 LoadIndU32(RegRegImm) "a, [b+x]" (MEMORY, 1, LOAD, b => a);
            /// Loads 32 bits at `b + x` into `a`, sign-extended.
            [129, 129] load_ind_i32 LoadIndI32(RegRegImm) "a, [b+x]" (MEMORY, 1, LOAD, b => a);
            /// Loads 64 bits at `b + x` into `a`.
            [130, 130] load_ind_u64 LoadIndU64(RegRegImm) "a, [b+x]" (MEMORY, 1, LOAD, b => a);

            /// `a = b + x` modulo 2^32, sign-extended.
            [131, 131] add_imm_32 AddImm32(RegRegImm) "a, b, x" (2, [2, 3], ALU, b => a);
            /// `a = b & x`.
            [132, 132] and_imm AndImm(RegRegImm) "a, b, x" (1, [1, 2], ALU, b => a);
            /// `a = b ^ x`.
            [133, 133] xor_imm XorImm(RegRegImm) "a, b, x" (1, [1, 2], ALU, b => a);
            /// `a = b | x`.
            [134, 134] or_imm OrImm(RegRegImm) "a, b, x" (1, [1, 2], ALU, b => a);
            /// `a = b * x` modulo 2^32, sign-extended.
            [135, 135] mul_imm_32 MulImm32(RegRegImm) "a, b, x" (4, [2, 3], MULTIPLY, b => a);
            /// `a = 1` if `b < x` unsigned, else 0.
            [136, 136] set_lt_u_imm SetLtUImm(RegRegImm) "a, b, x" (3, 3, ALU, b => a);
            /// `a = 1` if `b < x` signed, else 0.
            [137, 137] set_lt_s_imm SetLtSImm(RegRegImm) "a, b, x" (3, 3, ALU, b => a);
            /// `a = b << x`, on 32 bits, sign-extended.
            [138, 138] shlo_l_imm_32 ShloLImm32(RegRegImm) "a, b, x" (2, [2, 3], ALU, b => a);
            /// `a = b >> x`, on 32 bits, zeros shifted in, sign-extended.
            [139, 139] shlo_r_imm_32 ShloRImm32(RegRegImm) "a, b, x" (2, [2, 3], ALU, b => a);
            /// `a = b >> x`, on 32 bits, the sign shifted in, sign-extended.
            [140, 140] shar_r_imm_32 SharRImm32(RegRegImm) "a, b, x" (2, [2, 3], ALU, b => a);
            /// `a = x - b` modulo 2^32, sign-extended.
            [141, 141] neg_add_imm_32 NegAddImm32(RegRegImm) "a, b, x" (3, 4, ALU, b => a);
            /// `a = 1` if `b > x` unsigned, else 0.
            [142, 142] set_gt_u_imm SetGtUImm(RegRegImm) "a, b, x" (3, 3, ALU, b => a);
            /// `a = 1` if `b > x` signed, else 0.
            [143, 143] set_gt_s_imm SetGtSImm(RegRegImm) "a, b, x" (3, 3, ALU, b => a);
            /// `a = x << b`, on 32 bits, sign-extended.
            [144, 144] shlo_l_imm_alt_32 ShloLImmAlt32(RegRegImm) "a, b, x" (2, 4, ALU, b => a);
            /// `a = x >> b`, on 32 bits, zeros shifted in, sign-extended.
            [145, 145] shlo_r_imm_alt_32 ShloRImmAlt32(RegRegImm) "a, b, x" (2, 4, ALU, b => a);
            /// `a = x >> b`, on 32 bits, the sign shifted in, sign-extended.
            [146, 146] shar_r_imm_alt_32 SharRImmAlt32(RegRegImm) "a, b, x" (2, 4, ALU, b => a);
            /// `a = x` if `b = 0`.
            [147, 147] cmov_iz_imm CmovIzImm(RegRegImm) "a, b, x" (2, 3, ALU, a b => a);
            /// `a = x` if `b != 0`.
            [148, 148] cmov_nz_imm CmovNzImm(RegRegImm) "a, b, x" (2, 3, ALU, a b => a);
            /// `a = b + x` modulo 2^64.
            [149, 149] add_imm_64 AddImm64(RegRegImm) "a, b, x" (1, [1, 2], ALU, b => a);
            /// `a = b * x` modulo 2^64.
            [150, 150] mul_imm_64 MulImm64(RegRegImm) "a, b, x" (3, [1, 2], MULTIPLY, b => a);
            /// `a = b << x`.
            [151, 151] shlo_l_imm_64 ShloLImm64(RegRegImm) "a, b, x" (1, [1, 2], ALU, b => a);
            /// `a = b >> x`, zeros shifted in.
            [152, 152] shlo_r_imm_64 ShloRImm64(RegRegImm) "a, b, x" (1, [1, 2], ALU, b => a);
            /// `a = b >> x`, the sign shifted in.
            [153, 153] shar_r_imm_64 SharRImm64(RegRegImm) "a, b, x" (1, [1, 2], ALU, b => a);
            /// `a = x - b` modulo 2^64.
            [154, 154] neg_add_imm_64 NegAddImm64(RegRegImm) "a, b, x" (2, 3, ALU, b => a);
            /// `a = x << b`.
            [155, 155] shlo_l_imm_alt_64 ShloLImmAlt64(RegRegImm) "a, b, x" (1, 3, ALU, b => a);
            /// `a = x >> b`, zeros shifted in.
            [156, 156] shlo_r_imm_alt_64 ShloRImmAlt64(RegRegImm) "a, b, x" (1, 3, ALU, b => a);
            /// `a = x >> b`, the sign shifted in.
            [157, 157] shar_r_imm_alt_64 SharRImmAlt64(RegRegImm) "a, b, x" (1, 3, ALU, b => a);
            /// `a` is `b` rotated right by `x`.
            [158, 158] rot_r_64_imm RotR64Imm(RegRegImm) "a, b, x" (1, [1, 2], ALU, b => a);
            /// `a` is `x` rotated right by `b`.
            [159, 159] rot_r_64_imm_alt RotR64ImmAlt(RegRegImm) "a, b, x" (1, 3, ALU, b => a);
            /// `a` is the low 32 bits of `b` rotated right by `x`, sign-extended.
            [160, 160] rot_r_32_imm RotR32Imm(RegRegImm) "a, b, x" (2, [2, 3], ALU, b => a);
            /// `a` is the low 32 bits of `x` rotated right by `b`, sign-extended.
            [161, 161] rot_r_32_imm_alt RotR32ImmAlt(RegRegImm) "a, b, x" (2, 4, ALU, b => a);

            /// Jumps to `target` if `a = b`.
            [170, 170] branch_eq BranchEq(RegRegOffset) "a, b, t" terminator
                (BRANCH, 1, ALU, a b =>);
            /// Jumps to `target` if `a != b`.
            [171, 171] branch_ne BranchNe(RegRegOffset) "a, b, t" terminator
                (BRANCH, 1, ALU, a b =>);
            /// Jumps to `target` if `a < b`, unsigned.
            [172, 172] branch_lt_u BranchLtU(RegRegOffset) "a, b, t" terminator
                (BRANCH, 1, ALU, a b =>);
            /// Jumps to `target` if `a < b`, signed.
            [173, 173] branch_lt_s BranchLtS(RegRegOffset) "a, b, t" terminator
                (BRANCH, 1, ALU, a b =>);
            /// Jumps to `target` if `a >= b`, unsigned.
            [174, 174] branch_ge_u BranchGeU(RegRegOffset) "a, b, t" terminator
                (BRANCH, 1, ALU, a b =>);
            /// Jumps to `target` if `a >= b`, signed.
            [175, 175] branch_ge_s BranchGeS(RegRegOffset) "a, b, t" terminator
                (BRANCH, 1, ALU, a b =>);

            /// Jumps like `jump_ind` to address `b + y` as `b` was before, and sets `a = x`.
            [180, 180] load_imm_jump_ind LoadImmJumpInd(RegRegImmImm) "a, x, b+y" terminator
                (22, 1, NONE, b => a);

            /// `d = a + b` modulo 2^32, sign-extended.
            [190, 190] add_32 Add32(RegRegReg) "d, a, b" (2, [2, 3], ALU, a b => d);
            /// `d = a - b` modulo 2^32, sign-extended.
            [191, 191] sub_32 Sub32(RegRegReg) "d, a, b" (2, [2, 3], ALU, a b => d);
            /// `d = a * b` modulo 2^32, sign-extended.
            [192, 192] mul_32 Mul32(RegRegReg) "d, a, b" (4, [2, 3], MULTIPLY, a b => d);
            /// `d = a / b` on 32 bits unsigned, sign-extended; 2^64 - 1 if `b` is 0.
            [193, 193] div_u_32 DivU32(RegRegReg) "d, a, b" (60, 4, DIVIDE, a b => d);
            /// `d = a / b` on 32 bits signed, towards zero; 2^64 - 1 if `b` is 0.
            [194, 194] div_s_32 DivS32(RegRegReg) "d, a, b" (60, 4, DIVIDE, a b => d);
            /// `d = a mod b` on 32 bits unsigned, sign-extended; `a` if `b` is 0.
            [195, 195] rem_u_32 RemU32(RegRegReg) "d, a, b" (60, 4, DIVIDE, a b => d);
            /// `d = a mod b` on 32 bits with the sign of `a`; `a` if `b` is 0.
            [196, 196] rem_s_32 RemS32(RegRegReg) "d, a, b" (60, 4, DIVIDE, a b => d);
            /// `d = a << b`, on 32 bits, sign-extended.
            [197, 197] shlo_l_32 ShloL32(RegRegReg) "d, a, b" (2, [3, 4 first], ALU, a b => d);
            /// `d = a >> b`, on 32 bits, zeros shifted in, sign-extended.
            [198, 198] shlo_r_32 ShloR32(RegRegReg) "d, a, b" (2, [3, 4 first], ALU, a b => d);
            /// `d = a >> b`, on 32 bits, the sign shifted in, sign-extended.
            [199, 199] shar_r_32 SharR32(RegRegReg) "d, a, b" (2, [3, 4 first], ALU, a b => d);
            /// `d = a + b` modulo 2^64.
            [200, 200] add_64 Add64(RegRegReg) "d, a, b" (1, [1, 2], ALU, a b => d);
            /// `d = a - b` modulo 2^64.
            [201, 201] sub_64 Sub64(RegRegReg) "d, a, b" (1, [1, 2], ALU, a b => d);
            /// `d = a * b` modulo 2^64.
            [202, 202] mul_64 Mul64(RegRegReg) "d, a, b" (3, [1, 2], MULTIPLY, a b => d);
            /// `d = a / b` unsigned; 2^64 - 1 if `b` is 0.
            [203, 203] div_u_64 DivU64(RegRegReg) "d, a, b" (60, 4, DIVIDE, a b => d);
            /// `d = a / b` signed, towards zero; 2^64 - 1 if `b` is 0.
            [204, 204] div_s_64 DivS64(RegRegReg) "d, a, b" (60, 4, DIVIDE, a b => d);
            /// `d = a mod b` unsigned; `a` if `b` is 0.
            [205, 205] rem_u_64 RemU64(RegRegReg) "d, a, b" (60, 4, DIVIDE, a b => d);
            /// `d = a mod b` with the sign of `a`; `a` if `b` is 0.
            [206, 206] rem_s_64 RemS64(RegRegReg) "d, a, b" (60, 4, DIVIDE, a b => d);
            /// `d = a << b`.
            [207, 207] shlo_l_64 ShloL64(RegRegReg) "d, a, b" (1, [2, 3 first], ALU, a b => d);
            /// `d = a >> b`, zeros shifted in.
            [208, 208] shlo_r_64 ShloR64(RegRegReg) "d, a, b" (1, [2, 3 first], ALU, a b => d);
            /// `d = a >> b`, the sign shifted in.
            [209, 209] shar_r_64 SharR64(RegRegReg) "d, a, b" (1, [2, 3 first], ALU, a b => d);
            /// `d = a & b`.
            [210, 210] and And(RegRegReg) "d, a, b" (1, [1, 2], ALU, a b => d);
            /// `d = a ^ b`.
            [211, 211] xor Xor(RegRegReg) "d, a, b" (1, [1, 2], ALU, a b => d);
            /// `d = a | b`.
            [212, 212] or Or(RegRegReg) "d, a, b" (1, [1, 2], ALU, a b => d);
            /// `d` is the upper 64 bits of `a * b`, both signed.
            [213, 213] mul_upper_s_s MulUpperSS(RegRegReg) "d, a, b" (4, 4, MULTIPLY, a b => d);
            /// `d` is the upper 64 bits of `a * b`, both unsigned.
            [214, 214] mul_upper_u_u MulUpperUU(RegRegReg) "d, a, b" (4, 4, MULTIPLY, a b => d);
            /// `d` is the upper 64 bits of `a * b`, `a` signed and `b` unsigned.
            [215, 215] mul_upper_s_u MulUpperSU(RegRegReg) "d, a, b" (6, 4, MULTIPLY, a b => d);
            /// `d = 1` if `a < b` unsigned, else 0.
            [216, 216] set_lt_u SetLtU(RegRegReg) "d, a, b" (3, 3, ALU, a b => d);
            /// `d = 1` if `a < b` signed, else 0.
            [217, 217] set_lt_s SetLtS(RegRegReg) "d, a, b" (3, 3, ALU, a b => d);
            /// `d = a` if `b = 0`.
            [218, 218] cmov_iz CmovIz(RegRegReg) "d, a, b" (2, 2, ALU, a b d => d);
            /// `d = a` if `b != 0`.
            [219, 219] cmov_nz CmovNz(RegRegReg) "d, a, b" (2, 2, ALU, a b d => d);
            /// `d` is `a` rotated left by `b`.
            [220, 220] rot_l_64 RotL64(RegRegReg) "d, a, b" (1, [2, 3 first], ALU, a b => d);
            /// `d` is the low 32 bits of `a` rotated left by `b`, sign-extended.
            [221, 221] rot_l_32 RotL32(RegRegReg) "d, a, b" (2, [3, 4 first], ALU, a b => d);
            /// `d` is `a` rotated right by `b`.
            [222, 222] rot_r_64 RotR64(RegRegReg) "d, a, b" (1, [2, 3 first], ALU, a b => d);
            /// `d` is the low 32 bits of `a` rotated right by `b`, sign-extended.
            [223, 223] rot_r_32 RotR32(RegRegReg) "d, a, b" (2, [3, 4 first], ALU, a b => d);
            /// `d = a & !b`.
            [224, 224] and_inv AndInv(RegRegReg) "d, a, b" (2, 3, ALU, a b => d);
            /// `d = a | !b`.
            [225, 225] or_inv OrInv(RegRegReg) "d, a, b" (2, 3, ALU, a b => d);
            /// `d = !(a ^ b)`.
            [226, 226] xnor Xnor(RegRegReg) "d, a, b" (2, [2, 3], ALU, a b => d);
            /// `d` is the larger of `a` and `b`, signed.
            [227, 227] max Max(RegRegReg) "d, a, b" (3, [2, 3], ALU, a b => d);
            /// `d` is the larger of `a` and `b`, unsigned.
            [228, 228] max_u MaxU(RegRegReg) "d, a, b" (3, [2, 3], ALU, a b => d);
            /// `d` is the smaller of `a` and `b`, signed.
            [229, 229] min Min(RegRegReg) "d, a, b" (3, [2, 3], ALU, a b => d);
            /// `d` is the smaller of `a` and `b`, unsigned.
            [230, 230] min_u MinU(RegRegReg) "d, a, b" (3, [2, 3], ALU, a b => d);
        }
    };
}
