//! Arguments of guests that use one address space after each other, as native code sees them.

use std::sync::Arc;

use jambox_program::StandardProgram;
use jambox_sandbox::{Access, GuestMemory, PAGE_SIZE, Pool, PoolLimits, ReservedMemory};

use crate::guest::Guest;

const PAGE: usize = PAGE_SIZE as usize;

/// The guest address of arguments.
const START: u32 = 0xfeff_0000;

/// The runs that a memory of a guest with arguments alone counts for, and those of one whose host
/// writes the arguments elsewhere.
const PLAIN: usize = 2;
const SEEN_TWICE: usize = 4;

/// A pool that keeps one address space.
fn pool() -> Arc<Pool> {
    Pool::new(PoolLimits { spares: 1, ..PoolLimits::default() })
}

/// Octets none of which is zero, of their own for each seed.
fn octets(length: usize, seed: usize) -> Vec<u8> {
    (0..length).map(|index| ((index / 3 + index / PAGE + seed * 7) % 255) as u8 + 1).collect()
}

/// A memory with arguments, for which native code may run.
fn with_arguments(pool: &Arc<Pool>, arguments: &[u8]) -> ReservedMemory {
    let mut memory = ReservedMemory::new(pool).expect("a memory");
    memory.set_access(START / PAGE_SIZE, arguments.len().div_ceil(PAGE) as u32, Access::ReadOnly);
    memory.write_raw(START, arguments);
    assert!(memory.arm());
    memory
}

/// Asserts that a guest reads these arguments and zeros up to the page's end, and may neither write
/// them nor read what is before and behind.
fn assert_arguments(guest: &Guest, memory: &mut ReservedMemory, arguments: &[u8], round: &str) {
    let end = START as usize + arguments.len().next_multiple_of(PAGE);
    let mut read = vec![1; end - START as usize + PAGE];
    memory.read_raw(START, &mut read);
    let (filled, rest) = read.split_at(arguments.len());
    assert!(filled == arguments && rest.iter().all(|&octet| octet == 0), "{round}");
    for page in (START as usize - PAGE..end + 2 * PAGE).step_by(PAGE) {
        let is_filled = START as usize <= page && page < end;
        for at in [page, page + 77, page + PAGE - 1] {
            let index = at.wrapping_sub(START as usize);
            let expected = is_filled.then(|| arguments.get(index).copied().unwrap_or(0));
            assert_eq!(guest.load(memory, at as u32), expected, "{at:#x}, {round}");
            assert!(!guest.store(memory, at as u32), "{at:#x}, {round}");
            assert_eq!(memory.load(at as u32), expected.map(|octet| [octet]), "{at:#x}, {round}");
        }
    }
}

#[test]
fn arguments_are_where_standard_programs_have_them() {
    let mut blob = vec![0; 11];
    blob.extend_from_slice(&[3, 0, 0, 0, 0, 0, 0]);
    let program = StandardProgram::parse(&blob).expect("a standard program");
    assert_eq!(program.layout(1).expect("a layout").arguments.start, START);
}

#[test]
fn guests_after_each_other_have_their_own_arguments() {
    let pool = pool();
    let guest = Guest::new(&pool);
    let lengths = [0, 1, 4096, 1 << 16, (1 << 16) + 1, 1 << 20];
    // Each after each other, several times.
    for round in 0..40 {
        let length = lengths[(round * 5 + round / 6 + round / 13) % lengths.len()];
        let arguments = octets(length, round);
        let mut memory = with_arguments(&pool, &arguments);
        assert_arguments(&guest, &mut memory, &arguments, &format!("{length}, round {round}"));
        drop(memory);
        assert_eq!(pool.usage().memories, 1, "the one space is used again");
    }
}

/// Forks of other tests are noticed by all memories of a process, and children of a process with
/// other threads may find locks held.
#[test]
fn tests_that_need_a_process_of_their_own_hold() {
    let program = std::env::current_exe().expect("a program");
    for test in [
        "a_space_that_is_used_again_has_its_arguments_twice",
        "arguments_stay_what_the_host_makes_of_them",
        "a_forked_child_shares_no_arguments",
        "a_child_that_no_library_knows_of_shares_no_arguments",
    ] {
        let mut alone = std::process::Command::new(&program);
        alone.args(["--ignored", "--exact", &format!("arguments::{test}")]);
        let output = alone.output().expect("it runs");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
    }
}

