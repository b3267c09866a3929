; Sums the octets of a buffer: a loop with a load, and a host call after it.
    load_imm        t0, 0x10000         ; where
    load_imm        a0, 0               ; the sum
    fallthrough                         ; a jump may only lead to the start of a block
again:
    load_ind_u8     t1, [t0]
    add_64          a0, a0, t1
    add_imm_64      t0, t0, 1
    branch_lt_u_imm t0, 0x10100, again
    ecalli          7
    jump_ind        ra
