; A counter: the smallest service that does everything that a service can do.
;
;   refine       turns the payload of a work item into upper case, keeps the original as an exported
;                segment, and returns the result
;   accumulate   counts the work items that it is told of, stores the latest result, sends a tip to
;                the treasury, and yields the hash of the latest payload
;
; refine runs in core: it sees the package and no state. accumulate runs on chain: it sees what
; refine returned, and may change the service's state.
;
; Registers: a0..a5 are r7..r12, the arguments and results of host calls; t0..t2, s0 and s1 are free
; for any use and survive host calls. ra (r0) holds the address that a program jumps to in order
; to halt, sp (r1) the end of the stack, which this program does not need.

.name "counter"
.version "0.1.0"
.license "MIT OR Apache-2.0"

.const MOST, 1024                       ; the longest payload and result that are handled
.const PAYLOAD, 13                      ; kinds of `fetch`
.const INPUT, 15
.const INFO, 2                          ; log levels
.const DEBUG, 3
.const OWN, -1                          ; "this service", where a call takes a service: 2^64 - 1
.const NONE, -1                         ; the result code NONE: 2^64 - 1

.const TREASURY, 7                      ; the service that gets the tip
.const TIP, 25
.const TIP_GAS, 50000

.ro
refine_target:  .ascii "refine"
refine_target_end:
refined:        .ascii "payload in upper case"
refined_end:
accumulate_target: .ascii "accumulate"
accumulate_target_end:
counted:        .ascii "counted the work items"
counted_end:
count_key:      .ascii "count"
count_key_end:
latest_key:     .ascii "latest"
latest_key_end:
memo:           .ascii "thank you"      ; a memo has 128 octets
                .zero 119

.rw
buffer:         .zero MOST              ; the payload
count:          .u64 0                  ; the counter as storage has it, little-endian
input:          .zero MOST              ; one accumulation input, as encoded
                .zero 512

; A jump may only go where a basic block starts: at pc 0, and after a jump, branch, `trap` or
; `fallthrough`. Dynamic jumps, such as the return from a subroutine, go through the jump table.
.jump_table after_gas, after_length

.code
; Programs start at pc 0 (is-authorized and refine) or pc 5 (accumulate).
    jump refine
.at 5
    jump accumulate

; --- refine --------------------------------------------------------------------------------------
;
; a0 and a1 hold address and length of the arguments: core, item index, service id, payload, package
; hash. Only the item index is needed. It comes after the core's index, which takes one octet if it
; is below 128 and two if not.
refine:
    load_ind_u8 t0, [a0]
    load_ind_u8 s0, [a0 + 1]
    branch_lt_u_imm t0, 128, fetch_payload
    load_ind_u8 s0, [a0 + 2]
    fallthrough

fetch_payload:
    ; s1 = fetch(out, offset, most octets, kind, item): the payload's full length
    load_imm a0, buffer
    load_imm a1, 0
    load_imm a2, MOST
    load_imm a3, PAYLOAD
    move_reg a4, s0
    ecalli fetch
    move_reg s1, a0
    branch_le_u_imm s1, MOST, export_original
    load_imm s1, MOST                   ; a longer payload is cut
    fallthrough

export_original:
    ; export(address, length) -> the segment's index; shorter segments are padded with zeros
    load_imm a0, buffer
    move_reg a1, s1
    ecalli export

    ; Walk over the payload: t0 is the place, t1 the end.
    load_imm t0, buffer
    add_64 t1, t0, s1
    fallthrough
upper_case:
    branch_ge_u t0, t1, return_result
    load_ind_u8 t2, [t0]
    branch_lt_u_imm t2, 97, next        ; below `a`
    branch_gt_u_imm t2, 122, next       ; above `z`
    add_imm_64 t2, t2, -32
    store_ind_u8 [t0], t2
    fallthrough
next:
    add_imm_64 t0, t0, 1
    jump upper_case

return_result:
    ; log(level, target, its length, message, its length)
    load_imm a0, DEBUG
    load_imm a1, refine_target
    load_imm a2, refine_target_end - refine_target
    load_imm a3, refined
    load_imm a4, refined_end - refined
    ecalli log
    ; The result is at address a0, with length a1.
    load_imm a0, buffer
    move_reg a1, s1
    jump_ind ra

