; A program in an inner machine.
;
; refine starts a second program in a machine of its own, and stands in for its host: it maps the
; page that the inner program faults on, answers its host call, and fetches its result. The inner
; machine's page fault is an event here, not a failure: the machine goes on where it stopped.
;
; The inner program adds two numbers: one that it finds in memory, and one that it asks its host
; for.

.name "inner"
.version "0.1.0"
.license "MIT OR Apache-2.0"

.const INNER_GAS, 1000
.const INPUT, 0x20000                   ; where the inner program is told to look, still unmapped
.const ASK, 42                          ; the number of the inner program's host call

; Exit reasons of a machine, in a0 after `invoke`.
.const HALT, 0
.const FAULT, 2
.const HOST, 3

.const READ_WRITE, 2                    ; a mode of `pages`
.const INFO, 2                          ; a log level

.ro
program:
    .nested                             ; a whole program as data, assembled here
    .program bare
    .code
        move_reg s0, a0                 ; the address it was given
        load_ind_u64 t0, [s0]           ; page fault, the first time
        ecalli 42                       ; ask the host for a number, which comes in a0
        add_64 t0, t0, a0
        store_ind_u64 [s0 + 8], t0      ; leave the sum behind the input
        jump_ind ra                     ; halt
    .end
program_end:

number:     .u64 40                     ; what the inner program will find
target:     .ascii "inner"
target_end:
faulted:    .ascii "the machine faulted: mapping the page and running on"
faulted_end:
asked:      .ascii "the machine asks its host: answering"
asked_end:
halted:     .ascii "the machine halted: fetching its result"
halted_end:

.rw
; The block that `invoke` reads and writes: the gas, then the 13 registers, 8 octets each.
block:      .u64 INNER_GAS
            .u64 0xffff0000             ; r0: the address to jump to in order to halt
            .u64 0, 0, 0, 0, 0, 0
            .u64 INPUT                  ; r7
            .u64 0, 0, 0, 0, 0
result:     .u64 0

.const R7, block + 64

; say(message, length) returns to the label after it.
.jump_table map_page, answer, fetch_result

.code
    jump refine
.at 5
    jump accumulate

refine:
    ; s0 = machine(program, its length, pc): a new machine with empty memory
    load_imm a0, program
    load_imm a1, program_end - program
    load_imm a2, 0
    ecalli machine
    move_reg s0, a0
    fallthrough

run:
    ; invoke(machine, block) -> how it stopped, and in a1 the page's address or the call's number
    move_reg a0, s0
    load_imm a1, block
    ecalli invoke
    branch_eq_imm a0, FAULT, on_fault
    branch_eq_imm a0, HOST, on_host_call
    branch_eq_imm a0, HALT, on_halt
    trap                                ; it panicked or ran out of gas: not this program

on_fault:
    move_reg s1, a1                     ; the address of the missing page
    load_imm a3, faulted
    load_imm a4, faulted_end - faulted
    load_imm_jump t2, table(map_page), say
map_page:
    ; pages(machine, first page, how many, mode)
    move_reg a0, s0
    shlo_r_imm_64 a1, s1, 12
    load_imm a2, 1
    load_imm a3, READ_WRITE
    ecalli pages
    ; poke(machine, from here, to there, length): what it will find
    move_reg a0, s0
    load_imm a1, number
    move_reg a2, s1
    load_imm a3, 8
    ecalli poke
    jump run

on_host_call:
    branch_ne_imm a1, ASK, unknown_call
    load_imm a3, asked
    load_imm a4, asked_end - asked
    load_imm_jump t2, table(answer), say
answer:
    store_imm_u64 [R7], 2               ; the inner r7 is its a0
    jump run
unknown_call:
    trap

on_halt:
    load_imm a3, halted
    load_imm a4, halted_end - halted
    load_imm_jump t2, table(fetch_result), say
fetch_result:
    ; peek(machine, to here, from there, length)
    move_reg a0, s0
    load_imm a1, result
    add_imm_64 a2, s1, 8
    load_imm a3, 8
    ecalli peek
    ; expunge(machine) -> its pc
    move_reg a0, s0
    ecalli expunge
    load_imm a0, result
    load_imm a1, 8
    jump_ind ra

; Logs the message that a3 and a4 name, then returns to t2.
say:
    load_imm a0, INFO
    load_imm a1, target
    load_imm a2, target_end - target
    ecalli log
    jump_ind t2

accumulate:
    load_imm a0, 0
    load_imm a1, 0
    jump_ind ra
