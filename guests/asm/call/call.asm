; A program in an inner machine, by host calls and nothing else.
;
; refine does what the library of guests/library does when a program is called: the same payload in,
; the same host calls, the same output. It is what the SDK's part in that is measured against. What
; it leaves out is written at the place where it is left out.
;
; The payload: 1, the program's hash (32 octets), gas (8), 0 (output is not packed), the length of
; the arguments (one octet), the arguments. The output: 1, the hash, 0, the length, the octets.

.name "call"
.version "0.1.0"
.license "MIT OR Apache-2.0"

.const PAYLOAD, 13                      ; a kind of `fetch`
.const OWN, -1                          ; this service
.const HALT, 0                          ; how a machine stopped
.const READ_WRITE, 2                    ; modes of `pages`
.const READ_KEEP, 3
.const STACK_END, 0xfefe0               ; pages of the standard layout
.const ARGUMENTS, 0xfeff0

.const MOST, 4096                       ; the longest payload and the longest program
.const HASH, payload + 1
.const GAS, payload + 33
.const PACKED, payload + 41
.const LENGTH, payload + 42
.const GIVEN, payload + 43
.const ANSWER, payload + 33             ; the output is written over the payload, behind the hash
.const ANSWER_LENGTH, payload + 34
.const ANSWER_OCTETS, payload + 35

; A standard program: the lengths of its data (3 octets each), heap pages (2), stack (3), then the
; data, then the length of its code (4) and the code.
.const STACK, program + 8
.const CODE_LENGTH, program + 11
.const CODE, program + 15

.rw
payload:    .zero MOST
program:    .zero MOST
; The block that `invoke` reads and writes: the gas, then the 13 registers, 8 octets each.
block:      .u64 0
            .u64 0xffff0000             ; r0: returning there halts
            .u64 0xfefe0000             ; r1: the end of the stack
            .u64 0, 0, 0, 0, 0
in_r7:       .u64 0xfeff0000             ; the arguments
in_r8:       .u64 0
            .u64 0, 0, 0, 0

.code
    jump refine
.at 5
    jump accumulate

refine:
    ; The item's index is the second natural of the arguments; as in the counter.
    load_ind_u8 t0, [a0]
    load_ind_u8 a4, [a0 + 1]
    branch_lt_u_imm t0, 128, fetch_payload
    load_ind_u8 a4, [a0 + 2]
    fallthrough
fetch_payload:
    load_imm a0, payload
    load_imm a1, 0
    load_imm a2, MOST
    load_imm a3, PAYLOAD
    ecalli fetch
    ; Only calls, of unpacked output, with arguments whose length takes one octet.
    load_u8 t0, [payload]
    branch_ne_imm t0, 1, refuse
    load_u8 t0, [PACKED]
    branch_ne_imm t0, 0, refuse
    load_u8 s1, [LENGTH]                ; s1 = how long the arguments are
    branch_ge_u_imm s1, 128, refuse
    load_u64 t0, [GAS]
    store_u64 [block], t0
    store_u64 [in_r8], s1

    ; historical_lookup(service, hash, out, offset, most octets) -> the program's length
    load_imm a0, OWN
    load_imm a1, HASH
    load_imm a2, program
    load_imm a3, 0
    load_imm a4, MOST
    ecalli historical_lookup
    branch_gt_u_imm a0, MOST, refuse    ; NONE is a large number, too
    ; Only programs without data and heap; the other lengths are taken as they are.
    load_u64 t0, [program]
    branch_ne_imm t0, 0, refuse

    ; s0 = machine(code, its length, pc)
    load_imm a0, CODE
    load_u32 a1, [CODE_LENGTH]
    load_imm a2, 0
    ecalli machine
    move_reg s0, a0
    ; pages(machine, first page, how many, mode): the stack
    load_u32 t0, [STACK]
    shlo_l_imm_64 t0, t0, 40            ; the fourth octet is not the stack's
    shlo_r_imm_64 t0, t0, 40
    add_imm_64 t0, t0, 4095
    shlo_r_imm_64 a2, t0, 12
    load_imm t1, STACK_END
    sub_64 a1, t1, a2
    load_imm a3, READ_WRITE
    ecalli pages
    ; the arguments: a page, what it holds, and then it is read only
    branch_eq_imm s1, 0, run
    move_reg a0, s0
    load_imm a1, ARGUMENTS
    load_imm a2, 1
    load_imm a3, READ_WRITE
    ecalli pages
    ; poke(machine, from here, to there, length)
    move_reg a0, s0
    load_imm a1, GIVEN
    load_u64 a2, [in_r7]
    move_reg a3, s1
    ecalli poke
    move_reg a0, s0
    load_imm a1, ARGUMENTS
    load_imm a2, 1
    load_imm a3, READ_KEEP
    ecalli pages
    fallthrough
run:
    ; invoke(machine, block) -> how it stopped; every other end than halting is left out
    move_reg a0, s0
    load_imm a1, block
    ecalli invoke
    branch_ne_imm a0, HALT, refuse
    load_u64 s1, [in_r8]
    branch_ge_u_imm s1, 128, refuse
    ; peek(machine, to here, from there, length)
    move_reg a0, s0
    load_imm a1, ANSWER_OCTETS
    load_u64 a2, [in_r7]
    move_reg a3, s1
    ecalli peek
    move_reg a0, s0
    ecalli expunge
    store_imm_u8 [ANSWER], 0
    store_u8 [ANSWER_LENGTH], s1
    load_imm a0, payload
    add_imm_64 a1, s1, 35
    jump_ind ra
refuse:
    trap

accumulate:
    load_imm a0, 0
    load_imm a1, 0
    jump_ind ra
