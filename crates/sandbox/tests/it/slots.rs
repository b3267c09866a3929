//! Tables of write-once slots.

use jambox_sandbox::Slots;

#[test]
fn slots_are_empty_until_filled_and_then_stay() {
    let slots = Slots::<u64>::new(3).unwrap();
    assert_eq!(slots.len(), 3);
    assert!((0..5).all(|index| slots.get(index).is_none()));
    let mut writer = slots.writer();
    writer.fill(1, 10, 7, 1);
    writer.fill(1, 11, 8, 2);
    let one = slots.get(1).unwrap();
    assert_eq!((*one.value(), one.tag(), one.index_in(&slots)), (10, 7, 1));
    assert_eq!(one.target_index_in(&slots), 1);
    assert!(one.next().is_none());
}

#[test]
fn links_lead_both_ways_once_their_ends_are_filled() {
    let slots = Slots::<u64>::new(4).unwrap();
    slots.writer().fill(0, 0, 0, 3);
    let first = slots.get(0).unwrap();
    assert_eq!(first.target_index_in(&slots), 3);
    assert!(first.target().is_none());
    slots.writer().fill(3, 30, 0, 0);
    let last = first.target().unwrap();
    assert_eq!(*last.value(), 30);
    assert_eq!(*last.target().unwrap().value(), 0);
    assert!(last.next().is_none(), "there is nothing after the last slot");
}

#[test]
fn only_what_was_filled_backwards_is_joined() {
    let slots = Slots::<u64>::new(3).unwrap();
    for index in [2, 0, 1] {
        slots.writer().fill(index, index as u64, 0, index);
    }
    let [zero, one, two] = [0, 1, 2].map(|index| slots.get(index).unwrap());
    assert_eq!(zero.next().map(|next| *next.value()), Some(1));
    assert!(zero.joined().is_none(), "1 was filled after 0");
    assert_eq!(one.joined().map(|next| *next.value()), Some(2));
    assert!(two.joined().is_none());
}

#[test]
#[should_panic(expected = "no such slot")]
fn there_is_no_slot_beyond_the_table() {
    Slots::<u64>::new(1).unwrap().writer().fill(1, 0, 0, 0);
}

#[test]
fn threads_follow_slots_while_others_fill_them() {
    const LENGTH: usize = if cfg!(miri) { 12 } else { 2000 };
    let slots = Slots::<[u64; 2]>::new(LENGTH).unwrap();
    let filled = |index: usize| [index as u64, !index as u64];
    std::thread::scope(|scope| {
        for start in 0..2 {
            let slots = &slots;
            scope.spawn(move || {
                // Both fill every slot, one upwards, one downwards.
                for step in 0..LENGTH {
                    let index = if start == 0 { step } else { LENGTH - 1 - step };
                    slots.writer().fill(index, filled(index), index as u32, (index * 7) % LENGTH);
                }
            });
            scope.spawn(move || {
                for round in 0..4 * LENGTH {
                    let Some(mut at) = slots.get((round * 5 + start) % LENGTH) else { continue };
                    for _ in 0..8 {
                        let index = at.index_in(slots);
                        assert_eq!((*at.value(), at.tag()), (filled(index), index as u32));
                        assert_eq!(at.target_index_in(slots), (index * 7) % LENGTH);
                        let ways = [at.joined(), at.next(), at.target()];
                        match ways.into_iter().flatten().next_back() {
                            Some(next) => at = next,
                            None => break,
                        }
                    }
                }
            });
        }
    });
    assert!((0..LENGTH).all(|index| slots.get(index).is_some()));
}
