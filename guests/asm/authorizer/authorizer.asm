; A token-checking authorizer.
;
; Before a core works on a package, it asks the package's authorizer: "may this package use me?"
; This one says yes when the package's token is the same as its configuration. The configuration
; belongs to the authorizer that the core has in its pool; the token is what the package's author
; claims to know. (A real authorizer would check a signature: a token that anybody can read in the
; package is no secret.)
;
; To say yes, halt; what is returned becomes the authorizer trace, which refine and accumulate can
; read. To say no, panic.
;
; Registers: a0..a5 are r7..r12, the arguments and results of host calls. ra (r0) holds the address
; that a program jumps to in order to halt.

.name "authorizer"
.version "0.1.0"
.license "MIT OR Apache-2.0"

.const MOST, 256                        ; the longest token and configuration compared
.const CONFIGURATION, 8                 ; kinds of `fetch`
.const TOKEN, 9
.const INFO, 2                          ; a log level

.ro
trace:      .ascii "token accepted"
trace_end:
target:     .ascii "authorizer"
target_end:
refusal:    .ascii "the token is not the configured one"
refusal_end:

.rw
configuration: .zero MOST
token:         .zero MOST

.code
; Execution starts at pc 0. The arguments, the core's index in two octets, are not needed.
is_authorized:
    ; s0 = fetch(out, offset, most octets, kind): the length of the configuration
    load_imm a0, configuration
    load_imm a1, 0
    load_imm a2, MOST
    load_imm a3, CONFIGURATION
    ecalli fetch
    move_reg s0, a0

    ; s1 = the length of the token
    load_imm a0, token
    load_imm a1, 0
    load_imm a2, MOST
    load_imm a3, TOKEN
    ecalli fetch
    move_reg s1, a0

    ; Equal lengths, and none longer than what was copied?
    branch_ne s0, s1, refuse
    branch_gt_u_imm s0, MOST, refuse

    ; Equal octets? t0 walks over the configuration, t1 over the token, s0 ends the walk.
    load_imm t0, configuration
    load_imm t1, token
    add_64 s0, s0, t0
    fallthrough                         ; ends a basic block: jumps may only go where one starts
compare:
    branch_ge_u t0, s0, accept
    load_ind_u8 t2, [t0]
    load_ind_u8 a5, [t1]
    branch_ne t2, a5, refuse
    add_imm_64 t0, t0, 1
    add_imm_64 t1, t1, 1
    jump compare

accept:
    ; Return the trace: its address in a0 and its length in a1.
    load_imm a0, trace
    load_imm a1, trace_end - trace
    jump_ind ra

refuse:
    ; log(level, target, its length, message, its length); then panic
    load_imm a0, INFO
    load_imm a1, target
    load_imm a2, target_end - target
    load_imm a3, refusal
    load_imm a4, refusal_end - refusal
    ecalli log
    trap
