; A reader: what it refines is a segment that an earlier package exported.
;
;   refine       fetches the first segment that its work item imports, and returns the text in it: the
;                octets before the first zero
;   accumulate   keeps in its state that something was read

.name "reader"
.version "0.1.0"
.license "MIT OR Apache-2.0"

.const SEGMENT, 4104                    ; octets in a segment
.const IMPORT, 6                        ; the kind of `fetch`: a segment that this item imports

.ro
key:        .ascii "last"
key_end:
value:      .ascii "an imported segment"
value_end:

.rw
buffer:     .zero SEGMENT

.code
; Programs start at pc 0 (refine) or pc 5 (accumulate).
    jump refine
.at 5
    jump accumulate

refine:
    ; fetch(out, offset, most octets, kind, index): the segment's length, or NONE
    load_imm a0, buffer
    load_imm a1, 0
    load_imm a2, SEGMENT
    load_imm a3, IMPORT
    load_imm a4, 0
    ecalli fetch

    ; Walk up to the first zero: t0 is the place, t1 the end.
    load_imm t0, buffer
    load_imm t1, buffer + SEGMENT
    fallthrough
look:
    branch_ge_u t0, t1, return_text
    load_ind_u8 t2, [t0]
    branch_eq_imm t2, 0, return_text
    add_imm_64 t0, t0, 1
    jump look

return_text:
    ; The result is at address a0, with length a1.
    load_imm a0, buffer
    sub_64 a1, t0, a0
    jump_ind ra

accumulate:
    ; write(key, its length, value, its length)
    load_imm a0, key
    load_imm a1, key_end - key
    load_imm a2, value
    load_imm a3, value_end - value
    ecalli write
    load_imm a1, 0                      ; no output
    jump_ind ra
