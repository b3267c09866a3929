; A service that panics, to see how a failure is explained.
;
; refine follows a pointer that was never set: it reads from address 0x18, below 2^16, where no
; address is ever accessible. Change NOWHERE to 0x20000 to see a page fault (the page after the
; read-only data), or the instruction to `trap`.

.name "panics"
.version "0.1.0"
.license "MIT OR Apache-2.0"

.const NOWHERE, 0

.ro
target:      .ascii "panics"
target_end:
message:     .ascii "about to follow a null pointer"
message_end:

.code
    jump refine
.at 5
    jump accumulate

refine:
    load_imm a0, 1                      ; log level: warning
    load_imm a1, target
    load_imm a2, target_end - target
    load_imm a3, message
    load_imm a4, message_end - message
    ecalli log

    load_imm s0, NOWHERE                ; a pointer to a structure...
    load_ind_u32 t0, [s0 + 24]          ; ...whose field at offset 24 is read
    jump_ind ra

; accumulate learns from the operand that refine failed; this one does not care.
accumulate:
    load_imm a0, 0
    load_imm a1, 0
    jump_ind ra