#[test]
#[ignore = "needs a process of its own"]
fn a_space_that_is_used_again_has_its_arguments_twice() {
    let pool = pool();
    let guest = Guest::new(&pool);
    let mut runs = Vec::new();
    for (round, length) in [5, 5, 9000, 1 << 16, 1, 5, 5, 5].into_iter().enumerate() {
        let arguments = octets(length, round);
        let mut memory = with_arguments(&pool, &arguments);
        runs.push(pool.usage().runs);
        assert_arguments(&guest, &mut memory, &arguments, &format!("round {round}"));
    }
    // A page fault at the wrong time is taken for a fork.
    assert!(runs[0] == PLAIN && runs[1..].contains(&SEEN_TWICE), "{runs:?}");
}

/// A use that a host makes of a memory with 5,000 octets of arguments, and the arguments after it.
type Use = fn(&mut ReservedMemory, &mut Vec<u8>);

const USES: [(&str, usize, Use); 7] = [
    ("nothing more", SEEN_TWICE, |_, _| {}),
    ("a host writes some anew", SEEN_TWICE, |memory, arguments| {
        memory.write_raw(START + 4000, &[7; 200]);
        arguments[4000..4200].fill(7);
    }),
    ("a host writes from before them on", PLAIN, |memory, arguments| {
        memory.write_raw(START - 2, &[9; 12]);
        arguments[..10].fill(9);
    }),
    ("a host empties a page", PLAIN, |memory, arguments| {
        memory.zero(START / PAGE_SIZE, 1);
        arguments[..PAGE].fill(0);
    }),
    ("a host closes a page", SEEN_TWICE, |memory, arguments| {
        memory.set_access(START / PAGE_SIZE + 1, 1, Access::Inaccessible);
        assert_eq!(memory.load::<1>(START + PAGE_SIZE), None);
        let mut read = [0; 100];
        memory.read_raw(START + 4096, &mut read);
        assert_eq!(read, arguments[4096..4196]);
        memory.set_access(START / PAGE_SIZE + 1, 1, Access::ReadOnly);
    }),
    ("the guest gets to write a page", PLAIN, |memory, arguments| {
        memory.set_access(START / PAGE_SIZE + 1, 1, Access::ReadWrite);
        assert!(memory.store(START + 4096, [5; 8]));
        arguments[4096..4104].fill(5);
        memory.set_access(START / PAGE_SIZE + 1, 1, Access::ReadOnly);
    }),
    ("the memory cannot be armed for a while", PLAIN, |memory, _| {
        for page in (0x100..0x600).step_by(2) {
            memory.set_access(page, 1, Access::ReadWrite);
        }
        assert!(!memory.is_armed());
    }),
];

#[test]
#[ignore = "needs a process of its own"]
fn arguments_stay_what_the_host_makes_of_them() {
    for (name, runs, change) in USES {
        let pool = pool();
        let guest = Guest::new(&pool);
        for round in 0..4 {
            let mut arguments = octets(5000, round);
            let mut memory = with_arguments(&pool, &arguments);
            let is_seen_twice = pool.usage().runs == SEEN_TWICE;
            change(&mut memory, &mut arguments);
            if memory.is_armed() {
                // A page fault at the wrong time is taken for a fork.
                let expected = if is_seen_twice { runs } else { PLAIN };
                assert!([expected, PLAIN].contains(&pool.usage().runs), "{name}, round {round}");
                // Octets before the arguments are no page of the guest's.
                memory.zero(START / PAGE_SIZE - 1, 1);
                assert_arguments(&guest, &mut memory, &arguments, name);
            } else {
                assert_eq!(memory.load(START), arguments.first_chunk::<8>().copied(), "{name}");
                break;
            }
            drop(memory);
            let after = ReservedMemory::new(&pool).expect("a memory");
            let mut read = vec![1; 5 * PAGE];
            after.read_raw(START - PAGE_SIZE, &mut read);
            assert!(read.iter().all(|&octet| octet == 0), "{name}, round {round}");
        }
    }
}

#[test]
fn threads_have_arguments_of_their_own() {
    let pool = Pool::new(PoolLimits::default());
    let guest = Guest::new(&pool);
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let (pool, guest) = (&pool, &guest);
            scope.spawn(move || {
                for round in 0..60 {
                    let length = [3, 5000, 0, 1 << 16, 70_000][(round + thread) % 5];
                    let arguments = octets(length, round * 2 + thread);
                    let mut memory = with_arguments(pool, &arguments);
                    let round = format!("{length}, round {round} of thread {thread}");
                    assert_arguments(guest, &mut memory, &arguments, &round);
                }
            });
        }
    });
}

