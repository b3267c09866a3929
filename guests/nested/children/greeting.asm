; Asks its host for a greeting, then touches a page that it does not have, and gives both back.
.program standard
.stack_size 4096
.rw
buffer:     .zero 8
.code
            load_imm a0, buffer
            ecalli 42                   ; writes "hello" to the address in a0
            store_imm_u8 [0x50000], 33  ; the host gives it this page once
            load_u8 t0, [0x50000]
            store_u8 [buffer + 5], t0
            load_imm a0, buffer
            load_imm a1, 6
            jump_ind ra
