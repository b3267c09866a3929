//! Time of blocks: over public traces (the argument is the folder with `dev`), and on a chain of
//! many entries (`--entries N`, a million unless given). Run by `cargo xtask bench blocks`.

use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jambox_chain::block::{self, COMPONENTS, Checks};
use jambox_codec::decode_all_with;
use jambox_invocation::{Env, Finished, Observer, Started};
use jambox_state::{
    AccountInfo, Accounts, Blob, Changes, Component, KeyKind, Meaning, MemoryStore, StateKey, Store,
};
use jambox_store::FileStore;
use jambox_types::{Balance, Hash, Parameters, Protocol, Revision, ServiceId};
use jambox_vectors::steps::{self, Step};
use rustix::time::{ClockId, clock_gettime};

type Failure = Box<dyn std::error::Error>;

/// Longest time of a block on the chain of a million entries.
const BLOCK_LIMIT: Duration = Duration::from_millis(5);
const OPEN_LIMIT: Duration = Duration::from_millis(100);
const MEMORY_LIMIT: u64 = 512 << 20;

fn main() -> Result<(), Failure> {
    let mut is_fine = true;
    let (vectors, entries) = arguments()?;
    match vectors {
        Some(vectors) => {
            println!("microseconds per accumulating block, medians");
            println!(
                "{:<18}{:>8}{:>9}{:>9}{:>9}{:>9}",
                "trace", "blocks", "decode", "execute", "state", "root"
            );
            for trace in ["storage", "storage_light", "fuzzy_light"] {
                replay(trace, &vectors.join("dev/jam-test-vectors/traces").join(trace))?;
            }
            if let Some(peak) = peak_memory() {
                println!("peak memory of all replays: {} MB", peak >> 20);
                is_fine &= peak < MEMORY_LIMIT;
            }
        }
        None => println!("no public vectors: traces are left out"),
    }
    is_fine &= chain(entries)?;
    if is_fine { Ok(()) } else { Err("a limit is exceeded".into()) }
}

/// The folder of vectors, if there is one, and the number of entries of the chain.
fn arguments() -> Result<(Option<PathBuf>, u32), Failure> {
    let (mut vectors, mut entries) = (None, 1_000_000);
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--entries" {
            let number = arguments.next().and_then(|number| number.into_string().ok());
            entries = number.ok_or("--entries takes a number")?.parse()?;
        } else {
            vectors = Some(PathBuf::from(argument));
        }
    }
    Ok((vectors, entries))
}

/// Sum of the time that guests run.
#[derive(Default)]
struct Clock {
    since: Option<Instant>,
    total: Duration,
}

impl Observer for Clock {
    fn invocation_started(&mut self, _: &Started<'_>) {
        self.since = Some(Instant::now());
    }

    fn invocation_ended(&mut self, _: &Finished<'_>) {
        self.total += self.since.take().map_or(Duration::ZERO, |since| since.elapsed());
    }
}

fn replay(name: &str, folder: &Path) -> Result<(), Failure> {
    let protocol = Protocol::new(Revision::GrayPaper072, Parameters::TINY);
    let env = Env::new(protocol)?;
    let mut store = MemoryStore::default();
    let mut times: [Vec<Duration>; 4] = Default::default();
    for file in steps::files(folder)? {
        let octets = std::fs::read(&file)?;
        let start = Instant::now();
        let step: Step = decode_all_with(&octets, &protocol)?;
        let decode = start.elapsed();
        if store.root()? != step.pre_state.root {
            store = MemoryStore::default();
            store.commit(&all(&step.pre_state))?;
        }
        let state = store.state()?;
        let after = jambox_vectors::traces::keyed(&step.post_state);
        let [entropy, ..]: [Hash; 4] = Component::Entropy.read(&after, &protocol)?;
        let mut clock = Clock::default();
        const CHECKS: Checks = Checks::WithoutConsensus;
        let start = Instant::now();
        let applied = block::apply(&env, &state, &step.block, CHECKS, entropy, &mut clock)?;
        let apply = start.elapsed();
        let mut changes = applied.changes;
        let is_accumulating = !applied.available.is_empty();
        for (key, value) in after.iter() {
            let KeyKind::Component(chapter) = key.kind() else { continue };
            let component = Component::of_chapter(chapter).ok_or("an unknown component")?;
            if !COMPONENTS.contains(&component) || component == Component::Statistics {
                changes.set_key(key, Some(Arc::clone(value)));
            }
        }
        let start = Instant::now();
        let root = store.commit(&changes)?;
        let commit = start.elapsed();
        if root != step.post_state.root {
            return Err(format!("{}: the root is {root}", file.display()).into());
        }
        if is_accumulating {
            let state = apply.saturating_sub(clock.total);
            let parts = [decode, clock.total, state, commit];
            times.iter_mut().zip(parts).for_each(|(times, part)| times.push(part));
        }
    }
    let count = times[0].len();
    print!("{name:<18}{count:>8}");
    for mut part in times {
        print!("{:>9}", median(&mut part).as_micros());
    }
    println!();
    Ok(())
}

