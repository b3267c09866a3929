; One of every instruction, with registers and immediates that change from row to row.
here:
    ecalli            4
    load_imm_64       ra, 0x123456789abcdef0
    store_imm_u8      [0x20010], 6
    store_imm_u16     [0x20010], -1
    store_imm_u32     [0x20010], 100000
    store_imm_u64     [0x20010], 6
    load_imm          a2, 5
    load_u8           t0, [0x20010]
    load_i8           t1, [0x20010]
    load_u16          s0, [0x20010]
    load_i16          s1, [0x20010]
    load_u32          a3, [0x20010]
    load_i32          ra, [0x20010]
    load_u64          sp, [0x20010]
    store_u8          [0x20010], t2
    store_u16         [0x20010], a4
    store_u32         [0x20010], a5
    store_u64         [0x20010], a0
    store_imm_ind_u8  [a1+5], 6
    store_imm_ind_u16 [a2-3], -1
    store_imm_ind_u32 [t0+300], 100000
    store_imm_ind_u64 [t1+5], 6
    move_reg          a0, t0
    sbrk              a1, t1
    count_set_bits_64 a2, s0
    count_set_bits_32 t0, s1
    leading_zero_bits_64 t1, a3
    leading_zero_bits_32 s0, ra
    trailing_zero_bits_64 s1, sp
    trailing_zero_bits_32 a3, t2
    sign_extend_8     ra, a4
    sign_extend_16    sp, a5
    zero_extend_16    t2, a0
    reverse_bytes     a4, a1
    store_ind_u8      [s1+5], a2
    store_ind_u16     [a3-3], t0
    store_ind_u32     [ra+300], t1
    store_ind_u64     [sp+5], s0
    load_ind_u8       s1, [t2-3]
    load_ind_i8       a3, [a4+300]
    load_ind_u16      ra, [a5+5]
    load_ind_i16      sp, [a0-3]
    load_ind_u32      t2, [a1+300]
    load_ind_i32      a4, [a2+5]
    load_ind_u64      a5, [t0-3]
    add_imm_32        a0, t1, 300
    and_imm           a1, s0, 5
    xor_imm           a2, s1, -3
    or_imm            t0, a3, 300
    mul_imm_32        t1, ra, 5
    set_lt_u_imm      s0, sp, -3
    set_lt_s_imm      s1, t2, 300
    shlo_l_imm_32     a3, a4, 5
    shlo_r_imm_32     ra, a5, -3
    shar_r_imm_32     sp, a0, 300
    neg_add_imm_32    t2, a1, 5
    set_gt_u_imm      a4, a2, -3
    set_gt_s_imm      a5, t0, 300
    shlo_l_imm_alt_32 a0, t1, 5
    shlo_r_imm_alt_32 a1, s0, -3
    shar_r_imm_alt_32 a2, s1, 300
    cmov_iz_imm       t0, a3, 5
    cmov_nz_imm       t1, ra, -3
    add_imm_64        s0, sp, 300
    mul_imm_64        s1, t2, 5
    shlo_l_imm_64     a3, a4, -3
    shlo_r_imm_64     ra, a5, 300
    shar_r_imm_64     sp, a0, 5
    neg_add_imm_64    t2, a1, -3
    shlo_l_imm_alt_64 a4, a2, 300
    shlo_r_imm_alt_64 a5, t0, 5
    shar_r_imm_alt_64 a0, t1, -3
    rot_r_64_imm      a1, s0, 300
    rot_r_64_imm_alt  a2, s1, 5
    rot_r_32_imm      t0, a3, -3
    rot_r_32_imm_alt  t1, ra, 300
    add_32            sp, a5, t0
    sub_32            t2, a0, t1
    mul_32            a4, a1, s0
    div_u_32          a5, a2, s1
    div_s_32          a0, t0, a3
    rem_u_32          a1, t1, ra
    rem_s_32          a2, s0, sp
    shlo_l_32         t0, s1, t2
    shlo_r_32         t1, a3, a4
    shar_r_32         s0, ra, a5
    add_64            s1, sp, a0
    sub_64            a3, t2, a1
    mul_64            ra, a4, a2
    div_u_64          sp, a5, t0
    div_s_64          t2, a0, t1
    rem_u_64          a4, a1, s0
    rem_s_64          a5, a2, s1
    shlo_l_64         a0, t0, a3
    shlo_r_64         a1, t1, ra
    shar_r_64         a2, s0, sp
    and               t0, s1, t2
    xor               t1, a3, a4
    or                s0, ra, a5
    mul_upper_s_s     s1, sp, a0
    mul_upper_u_u     a3, t2, a1
    mul_upper_s_u     ra, a4, a2
    set_lt_u          sp, a5, t0
    set_lt_s          t2, a0, t1
    cmov_iz           a4, a1, s0
    cmov_nz           a5, a2, s1
    rot_l_64          a0, t0, a3
    rot_l_32          a1, t1, ra
    rot_r_64          a2, s0, sp
    rot_r_32          t0, s1, t2
    and_inv           t1, a3, a4
    or_inv            s0, ra, a5
    xnor              s1, sp, a0
    max               a3, t2, a1
    max_u             ra, a4, a2
    min               sp, a5, t0
    min_u             t2, a0, t1
    trap
    fallthrough
    jump              here
    jump_ind          a1+300
    load_imm_jump     s0, -3, here
    branch_eq_imm     s1, 300, here
    branch_ne_imm     a3, 5, here
    branch_lt_u_imm   ra, -3, here
    branch_le_u_imm   sp, 300, here
    branch_ge_u_imm   t2, 5, here
    branch_gt_u_imm   a4, -3, here
    branch_lt_s_imm   a5, 300, here
    branch_le_s_imm   a0, 5, here
    branch_ge_s_imm   a1, -3, here
    branch_gt_s_imm   a2, 300, here
    branch_eq         s0, sp, here
    branch_ne         s1, t2, here
    branch_lt_u       a3, a4, here
    branch_lt_s       ra, a5, here
    branch_ge_u       sp, a0, here
    branch_ge_s       t2, a1, here
    load_imm_jump_ind a4, 5, a2+6
    trap
