; Every host call, once, in the invocations that offer it.
;
; Nothing useful is done: this is a place to see how a call's arguments are laid out and what it
; answers. `jambox run guests/asm/every-call/package.toml -v` shows each call decoded; `jambox
; explain <name>` tells all about one. What each call left in a0 is kept in a table, which refine
; returns and accumulate stores.

.name "every-call"
.version "0.1.0"
.license "MIT OR Apache-2.0"

.const MOST, 512                        ; the size of `out`
.const OWN, -1                          ; "this service", where a call takes a service: 2^64 - 1
.const OWN_ID, 100                      ; its id, where a call takes an id
.const TREASURY, 7
.const RETIRED, 101                     ; a service that has given itself up to this one

.ro
target:     .ascii "every-call"
target_end:
text:       .ascii "some text"
text_end:
key:        .ascii "a key"
key_end:
provided:   .ascii "provided by every-call"
provided_end:
provided_hash:                          ; its Blake2b hash
    .hex 0aa0bc5b0e52fe86bd42bfb36788e5f20ed368f58383ccce00a875dcf213bcfa
request:                                ; the hash that the retired service still requests
    .hex 1111111111111111111111111111111111111111111111111111111111111111
program:                                ; for an inner machine: halts at once
    .nested
    .program bare
    .code
        jump_ind ra
    .end
program_end:
assigners:  .u32 OWN_ID, OWN_ID         ; one for each core
always:     .u32 OWN_ID                 ; service and gas
            .u64 1000
zeros:      .zero 2560                  ; an authorizer queue, or validator keys
memo:       .ascii "for the treasury"
            .zero 112

.rw
results:    .zero 256
record:     .zero 96
block:      .u64 1000                   ; the inner machine's gas, then its registers
            .u64 0xffff0000             ; r0: where to jump to in order to halt
            .u64 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
out:        .zero MOST

.code
    jump refine
.at 5
    jump accumulate

; --- refine: no state, but inner machines and exports --------------------------------------------
refine:
    ; gas() -> what is left
    ecalli gas
    store_u64 [results], a0

    ; fetch(out, offset, most octets, kind): kind 0, the protocol's constants
    load_imm a0, out
    load_imm a1, 0
    load_imm a2, MOST
    load_imm a3, 0
    ecalli fetch
    store_u64 [results + 8], a0

    ; export(address, length) -> the segment's index
    load_imm a0, text
    load_imm a1, text_end - text
    ecalli export
    store_u64 [results + 16], a0

    ; machine(program, length, pc) -> the handle
    load_imm a0, program
    load_imm a1, program_end - program
    load_imm a2, 0
    ecalli machine
    store_u64 [results + 24], a0

    ; pages(machine, first page, how many, mode): 2 is readable and writable
    load_imm a0, 0
    load_imm a1, 32
    load_imm a2, 1
    load_imm a3, 2
    ecalli pages
    store_u64 [results + 32], a0

    ; poke(machine, from here, to there, length)
    load_imm a0, 0
    load_imm a1, text
    load_imm a2, 0x20000
    load_imm a3, text_end - text
    ecalli poke
    store_u64 [results + 40], a0

    ; peek(machine, to here, from there, length)
    load_imm a0, 0
    load_imm a1, out
    load_imm a2, 0x20000
    load_imm a3, text_end - text
    ecalli peek
    store_u64 [results + 48], a0

    ; invoke(machine, block) -> how it stopped
    load_imm a0, 0
    load_imm a1, block
    ecalli invoke
    store_u64 [results + 56], a0

    ; expunge(machine) -> its pc
    load_imm a0, 0
    ecalli expunge
    store_u64 [results + 64], a0

    ; log(level, target, its length, message, its length) -> always WHAT
    load_imm a0, 2
    load_imm a1, target
    load_imm a2, target_end - target
    load_imm a3, text
    load_imm a4, text_end - text
    ecalli log
    store_u64 [results + 72], a0

    ; historical_lookup(service, hash, out, offset, most octets) -> NONE: no such preimage
    load_imm a0, OWN
    load_imm a1, request
    load_imm a2, out
    load_imm a3, 0
    load_imm a4, MOST
    ecalli historical_lookup
    store_u64 [results + 80], a0

    load_imm a0, results
    load_imm a1, 88
    jump_ind ra

