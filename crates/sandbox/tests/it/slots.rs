//! Tables of an interpreter's ops.

use jambox_sandbox::{
    Cursor, DefaultMemory, Entry, GuestMemory, Interpreter, Pool, PoolLimits, Slots,
};

type View<'m> = <DefaultMemory as GuestMemory>::View<'m>;

/// Ops that note the first of their operands.
struct Notes;

impl Interpreter for Notes {
    type Operands = [u64; 2];
    type State = Vec<u64>;
    type Code = ();
    type Next<'t> = ();
}

/// Interpreters like [`Notes`]. Handlers are generic: the compiler does not take a function that
/// returns the very type that `Next` is for a handler.
trait Noting: Interpreter<Operands = [u64; 2], State = Vec<u64>, Code = ()> {
    const STOP: Entry<Self> = Entry::ending(stop);
    const GO_ON: Entry<Self> = Entry::onward(go_on);
    const GO_ON_TWICE: Entry<Self> = Entry::onward_by_two(go_on_twice);

    fn done<'t>() -> Self::Next<'t>;
}

impl Noting for Notes {
    fn done<'t>() -> Self::Next<'t> {}
}

fn stop<'t, N: Noting>(
    at: Cursor<'t, N>,
    notes: &mut Vec<u64>,
    _: i64,
    _: View<'_>,
    _: &'t (),
) -> N::Next<'t> {
    notes.push(at.operands()[0]);
    N::done()
}

fn go_on<'t, N: Noting>(
    at: Cursor<'t, N, 1>,
    notes: &mut Vec<u64>,
    gas: i64,
    memory: View<'_>,
    code: &'t (),
) -> N::Next<'t> {
    notes.push(at.operands()[0]);
    at.following().go(notes, gas, memory, code)
}

/// Does what two of `go_on` do.
fn go_on_twice<'t, N: Noting>(
    at: Cursor<'t, N, 2>,
    notes: &mut Vec<u64>,
    gas: i64,
    memory: View<'_>,
    code: &'t (),
) -> N::Next<'t> {
    notes.push(at.operands()[0]);
    let at = at.following();
    notes.push(at.operands()[0]);
    at.following().go(notes, gas, memory, code)
}

const STOP: Entry<Notes> = Notes::STOP;
const GO_ON: Entry<Notes> = Notes::GO_ON;
const GO_ON_TWICE: Entry<Notes> = Notes::GO_ON_TWICE;

/// Notes of a run from a slot.
fn notes(at: Cursor<'_, Notes>) -> Vec<u64> {
    let pool = Pool::new(PoolLimits::default());
    let mut memory = DefaultMemory::new(&pool).unwrap();
    let mut notes = Vec::new();
    at.go(&mut notes, 0, memory.view(), &());
    notes
}

#[test]
fn slots_are_empty_until_filled_and_then_stay() {
    let slots = Slots::<Notes>::new(3).unwrap();
    assert_eq!(slots.len(), 3);
    assert!((0..5).all(|index| slots.get(index).is_none()));
    let mut writer = slots.writer();
    writer.fill(1, STOP, [10, 0], 7, 1);
    writer.fill(1, STOP, [11, 0], 8, 2);
    let one = slots.get(1).unwrap();
    assert_eq!((one.operands()[0], one.tag(), one.index_in(&slots)), (10, 7, 1));
    assert_eq!(one.target_index_in(&slots), 1);
    assert!(one.next().is_none());
}

#[test]
fn links_lead_both_ways_once_their_ends_are_filled() {
    let slots = Slots::<Notes>::new(4).unwrap();
    slots.writer().fill(0, STOP, [0, 0], 0, 3);
    let first = slots.get(0).unwrap();
    assert_eq!(first.target_index_in(&slots), 3);
    assert!(first.target().is_none());
    slots.writer().fill(3, STOP, [30, 0], 0, 0);
    let last = first.target().unwrap();
    assert_eq!(last.operands()[0], 30);
    assert_eq!(last.target().unwrap().operands()[0], 0);
    assert!(last.next().is_none(), "there is nothing after the last slot");
}