fn all(state: &steps::RawState) -> Changes {
    let mut changes = Changes::default();
    for leaf in &state.leaves {
        changes.set_key(StateKey(leaf.key), Some(leaf.value.as_slice().into()));
    }
    changes
}

/// The chain of the benchmark has this service, with all entries in its storage.
const SERVICE: ServiceId = ServiceId(1000);

/// A chain with so many storage entries, and blocks that touch ten of them each.
fn chain(entries: u32) -> Result<bool, Failure> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("chain.redb");
    let start = Instant::now();
    let mut root = make(&path, entries)?;
    println!("a chain of {entries} entries was made in {:.1?}", start.elapsed());

    let start = Instant::now();
    let mut store = FileStore::open(&path)?;
    let is_same = store.root()? == root;
    let open = start.elapsed();
    if !is_same {
        return Err("the root is lost".into());
    }
    let (mut times, mut work) = (Vec::new(), Vec::new());
    let written = octets_written();
    for block in 0..60_u32 {
        let (start, worked) = (Instant::now(), processor_time());
        let state = store.state()?;
        let mut accounts = Accounts::new(state.clone());
        for touched in 0..10_u32 {
            let index = block.wrapping_mul(7919).wrapping_add(touched.wrapping_mul(104_729));
            let key = (index % entries).to_le_bytes();
            let old = accounts.storage(SERVICE, &key)?.unwrap_or_default();
            let new: Blob = old.iter().map(|octet| octet.wrapping_add(1)).collect();
            accounts.set_storage(SERVICE, &key, Some(new))?;
        }
        let mut changes = Changes::default();
        changes.set_accounts(&*state, &accounts)?;
        root = store.commit(&changes)?;
        times.push(start.elapsed());
        work.push(processor_time().saturating_sub(worked));
    }
    if let (Some(before), Some(after)) = (written, octets_written()) {
        let each = after.saturating_sub(before) / times.len() as u64;
        let flush = flush_time(&folder.path().join("flushed"), each)?;
        println!("written for each block: {} KB, which the disk takes in {flush:.2?}", each >> 10);
    }
    let (block, work) = (median(&mut times), median(&mut work));
    // The file of a killed process.
    let copy = folder.path().join("left.redb");
    std::fs::copy(&path, &copy)?;
    let start = Instant::now();
    let is_same = FileStore::open(&copy)?.root()? == root;
    let left = start.elapsed();
    println!("opening what a killed process left: {left:.1?} (limit {OPEN_LIMIT:?})");
    if !is_same {
        return Err("the root is lost".into());
    }
    println!("opening: {open:.1?} (limit {OPEN_LIMIT:?})");
    println!("a block that touches ten entries: {block:.2?} (limit {BLOCK_LIMIT:?}), root {root}");
    println!(
        "of that: {work:.2?} of work, {:.2?} of waiting for the disk (or for a processor, where \
         other programs run)",
        block.saturating_sub(work)
    );
    Ok(open < OPEN_LIMIT && left < OPEN_LIMIT && block < BLOCK_LIMIT)
}

/// Makes the chain, five million entries at a time; gives its root. Keys lie all over the tree, so
/// that a commit of many writes most of the file anew: fewer are faster, and take more memory.
fn make(path: &Path, entries: u32) -> Result<Hash, Failure> {
    const BATCH: usize = 5_000_000;
    let mut store =
        FileStore::create(path, &Protocol::new(Revision::GrayPaper072, Parameters::FULL))?;
    let mut changes = Changes::default();
    let info = AccountInfo { balance: Balance(u64::MAX / 2), ..AccountInfo::default() };
    changes.set(Meaning::Account(SERVICE), Some(jambox_codec::encode(&info).into()));
    for index in 0..entries {
        let value = [index.to_le_bytes(); 10].concat();
        let meaning = Meaning::Storage(SERVICE, Blob::from(index.to_le_bytes()));
        changes.set(meaning, Some(value.into()));
        if changes.len() >= BATCH {
            store.commit(&changes)?;
            changes = Changes::default();
        }
    }
    Ok(store.commit(&changes)?)
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Time of overwriting and flushing this many octets of a file, a lower bound for every store.
fn flush_time(path: &Path, octets: u64) -> Result<Duration, Failure> {
    let content = vec![1; octets as usize];
    let mut file = std::fs::File::create(path)?;
    let mut times = Vec::new();
    for _ in 0..21 {
        let start = Instant::now();
        file.rewind()?;
        file.write_all(&content)?;
        file.sync_data()?;
        times.push(start.elapsed());
    }
    Ok(median(&mut times))
}

/// Processor time of this thread: of blocks, all but the wait until the disk has what was written.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

/// Octets written to files by this process; `None` if the system does not report them.
fn octets_written() -> Option<u64> {
    let counts = std::fs::read_to_string("/proc/self/io").ok()?;
    counts.lines().find_map(|line| line.strip_prefix("wchar: ")?.parse().ok())
}

/// Peak memory of this process, in octets; `None` if the system does not report it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes << 10)
}
