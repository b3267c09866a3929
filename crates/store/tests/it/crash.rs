//! Killing the process in the middle of commits.
//!
//! A child commits without end, and says before each commit which root it is about to reach. It is
//! killed at a random moment; the file must then open with the last root said or the one before.
//! `JAMBOX_CRASHES` sets how often.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, thread};

use jambox_state::{Changes, MemoryStore, Store};
use jambox_store::FileStore;
use jambox_types::{Hash, Parameters};

use crate::add;

/// The changes of a commit, by its number: some values set, some removed.
fn changes(number: u32) -> Changes {
    let mut changes = Changes::default();
    for index in 0..50_u32 {
        let key = number.wrapping_mul(31).wrapping_add(index.wrapping_mul(17)) % 4000;
        let value = [number.to_le_bytes(), index.to_le_bytes()].concat().repeat(1 + index as usize);
        add(&mut changes, key % 5, &key.to_le_bytes(), (index % 7 != 0).then_some(&*value));
    }
    changes
}

/// The child; run by the test below.
#[test]
#[ignore = "run by a_killed_process_leaves_one_of_two_states"]
fn committer() {
    let Ok(path) = env::var("JAMBOX_STORE_TEST_COMMIT") else { return };
    let mut store = FileStore::open(path.as_ref()).unwrap();
    let mut next: u32 = env::var("JAMBOX_STORE_TEST_NUMBER").unwrap().parse().unwrap();
    loop {
        println!("commit {next}");
        store.commit(&changes(next)).unwrap();
        next += 1;
    }
}

#[test]
fn a_killed_process_leaves_one_of_two_states() {
    let crashes: u32 = env::var("JAMBOX_CRASHES").map_or(12, |count| count.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.redb");
    let mut model = MemoryStore::default();
    let mut number = 0;
    let mut roots = vec![FileStore::create(&path, &Parameters::TINY).unwrap().root().unwrap()];
    let mut random = 0x9e37_79b9_7f4a_7c15_u64 ^ u64::from(std::process::id());
    let mut torn = 0;
    for _ in 0..crashes {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let last = run_and_kill(&path, number, Duration::from_micros(random % 60_000));
        let found = FileStore::open(&path).unwrap().root().unwrap();
        let Some(last) = last else {
            assert_eq!(Some(&found), roots.last());
            continue;
        };
        while number <= last {
            roots.push(model.commit(&changes(number)).unwrap());
            number += 1;
        }
        let [.., before, after] = &roots[..] else { unreachable!("two were reached") };
        assert!([*before, *after].contains(&found), "neither of the two roots: {found}");
        if found == *before {
            torn += 1;
            // The child goes on from the state that is there.
            roots.pop();
            number -= 1;
            model = replay(number);
        }
        assert_eq!(roots.len() as u32, number + 1);
    }
    println!("{crashes} crashes, {torn} of them before the commit, {number} commits");
}

/// Lets a child commit for a while from its first commit on, and kills it. Gives the last commit
/// that it said it would make.
fn run_and_kill(path: &std::path::Path, number: u32, time: Duration) -> Option<u32> {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "crash::committer"])
        .env("JAMBOX_STORE_TEST_COMMIT", path)
        .env("JAMBOX_STORE_TEST_NUMBER", number.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    while !text.contains("commit ") && output.read_line(&mut text).unwrap() > 0 {}
    thread::sleep(time);
    child.kill().unwrap();
    child.wait().unwrap();
    output.read_to_string(&mut text).unwrap();
    // A line that was cut off tells nothing.
    let complete = text.rsplit_once('\n').map_or("", |(lines, _)| lines);
    let said = complete.lines().rev().find_map(|line| line.split("commit ").nth(1));
    said.map(|number| number.parse().unwrap())
}

/// The model after the first commits.
fn replay(count: u32) -> MemoryStore {
    let mut model = MemoryStore::default();
    for number in 0..count {
        let _: Hash = model.commit(&changes(number)).unwrap();
    }
    model
}
