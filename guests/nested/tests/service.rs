//! The service natively and compiled, over children that halt, fault and call.

use jambox_sdk::codec::decode_all;
use jambox_sdk_testing::{Chain, Code, Item, Package, Revision, both_ways_under, every_way};
use nested::{CHILD_GAS, Ending};

/// Ending of a child, the same natively and compiled.
fn ending_under(revision: Revision, blob: &[u8], arguments: &[u8]) -> Ending {
    let item = Item::new(7).payload(arguments).extrinsic(blob);
    let (result, ..) = both_ways_under(revision, |way| {
        let mut chain = Chain::new(way);
        let code = Code::native(nested::SERVICE)
            .with_blob(include_bytes!("../nested.jam"))
            .with_blob(include_bytes!("../nested-0.8.0.jam"));
        chain.service(7, &code);
        let run = chain.refine(&item);
        let processed = chain.process(&item.clone().into()).unwrap();
        let stored = chain.storage(7, "last");
        assert_eq!(stored.as_deref(), run.result.as_deref().ok(), "accumulate reads raw octets");
        (run.result, run.record, format!("{:?}", processed.effects()))
    });
    decode_all(&result.unwrap()).unwrap()
}

/// Ending of a child, the same under every revision.
fn ending_of(blob: &[u8], arguments: &[u8]) -> Ending {
    let [first, other] = Revision::ALL.map(|revision| ending_under(revision, blob, arguments));
    assert_eq!(first, other);
    first
}

fn ending(text: &str) -> Ending {
    ending_of(&child(text), b"hello")
}

#[test]
fn a_child_that_halts_gives_its_output() {
    assert_eq!(ending("jump_ind ra"), Ending::Halted(b"hello".to_vec(), 0, 0));
}

#[test]
fn a_child_that_faults_is_given_the_page_once_and_goes_on() {
    let once = "load_imm t0, 65\nstore_u8 [0x50000], t0\nload_imm a0, 0x50000\nload_imm a1, 1\n\
                jump_ind ra";
    assert_eq!(ending(once), Ending::Halted(b"A".to_vec(), 0, 1));
    let twice = "store_imm_u8 [0x50000], 1\nstore_imm_u8 [0x60000], 1\njump_ind ra";
    assert_eq!(ending(twice), Ending::Faulted(0x60000));
}

#[test]
fn the_arguments_are_read_only() {
    let text = "store_ind_u8 [a0], a1\njump_ind ra";
    // The page is given as a writable one, and with that becomes zero.
    assert_eq!(ending(text), Ending::Halted(b"\x05\0\0\0\0".to_vec(), 0, 1));
}

#[test]
fn a_child_calls_its_own_host() {
    let greeting = "
        .rw
        buffer: .zero 8
        .code
        load_imm a0, buffer
        ecalli 42
        or a1, a0, a0
        load_imm a0, buffer
        jump_ind ra";
    assert_eq!(ending(greeting), Ending::Halted(b"hello".to_vec(), 1, 0));
    let gas = "
        .rw
        buffer: .zero 8
        .code
        ecalli 0
        store_u64 [buffer], a0
        load_imm a0, buffer
        load_imm a1, 8
        jump_ind ra";
    // One gas for the only instruction so far; under 0.8.0 the whole block is paid.
    let ended = |revision| ending_under(revision, &child(gas), b"hello");
    let left = (CHILD_GAS - 1).to_le_bytes().to_vec();
    assert_eq!(ended(Revision::GrayPaper072), Ending::Halted(left, 1, 0));
    let Ending::Halted(left, 1, 0) = ended(Revision::GrayPaper080) else { panic!("it halts") };
    assert!(u64::from_le_bytes(left.try_into().unwrap()) < CHILD_GAS);
    assert_eq!(ending("ecalli 7\ntrap"), Ending::Unknown(7));
}

#[test]
fn children_that_fail_are_told_apart() {
    assert_eq!(ending("trap"), Ending::Panicked);
    assert_eq!(ending("again: jump again"), Ending::OutOfGas);
    assert_eq!(ending("load_imm a1, 1025\njump_ind ra"), Ending::BadOutput);
    assert_eq!(ending_of(b"nonsense", b""), Ending::NoProgram);
}

#[test]
fn a_compiled_service_runs_as_a_child() {
    // Entered at 0 with arguments that are not refine's, it panics.
    let old = &include_bytes!("../nested.jam")[..];
    let new = &include_bytes!("../nested-0.8.0.jam")[..];
    for (revision, blob) in [(Revision::GrayPaper072, old), (Revision::GrayPaper080, new)] {
        let ending = ending_under(revision, blob, b"not refine's arguments");
        assert_eq!(ending, Ending::Panicked, "{revision}");
    }
}

#[test]
fn it_authorizes_its_own_packages_of_one_item() {
    let item = || Item::new(7).payload("hello").extrinsic(&child("jump_ind ra"));
    let authorized = every_way(|way| {
        let mut chain = Chain::new(way);
        let code = Code::native(nested::SERVICE)
            .with_blob(include_bytes!("../nested.jam"))
            .with_blob(include_bytes!("../nested-0.8.0.jam"));
        chain.service(7, &code);
        let one = Package::new().authorizer(7).item(item());
        let two = one.clone().item(item());
        (chain.authorize(&one).result, chain.authorize(&two).result, chain.process(&one).is_ok())
    });
    assert_eq!(authorized, (Ok(vec![]), Err(jambox_sdk::types::WorkError::Panic), true));
}

/// The demo's refine decodes its arguments into vectors and returns another. As an inner program it
/// uses the heap pages of its own blob, because it gets no others.
#[test]
fn a_compiled_service_that_allocates_runs_as_a_child() {
    let old = &include_bytes!("../../demo/demo.jam")[..];
    let new = &include_bytes!("../../demo/demo-0.8.0.jam")[..];
    let arguments = jambox_sdk::RefineArguments {
        core: jambox_sdk::types::CoreIndex(0),
        item: 0,
        service: jambox_sdk::types::ServiceId(7),
        payload: vec![b'x'; 100],
        package_hash: jambox_sdk::types::Hash::ZERO,
    };
    let arguments = jambox_sdk::codec::encode(&arguments);
    let hash = jambox_sdk::types::Hash::blake2b(&[b'x'; 100]).0.to_vec();
    for (revision, blob) in [(Revision::GrayPaper072, old), (Revision::GrayPaper080, new)] {
        let ending = ending_under(revision, blob, &arguments);
        assert_eq!(ending, Ending::Halted(hash.clone(), 0, 0), "{revision}");
    }
}

/// Assembles a child, as a standard program.
fn child(text: &str) -> Vec<u8> {
    let dialect = jambox_asm::Dialect {
        set: jambox_isa::InstructionSet::of(jambox_isa::Revision::GrayPaper072),
        host_calls: &[],
    };
    let text = format!(".program standard\n.stack_size 4096\n{text}");
    jambox_asm::assemble(&text, &dialect).unwrap().container.encode()
}