#[test]
fn handlers_go_on_to_the_slots_that_they_need() {
    let slots = Slots::<Notes>::new(5).unwrap();
    let mut writer = slots.writer();
    writer.fill(4, STOP, [4, 0], 0, 4);
    writer.fill(3, GO_ON, [3, 0], 0, 3);
    writer.fill(2, GO_ON_TWICE, [2, 0], 0, 2);
    writer.fill(1, GO_ON_TWICE, [1, 0], 0, 1);
    writer.fill(0, GO_ON, [0, 0], 0, 0);
    drop(writer);
    for start in 0..5 {
        let all: Vec<u64> = (start..5).collect();
        assert_eq!(notes(slots.get(start as usize).unwrap()), all);
    }
}

#[test]
#[should_panic(expected = "a slot ahead is empty")]
fn a_handler_that_goes_on_needs_the_next_slot() {
    Slots::<Notes>::new(2).unwrap().writer().fill(0, GO_ON, [0, 0], 0, 0);
}

#[test]
#[should_panic(expected = "a slot ahead is empty")]
fn a_handler_of_two_ops_needs_two_slots() {
    let slots = Slots::<Notes>::new(3).unwrap();
    let mut writer = slots.writer();
    writer.fill(1, STOP, [0, 0], 0, 0);
    writer.fill(0, GO_ON_TWICE, [0, 0], 0, 0);
}

#[test]
#[should_panic(expected = "a slot ahead is empty")]
fn there_is_nothing_after_the_last_slot_to_go_on_to() {
    Slots::<Notes>::new(1).unwrap().writer().fill(0, GO_ON, [0, 0], 0, 0);
}

#[test]
#[should_panic(expected = "no such slot")]
fn there_is_no_slot_beyond_the_table() {
    Slots::<Notes>::new(1).unwrap().writer().fill(1, STOP, [0, 0], 0, 0);
}

#[test]
fn threads_follow_slots_while_others_fill_them() {
    const LENGTH: usize = if cfg!(miri) { 12 } else { 2000 };
    let slots = Slots::<Notes>::new(LENGTH).unwrap();
    let filled = |index: usize| [index as u64, !index as u64];
    std::thread::scope(|scope| {
        for start in 0..2 {
            let slots = &slots;
            scope.spawn(move || {
                // Both fill every slot, one upwards, one downwards, some that go on at once.
                for step in 0..LENGTH {
                    let index = if start == 0 { step } else { LENGTH - 1 - step };
                    let mut writer = slots.writer();
                    let goes_on = index % 8 != 0 && writer.get(index + 1).is_some();
                    let entry = if goes_on { GO_ON } else { STOP };
                    let target = (index * 7) % LENGTH;
                    writer.fill(index, entry, filled(index), index as u32, target);
                }
            });
            scope.spawn(move || {
                for round in 0..4 * LENGTH {
                    let Some(mut at) = slots.get((round * 5 + start) % LENGTH) else { continue };
                    for _ in 0..8 {
                        let index = at.index_in(slots);
                        assert_eq!((*at.operands(), at.tag()), (filled(index), index as u32));
                        assert_eq!(at.target_index_in(slots), (index * 7) % LENGTH);
                        let ways = [at.next(), at.target()];
                        match ways.into_iter().flatten().next_back() {
                            Some(next) => at = next,
                            None => break,
                        }
                    }
                    if round % 64 == 0 {
                        let start = at.index_in(slots) as u64;
                        let notes = notes(at);
                        assert!(notes.iter().zip(start..).all(|(note, index)| *note == index));
                    }
                }
            });
        }
    });
    assert!((0..LENGTH).all(|index| slots.get(index).is_some()));
}
