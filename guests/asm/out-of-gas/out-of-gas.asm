; A service that never ends, to see how lack of gas is explained.
;
; Each instruction costs one gas and each host call ten (Gray Paper 0.7.2). The loop in refine runs
; until the item's refine gas limit is used up: the machine stops before the instruction that cannot
; be paid.

.name "out-of-gas"
.version "0.1.0"
.license "MIT OR Apache-2.0"

.code
    jump refine
.at 5
    jump accumulate

refine:
    load_imm t0, 0
    fallthrough
forever:
    add_imm_64 t0, t0, 1
    jump forever

; accumulate makes a checkpoint, and only then runs out of gas: what was done before the checkpoint
; stands, what was done after it does not.
accumulate:
    load_imm a0, before_key
    load_imm a1, before_key_end - before_key
    load_imm a2, value
    load_imm a3, value_end - value
    ecalli write
    ecalli checkpoint
    load_imm a0, after_key
    load_imm a1, after_key_end - after_key
    load_imm a2, value
    load_imm a3, value_end - value
    ecalli write
    jump forever

.ro
before_key: .ascii "before the checkpoint"
before_key_end:
after_key:  .ascii "after the checkpoint"
after_key_end:
value:      .ascii "written"
value_end:
