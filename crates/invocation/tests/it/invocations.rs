//! The three invocations on the engine: arguments, code, gas, outcomes, and the choice of the
//! context.

use jambox_engine::{Exit, Instance};
use jambox_invocation::{
    Accumulated, Authorized, CallEnded, CallStarted, Cause, End, Failure, Finished, HostError,
    Invocation, Limits, LogLine, Machine, NoCode, Observer, RefineCall, Refined, Started,
    accumulate, is_authorized,
};
use jambox_state::{Blob, RequestHistory};
use jambox_types::{
    AccumulateInput, Balance, CoreIndex, DeferredTransfer, Gas, Hash, Memo, ServiceId, TimeSlot,
    WorkError,
};

use crate::backends::environment;
use crate::guest::WHAT;
use crate::program::{
    DATA, HALT, LOOP, STACK, STORE, TRAP, blob, ecalli, load_imm, load_imm_64, standard,
    with_metadata,
};
use crate::world::{Block, GAS, OTHER, SELF, SLOT, Work, preimage};

/// Records the ends of invocations.
#[derive(Default)]
struct Ends(Vec<(End, u64)>);

impl Observer for Ends {
    fn invocation_ended(&mut self, finished: &Finished<'_>) {
        self.0.push((finished.end.clone(), finished.gas_used));
    }
}

/// The work whose items run `code`, and whose authorizer does too.
fn work(code: &[u8]) -> Work {
    let mut work = Work::new();
    for service in [SELF, OTHER] {
        preimage(&mut work.accounts, service, code, RequestHistory::Available(TimeSlot(0)));
    }
    work.package.auth_code_hash = Hash::blake2b(code);
    work.package.items.iter_mut().for_each(|item| item.code_hash = Hash::blake2b(code));
    work
}

fn authorize(work: &Work) -> Authorized {
    let env = environment(work.protocol);
    is_authorized(&env, &work.data(), CoreIndex(300), &work.accounts, &mut ()).unwrap()
}

fn refine(code: &[u8]) -> Refined {
    let work = work(code);
    work.refine_in(&environment(work.protocol), 1)
}

/// The block in which [`SELF`] has `code`.
fn block(code: &[u8]) -> Block {
    let mut block = Block::new();
    preimage(block.accounts(), SELF, code, RequestHistory::Available(TimeSlot(0)));
    block.accounts().update(SELF, |own| own.code_hash = Hash::blake2b(code)).unwrap();
    block
}

fn run(block: Block, observer: &mut dyn Observer) -> Accumulated {
    let env = environment(block.protocol);
    accumulate(&env, block.call(), observer).unwrap()
}

/// Code with metadata, and these instructions at both entry points, 0 and 5.
fn code<T: AsRef<[u8]>>(read_only: &[u8], instructions: &[T]) -> Vec<u8> {
    let instructions: Vec<&[u8]> = instructions.iter().map(AsRef::as_ref).collect();
    let at_five = [&[&[40u8, 5, 0, 0, 0][..]], &instructions[..]].concat();
    with_metadata(b"metadata", &standard(read_only, &at_five))
}

#[test]
fn arguments_are_encoded_as_the_paper_says() {
    // A program that halts at once returns its arguments.
    let halt = with_metadata(b"", &standard(b"", &[HALT]));
    // The core in two octets.
    assert_eq!(authorize(&work(&halt)).result, Ok(vec![0x2c, 1]));
    // Core 3, item 1, service 65,600 as naturals, the payload, the package's hash.
    let work = work(&halt);
    let expected =
        [&[3, 1, 0xc1, 0x40, 0x00][..], b"\x09payload 1", &work.package.hash(&work.protocol).0];
    let refined = work.refine_in(&environment(work.protocol), 1);
    assert_eq!(refined.result, Ok(expected.concat()));
    // Slot 100,000, service 65,600, number of inputs, as naturals.
    let mut ends = Ends::default();
    let mut block = block(&code(b"", &[HALT]));
    block.inputs = vec![transfer(1); 200];
    run(block, &mut ends);
    let [(End::Halt(output), 1)] = ends.0.as_slice() else { panic!("{:?}", ends.0) };
    assert_eq!(*output, [0xc1, 0xa0, 0x86, 0xc1, 0x40, 0x00, 0x80, 200]);
}

fn transfer(amount: u64) -> AccumulateInput {
    AccumulateInput::Transfer(DeferredTransfer {
        source: OTHER,
        destination: SELF,
        amount: Balance(amount),
        memo: Memo([0; 128]),
        gas_limit: Gas(0),
    })
}

#[test]
fn gas_used_is_exact() {
    // The jump to the start, then two instructions.
    let refined = refine(&code(b"", &[load_imm(8, 0), HALT.to_vec()]));
    assert_eq!((refined.result, refined.gas_used), (Ok(Vec::new()), Gas(3)));
    // A host call costs its instruction and ten.
    let refined = refine(&code(b"", &[&ecalli(0), &load_imm(8, 0)[..], HALT]));
    assert_eq!((refined.result, refined.gas_used), (Ok(Vec::new()), Gas(14)));
    // A failing instruction is charged.
    let refined = refine(&code(b"", &[TRAP]));
    assert_eq!((refined.result, refined.gas_used), (Err(WorkError::Panic), Gas(2)));
    let refined = refine(&code(b"", &[STORE]));
    assert_eq!((refined.result, refined.gas_used), (Err(WorkError::Panic), Gas(2)));
    // Running out of gas uses all of it.
    let refined = refine(&code(b"", &[LOOP]));
    assert_eq!((refined.result, refined.gas_used), (Err(WorkError::OutOfGas), Gas(GAS)));
    assert!(matches!(refined.failure.unwrap().cause, Cause::Exit(Exit::OutOfGas)));
}

#[test]
fn gas_limits_are_those_of_the_item_and_the_parameters() {
    let looping = code(b"", &[LOOP]);
    let mut work = work(&looping);
    work.package.items[1].refine_gas_limit = Gas(77);
    let refined = work.refine_in(&environment(work.protocol), 1);
    assert_eq!(refined.gas_used, Gas(77));
    work.protocol.parameters.is_authorized_gas = 5000;
    let authorized = authorize(&work);
    assert_eq!(authorized.gas_used, Gas(5000));
    assert_eq!(authorized.result, Err(WorkError::OutOfGas));
    let halting = code(b"", &[HALT]);
    let mut block = block(&halting).call();
    block.gas = Gas(0);
    let env = environment(jambox_types::Protocol::new(
        jambox_types::Revision::GrayPaper072,
        jambox_types::Parameters::FULL,
    ));
    let after = accumulate(&env, block, &mut ()).unwrap();
    assert_eq!(after.gas_used, Gas(0));
    assert!(after.failure.unwrap().is_out_of_gas());
}

#[test]
fn output_is_what_two_registers_name() {
    let output = |address, length| {
        refine(&code(b"read-only", &[&load_imm(7, address)[..], &load_imm(8, length), HALT])).result
    };
    assert_eq!(output(DATA, 9), Ok(b"read-only".to_vec()));
    assert_eq!(output(DATA, 0), Ok(Vec::new()));
    // Not readable in full: empty.
    assert_eq!(output(DATA, 4097), Ok(Vec::new()));
    assert_eq!(output(0, 1), Ok(Vec::new()));
    // Sign-extended: nearly 2^64 octets.
    assert_eq!(output(DATA, u32::MAX), Ok(Vec::new()));
}

#[test]
fn code_that_is_not_there_is_bad() {
    let halt = code(b"", &[HALT]);
    let refused = |work: &Work| {
        let refined = work.refine_in(&environment(work.protocol), 1);
        let authorized = authorize(work);
        assert_eq!((refined.gas_used, authorized.gas_used), (Gas(0), Gas(0)));
        assert!(refined.failure.is_none() && authorized.failure.is_none());
        (refined.result.unwrap_err(), authorized.result.unwrap_err())
    };
    let bad = (WorkError::BadCode, WorkError::BadCode);
    // No such service.
    let mut nobody = work(&halt);
    nobody.package.items[1].service = ServiceId(1);
    nobody.package.auth_code_host = ServiceId(1);
    assert_eq!(refused(&nobody), bad);
    // No such preimage.
    let mut unknown = work(&halt);
    unknown.package.items[1].code_hash = Hash([1; 32]);
    unknown.package.auth_code_hash = Hash([1; 32]);
    assert_eq!(refused(&unknown), bad);
    // Not at that time.
    let mut early = work(&halt);
    early.package.context.lookup_anchor_slot = TimeSlot(99);
    for service in [SELF, OTHER] {
        let history = RequestHistory::Available(TimeSlot(100));
        preimage(&mut early.accounts, service, &halt, history);
    }
    assert_eq!(refused(&early), bad);
    // Metadata whose length field exceeds the code.
    assert_eq!(refused(&work(&[5, 1, 2, 3, 4])), bad);
    assert_eq!(refused(&work(&[])), bad);
}

/// Code of this many octets: metadata of 8 octets with their length, then a program that halts.
fn sized(octets: usize) -> Vec<u8> {
    let overhead = code(b"", &[HALT]).len();
    let code = code(&vec![0; octets - overhead], &[HALT]);
    assert_eq!(code.len(), octets);
    code
}

#[test]
fn code_that_is_too_large_is_big() {
    // The limit of refine includes metadata.
    assert!(refine(&sized(4_000_000)).result.is_ok());
    let refined = refine(&sized(4_000_001));
    assert_eq!((refined.result, refined.gas_used), (Err(WorkError::BigCode), Gas(0)));
    // The limit of the authorizer does not include them.
    assert!(authorize(&work(&sized(64_000 + 9))).result.is_ok());
    let authorized = authorize(&work(&sized(64_000 + 10)));
    assert_eq!((authorized.result, authorized.gas_used), (Err(WorkError::BigCode), Gas(0)));
    // Nor does the limit of accumulate.
    let after = run(block(&sized(4_000_000 + 9)), &mut ());
    assert_eq!((after.no_code, after.gas_used), (None, Gas(1)));
    let after = run(block(&sized(4_000_000 + 10)), &mut ());
    assert_eq!((after.no_code, after.gas_used), (Some(NoCode::TooBig(4_000_001)), Gas(0)));
}

#[test]
fn what_is_not_a_program_panics_for_nothing() {
    let bad_blob = |octets: &[u8]| {
        let good = standard(b"", &[HALT]);
        let blob = blob(&[HALT]);
        with_metadata(b"", &[&good[..good.len() - blob.len()], octets].concat())
    };
    let mut cut = code(b"", &[HALT]);
    cut.pop();
    for code in [with_metadata(b"", b""), cut, bad_blob(&[0, 0, 2, 50, 0, 5])] {
        let refined = refine(&code);
        assert_eq!((refined.result, refined.gas_used), (Err(WorkError::Panic), Gas(0)));
        assert!(matches!(refined.failure.unwrap().cause, Cause::NotAProgram(_)));
        let after = run(block(&code), &mut ());
        assert_eq!((after.no_code, after.gas_used), (None, Gas(0)));
        assert!(after.failure.is_some());
    }
}

#[test]
fn accumulation_without_code_keeps_the_incoming_balance() {
    let mut block = Block::new();
    block.inputs = vec![transfer(5), transfer(7)];
    block.accounts().update(SELF, |own| own.code_hash = Hash([9; 32])).unwrap();
    let after = run(block, &mut ());
    assert_eq!((after.no_code, after.gas_used), (Some(NoCode::Unavailable), Gas(0)));
    assert_eq!((after.yielded, after.transfers.len()), (None, 0));
    let own = after.state.accounts.get(SELF).unwrap().unwrap();
    assert_eq!(own.balance, Balance(1_000_012));
    // The guest sees the credit before it runs.
    let mut block = Block::new();
    block.inputs = vec![transfer(5), transfer(7)];
    block.run(|guest| {
        guest.returns(5, &[u64::MAX, 0x2_0000, 32, 8], 96);
        assert_eq!(guest.get(0x2_0000, 8), 1_000_012u64.to_le_bytes());
    });
    // Nobody to credit.
    let mut call = Block::new().call();
    call.service = ServiceId(1);
    call.inputs = vec![transfer(5)];
    let env = environment(jambox_types::Protocol::new(
        jambox_types::Revision::GrayPaper072,
        jambox_types::Parameters::FULL,
    ));
    let after = accumulate(&env, call, &mut ()).unwrap();
    assert_eq!(after.no_code, Some(NoCode::NoService));
}

/// Accumulation outputs of the programs below, at [`DATA`].
const HASHES: [[u8; 32]; 2] = [[0xa1; 32], [0xa2; 32]];

fn yield_hash(index: u32) -> Vec<Vec<u8>> {
    vec![load_imm(7, DATA + 32 * index), ecalli(25).to_vec()]
}

fn yielding(steps: &[Vec<Vec<u8>>]) -> Accumulated {
    run(block(&code(&HASHES.concat(), &steps.concat())), &mut ())
}

#[test]
fn halting_keeps_the_regular_context_and_failing_the_checkpoint() {
    let end = |step: &[u8]| vec![load_imm(7, 0), load_imm(8, 0), step.to_vec()];
    let checkpoint = || vec![ecalli(17).to_vec()];
    let regular = yielding(&[yield_hash(0), checkpoint(), yield_hash(1), end(HALT)]);
    assert_eq!(regular.yielded, Some(Hash(HASHES[1])));
    let panicked = yielding(&[yield_hash(0), checkpoint(), yield_hash(1), end(TRAP)]);
    assert_eq!(panicked.yielded, Some(Hash(HASHES[0])));
    assert!(!panicked.failure.unwrap().is_out_of_gas());
    // A jump must lead to the start of a block: `fallthrough` makes one.
    let endless = || vec![vec![1], LOOP.to_vec()];
    let out_of_gas = yielding(&[yield_hash(0), checkpoint(), yield_hash(1), endless()]);
    assert_eq!(out_of_gas.yielded, Some(Hash(HASHES[0])));
    assert!(out_of_gas.failure.unwrap().is_out_of_gas());
    // Without a checkpoint no effect is kept.
    assert_eq!(yielding(&[yield_hash(0), end(TRAP)]).yielded, None);
}

#[test]
fn a_failure_undoes_state_transfers_and_provisions_too() {
    // Write the key [0xa1; 32], send 1 to the other service, provide 32 octets; trap.
    let mut instructions = Vec::new();
    let mut call = |number: u8, arguments: &[u32]| {
        let registers = (7..).zip(arguments).map(|(register, value)| load_imm(register, *value));
        instructions.extend(registers);
        instructions.push(ecalli(number).to_vec());
    };
    call(4, &[DATA, 32, DATA, 32]);
    call(20, &[OTHER.0, 1, 0x22, DATA]);
    call(26, &[u32::MAX, DATA, 32]);
    let data = [HASHES.concat(), vec![0; 64]].concat();
    let run = |end: &[u8]| {
        let mut steps = instructions.clone();
        steps.extend([load_imm(8, 0), end.to_vec()]);
        let mut block = block(&code(&data, &steps));
        let hash = Hash::blake2b(&HASHES[0]);
        crate::world::request(block.accounts(), SELF, hash, 32, RequestHistory::Requested);
        let before = block.state.clone();
        (run(block, &mut ()), before)
    };
    let (done, before) = run(HALT);
    assert_eq!((done.transfers.len(), done.provisions.len()), (1, 1));
    assert!(!before.diff(&done.state).unwrap().is_empty());
    let (undone, before) = run(TRAP);
    assert_eq!((undone.transfers.len(), undone.provisions.len()), (0, 0));
    assert_eq!(before.diff(&undone.state).unwrap(), []);
}

#[test]
fn an_output_of_32_octets_is_yielded() {
    let ending = |length| vec![load_imm(7, DATA + 32), load_imm(8, length), HALT.to_vec()];
    assert_eq!(yielding(&[yield_hash(0), ending(32)]).yielded, Some(Hash(HASHES[1])));
    for length in [0, 31, 33] {
        assert_eq!(yielding(&[yield_hash(0), ending(length)]).yielded, Some(Hash(HASHES[0])));
    }
    assert_eq!(yielding(&[ending(31)]).yielded, None);
}

#[test]
fn calls_that_a_context_does_not_offer_answer_what() {
    let is_authorized = [0, 1, 100];
    let refine = [0, 1, 6, 7, 8, 9, 10, 11, 12, 13, 100];
    let accumulate: Vec<u64> = (0..=5).chain(14..=26).chain([100]).collect();
    let others = |offered: &[u64]| -> Vec<u64> {
        let numbers = (0..200).chain([1 << 32, u64::MAX]);
        numbers.filter(|number| !offered.contains(number)).collect()
    };
    let (first, second) = (others(&is_authorized), others(&refine));
    let third = others(&accumulate);
    Work::new().authorize(move |guest| first.iter().for_each(|n| guest.answers(*n, &[], WHAT)));
    Work::new().refine(move |guest| second.iter().for_each(|n| guest.answers(*n, &[], WHAT)));
    Block::new().run_in_vain(move |guest| {
        third.iter().for_each(|number| guest.answers(*number, &[], WHAT));
        guest.runs_out_below(10, 77, &[]);
    });
}

/// Records all events.
#[derive(Default)]
struct Diary(Vec<String>);

impl Diary {
    fn note(&mut self, line: impl Into<String>) {
        self.0.push(line.into());
    }
}

impl Observer for Diary {
    fn invocation_started(&mut self, started: &Started<'_>) {
        let Started { invocation, entry_pc, gas_limit, .. } = started;
        assert_eq!(*invocation, Invocation::Accumulate { slot: SLOT, service: SELF });
        assert_eq!(Hash::blake2b(started.code), started.code_hash);
        assert!(started.code.ends_with(started.program));
        self.note(format!("start at {entry_pc} with {gas_limit}"));
    }

    fn run(&mut self, machine: Machine, instance: &mut Instance) -> Exit {
        let exit = instance.run();
        self.note(format!("{machine:?}: {exit}"));
        exit
    }

    fn host_call_started(&mut self, call: &CallStarted<'_>) {
        let name = call.form.map_or("unknown", |form| form.call.name());
        self.note(format!("{} {name} at {:?} with {}", call.number, call.pc, call.gas));
        assert_eq!(call.request.is_some(), call.form.is_some());
    }

    fn memory_read(&mut self, address: u64, octets: &[u8]) {
        self.note(format!("read {} at {address:#x}", octets.len()));
    }

    fn memory_written(&mut self, address: u64, octets: &[u8]) {
        self.note(format!("wrote {} at {address:#x}", octets.len()));
    }

    fn host_call_ended(&mut self, call: &CallEnded<'_>) {
        let outcome = match call.reply {
            Ok(_) => format!("r7 = {}", call.registers[7] as i64),
            Err(stop) => stop.to_string(),
        };
        self.note(format!("{}: {outcome}, {} left", call.number, call.gas));
    }

    fn log(&mut self, line: &LogLine<'_>) {
        let text = String::from_utf8_lossy(line.message);
        self.note(format!("{} {:?} {text}", line.level, line.target));
    }

    fn stopped(&mut self, instance: &Instance, failure: Option<&Failure>) {
        let cause = failure.map(|failure| &failure.cause);
        self.note(format!("stopped at {}: {cause:?}", instance.pc()));
    }

    fn invocation_ended(&mut self, finished: &Finished<'_>) {
        self.note(format!("used {}", finished.gas_used));
    }
}

