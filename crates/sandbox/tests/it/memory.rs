//! Memories whose hardware protection follows their permissions.

use jambox_sandbox::{Access, GuestMemory, PAGE_SIZE, ReservedMemory};

fn memory() -> ReservedMemory {
    ReservedMemory::new().expect("address space")
}

/// How many mappings the process has.
fn mappings() -> usize {
    std::fs::read_to_string("/proc/self/maps").expect("Linux").lines().count()
}

#[test]
fn an_armed_memory_reads_and_writes_as_an_open_one() {
    for arms in [false, true] {
        let mut memory = memory();
        memory.set_access(16, 2, Access::ReadWrite);
        memory.set_access(18, 1, Access::ReadOnly);
        assert!(!arms || memory.arm());
        assert!(memory.store(0x1_1ffe, [1, 2]));
        assert!(!memory.store(0x1_1fff, [3, 4]), "into the read-only page");
        assert_eq!(memory.load(0x1_1ffe), Some([1, 2, 0, 0]));
        memory.set_access(17, 1, Access::Inaccessible);
        assert_eq!(memory.load::<1>(0x1_1fff), None);
        assert!(memory.store(0x1_0000, [9]));
        memory.set_access(17, 1, Access::ReadOnly);
        assert_eq!(memory.load(0x1_1ffe), Some([1, 2]));
        memory.zero(17, 1);
        assert_eq!(memory.load(0x1_1ffe), Some([0, 0]));
    }
}

#[test]
fn raw_access_to_an_armed_memory_ignores_permissions() {
    let mut memory = memory();
    memory.set_access(16, 3, Access::ReadOnly);
    memory.set_access(20, 1, Access::ReadWrite);
    assert!(memory.arm());
    let octets: Vec<u8> = (0..6 * PAGE_SIZE).map(|octet| octet as u8).collect();
    memory.write_raw(0x1_0800, &octets);
    let mut read = vec![0; octets.len()];
    memory.read_raw(0x1_0800, &mut read);
    assert_eq!(read, octets);
    assert!(memory.is_armed());
    assert!(!memory.store(0x1_0000, [1]), "still read-only");
    assert_eq!(memory.load::<1>(0x1_3000), None, "still inaccessible");
    memory.set_access(19, 1, Access::ReadWrite);
    assert_eq!(memory.load(0x1_3000), Some([octets[0x2800]]));
}

#[test]
fn a_memory_that_alternates_its_pages_gives_up_protection_and_nothing_else() {
    let before = mappings();
    let mut memory = memory();
    assert!(memory.arm());
    for page in (0x100..0x4000).step_by(2) {
        memory.set_access(page, 1, Access::ReadWrite);
        assert!(memory.store(page * PAGE_SIZE, [7]));
    }
    assert!(!memory.is_armed());
    assert!(!memory.arm(), "for good");
    assert!(mappings() < before + 700, "other tests of this process need some too");
    assert_eq!(memory.load(0x100 * PAGE_SIZE), Some([7]));
    assert_eq!(memory.load::<1>(0x101 * PAGE_SIZE), None);
}

#[test]
fn a_memory_with_low_pages_is_not_armed() {
    let mut low = memory();
    low.set_access(15, 1, Access::ReadOnly);
    assert!(!low.arm());
    let mut later = memory();
    assert!(later.arm());
    later.set_access(3, 1, Access::ReadWrite);
    assert!(!later.is_armed());
    assert!(later.store(0x3000, [1]));
}

#[test]
fn the_next_guest_finds_nothing_of_the_last() {
    // More guests than the pool keeps, of different shapes.
    for round in 0..100_u32 {
        let mut memory = memory();
        for page in [16, 17, 300, 0xf_fff0] {
            assert_eq!(memory.access(page), Access::Inaccessible, "round {round}");
        }
        let mut octets = vec![1; 40 * PAGE_SIZE as usize];
        memory.read_raw(0x1_0000, &mut octets);
        assert!(octets.iter().all(|&octet| octet == 0), "round {round}");
        memory.set_access(16, 20 + round % 7, Access::ReadWrite);
        memory.set_access(300 + round % 3, 1, Access::ReadOnly);
        memory.write_raw(300 * PAGE_SIZE, b"secret");
        if round % 2 == 0 {
            assert!(memory.arm());
        }
        assert!(memory.store(0x1_0000, *b"secret"));
        assert!(memory.store(0x1_3ffc, *b"secret"));
        assert!(memory.arm());
        assert_eq!(memory.load::<1>(300 * PAGE_SIZE).is_some(), round % 3 == 0);
    }
}
