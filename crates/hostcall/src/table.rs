//! The table of host calls: everything else about them expands from it.
//!
//! A row is the call's documentation, the names and types of its arguments in register order (after
//! `+` the arguments of other register forms only, with their default), its possible outcomes in
//! the order of the checks, and its forms. A form is an ABI, the call's number in each revision,
//! the contexts that offer the call, and the price in each revision. If a form's registers, reply
//! or outcomes differ from the row's, its own follow.
//!
//! ABIs: `paper` is the Gray Paper's; `seed` is the seed document's; `deferred` is the part of the
//! Gray Paper's that the seed document leaves to it (and that its strict variant lacks). If an ABI
//! has several forms of a call, the call's name stands for the first. In pairs of numbers and of
//! prices, the first is of revision 0.7.2 and the second of 0.8.0. An outcome of one revision only
//! is marked after its text.
//!
//! **The seed document under 0.8.0.** The document was written over 0.7.2 and knows no other
//! numbering. Calls that it describes keep its numbers, registers, prices and codes in every
//! revision. Calls that it leaves to the Gray Paper keep their number of 0.7.2; their price, checks
//! and effect are those of the revision in force. An unknown call, `log` among them, costs 10 gas,
//! as the document says. `grow_heap` has no number, since its number in 0.8.0 means `fetch` here.

