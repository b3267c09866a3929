//! Memories whose hardware protection follows their permissions.

use jambox_sandbox::{Access, GuestMemory, PAGE_SIZE, ReservedMemory};

fn memory() -> ReservedMemory {
    ReservedMemory::new().expect("address space")
}

/// Number of mappings that the process has.
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
fn memories_together_leave_the_process_what_it_needs() {
    let program = std::env::current_exe().expect("a program");
    for what in ["mappings", "address_space"] {
        let test = format!("memory::many_memories_together_cannot_use_up_the_{what}");
        let mut alone = std::process::Command::new(&program);
        let output = alone.args(["--ignored", "--exact", &test]).output().expect("it runs");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
    }
}

/// Memories as many as an unlucky host may have, each with nearly as many runs as it may.
#[test]
#[ignore = "uses up what other tests need, see `memories_together_leave_the_process_what_it_needs`"]
fn many_memories_together_cannot_use_up_the_mappings() {
    let before = mappings();
    let mut memories: Vec<ReservedMemory> = (0..300).map(|_| memory()).collect();
    let mut armed = 0;
    for (index, memory) in memories.iter_mut().enumerate() {
        for page in (0x100..0x480).step_by(2) {
            memory.set_access(page, 1, Access::ReadWrite);
        }
        armed += usize::from(memory.arm());
        assert!(memory.store(0x100 * PAGE_SIZE, [index as u8]));
        assert_eq!(memory.load::<1>(0x101 * PAGE_SIZE), None);
        // The host can still do with it what it likes.
        memory.write_raw(0x101 * PAGE_SIZE, &[9]);
    }
    // 448 runs each, 16,384 in all.
    assert_eq!(armed, 16_384 / 449);
    assert!(mappings() < before + 36_000);
    drop(memories);
    assert!(memory().arm(), "they were given back");
}

/// 65,536 times 4 GiB: twice the address space of a process.
#[test]
#[ignore = "uses up what other tests need, see `memories_together_leave_the_process_what_it_needs`"]
fn many_memories_together_cannot_use_up_the_address_space() {
    let memories: Vec<_> = (0..9000).map(|_| ReservedMemory::new()).collect();
    let refused = memories.iter().filter(|memory| memory.is_err()).count();
    assert_eq!(refused, 9000 - 8192);
    drop(memories);
    assert!(ReservedMemory::new().is_ok(), "they were given back");
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

/// A host that reads across inaccessible pages opens those, and closes nothing that others read.
#[test]
fn threads_that_share_a_memory_read_it_in_every_way() {
    const ROUNDS: usize = 3000;
    let mut memory = memory();
    memory.set_access(16, 1, Access::ReadOnly);
    memory.set_access(18, 2, Access::ReadWrite);
    memory.set_access(20, 1, Access::ReadOnly);
    let octets: Vec<u8> = (0..5 * PAGE_SIZE).map(|octet| (octet / 7) as u8).collect();
    memory.write_raw(0x1_0000, &octets);
    assert!(memory.arm());
    let memory = &memory;
    let peek = |from: u32, length: usize| {
        let start = (from - 0x1_0000) as usize;
        let mut read = vec![0; length];
        for _ in 0..ROUNDS {
            memory.read_raw(from, &mut read);
            assert_eq!(read, octets[start..start + length]);
        }
    };
    std::thread::scope(|scope| {
        // Over the gap at page 17, twice, within it, and over pages of different access.
        for (from, length) in
            [(0x1_0800, 0x2000), (0x1_0000, 0x5000), (0x1_1100, 64), (0x1_3f00, 0x200)]
        {
            scope.spawn(move || peek(from, length));
        }
        for address in [0x1_0008, 0x1_2008, 0x1_4008] {
            let expected = octets[address as usize - 0x1_0000..].first_chunk().copied();
            scope.spawn(move || {
                for _ in 0..20 * ROUNDS {
                    assert_eq!(memory.load::<8>(address), expected);
                }
            });
        }
    });
    assert!(memory.is_armed());
    assert_eq!(memory.load::<1>(0x1_1000), None, "still inaccessible");
}
