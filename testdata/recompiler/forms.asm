; One of everything that is not a plain instruction on x86-64 either.
    div_s_32        a0, a1, a2
    mul_upper_s_u   a3, a2, a4
    mul_upper_s_s   s0, s1, a3
    rot_l_32        t0, t1, t2
    set_lt_s        a0, a0, a1
    set_lt_u        t0, a0, a1
    cmov_iz_imm     a0, a1, -5
    or_inv          a0, a1, a2
    max             a0, a1, a0
    neg_add_imm_32  a0, a0, 7
    load_imm_64     t0, 0x123456789abcdef0
    store_imm_ind_u16 [sp+4], -2
    store_u8        [0x20000], s0
    sbrk            a0, a1
    load_imm_jump_ind ra, 2, a0+2
callee:
    trap