/// Passes every row of the host-call table to the macro named by the argument.
///
/// Row: docs, `Variant "name"`, `(field: Type => "doc", ..)`, `+ (field: Type = default, ..)`,
/// `{ outcome: Kind "when" , .. }`, `[ form ; .. ]`. Form: ABI, `[number in 0.7.2, in 0.8.0]`
/// (`-` for none), contexts, `gas [0.7.2, 0.8.0]`, then optionally `(arguments) => request`,
/// `reply Style` and `outcomes { .. }`, each after a comma.
#[macro_export]
macro_rules! for_each_host_call {
    ($callback:ident) => {
        $callback! {
            /// Tells the gas that is left.
            Gas "gas" () + () {
                remaining: Value "the gas left after this call's own charge",
            } [
                paper [0, 0] in ALL, gas [flat(10), flat(48)];
                seed [0, 0] in ALL, gas [flat(10), flat(10)];
            ]

            /// Makes the pages between the heap's end and a page further up writable.
            GrowHeap "grow_heap" (
                end: u64 => "index of the page at which the heap is to end",
            ) + () {
                unchanged: Value "the heap's end: the wanted one is not above it or too high",
                out_of_gas_pages: OutOfGas "the pages to add are not covered",
                grown: Value "the wanted end; the pages below it are writable",
            } [
                paper [-, 1] in ALL, gas [flat(0), of(275, &[Term::per_page_added(121)])];
            ]

            /// Copies a part of the invocation's environment into memory.
            Fetch "fetch" (
                out: Window => "destination of the octets",
                kind: Option<FetchKind> => "the part of the environment",
                first: u64 => "first index, where the kind takes one",
                second: u64 => "second index, where the kind takes one",
            ) + () {
                panic_out: Panic "the octets to copy would go to inaccessible memory",
                none: None "this context has no such item",
                copied: Value "the item's full length; the part asked for is copied",
            } [
                paper [1, 2] in ALL, gas [flat(10), FETCH_080];
                seed [1, 1] in ALL, gas [of(10, &[Term::copied(8)]), of(10, &[Term::copied(8)])];
            ]

            /// Copies a preimage that a service has into memory.
            Lookup "lookup" (
                service: ServiceRef => "the service with the preimage",
                hash: HashPointer => "the preimage's hash",
                out: Window => "destination of the octets",
            ) + () {
                panic_hash: Panic "the hash is not readable",
                panic_out: Panic "the octets to copy would go to inaccessible memory",
                none: None "there is no such service, or it has no such preimage",
                copied: Value "the preimage's full length; the part asked for is copied",
            } [
                paper [2, 3] in ACCUMULATE, gas [flat(10), of(600, &[Term::per_kib(11, 248)])];
                seed [2, 2] in ALL, gas [of(10, &[Term::copied(8)]), of(10, &[Term::copied(8)])],
                    (
                        service: ServiceRef => "the service with the preimage",
                        hash: HashPointer => "the preimage's hash",
                        out: Output => "destination of the octets"
                    ) => Lookup { service, hash, out: out.into() };
            ]

            /// Copies a value from a service's storage into memory.
            Read "read" (
                service: ServiceRef => "the service with the storage",
                key: Slice => "the storage key",
                out: Window => "destination of the octets",
            ) + () {
                panic_key: Panic "the key is not readable",
                panic_out: Panic "the octets to copy would go to inaccessible memory",
                none: None "there is no such service, or it has nothing under the key",
                copied: Value "the value's full length; the part asked for is copied",
            } [
                paper [3, 4] in ACCUMULATE, gas [
                    flat(10),
                    of(2407, &[Term::per_kib(9, 1736), Term::per_kib(12, 248)])
                ];
                seed [4, 4] in ALL, gas [
                    of(1000, &[Term::copied(4)]),
                    of(1000, &[Term::copied(4)])
                ],
                    (
                        key: FixedKey => "the storage key, in the own storage",
                        out: Output => "destination of the octets"
                    ) => Read { service: ServiceRef::Own, key: key.into(), out: out.into() };
            ]

            /// Stores a value under a key of the own storage; an empty value deletes the key.
            Write "write" (
                key: Slice => "the storage key",
                value: Slice => "the value; length 0 deletes",
            ) + () {
                panic_key: Panic "the key is not readable",
                panic_value: Panic "the value is not readable",
                full: Full "the threshold balance would exceed the balance",
                created: None "there was nothing under the key",
                replaced: Value "the length of the value that was there",
            } [
                paper [4, 5] in ACCUMULATE, gas [
                    flat(10),
                    of(2442, &[Term::per_kib(8, 3358), Term::per_kib(10, 216)])
                ];
                seed [3, 3] in ALL, gas [
                    of(1000, &[Term::per_unit(9, 2)]),
                    of(1000, &[Term::per_unit(9, 2)])
                ],
                    (
                        key: FixedKey => "the storage key",
                        value: Slice => "the value; length 0 deletes"
                    ) => Write { key: key.into(), value },
                    reply Status,
                    outcomes {
                        huh: Huh "this context cannot write",
                        panic_key: Panic "the key is not readable",
                        panic_value: Panic "the value is not readable",
                        low: Low "the threshold balance would exceed the balance",
                        ok: Ok "the value is stored, or gone",
                    };
            ]

            /// Copies a service's account record (96 octets) into memory.
            Info "info" (
                service: ServiceRef => "the service",
                out: Window => "destination of the octets",
            ) + () {
                panic_out: Panic "the octets to copy would go to inaccessible memory",
                none: None "there is no such service",
                copied: Value "96; the part asked for is copied",
            } [
                paper [5, 6] in ACCUMULATE, gas [flat(10), flat(703)];
                seed [5, 5] in ALL, gas [flat(100), flat(100)],
                    (service: ServiceRef => "the service")
                    => Info { service, out: Window::NOWHERE },
                    reply Halves,
                    outcomes {
                        none: None "there is no such service; the other registers stay",
                        told: Value "r7..r12: balance, minimum gas, threshold balance; low, high",
                    };
            ]

            /// Copies a preimage into memory as it was available at the lookup anchor's time.
            HistoricalLookup "historical_lookup" (
                service: ServiceRef => "the service with the preimage",
                hash: HashPointer => "the preimage's hash",
                out: Window => "destination of the octets",
            ) + (
                slots_back: u64 = 0,
            ) {
                panic_hash: Panic "the hash is not readable",
                panic_out: Panic "the octets to copy would go to inaccessible memory",
                none: None "there is no such service, or the preimage was not available then",
                copied: Value "the preimage's full length; the part asked for is copied",
            } [
                paper [6, 7] in REFINE, gas [flat(10), of(1125, &[Term::per_kib(11, 264)])];
                seed [20, 20] in REFINE, gas [
                    of(10, &[Term::per_unit(7, 1), Term::copied(8)]),
                    of(10, &[Term::per_unit(7, 1), Term::copied(8)])
                ],
                    (
                        slots_back: u64 => "number of slots before the lookup anchor",
                        hash: HashPointer => "the preimage's hash, among the own preimages",
                        out: Output => "destination of the octets"
                    ) => HistoricalLookup {
                        service: ServiceRef::Own,
                        hash,
                        out: out.into(),
                        slots_back,
                    };
                deferred [6, 6] in REFINE, gas [flat(10), of(1125, &[Term::per_kib(11, 264)])];
            ]

            /// Appends a segment to the exports, padded with zeroes to 4104 octets.
            Export "export" (
                data: Slice => "the segment's octets; at most 4104 of them are taken",
            ) + (
                exact_length: Option<u64> = None,
            ) {
                panic_data: Panic "the octets are not readable",
                full: Full "the work package has reached its limit of exports",
                exported: Value "the segment's index within the work package",
            } [
                paper [7, 8] in REFINE, gas [flat(10), flat(3521)];
                seed [22, 22] in REFINE, gas [flat(1000), flat(1000)],
                    (data: Slice => "the segment, of exactly 4096 octets")
                    => Export { data, exact_length: Some(4096) },
                    outcomes {
                        panic_data: Panic "the octets are not readable",
                        who: Who "the length is not 4096 octets",
                        full: Full "the work package has reached its limit of exports",
                        exported: Value "the segment's index within the work package",
                    };
                deferred [7, 7] in REFINE, gas [flat(10), flat(3521)];
            ]

            /// Makes an inner machine with empty memory.
            Machine "machine" (
                program: Slice => "the program blob",
                pc: u64 => "initial program counter",
            ) + () {
                full: Full "63 machines are there" SINCE_080,
                panic_program: Panic "the blob is not readable",
                huh: Huh "the octets are not a program blob",
                huh_program: Huh "the program is not valid as a whole" SINCE_080,
                huh_position: Huh "no instruction starts at the position" SINCE_080,
                created: Value "the machine's handle, the lowest that is free",
            } [
                paper [8, 9] in REFINE, gas [flat(10), of(1862, &[Term::per_kib(8, 112)])];
                deferred [8, 8] in REFINE, gas [flat(10), of(1862, &[Term::per_kib(8, 112)])];
            ]

            /// Copies memory from an inner machine to the caller.
            Peek "peek" (
                machine: u64 => "the machine's handle",
                to: Pointer => "destination of the octets, in the caller's memory",
                from: u64 => "source, in the inner machine's memory",
                length: u64 => "number of octets",
            ) + () {
                panic_out: Panic "the caller's memory is not writable",
                who: Who "there is no such machine",
                oob: Oob "the inner memory is not readable",
                ok: Ok "the octets are copied",
            } [
                paper [9, 10] in REFINE, gas [flat(10), of(377, &[Term::per_kib(10, 336)])];
                deferred [9, 9] in REFINE, gas [flat(10), of(377, &[Term::per_kib(10, 336)])];
            ]

            /// Copies memory from the caller to an inner machine.
            Poke "poke" (
                machine: u64 => "the machine's handle",
                from: Pointer => "source of the octets, in the caller's memory",
                to: u64 => "destination, in the inner machine's memory",
                length: u64 => "number of octets",
            ) + () {
                panic_data: Panic "the caller's memory is not readable",
                who: Who "there is no such machine",
                oob: Oob "the inner memory is not writable",
                ok: Ok "the octets are copied",
            } [
                paper [10, 11] in REFINE, gas [flat(10), of(297, &[Term::per_kib(10, 224)])];
                deferred [10, 10] in REFINE, gas [flat(10), of(297, &[Term::per_kib(10, 224)])];
            ]

            /// Sets the access of an inner machine's pages: 0 none, 1 read, 2 read and write, each
            /// zeroed; 3 read, 4 read and write, contents kept.
            Pages "pages" (
                machine: u64 => "the machine's handle",
                first: u64 => "the first page's index",
                count: u64 => "number of pages",
                mode: u64 => "0 to 4",
            ) + () {
                who: Who "there is no such machine",
                huh_range: Huh "the mode is above 4, or a page is below 16 or beyond the memory",
                huh_inaccessible: Huh "the mode keeps contents and a page is inaccessible",
                ok: Ok "the pages are changed",
            } [
                paper [11, 12] in REFINE, gas [flat(10), PAGES_080];
                deferred [11, 11] in REFINE, gas [flat(10), PAGES_080];
            ]

            /// Runs an inner machine until it stops.
            Invoke "invoke" (
                machine: u64 => "the machine's handle",
                block: Pointer => "112 octets: gas, then 13 registers; rewritten at the end",
            ) + () {
                panic_block: Panic "the block is not writable",
                out_of_gas_inner: OutOfGas "the gas in the block is not covered" SINCE_080,
                who: Who "there is no such machine",
                host: Exit(Host) "it asks for a host call; r8 is the number",
                fault: Exit(Fault) "it touched an inaccessible page; r8 is its address",
                oog: Exit(OutOfGas) "it ran out of gas",
                panicked: Exit(Panic) "it panicked",
                halt: Exit(Halt) "it halted",
            } [
                paper [12, 13] in REFINE, gas [flat(10), of(968, &[Term::inner_gas()])];
                deferred [12, 12] in REFINE, gas [flat(10), of(968, &[Term::inner_gas()])];
            ]

            /// Removes an inner machine.
            Expunge "expunge" (
                machine: u64 => "the machine's handle",
            ) + () {
                who: Who "there is no such machine",
                removed: Value "the machine's program counter",
            } [
                paper [13, 14] in REFINE, gas [flat(10), flat(335)];
                deferred [13, 13] in REFINE, gas [flat(10), flat(335)];
            ]

            /// Sets the privileged services.
            Bless "bless" (
                manager: u64 => "the new manager",
                assigners: Pointer => "one service id (4 octets) for each core",
                delegator: u64 => "the new delegator",
                registrar: Option<u64> => "the new registrar",
                always: Pointer => "always-accumulate entries: service id (4 octets), gas (8)",
                always_count: u64 => "number of entries",
            ) + (
                by_manager_only: bool = false,
            ) {
                panic_assigners: Panic "the assigners are not readable",
                panic_always: Panic "the always-accumulate entries are not readable",
                who: Who "manager, delegator or registrar is not below 2^32",
                ok: Ok "the privileges are set",
            } [
                paper [14, 15] in ACCUMULATE, gas [flat(10), of(422, &[Term::per_unit(12, 20)])];
                seed [14, 14] in ACCUMULATE, gas [flat(10), flat(10)],
                    (
                        manager: u64 => "the new manager",
                        assigners: Pointer => "one service id (4 octets) for each core",
                        delegator: u64 => "the new delegator",
                        always: Pointer => "always-accumulate entries: id (4 octets), gas (8)",
                        always_count: u64 => "number of entries"
                    ) => Bless {
                        manager,
                        assigners,
                        delegator,
                        registrar: None,
                        always,
                        always_count,
                        by_manager_only: true,
                    },
                    outcomes {
                        panic_assigners: Panic "the assigners are not readable",
                        panic_always: Panic "the always-accumulate entries are not readable",
                        huh: Huh "the caller is not the manager",
                        who: Who "manager or delegator is not below 2^32",
                        ok: Ok "the privileges are set; the registrar stays",
                    };
            ]

            /// Sets a core's queue of authorizers and who may do so next.
            Assign "assign" (
                core: u64 => "the core",
                queue: Pointer => "80 hashes",
                assigner: Option<u64> => "the core's new assigner",
            ) + (
                count: Option<u64> = None,
            ) {
                panic_queue: Panic "the queue is not readable",
                core: Core "there is no such core",
                huh: Huh "the caller is not the core's assigner",
                who: Who "the new assigner is not below 2^32",
                ok: Ok "the queue and the assigner are set",
            } [
                paper [15, 16] in ACCUMULATE, gas [flat(10), flat(1818)];
                seed [16, 16] in ACCUMULATE, gas [flat(10), flat(10)],
                    (
                        core: u64 => "the core",
                        queue: Pointer => "hashes, repeated until the queue is full",
                        count: u64 => "number of hashes, 1 to 8"
                    ) => Assign { core, queue, assigner: None, count: Some(count) },
                    outcomes {
                        panic_queue: Panic "the hashes are not readable",
                        core: Who "there is no such core",
                        huh: Huh "the caller is not the core's assigner",
                        count: Who "the number of hashes is not 1 to 8",
                        ok: Ok "the queue is set; the assigner stays",
                    };
            ]

            /// Sets the validator keys of the epoch after next.
            Designate "designate" (
                keys: Pointer => "336 octets for each validator",
            ) + (
                count: Option<u64> = None,
                only_present_count: bool = false,
            ) {
                panic_keys: Panic "the keys are not readable",
                huh_count: Huh "there can be no such number of validators" SINCE_080,
                huh: Huh "the caller is not the delegator",
                ok: Ok "the keys are set",
            } [
                paper [16, -] in ACCUMULATE, gas [flat(10), flat(10)];
                paper [-, 17] in ACCUMULATE, gas [flat(10), of(1100, &[Term::per_unit(8, 302)])],
                    (
                        keys: Pointer => "336 octets for each validator",
                        count: u64 => "number of validators"
                    )
                    => Designate { keys, count: Some(count), only_present_count: false };
                seed [15, 15] in ACCUMULATE, gas [
                    of(10, &[Term::per_validator(100)]),
                    of(10, &[Term::per_validator(100)])
                ],
                    (
                        keys: Pointer => "336 octets for each validator",
                        count: u64 => "number of validators"
                    ) => Designate { keys, count: Some(count), only_present_count: true },
                    outcomes {
                        panic_keys: Panic "the keys are not readable",
                        huh: Huh "the caller is not the delegator",
                        who: Who "the count is not the number of validators",
                        ok: Ok "the keys are set",
                    };
            ]

            /// Makes the present state the one that a panic or lack of gas falls back to.
            Checkpoint "checkpoint" () + () {
                remaining: Value "the gas left after this call's own charge",
            } [
                paper [17, 18] in ACCUMULATE, gas [flat(10), flat(103)];
                seed [17, 17] in ACCUMULATE, gas [flat(1000), flat(1000)],
                    () => Checkpoint {},
                    reply Nothing,
                    outcomes { done: Nothing "the checkpoint is made; every register stays", };
            ]

            /// Creates a service, paid with its threshold balance.
            New "new" (
                code_hash: HashPointer => "the code's hash",
                code_length: u64 => "the code's length, below 2^32",
                min_accumulate_gas: u64 => "minimum gas for each work item",
                min_memo_gas: u64 => "minimum gas for each transfer",
                gratis: u64 => "waived part of the threshold balance; manager only",
                wanted_id: u64 => "the id wanted; heeded below 2^16 and from the registrar only",
            ) + (
                balance: Option<u64> = None,
            ) {
                panic_hash: Panic "the hash is not readable",
                panic_length: Panic "the code's length is not below 2^32",
                huh: Huh "gratis is not 0 and the caller is not the manager",
                cash: Cash "the balance left would be below the caller's threshold balance",
                full: Full "the registrar asks for an id that is taken",
                registered: Value "the id that the registrar asked for",
                created: Value "the new service's id",
            } [
                paper [18, 19] in ACCUMULATE, gas [flat(10), flat(3855)];
                seed [18, 18] in ACCUMULATE, gas [
                    of(10_081, &[Term::per_unit(12, 1)]),
                    of(10_081, &[Term::per_unit(12, 1)])
                ],
                    (
                        balance: LowHigh => "balance of the new service",
                        code_hash: HashPointer => "the code's hash",
                        min_gas: LowHigh => "minimum gas for each work item and each transfer",
                        code_length: u64 => "the code's length, below 2^32"
                    ) => New {
                        code_hash,
                        code_length,
                        min_accumulate_gas: min_gas.0,
                        min_memo_gas: min_gas.0,
                        gratis: 0,
                        wanted_id: u64::MAX,
                        balance: Some(balance.0),
                    },
                    outcomes {
                        panic_hash: Panic "the hash is not readable",
                        panic_length: Panic "the code's length is not below 2^32",
                        low: Low "the new or the remaining balance would be below its threshold",
                        created: Value "the new service's id",
                    };
            ]

            /// Sets the own code hash and gas minima.
            Upgrade "upgrade" (
                code_hash: HashPointer => "the new code's hash",
                min_accumulate_gas: Option<u64> => "minimum gas for each work item",
                min_memo_gas: Option<u64> => "minimum gas for each transfer",
            ) + (
                service: ServiceRef = ServiceRef::Own,
            ) {
                panic_hash: Panic "the hash is not readable",
                ok: Ok "the account is changed",
            } [
                paper [19, 20] in ACCUMULATE, gas [flat(10), flat(1028)];
                seed [19, 19] in ACCUMULATE, gas [flat(1000), flat(1000)],
                    (
                        service: ServiceRef => "the service; only the own one is allowed",
                        code_hash: HashPointer => "the new code's hash"
                    ) => Upgrade {
                        service,
                        code_hash,
                        min_accumulate_gas: None,
                        min_memo_gas: None,
                    },
                    outcomes {
                        panic_hash: Panic "the hash is not readable",
                        who: Who "there is no such service",
                        huh: Huh "it is another service",
                        ok: Ok "the code hash is set; the gas minima stay",
                    };
            ]

            /// Sends balance to another service; it arrives with gas and a memo.
            Transfer "transfer" (
                to: u64 => "the receiving service",
                amount: u64 => "balance",
                gas_limit: u64 => "gas given to the receiver; charged here when the call succeeds",
                memo: Pointer => "128 octets",
            ) + () {
                panic_memo: Panic "the memo is not readable",
                who: Who "there is no such service",
                low: Low "the gas is below the receiver's minimum",
                cash: Cash "the balance left would be below the caller's threshold balance",
                out_of_gas_limit: OutOfGas "it would succeed, but its gas limit is not covered",
                ok: Ok "the transfer is on its way",
            } [
                paper [20, 21] in ACCUMULATE, gas [
                    of(10, &[Term::on_success(9)]),
                    of(575, &[Term::on_success(9)])
                ];
                deferred [20, 20] in ACCUMULATE, gas [
                    of(10, &[Term::on_success(9)]),
                    of(575, &[Term::on_success(9)])
                ];
            ]

            /// Removes a service that has given itself up and takes over its balance.
            Eject "eject" (
                service: u64 => "the service to remove, whose code hash is the caller's id",
                hash: HashPointer => "the hash of its one remaining preimage request",
            ) + () {
                panic_hash: Panic "the hash is not readable",
                who: Who "there is no such other service, or its code hash is not the caller's id",
                huh_footprint: Huh "more than the one request is left, or it is another one",
                ok: Ok "the service is gone",
                huh_early: Huh "the request was not forgotten, or not long enough ago",
            } [
                paper [21, 22] in ACCUMULATE, gas [flat(10), flat(458)];
                deferred [21, 21] in ACCUMULATE, gas [flat(10), flat(458)];
            ]

            /// Tells the state of one of the own preimage requests, in r7 and r8.
            Query "query" (
                hash: HashPointer => "the preimage's hash",
                length: u64 => "its length",
            ) + () {
                huh_length: Huh "the length is not below 2^32; r8 stays" SINCE_080,
                panic_hash: Panic "the hash is not readable",
                none: None "there is no such request; r8 is 0",
                requested: Value "0: requested, not there yet; r8 is 0",
                available: Value "1 + 2^32*x: there since x; r8 is 0",
                unavailable: Value "2 + 2^32*x, r8 = y: there from x until y",
                available_again: Value "3 + 2^32*x, r8 = y + 2^32*z: there from x to y and since z",
            } [
                paper [22, 23] in ACCUMULATE, gas [flat(10), flat(643)];
                deferred [22, 22] in ACCUMULATE, gas [flat(10), flat(643)];
            ]

            /// Requests a preimage.
            Solicit "solicit" (
                hash: HashPointer => "the preimage's hash",
                length: u64 => "its length",
            ) + () {
                huh_length: Huh "the length is not below 2^32" SINCE_080,
                panic_hash: Panic "the hash is not readable",
                huh: Huh "it is requested or available already",
                full: Full "the threshold balance, or the length, is too high",
                requested: Ok "the request is made",
                requested_again: Ok "a forgotten preimage is available again from now on",
            } [
                paper [23, 24] in ACCUMULATE, gas [flat(10), flat(2193)];
                deferred [23, 23] in ACCUMULATE, gas [flat(10), flat(2193)];
            ]

            /// Gives up a preimage request: step by step from available to forgotten to gone.
            Forget "forget" (
                hash: HashPointer => "the preimage's hash",
                length: u64 => "its length",
            ) + () {
                huh_length: Huh "the length is not below 2^32" SINCE_080,
                panic_hash: Panic "the hash is not readable",
                dropped: Ok "a request that was never met is gone",
                expunged: Ok "a preimage forgotten long enough ago is gone",
                forgotten: Ok "an available preimage is unavailable from now on",
                forgotten_again: Ok "a preimage available again is unavailable from now on",
                huh: Huh "there is no such request, or it was forgotten too recently",
            } [
                paper [24, 25] in ACCUMULATE, gas [flat(10), flat(3250)];
                deferred [24, 24] in ACCUMULATE, gas [flat(10), flat(3250)];
            ]

            /// Sets the hash that this accumulation outputs.
            Yield "yield" (
                hash: HashPointer => "the output",
            ) + () {
                panic_hash: Panic "the hash is not readable",
                ok: Ok "the output is set",
            } [
                paper [25, 26] in ACCUMULATE, gas [flat(10), flat(98)];
                deferred [25, 25] in ACCUMULATE, gas [flat(10), flat(98)];
            ]

            /// Provides a preimage that a service has requested.
            Provide "provide" (
                service: ServiceRef => "the service with the request",
                data: Slice => "the preimage",
            ) + () {
                huh_length: Huh "the length is not below 2^32" SINCE_080,
                panic_data: Panic "the preimage is not readable",
                who: Who "there is no such service",
                huh_request: Huh "the service has no open request for it",
                huh_provided: Huh "it has been provided already",
                ok: Ok "the preimage will be integrated",
            } [
                paper [26, 27] in ACCUMULATE, gas [
                    flat(10),
                    of(3980, &[Term::per_kib(9, 2264)])
                ];
                deferred [26, 26] in ACCUMULATE, gas [
                    flat(10),
                    of(3980, &[Term::per_kib(9, 2264)])
                ];
            ]

            /// Runs a child program with an input, up to a gas limit, and copies its output out.
            InvokeChild "invoke_child" (
                code_hash: HashPointer => "hash of the child's code, among the own preimages",
                input: Slice => "the child's arguments",
                gas_limit: u64 => "the child's gas limit",
                out: Output => "destination of the child's output",
            ) + () {
                panic_hash: Panic "the hash is not readable",
                panic_input: Panic "the input is not readable",
                none: None "the code was not available then; r8 and r9 stay",
                low: Low "the limit is above the gas left; r8 and r9 stay",
                host: Exit(Host) "it made a host call; r8 is its gas left, r9 is 0",
                fault: Exit(Fault) "it touched an inaccessible page; r8 is its gas left, r9 is 0",
                oog: Exit(OutOfGas) "it ran out of gas; r8 and r9 are 0",
                panicked: Exit(Panic) "it panicked, or is no program; r8 is its gas left, r9 is 0",
                panic_out: Panic "the octets to copy would go to inaccessible memory",
                halt: Exit(Halt) "it halted; r8 is its gas left, r9 its output's full length",
            } [
                seed [21, 21] in REFINE, gas [
                    of(10, &[Term::inner_gas()]),
                    of(10, &[Term::inner_gas()])
                ];
            ]

            /// Hands a message to the operator's log (JIP-1); the guest sees an unknown call.
            Log "log" (
                level: u64 => "0 (fatal) to 4 (pedantic)",
                target: Slice => "the part of the guest that logs; address 0 and length 0 for none",
                message: Slice => "the message",
            ) + () {
                logged: What "always; the message is logged if all of it is readable",
            } [
                paper [100, 100] in ALL, gas [flat(10), flat(1000)];
                deferred [100, 100] in ALL, gas [flat(10), flat(10)];
            ]
        }
    };
}
