; The service that all-calls transfers to: it takes the amount, which is on its balance already, and
; halts. The memo comes with 50 gas, less than a compiled service needs to begin.

.name "other"
.version "0.1.0"
.license "MIT OR Apache-2.0"

.code
    trap                                ; pc 0: nothing to refine
.at 5
accumulate:
    load_imm a0, 0                      ; an output of no octets
    load_imm a1, 0
    jump_ind ra
