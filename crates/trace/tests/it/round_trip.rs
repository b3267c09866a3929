//! Written executions read back as the same.

use jambox_trace::{
    Action, Block, Call, End, EndKind, Execution, Reader, TracedState, write_execution,
};
use proptest::collection::vec;
use proptest::prelude::*;

fn any_block() -> impl Strategy<Value = Block> {
    (any::<u32>(), vec(any::<u8>(), 1..40)).prop_map(|(address, octets)| {
        // Blocks end within memory.
        Block { address: address.min(u32::MAX - 40), octets }
    })
}

fn any_state() -> impl Strategy<Value = TracedState> {
    // Zeros, which are not written, are as likely as others.
    let register = prop_oneof![Just(0), any::<u64>()];
    (any::<u64>(), any::<u64>(), proptest::array::uniform13(register))
        .prop_map(|(pc, gas, registers)| TracedState { pc, gas, registers })
}

fn any_action() -> impl Strategy<Value = Action> {
    prop_oneof![
        any_block().prop_map(Action::Read),
        any_block().prop_map(Action::Write),
        (0..13_u8, any::<u64>())
            .prop_map(|(register, value)| Action::SetRegister { register, value }),
        any::<u64>().prop_map(Action::SetGas),
    ]
}

fn any_execution() -> impl Strategy<Value = Execution> {
    let call = (any::<u64>(), any_state(), vec(any_action(), 0..6))
        .prop_map(|(number, state, actions)| Call { line: 0, number, state, actions });
    let kind = prop_oneof![
        Just(EndKind::Halt),
        any::<u64>().prop_map(EndKind::Panic),
        Just(EndKind::OutOfGas),
    ];
    let end = (kind, any_state()).prop_map(|(kind, state)| End { line: 0, kind, state });
    let program = vec(any::<u8>(), 0..40);
    let calls = vec(call, 0..5);
    let writes = vec(any_block(), 0..3);
    (program, writes, any_state(), calls, proptest::option::of(end)).prop_map(
        |(program, writes, start, calls, end)| {
            let comments = vec!["a comment".to_owned()];
            Execution { line: 0, comments, program, writes, start, calls, end }
        },
    )
}

fn written(execution: &Execution) -> Vec<u8> {
    let mut text = Vec::new();
    write_execution(&mut text, execution).expect("memory takes all");
    text
}

/// Octets by address after all writes.
fn effect(actions: &[Action]) -> std::collections::BTreeMap<u64, u8> {
    let blocks = actions.iter().filter_map(|action| match action {
        Action::Write(block) => Some(block),
        _ => None,
    });
    blocks
        .flat_map(|block| (u64::from(block.address)..).zip(block.octets.iter().copied()))
        .collect()
}

proptest! {
    #[test]
    fn an_execution_reads_back(execution in any_execution()) {
        let text = written(&execution);
        let read = Reader::new(text.as_slice()).next().expect("there is one").expect("it is right");
        prop_assert_eq!(jambox_trace::compare(&execution, &read), None);
        prop_assert_eq!(&read.comments, &execution.comments);
        prop_assert_eq!(written(&read), text);
    }

    #[test]
    fn overlapping_writes_keep_their_effect(
        blocks in vec((0..50_u32, vec(any::<u8>(), 1..20)), 0..8)
    ) {
        let write = |(address, octets)| Action::Write(Block { address, octets });
        let actions: Vec<_> = blocks.into_iter().map(write).collect();
        let call = Call { line: 0, number: 1, state: TracedState::default(), actions };
        let execution = Execution {
            line: 0,
            comments: Vec::new(),
            program: Vec::new(),
            writes: Vec::new(),
            start: TracedState::default(),
            calls: vec![call],
            end: None,
        };
        let text = written(&execution);
        let read = Reader::new(text.as_slice()).next().expect("there is one").expect("it is right");
        prop_assert_eq!(effect(&read.calls[0].actions), effect(&execution.calls[0].actions));
    }
}
