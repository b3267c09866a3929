; Gives its arguments back: they are where r7 says, r8 octets long, and so is the output.
.program standard
.stack_size 4096
.code
            jump_ind ra
