//! Killing the process in the middle of commits.
//!
//! A child commits without end and announces each step: open, begin or end a commit, write to the
//! file, flush it. It is killed at a random moment; the file must then open with the state of the
//! last ended commit, or of the one begun after it. `JAMBOX_CRASHES` sets the number of kills.
//!
//! Writes of a killed process are not lost, flushed or not; losses with the system are tested in
//! [`faults`](crate::faults). A flush takes most of the time of a commit, so that most kills happen
//! in it; every other child flushes nothing, so that its kills happen elsewhere.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use jambox_state::{Changes, MemoryStore, Store};
use jambox_store::{Disk, FileStore};
use jambox_types::Hash;

use crate::{PROTOCOL, add};

/// Longest life of a child after its first commit began; many commits fit in.
const LIFE: Duration = Duration::from_millis(40);

/// The changes of a commit, by its number: some values set, some removed.
fn changes(number: usize) -> Changes {
    let mut changes = Changes::default();
    let number = number as u32;
    for index in 0..50_u32 {
        let key = number.wrapping_mul(31).wrapping_add(index.wrapping_mul(17)) % 4000;
        let value = [number.to_le_bytes(), index.to_le_bytes()].concat().repeat(1 + index as usize);
        add(&mut changes, key % 5, &key.to_le_bytes(), (index % 7 != 0).then_some(&*value));
    }
    changes
}

/// A file that announces its operations.
#[derive(Debug)]
struct Announced {
    file: fs::File,
    flushes: bool,
}

impl Disk for Announced {
    fn len(&self) -> io::Result<u64> {
        Disk::len(&self.file)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        Disk::read(&self.file, offset, out)
    }

    fn flush(&self) -> io::Result<()> {
        println!("flush");
        if self.flushes {
            Disk::flush(&self.file)?;
        }
        println!("flushed");
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        println!("write");
        Disk::write(&self.file, offset, data)
    }
}

/// Runs the child, for the test below.
#[test]
#[ignore = "run by a_killed_process_leaves_one_of_two_states"]
fn committer() {
    let Ok(path) = env::var("JAMBOX_STORE_TEST_COMMIT") else { return };
    let mut next: usize = env::var("JAMBOX_STORE_TEST_NUMBER").unwrap().parse().unwrap();
    println!("\nopen");
    let file = fs::File::options().read(true).write(true).open(path).unwrap();
    let flushes = next.is_multiple_of(2);
    let mut store = FileStore::open_on(Announced { file, flushes }).unwrap();
    loop {
        let changes = changes(next);
        println!("begin {next}");
        store.commit(&changes).unwrap();
        println!("end {next}");
        next += 1;
    }
}

/// The step in which a child was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    Opening,
    BeforeTheWritesOfACommit,
    BetweenTheWritesOfACommit,
    WhileFlushingACommit,
    AfterAFlushOfACommit,
    BetweenCommits,
}

/// Announcements of a child until it was killed.
struct Life {
    moment: Moment,
    /// Numbers of commits begun and of commits ended, including those of children before it.
    begun: usize,
    ended: usize,
}

#[test]
fn a_killed_process_leaves_one_of_two_states() {
    let crashes: u32 = env::var("JAMBOX_CRASHES").map_or(12, |count| count.parse().unwrap());
    let start = Instant::now();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.redb");
    // The root after each number of commits: a child continues from the state it finds, so the
    // commits of all children are one sequence.
    let mut roots = vec![FileStore::create(&path, &PROTOCOL).unwrap().root().unwrap()];
    let mut model = MemoryStore::default();
    let mut number = 0;
    let mut random = 0x9e37_79b9_7f4a_7c15_u64 ^ u64::from(std::process::id());
    let mut kills: BTreeMap<Moment, [u32; 2]> = BTreeMap::new();
    for crash in 0..crashes {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let delay = Duration::from_nanos(random % LIFE.as_nanos() as u64);
        // Every eighth is killed while it opens the file of the child before it, or soon after.
        let life = match crash % 8 {
            7 => run_and_kill(&path, number, "open", delay / 8),
            _ => run_and_kill(&path, number, "begin", delay),
        };
        while roots.len() <= life.begun {
            let root: Hash = model.commit(&changes(roots.len() - 1)).unwrap();
            roots.push(root);
        }
        let found = FileStore::open(&path).unwrap().root().unwrap();
        let has_last = found == roots[life.begun];
        assert!(has_last || found == roots[life.ended], "neither of the two roots: {found}");
        number = if has_last { life.begun } else { life.ended };
        kills.entry(life.moment).or_default()[usize::from(has_last)] += 1;
    }
    let inside = |moment: &Moment| ![Moment::Opening, Moment::BetweenCommits].contains(moment);
    let inside = kills.iter().filter(|(moment, _)| inside(moment));
    let inside: u32 = inside.map(|(_, [before, after])| before + after).sum();
    println!("{crashes} kills in {:.1?}: {inside} inside of {number} commits", start.elapsed());
    for (moment, [before, after]) in &kills {
        println!("{moment:?}: {before} opened with the state before, {after} with the last");
    }
    assert!(crashes < 100 || inside > crashes / 2, "most kills are to fall inside of commits");
}

/// Lets a child live for some time after it first announced `from`, and kills it.
fn run_and_kill(path: &Path, number: usize, from: &str, time: Duration) -> Life {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "crash::committer"])
        .env("JAMBOX_STORE_TEST_COMMIT", path)
        .env("JAMBOX_STORE_TEST_NUMBER", number.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    while !said.contains(from) {
        assert!(output.read_line(&mut said).unwrap() > 0, "the child ended: {said}");
    }
    thread::sleep(time);
    child.kill().unwrap();
    child.wait().unwrap();
    output.read_to_string(&mut said).unwrap();
    let mut life = Life { moment: Moment::Opening, begun: number, ended: number };
    for line in said.lines() {
        let is_inside = life.begun > life.ended;
        life.moment = match line.split_once(' ').map_or(line, |(word, _)| word) {
            "begin" => {
                life.begun += 1;
                Moment::BeforeTheWritesOfACommit
            }
            "write" if is_inside => Moment::BetweenTheWritesOfACommit,
            "flush" if is_inside => Moment::WhileFlushingACommit,
            "flushed" if is_inside => Moment::AfterAFlushOfACommit,
            "end" => {
                life.ended += 1;
                Moment::BetweenCommits
            }
            _ => life.moment,
        };
    }
    life
}