#[test]
fn observers_are_told_everything_in_order() {
    let steps = [
        load_imm(7, 4),
        load_imm(11, 5),
        load_imm(10, DATA),
        load_imm(8, 0),
        load_imm(9, 0),
        ecalli(100).to_vec(),
        ecalli(6).to_vec(),
        load_imm(7, 0x4_0000),
        ecalli(25).to_vec(),
    ];
    let mut diary = Diary::default();
    let after = run(block(&code(b"hello", &steps)), &mut diary);
    assert_eq!(
        diary.0,
        [
            "start at 5 with 1000000",
            "Outer: host call 100",
            "100 log at Some(35) with 999994",
            "read 5 at 0x10000",
            "TRACE None hello",
            "100: r7 = -2, 999984 left",
            "Outer: host call 6",
            "6 unknown at Some(37) with 999983",
            "6: r7 = -2, 999973 left",
            "Outer: host call 25",
            "25 yield at Some(45) with 999971",
            "25: the hash: 32 octets at 0x40000 are not readable, 999961 left",
            "stopped at 45: Some(HostCallPanic { number: 25, call: Some(Yield), reason: Memory \
             { what: \"the hash\", address: 262144, length: 32, access: Readable } })",
            "used 39",
        ]
    );
    let failure = after.failure.unwrap();
    let machine = failure.machine.unwrap();
    assert_eq!((machine.pc, machine.gas, machine.registers[7]), (45, 999_961, 0x4_0000));
    assert_eq!(machine.instruction.to_string(), "ecalli 25");
}

#[test]
fn failures_say_where_and_why() {
    let cause = |steps: &[&[u8]]| *refine(&code(b"", steps)).failure.unwrap();
    let fault = cause(&[STORE]);
    assert!(matches!(fault.cause, Cause::Exit(Exit::PageFault(0x2_0000))));
    let instruction = fault.machine.unwrap().instruction;
    assert!(instruction.to_string().starts_with("store_u8"), "{instruction}");
    let trap = cause(&[TRAP]);
    assert!(matches!(trap.cause, Cause::Exit(Exit::Panic)));
    assert_eq!(trap.machine.unwrap().pc, 5);
    // An export of unreadable memory.
    let panicked = cause(&[&load_imm(7, 0), &load_imm(8, 1), &ecalli(7)]);
    assert!(matches!(panicked.cause, Cause::HostCallPanic { number: 7, .. }));
    // Two gas left before a host call.
    let mut work = work(&code(b"", &[&ecalli(0)[..], HALT]));
    work.package.items[1].refine_gas_limit = Gas(4);
    let refined = work.refine_in(&environment(work.protocol), 1);
    assert_eq!((refined.result, refined.gas_used), (Err(WorkError::OutOfGas), Gas(4)));
    let failure = refined.failure.unwrap();
    assert!(matches!(failure.cause, Cause::HostCallOutOfGas { number: 0, price: 10, left: 2, .. }));
    assert_eq!(failure.machine.unwrap().gas, 0);
}

#[test]
fn exports_of_a_failed_refinement_are_dropped() {
    let export = [&load_imm(7, DATA)[..], &load_imm(8, 3), &ecalli(7), &load_imm(8, 0)];
    let refined = refine(&code(b"abc", &[&export[..], &[HALT]].concat()));
    assert_eq!(refined.exports.len(), 1);
    assert_eq!(&refined.exports[0][..4], b"abc\0");
    let refined = refine(&code(b"abc", &[&export[..], &[TRAP]].concat()));
    assert_eq!(refined.exports, Vec::<Blob>::new());
}