; --- accumulate ----------------------------------------------------------------------------------
;
; The arguments (slot, service id, number of inputs) are not needed: inputs are fetched until there
; are no more.
accumulate:
    load_imm s0, 0                      ; s0 = the index of the next input
    fallthrough
next_input:
    ; fetch(out, offset, most octets, kind, index) -> length or NONE
    load_imm a0, input
    load_imm a1, 0
    load_imm a2, MOST
    load_imm a3, INPUT
    move_reg a4, s0
    ecalli fetch
    branch_eq_imm a0, NONE, all_inputs_seen
    add_imm_64 s0, s0, 1

    ; The first octet tells what the input is: 0 an operand (a refined work item), 1 a transfer.
    load_u8 t2, [input]
    branch_ne_imm t2, 0, next_input

    ; An operand is: package hash, segment root, authorizer, payload hash (32 octets each), gas
    ; limit, result, authorizer trace. Past the hashes, lengths vary: read on from t0.
    load_imm t0, input + 129
    load_imm_jump t2, table(after_gas), read_natural
after_gas:
    ; The result is 0 and the octets that refine returned, or another number for an error.
    load_ind_u8 t1, [t0]
    branch_ne_imm t1, 0, next_input
    add_imm_64 t0, t0, 1
    load_imm_jump t2, table(after_length), read_natural
after_length:
    ; write(key, its length, value, its length) -> the length of what was there, or NONE
    load_imm a0, latest_key
    load_imm a1, latest_key_end - latest_key
    move_reg a2, t0
    move_reg a3, t1
    ecalli write
    jump next_input

all_inputs_seen:
    branch_eq_imm s0, 0, finish

    ; read(service, key, its length, out, offset, most octets): what is not there stays zero
    load_imm a0, OWN
    load_imm a1, count_key
    load_imm a2, count_key_end - count_key
    load_imm a3, count
    load_imm a4, 0
    load_imm a5, 8
    ecalli read
    load_u64 t0, [count]
    add_64 t0, t0, s0
    store_u64 [count], t0
    load_imm a0, count_key
    load_imm a1, count_key_end - count_key
    load_imm a2, count
    load_imm a3, 8
    ecalli write

    ; transfer(service, amount, gas limit, memo): the receiver accumulates in the next round
    load_imm a0, TREASURY
    load_imm a1, TIP
    load_imm a2, TIP_GAS
    load_imm a3, memo
    ecalli transfer

    ; yield(hash): the payload's, the last of the four hashes of the last operand
    load_imm a0, input + 97
    ecalli yield

    load_imm a0, INFO
    load_imm a1, accumulate_target
    load_imm a2, accumulate_target_end - accumulate_target
    load_imm a3, counted
    load_imm a4, counted_end - counted
    ecalli log
    fallthrough

finish:
    load_imm a0, 0                      ; accumulate returns nothing
    load_imm a1, 0
    jump_ind ra

; --- read_natural --------------------------------------------------------------------------------
;
; Reads a natural number as the protocol encodes it: the first octet begins with as many ones as
; octets follow it; its other bits are the number's highest, the octets that follow its lowest.
;
; In: t0 the address, t2 where to return to. Out: t0 past the number, t1 the number (below 2^56).
; Uses a0..a3 and a5.
read_natural:
    load_ind_u8 a0, [t0]
    load_ind_u64 t1, [t0 + 1]           ; all the octets that could follow
    xor_imm a1, a0, 255
    leading_zero_bits_32 a1, a1
    add_imm_64 a1, a1, -24              ; a1 = the ones that the first octet begins with
    add_64 t0, t0, a1
    add_imm_64 t0, t0, 1
    shlo_l_imm_64 a1, a1, 3             ; as bits
    ; Keep as many low bits of what follows: t1 & (1 << a1) - 1
    load_imm a2, 1
    shlo_l_64 a2, a2, a1
    add_imm_64 a3, a2, -1
    and t1, t1, a3
    ; Put the first octet's other bits above them: (a0 & 127 >> ones) << bits
    load_imm a3, 127
    shlo_r_imm_64 a5, a1, 3
    shlo_r_64 a3, a3, a5
    and a0, a0, a3
    mul_64 a0, a0, a2
    add_64 t1, t1, a0
    jump_ind t2
