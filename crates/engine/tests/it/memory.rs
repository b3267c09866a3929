//! Memory as hosts see it.

use jambox_engine::{Access, Inaccessible, Memory};

const PAGE: u64 = 4096;
const SPACE: u64 = 1 << 32;

#[test]
fn the_empty_range_is_always_accessible() {
    let mut memory = Memory::new();
    for address in [0, 5, SPACE, u64::MAX] {
        assert!(memory.is_readable(address, 0) && memory.is_writable(address, 0));
        assert_eq!(memory.read(address, 0), Ok(vec![]));
        assert_eq!(memory.write(address, &[]), Ok(()));
    }
}

#[test]
fn claims_are_checked_before_anything_is_allocated() {
    let mut memory = Memory::new();
    memory.set_access(16, 2, Access::ReadOnly);
    let start = 16 * PAGE;
    assert_eq!(memory.read(start, u64::MAX), Err(Inaccessible { address: start + 2 * PAGE }));
    assert_eq!(memory.read(start, 2 * PAGE).map(|octets| octets.len()), Ok(8192));
    assert_eq!(memory.read(SPACE - 1, 2), Err(Inaccessible { address: SPACE - 1 }));
    assert_eq!(memory.read(SPACE, 1), Err(Inaccessible { address: SPACE }));
    assert_eq!(memory.read(u64::MAX, u64::MAX), Err(Inaccessible { address: u64::MAX }));
    assert_eq!(memory.write(start + 5, &[1]), Err(Inaccessible { address: start + 5 }));
}

#[test]
fn nothing_wraps_around() {
    let mut memory = Memory::new();
    memory.set_access((1 << 20) - 1, 1, Access::ReadWrite);
    assert!(memory.is_writable(SPACE - PAGE, PAGE));
    assert_eq!(memory.write(SPACE - 2, &[1, 2]), Ok(()));
    assert_eq!(memory.read_array(SPACE - 2), Ok([1, 2]));
    assert_eq!(memory.write(SPACE - 2, &[1, 2, 3]), Err(Inaccessible { address: SPACE }));
    let mut octets = [9; 4];
    memory.peek(SPACE - 2, &mut octets);
    assert_eq!(octets, [1, 2, 9, 9]);
    memory.poke_raw(SPACE - 1, &[7, 8]);
    assert_eq!(memory.read_array(SPACE - 2), Ok([1, 7]));
}

#[test]
fn low_pages_stay_inaccessible() {
    let mut memory = Memory::new();
    memory.set_access(0, 17, Access::ReadWrite);
    assert_eq!(memory.access(15), Access::Inaccessible);
    assert_eq!(memory.access(16), Access::ReadWrite);
    let ranges: Vec<_> = memory.accessible_ranges().collect();
    assert_eq!(ranges, [(16 * PAGE..17 * PAGE, Access::ReadWrite)]);
}

#[test]
fn access_and_octets_are_independent() {
    let mut memory = Memory::new();
    memory.set_access(20, 3, Access::ReadWrite);
    memory.write(20 * PAGE, &[1; 3 * 4096]).unwrap();
    memory.set_access(20, 1, Access::Inaccessible);
    memory.set_access(21, 1, Access::ReadOnly);
    assert!(!memory.is_readable(20 * PAGE, 1) && !memory.is_writable(21 * PAGE, 1));
    memory.zero(21, 1);
    memory.set_access(20, 1, Access::ReadOnly);
    assert_eq!(memory.read_array(20 * PAGE + 4094), Ok([1, 1, 0, 0]));
    assert_eq!(memory.read_array(22 * PAGE - 1), Ok([0, 1]));
    memory.set_access(u32::MAX, u32::MAX, Access::ReadWrite);
    assert_eq!(memory.access(u32::MAX), Access::Inaccessible);
}

#[test]
fn many_memories_may_live_at_once() {
    let memories: Vec<_> = (0..1000)
        .map(|index: u32| {
            let mut memory = Memory::new();
            memory.set_access(16, 1, Access::ReadWrite);
            memory.write(16 * PAGE, &index.to_le_bytes()).unwrap();
            memory
        })
        .collect();
    for (index, memory) in (0u32..).zip(&memories) {
        assert_eq!(memory.read_array(16 * PAGE), Ok(index.to_le_bytes()));
    }
}