#[test]
fn limits_of_the_host_are_its_failures_and_no_outcomes() {
    let inner = blob(&[HALT]);
    let length = load_imm(8, inner.len() as u32);
    let steps: [&[u8]; 4] = [&load_imm(7, DATA), &length, &load_imm(9, 0), &ecalli(8)];
    let making = |machines: usize| {
        let end = load_imm(8, 0);
        let steps = [&steps.repeat(machines)[..], &[&end, HALT]].concat();
        work(&code(&inner, &steps))
    };
    let limited = |limits, work: &Work| {
        let env = environment(work.protocol).with_limits(limits);
        let (data, trace) = (work.data(), Blob::from([]));
        let call = RefineCall {
            package: &data,
            item: 1,
            core: CoreIndex(3),
            trace: &trace,
            export_offset: 0,
            accounts: &work.accounts,
        };
        jambox_invocation::refine(&env, call, &mut ()).map(|refined| refined.result)
    };
    let machines = Limits { inner_machines: 3, ..Limits::default() };
    assert_eq!(limited(machines, &making(3)).unwrap(), Ok(Vec::new()));
    assert!(matches!(limited(machines, &making(4)), Err(HostError::TooManyMachines(3))));
    let octets = |inner_code| Limits { inner_code, ..Limits::default() };
    assert!(matches!(limited(octets(5), &making(1)), Err(HostError::TooMuchInnerCode(5))));
    // Machines of one blob share its code.
    assert_eq!(limited(octets(6), &making(5)).unwrap(), Ok(Vec::new()));

    // An endless loop with 1000 gas, and one with all the gas there is.
    let inner = blob(&[LOOP]);
    let looping = |gas: u64| {
        let length = load_imm(8, inner.len() as u32);
        let store_u64 = [&[62u8, 2][..], &(STACK as u32).to_le_bytes()].concat();
        let (set, place) = (load_imm_64(2, gas), load_imm_64(8, STACK));
        let make: [&[u8]; 4] = [&load_imm(7, DATA), &length, &load_imm(9, 0), &ecalli(8)];
        let run: [&[u8]; 4] = [&set, &store_u64, &place, &ecalli(12)];
        work(&code(&inner, &[&make[..], &run, &[&load_imm(8, 0), HALT]].concat()))
    };
    let gas = |inner_gas| Limits { inner_gas, ..Limits::default() };
    assert_eq!(limited(gas(1000), &looping(1000)).unwrap(), Ok(Vec::new()));
    for (limit, given) in [(999, 1000), (5000, u64::MAX)] {
        let ended = limited(gas(limit), &looping(given));
        assert!(matches!(ended, Err(HostError::TooMuchInnerGas(at)) if at == limit));
    }
    // Two machines with ten pages each; in the last case the first frees its pages before.
    let inner = blob(&[HALT]);
    let set = |register: u8, value: u8| vec![51, register, value];
    let length = set(8, inner.len() as u8);
    let make = || vec![load_imm(7, DATA), length.clone(), set(9, 0), ecalli(8).to_vec()];
    let pages = |machine: u8, mode: u8| {
        let arguments = [machine, 16, 10, mode];
        let mut steps: Vec<_> = (7..).zip(arguments).map(|(to, it)| set(to, it)).collect();
        steps.push(ecalli(11).to_vec());
        steps
    };
    let granting = |between: Vec<Vec<u8>>| {
        let end = vec![set(8, 0), HALT.to_vec()];
        let steps = [make(), make(), pages(0, 2), between, pages(1, 1), pages(1, 2), end];
        work(&code(&inner, &steps.concat()))
    };
    let limits = |inner_pages| Limits { inner_pages, ..Limits::default() };
    assert_eq!(limited(limits(20), &granting(Vec::new())).unwrap(), Ok(Vec::new()));
    let ended = limited(limits(19), &granting(Vec::new()));
    assert!(matches!(ended, Err(HostError::TooManyInnerPages(19))));
    for gives_back in [pages(0, 0), vec![set(7, 0), ecalli(13).to_vec()]] {
        assert_eq!(limited(limits(10), &granting(gives_back)).unwrap(), Ok(Vec::new()));
    }
}

#[test]
fn an_environment_can_be_used_again_and_again() {
    let env = environment(jambox_types::Protocol::new(
        jambox_types::Revision::GrayPaper072,
        jambox_types::Parameters::FULL,
    ));
    let halt = work(&code(b"", &[HALT]));
    let other = work(&code(b"data", &[&load_imm(7, DATA)[..], &load_imm(8, 4), HALT]));
    for _ in 0..3 {
        assert_eq!(halt.refine_in(&env, 0).result.unwrap()[..2], [3, 0]);
        assert_eq!(other.refine_in(&env, 0).result, Ok(b"data".to_vec()));
    }
}
