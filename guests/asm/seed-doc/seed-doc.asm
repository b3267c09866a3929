; A walk through the seed document's host-call ABI: its own examples, step by step.
;
;   refine       asks for the gas, fetches the constants into a buffer of 200 octets, runs itself as
;                a child, exports a segment of 4096 octets, looks its own code up as it was ten slots
;                ago, reads a value from storage, and returns what the child said
;   accumulate   writes a value and reads it back, makes a checkpoint, asks for its own account, and
;                creates a service
;
; This ABI is not the Gray Paper's and not consensus: numbers, registers, prices and result codes
; differ. That is why the package says `abi = "seed-doc"`, and why calls are written by number here,
; as the document does: the text means the same whatever ABI it is assembled for. Under the other
; ABI the program fails; `jambox run guests/asm/seed-doc/package.toml --abi gray-paper` says how.
;
; Every answer is checked: what is not as the document says ends in `unexpected`, a trap.
;
; Registers: a0..a5 are r7..r12, the arguments and results of host calls; s0, s1 and t0..t2 survive
; them. ra (r0) holds the address that a program jumps to in order to halt.

.name "seed-doc"
.version "0.1.0"
.license "MIT OR Apache-2.0"

.const OWN, -1                          ; "this service": 2^64 - 1
.const CONSTANTS, 0                     ; kinds of fetch
.const SUMMARY, 12
.const OPERANDS, 14
.const SEGMENT, 4096

.ro
input:      .ascii "child"
input_end:
answer:     .ascii "the child was here"
answer_end:
key:        .ascii "keys have thirty-two octets here" ; no more, no less
value:      .ascii "written by accumulate"
value_end:
greeting:   .ascii "from genesis"
greeting_end:

.rw
constants:  .zero 200
hash:       .zero 32
output:     .zero 64
segment:    .zero SEGMENT
code:       .zero 16
account:    .zero 48

.code
; Programs start at pc 0 (is-authorized, refine, children) or pc 5 (accumulate).
    jump refine
.at 5
    jump accumulate

; --- refine --------------------------------------------------------------------------------------
refine:
    ; As a child this program has the input "child"; refine's arguments are longer.
    branch_eq_imm a1, input_end - input, child

    ; 0, gas: r7 is the gas left, after the 10 that the call costs
    ecalli 0
    branch_eq_imm a0, 0, unexpected

    ; 1, fetch: 134 octets of constants fit the buffer of 200, for 10 gas and 134/8
    load_imm a0, constants
    load_imm a1, 0
    load_imm a2, 200
    load_imm a3, CONSTANTS
    ecalli 1
    branch_ne_imm a0, 134, unexpected

    ; The own code hash, from the item's summary: 32 octets from the fifth on
    load_imm a0, hash
    load_imm a1, 4
    load_imm a2, 32
    load_imm a3, SUMMARY
    load_imm a4, 0
    ecalli 1
    branch_ne_imm a0, 62, unexpected

    ; 21, child: code hash, input, its length, gas limit, output buffer, its size
    load_imm a0, hash
    load_imm a1, input
    load_imm a2, input_end - input
    load_imm a3, 1000
    load_imm a4, output
    load_imm a5, 64
    ecalli 21
    branch_ne_imm a0, 0, unexpected     ; it halted
    move_reg s0, a2                     ; so long is its output

    ; 22, export: exactly 4096 octets; r7 is the segment's index
    load_imm a0, segment
    load_imm a1, SEGMENT
    ecalli 22
    branch_ne_imm a0, 0, unexpected

    ; 20, historical lookup: slots back, hash, buffer, size; a slot back costs a unit of gas
    load_imm a0, 10
    load_imm a1, hash
    load_imm a2, code
    load_imm a3, 16
    ecalli 20
    branch_eq_imm a0, -1, unexpected    ; NONE: it was not there then

    ; 4, read: key, buffer, size. r7 is the value's full length
    load_imm a0, key
    load_imm a1, segment
    load_imm a2, 64
    ecalli 4
    branch_ne_imm a0, greeting_end - greeting, unexpected

    ; 3, write: HUH, 2^64 - 4, since refine cannot write
    load_imm a0, key
    load_imm a1, value
    load_imm a2, value_end - value
    ecalli 3
    branch_ne_imm a0, -4, unexpected

    ; Return what the child said.
    load_imm a0, output
    move_reg a1, s0
    jump_ind ra

child:
    load_imm a0, answer
    load_imm a1, answer_end - answer
    jump_ind ra

; --- accumulate ----------------------------------------------------------------------------------
accumulate:
    ; 14 is operands only: their number, then each. Here there is one.
    load_imm a0, constants
    load_imm a1, 0
    load_imm a2, 200
    load_imm a3, OPERANDS
    ecalli 1
    load_u8 t0, [constants]
    branch_ne_imm t0, 1, unexpected

    ; 3, write: key, data, length; 1000 gas and two for each octet
    load_imm a0, key
    load_imm a1, value
    load_imm a2, value_end - value
    ecalli 3
    branch_ne_imm a0, 0, unexpected     ; OK

    ; 4, read it back
    load_imm a0, key
    load_imm a1, output
    load_imm a2, 64
    ecalli 4
    branch_ne_imm a0, value_end - value, unexpected

    ; 17, checkpoint: should the rest fail, the write stands. No register changes.
    load_imm a0, 17
    ecalli 17
    branch_ne_imm a0, 17, unexpected

    ; 5, info: r7 to r12 are balance, gas and threshold balance, each as low and high 32 bits
    load_imm a0, OWN
    ecalli 5
    store_u64 [account], a0
    store_u64 [account + 8], a1
    store_u64 [account + 16], a2
    store_u64 [account + 24], a3
    store_u64 [account + 32], a4
    store_u64 [account + 40], a5
    branch_ne_imm a1, 0, unexpected     ; the balance is below 2^32

    ; 18, new: balance, code hash, minimum gas, code length. r7 is the new id
    load_imm a0, 5000                   ; low 32 bits of the balance
    load_imm a1, 0                      ; high 32 bits
    load_imm a2, hash                   ; no code that anybody has
    load_imm a3, 100                    ; low 32 bits of the minimum gas
    load_imm a4, 0                      ; high 32 bits
    load_imm a5, 1000
    ecalli 18
    branch_lt_u_imm a0, 65536, unexpected
    branch_eq_imm a0, -5, unexpected    ; LOW

    ; No output.
    load_imm a0, 0
    load_imm a1, 0
    jump_ind ra

unexpected:
    trap