/// Waits for a child, which says whether all was well with it.
fn assert_child(child: libc::pid_t) {
    let mut status = 0;
    // SAFETY: waits for a child of this process.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 42, "status {status:#x}");
}

/// A pipe, to read from and to write to.
fn pipe() -> [libc::c_int; 2] {
    let mut ends = [0; 2];
    // SAFETY: the call writes two descriptors into the array.
    assert_eq!(unsafe { libc::pipe(ends.as_mut_ptr()) }, 0);
    ends
}

/// Wakes whoever waits at a pipe.
fn wake(pipe: [libc::c_int; 2]) {
    // SAFETY: one octet of a constant is read.
    assert_eq!(unsafe { libc::write(pipe[1], b"!".as_ptr().cast(), 1) }, 1);
}

/// Waits until somebody is through with what comes before.
fn wait(pipe: [libc::c_int; 2]) -> bool {
    let mut octet = 0_u8;
    // SAFETY: one octet is written into the variable.
    unsafe { libc::read(pipe[0], (&raw mut octet).cast(), 1) == 1 }
}

fn starts_with(memory: &ReservedMemory, expected: u8) -> bool {
    let mut read = [0; 5000];
    memory.read_raw(START, &mut read);
    memory.load(START) == Some([expected; 8]) && read == [expected; 5000]
}

/// Parent and child go on with memories that they have both, each after the other, and neither
/// sees anything of the other.
fn forks_keep_apart(fork: impl FnOnce() -> libc::pid_t) {
    let pool = Pool::new(PoolLimits::default());
    let make = |octet: u8| with_arguments(&pool, &[octet; 5000]);
    drop([make(1), make(1), make(1)]);
    let before = pool.usage().runs;
    let (mut live, mut changed, spare) = (make(2), make(3), make(4));
    assert!(pool.usage().runs > before, "some have a second view");
    drop(spare);
    let (to_child, to_parent) = (pipe(), pipe());
    let child = fork();
    if child == 0 {
        // SAFETY: ends the child by a signal if it hangs.
        unsafe { libc::alarm(20) };
        let mut is_good = wait(to_child);
        // The parent has written its own by now, and given memories to other guests.
        is_good &= starts_with(&live, 2) && starts_with(&changed, 3);
        let mut fresh = [ReservedMemory::new(&pool), ReservedMemory::new(&pool)];
        for memory in fresh.iter_mut().flatten() {
            is_good &= memory.access(START / PAGE_SIZE) == Access::Inaccessible;
            let mut read = [1; 5000];
            memory.read_raw(START, &mut read);
            is_good &= read == [0; 5000];
            memory.set_access(START / PAGE_SIZE, 2, Access::ReadOnly);
            memory.write_raw(START, &[5; 5000]);
            is_good &= starts_with(memory, 5);
        }
        changed.write_raw(START, &[6; 5000]);
        is_good &= starts_with(&changed, 6) && starts_with(&live, 2);
        drop(changed);
        is_good &= starts_with(&make(7), 7);
        wake(to_parent);
        is_good &= wait(to_child) && starts_with(&live, 2);
        // SAFETY: ends the child at once.
        unsafe { libc::_exit(if is_good { 42 } else { 1 }) };
    }
    changed.write_raw(START, &[8; 5000]);
    let others = [make(9), make(9)];
    wake(to_child);
    assert!(wait(to_parent));
    assert!(starts_with(&changed, 8) && starts_with(&live, 2));
    assert!(others.iter().all(|other| starts_with(other, 9)));
    live.set_access(START / PAGE_SIZE, 2, Access::ReadWrite);
    assert!(live.store(START, [10; 8]));
    drop((live, others));
    let others: Vec<_> = (10..20).map(|octet| (octet, make(octet))).collect();
    wake(to_child);
    assert_child(child);
    assert!(others.iter().all(|(octet, other)| starts_with(other, *octet)));
}

#[test]
#[ignore = "needs a process of its own"]
fn a_forked_child_shares_no_arguments() {
    // SAFETY: the child uses guest memory alone, and leaves without running destructors.
    forks_keep_apart(|| unsafe { libc::fork() });
}

#[test]
#[ignore = "needs a process of its own"]
fn a_child_that_no_library_knows_of_shares_no_arguments() {
    // SAFETY: as above. It allocates little, and no other thread of the C library's is there to
    // hold a lock for ever.
    forks_keep_apart(|| unsafe { libc::syscall(libc::SYS_fork) as libc::pid_t });
}
