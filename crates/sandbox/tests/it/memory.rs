//! Memories whose hardware protection follows their permissions.

use std::sync::{Arc, LazyLock};

use jambox_sandbox::{
    Access, GuestMemory, PAGE_SIZE, Pool, PoolLimits, PoolUsage, ReadOnly, ReservedMemory,
};

/// A pool that tests share, as memories of all kinds do in an engine.
static POOL: LazyLock<Arc<Pool>> = LazyLock::new(|| Pool::new(PoolLimits::default()));

fn memory() -> ReservedMemory {
    ReservedMemory::new(&POOL).expect("address space")
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
    let memories: Vec<_> = (0..9000).map(|_| ReservedMemory::new(&POOL)).collect();
    let refused = memories.iter().filter(|memory| memory.is_err()).count();
    assert_eq!(refused, 9000 - 8192);
    drop(memories);
    assert!(ReservedMemory::new(&POOL).is_ok(), "they were given back");
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

/// Three read-only pages from page 16 on, the last not full.
fn section(pool: &Pool, seed: u32) -> Arc<ReadOnly> {
    let octets: Vec<u8> = (0..2 * PAGE_SIZE + 77).map(|octet| (octet / 5 + seed) as u8).collect();
    pool.read_only(16, &octets).expect("a section that can be kept")
}

/// Asserts that a memory is as one of a program with these read-only pages starts.
fn assert_fresh(memory: &ReservedMemory, section: Option<&ReadOnly>, round: &str) {
    let mut octets = vec![1; 700 * PAGE_SIZE as usize];
    memory.read_raw(0, &mut octets);
    let mut expected = vec![0; octets.len()];
    if let Some(section) = section {
        let start = (section.pages().start * PAGE_SIZE) as usize;
        expected[start..start + section.octets().len()].copy_from_slice(section.octets());
    }
    assert!(octets == expected, "{round}");
    for page in 0..700 {
        let is_kept = section.is_some_and(|section| section.pages().contains(&page));
        let access = if is_kept { Access::ReadOnly } else { Access::Inaccessible };
        assert_eq!(memory.access(page), access, "page {page}, {round}");
    }
}

/// A use that a host or a guest makes of a memory.
type Use = fn(&mut ReservedMemory);

/// Uses of a memory, by name.
const USES: [(&str, Use); 8] = [
    ("nothing more", |_| {}),
    ("a host writes into a read-only page", |memory| memory.write_raw(17 * PAGE_SIZE, b"secret")),
    ("a host writes up to a read-only page", |memory| memory.write_raw(0xfffa, b"secret!")),
    ("a host opens a read-only page", |memory| {
        memory.set_access(18, 1, Access::ReadWrite);
        assert!(memory.store(18 * PAGE_SIZE + 2000, *b"secret"));
        memory.set_access(18, 1, Access::ReadOnly);
    }),
    ("a host closes them", |memory| memory.set_access(10, 20, Access::Inaccessible)),
    ("a host empties one", |memory| memory.zero(16, 1)),
    ("the heap grows up to them", |memory| {
        memory.set_access(19, 60, Access::ReadWrite);
        assert!(!memory.store(19 * PAGE_SIZE - 1, [7]));
        assert!(memory.store(78 * PAGE_SIZE, *b"secret"));
    }),
    ("the memory cannot be armed any more", |memory| {
        memory.set_access(3, 1, Access::ReadWrite);
        assert!(memory.store(3 * PAGE_SIZE, *b"secret") && !memory.arm());
    }),
];

#[test]
fn a_spare_of_the_same_program_has_its_read_only_pages_and_nothing_of_a_guest() {
    for arms in [[false, false], [true, false], [false, true], [true, true]] {
        let pool = Pool::new(PoolLimits { spares: 1, ..PoolLimits::default() });
        let section = section(&pool, 0);
        for (name, change) in USES.into_iter().chain(USES) {
            let round = format!("{name}, {arms:?}");
            let mut memory = ReservedMemory::with_read_only(&pool, &section).expect("a memory");
            assert_fresh(&memory, Some(&section), &round);
            memory.set_access(300, 40, Access::ReadWrite);
            memory.set_access(600, 2, Access::ReadOnly);
            memory.write_raw(600 * PAGE_SIZE, b"arguments");
            assert!(!arms[0] || memory.arm());
            assert!(memory.store(310 * PAGE_SIZE, *b"secret") && !memory.store(0x1_0000, [1]));
            change(&mut memory);
            let is_low = memory.access(3) != Access::Inaccessible;
            assert!(!arms[1] || memory.arm() != is_low);
            drop(memory);
            assert!(pool.usage().memories <= 1, "{round}");
        }
        let memory = ReservedMemory::with_read_only(&pool, &section).expect("a memory");
        assert_fresh(&memory, Some(&section), "after all");
    }
}

#[test]
fn a_spare_of_another_program_has_nothing_of_it() {
    let pool = Pool::new(PoolLimits { spares: 1, ..PoolLimits::default() });
    let sections =
        [Some(section(&pool, 0)), Some(section(&pool, 1)), None, pool.read_only(17, &[9])];
    for round in 0..40_usize {
        let section = sections[(round * 7 + round / 3) % 4].as_ref();
        let mut memory = match section {
            Some(section) => ReservedMemory::with_read_only(&pool, section),
            None => ReservedMemory::new(&pool),
        }
        .expect("a memory");
        assert_fresh(&memory, section.map(|section| &**section), &format!("round {round}"));
        memory.set_access(100, 1, Access::ReadWrite);
        assert!(round % 2 == 0 || memory.arm());
        assert!(memory.store(100 * PAGE_SIZE, *b"secret"));
        let kept = section.map(|section| (section.pages().start * PAGE_SIZE, section.octets()[0]));
        assert!(kept.is_none_or(|(at, first)| memory.load(at) == Some([first])));
        drop(memory);
        assert_eq!(pool.usage().memories, 1, "the one space is used again");
    }
}

#[test]
fn equal_sections_are_one() {
    let pool = Pool::new(PoolLimits::default());
    let [first, again, other] = [0, 0, 1].map(|seed| section(&pool, seed));
    assert!(Arc::ptr_eq(&first, &again) && !Arc::ptr_eq(&first, &other));
    assert!(pool.read_only(16, &[]).is_none(), "nothing to keep");
    assert!(pool.read_only(16, &vec![0; 1 << 20]).is_none(), "too much to keep");
    assert!(pool.read_only(0xf_ffff, &[0; 5000]).is_none(), "beyond the address space");
}

#[test]
fn pools_have_limits_of_their_own() {
    let small = Pool::new(PoolLimits { memories: 2, spares: 1, runs: 5, ..PoolLimits::default() });
    let other = Pool::new(PoolLimits::default());
    let new = |pool| ReservedMemory::new(pool);
    let [mut first, mut second] = [(); 2].map(|()| new(&small).expect("two are allowed"));
    let refused = new(&small).err().expect("a third is not").to_string();
    assert!(refused.contains("the limit `memories` allows, 2"), "{refused}");
    let mut apart = new(&other).expect("of another pool");
    for memory in [&mut first, &mut second, &mut apart] {
        for page in [20, 30] {
            memory.set_access(page, 1, Access::ReadWrite);
        }
    }
    assert!(first.arm() && apart.arm());
    assert!(!second.arm(), "six runs are more than five");
    assert_eq!(small.usage(), PoolUsage { memories: 2, runs: 3, code: 0 });
    assert_eq!(other.usage(), PoolUsage { memories: 1, runs: 3, code: 0 });
    drop((first, second));
    assert_eq!(
        small.usage(),
        PoolUsage { memories: 1, runs: 3, code: 0 },
        "one is kept, as it was"
    );
    assert!(new(&small).expect("the spare").arm());
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
