//! Heaps of guests that use address spaces after each other.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use jambox_sandbox::{Access, GuestMemory, PAGE_SIZE, Pool, PoolLimits, ReadOnly, ReservedMemory};

use crate::guest::Guest;

/// The first page of the heap, and the number of pages that it has at the start.
const HEAP: u32 = 0x20;
const PAGES: u32 = 3;

/// Runs a guest that grows its heap by some pages and writes everywhere, and asserts that it finds
/// its heap as a fresh one.
fn use_heap(pool: &Arc<Pool>, section: &Arc<ReadOnly>, guest: &Guest, grows: u32, round: &str) {
    let mut memory = ReservedMemory::with_read_only(pool, section).expect("a memory");
    memory.set_access(HEAP, PAGES, Access::ReadWrite);
    memory.write_raw(HEAP * PAGE_SIZE, b"data");
    assert!(memory.arm());
    let places = |page: u32| [0, 8, PAGE_SIZE / 2, PAGE_SIZE - 1].map(|at| page * PAGE_SIZE + at);
    for grown in 0..=grows {
        let end = HEAP + PAGES + grown;
        if grown > 0 {
            memory.set_access(end - 1, 1, Access::ReadWrite);
        }
        for at in places(end - 1) {
            assert_eq!(guest.load(&mut memory, at), Some(0), "{at:#x}, {round}");
            assert!(guest.store(&mut memory, at), "{at:#x}, {round}");
        }
        for at in (end..end + 5).flat_map(places) {
            assert_eq!(guest.load(&mut memory, at), None, "{at:#x}, {round}");
            assert!(!guest.store(&mut memory, at), "{at:#x}, {round}");
        }
    }
    let mut after = [1; 4096];
    memory.read_raw((HEAP + PAGES + grows) * PAGE_SIZE, &mut after);
    assert!(after.iter().all(|&octet| octet == 0), "{round}");
}

fn section(pool: &Arc<Pool>) -> Arc<ReadOnly> {
    pool.read_only(16, b"constants").expect("a section that can be kept")
}

#[test]
fn a_heap_starts_anew_for_each_guest() {
    for spares in [0, 1, 3] {
        let pool = Pool::new(PoolLimits { spares, ..PoolLimits::default() });
        let (guest, section) = (Guest::new(&pool), section(&pool));
        for round in 0..12 {
            let grows = [0, 1, 2, 30, 5, 1, 0][round % 7];
            use_heap(&pool, &section, &guest, grows, &format!("{spares} spares, round {round}"));
        }
        assert!(pool.usage().memories <= 1, "one thread needs no more");
    }
}

/// Threads that take turns each find that others take spares, too, and so close heaps in batches.
#[test]
fn heaps_are_closed_together_where_threads_share_a_pool() {
    const ROUNDS: u32 = 60;
    let pool = Pool::new(PoolLimits::default());
    let (guest, section) = (Guest::new(&pool), section(&pool));
    let (pool, guest, section) = (&pool, &guest, &section);
    let run = move |name: &str, turn: Receiver<()>, next: Sender<()>| {
        for round in 0..ROUNDS {
            turn.recv().expect("the other thread goes on");
            let round_name = format!("round {round} of {name}");
            use_heap(pool, section, guest, [1, 2, 0, 4][round as usize % 4], &round_name);
            // Nobody waits for the last.
            let _ = next.send(());
        }
    };
    let ((to_one, of_one), (to_two, of_two)) = (channel(), channel());
    to_one.send(()).expect("it is there");
    std::thread::scope(|scope| {
        scope.spawn(move || run("one", of_one, to_two));
        scope.spawn(move || run("two", of_two, to_one));
    });
    let memories = pool.usage().memories;
    assert!((5..=18).contains(&memories), "{memories}: as many as are closed together, by thread");
}

#[test]
fn threads_that_run_at_once_have_fresh_heaps() {
    let pool = Pool::new(PoolLimits::default());
    let (guest, section) = (Guest::new(&pool), section(&pool));
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let (pool, guest, section) = (&pool, &guest, &section);
            scope.spawn(move || {
                for round in 0..40 {
                    let name = format!("round {round} of thread {thread}");
                    use_heap(pool, section, guest, (round + thread) % 4, &name);
                }
            });
        }
    });
}
