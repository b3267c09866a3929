; The treasury: a service that only receives.
;
; Another service's transfer arrives as an accumulation input in a round after the one in which it
; was sent. Its amount is on the balance already; what is left to do is to notice.

.name "treasury"
.version "0.1.0"
.license "MIT OR Apache-2.0"

.const INPUT, 15                        ; a kind of `fetch`
.const INFO, 2                          ; a log level
.const NONE, -1

; A transfer is encoded as: 1, sender (4 octets), receiver (4), amount (8), memo (128), gas (8).
.const MEMO, 17

.ro
target:     .ascii "treasury"
target_end:
key:        .ascii "latest memo"
key_end:

.rw
input:      .zero 256

.code
    trap                                ; pc 0: nothing to refine
.at 5
accumulate:
    load_imm s0, 0
    fallthrough
next_input:
    load_imm a0, input
    load_imm a1, 0
    load_imm a2, 256
    load_imm a3, INPUT
    move_reg a4, s0
    ecalli fetch
    branch_eq_imm a0, NONE, finish
    add_imm_64 s0, s0, 1
    load_u8 t0, [input]
    branch_ne_imm t0, 1, next_input

    ; s1 = how long the memo's text is: up to the first zero
    load_imm s1, 0
    fallthrough
measure:
    load_ind_u8 t0, [s1 + input + MEMO]
    branch_eq_imm t0, 0, keep
    add_imm_64 s1, s1, 1
    branch_lt_u_imm s1, 128, measure

keep:
    ; log the memo, and store it
    load_imm a0, INFO
    load_imm a1, target
    load_imm a2, target_end - target
    load_imm a3, input + MEMO
    move_reg a4, s1
    ecalli log
    load_imm a0, key
    load_imm a1, key_end - key
    load_imm a2, input + MEMO
    move_reg a3, s1
    ecalli write
    jump next_input

finish:
    load_imm a0, 0
    load_imm a1, 0
    jump_ind ra