; --- accumulate: the chain's state ---------------------------------------------------------------
accumulate:
    ; gas() -> what is left
    ecalli gas
    store_u64 [results], a0

    ; fetch(out, offset, most octets, kind, index): kind 15, an input
    load_imm a0, out
    load_imm a1, 0
    load_imm a2, MOST
    load_imm a3, 15
    load_imm a4, 0
    ecalli fetch
    store_u64 [results + 8], a0

    ; info(service, out, offset, most octets) -> 96
    load_imm a0, OWN
    load_imm a1, record
    load_imm a2, 0
    load_imm a3, 96
    ecalli info
    store_u64 [results + 16], a0

    ; lookup(service, hash, out, offset, most octets): the own code is a preimage, too
    load_imm a0, OWN
    load_imm a1, record
    load_imm a2, out
    load_imm a3, 0
    load_imm a4, MOST
    ecalli lookup
    store_u64 [results + 24], a0

    ; write(key, its length, value, its length) -> NONE: a new entry
    load_imm a0, key
    load_imm a1, key_end - key
    load_imm a2, text
    load_imm a3, text_end - text
    ecalli write
    store_u64 [results + 32], a0

    ; read(service, key, its length, out, offset, most octets) -> the value's length
    load_imm a0, OWN
    load_imm a1, key
    load_imm a2, key_end - key
    load_imm a3, out
    load_imm a4, 0
    load_imm a5, MOST
    ecalli read
    store_u64 [results + 40], a0

    ; bless(manager, assigners, delegator, registrar, always-accumulate entries, how many)
    load_imm a0, OWN_ID
    load_imm a1, assigners
    load_imm a2, OWN_ID
    load_imm a3, OWN_ID
    load_imm a4, always
    load_imm a5, 1
    ecalli bless
    store_u64 [results + 48], a0

    ; assign(core, queue, new assigner)
    load_imm a0, 0
    load_imm a1, zeros
    load_imm a2, OWN_ID
    ecalli assign
    store_u64 [results + 56], a0

    ; designate(validator keys)
    load_imm a0, zeros
    ecalli designate
    store_u64 [results + 64], a0

    ; checkpoint() -> the gas left
    ecalli checkpoint
    store_u64 [results + 72], a0

    ; new(code hash, code length, two gas minima, gratis, wanted id) -> the new id;
    ; only the registrar's wish is heeded, and only below 2^16
    load_imm a0, record
    load_imm a1, 1000
    load_imm a2, 10
    load_imm a3, 10
    load_imm a4, 0
    load_imm a5, 500
    ecalli new
    store_u64 [results + 80], a0

    ; upgrade(code hash, two gas minima): to the code that it has
    load_imm a0, record
    load_imm a1, 0
    load_imm a2, 0
    ecalli upgrade
    store_u64 [results + 88], a0

    ; transfer(to, amount, gas limit, memo)
    load_imm a0, TREASURY
    load_imm a1, 100
    load_imm a2, 50000
    load_imm a3, memo
    ecalli transfer
    store_u64 [results + 96], a0

    ; eject(service, hash of its last request)
    load_imm a0, RETIRED
    load_imm a1, request
    ecalli eject
    store_u64 [results + 104], a0

    ; solicit(hash, length)
    load_imm a0, provided_hash
    load_imm a1, provided_end - provided
    ecalli solicit
    store_u64 [results + 112], a0

    ; query(hash, length) -> 0: requested
    load_imm a0, provided_hash
    load_imm a1, provided_end - provided
    ecalli query
    store_u64 [results + 120], a0

    ; provide(service, address, length)
    load_imm a0, OWN
    load_imm a1, provided
    load_imm a2, provided_end - provided
    ecalli provide
    store_u64 [results + 128], a0

    ; forget(hash, length) -> HUH: there is no such request
    load_imm a0, request
    load_imm a1, 1
    ecalli forget
    store_u64 [results + 136], a0

    ; yield(hash)
    load_imm a0, provided_hash
    ecalli yield
    store_u64 [results + 144], a0

    ; log(level, target, its length, message, its length) -> always WHAT
    load_imm a0, 2
    load_imm a1, target
    load_imm a2, target_end - target
    load_imm a3, text
    load_imm a4, text_end - text
    ecalli log
    store_u64 [results + 152], a0

    ; Keep the table of answers.
    load_imm a0, key
    load_imm a1, key_end - key
    load_imm a2, results
    load_imm a3, 160
    ecalli write
    load_imm a0, 0
    load_imm a1, 0
    jump_ind ra
