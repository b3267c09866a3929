; Counts the octets of a buffer that are large: a loop of two blocks, one of which is left now and
; then, and after it a loop of one. In hot code each is a trace that is written several times.
    load_imm        t0, 0x10f00         ; where; the page ends at 0x11000
    load_imm        a0, 0               ; the sum
    load_imm        a1, 0               ; how many are large
    fallthrough
again:
    load_ind_u8     t1, [t0]
    add_64          a0, a0, t1
    branch_ge_u_imm t1, 200, large
    add_imm_64      t0, t0, 1
    branch_lt_u_imm t0, 0x10fc0, again
    ecalli          7
    fallthrough
; What is behind the first loop: up to the end of the page, where it faults.
rest:
    load_ind_u8     t1, [t0]
    xor             a0, a0, t1
    store_ind_u8    [t0], a0
    add_imm_64      t0, t0, 1
    jump            rest
large:
    add_imm_64      a1, a1, 1
    add_imm_64      t0, t0, 1
    jump            again
