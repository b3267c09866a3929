//! Damaged files of the formats that the command reads: it says what is wrong and ends, whatever
//! they hold. `cargo xtask soak damage` does this with thousands.
//!
//! `JAMBOX_DAMAGED_FILES` says how many files, `JAMBOX_SHARD` (`2/5`) which part of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::jambox::{binary, jambox, root};

/// The most memory that a run may have resident, in KiB, and the longest that it may take.
const MEMORY: u64 = 1 << 20;
const TIME: Duration = Duration::from_secs(120);

/// A file that is sound, and what is done with damaged copies of it, in place of `FILE`.
struct Sound {
    path: PathBuf,
    commands: &'static [&'static str],
}

/// Sound files: some of the checkout, some made by the command.
fn sound(folder: &Path) -> Vec<Sound> {
    let made = |name: &str| folder.join(name);
    let run = |line: &str| {
        let words = line.split_whitespace().map(|word| match word.strip_prefix('@') {
            Some(name) => made(name).display().to_string(),
            None => word.to_owned(),
        });
        let ran = jambox(words);
        assert_eq!(ran.code, 0, "{line}: {ran:?}");
    };
    run("asm guests/asm/counter/counter.asm -o @program.bin");
    run("state init @chain.redb");
    run("run guests/asm/counter/package.toml --state @chain.redb");
    run("state export @chain.redb -o @spec.json");
    run("run guests/asm/counter/package.toml --save-state @state.json");
    let of = |path: PathBuf, commands| Sound { path, commands };
    vec![
        of(made("program.bin"), &["inspect FILE", "disasm FILE", "exec FILE --gas 100000"]),
        of(root().join("guests/asm/counter/counter.asm"), &["asm FILE -o OUT"]),
        of(root().join("guests/asm/counter/package.toml"), &["run FILE"]),
        of(root().join("testdata/trace/service.log"), &["trace show FILE", "trace replay FILE"]),
        of(made("spec.json"), &["state root FILE", "state show FILE"]),
        of(made("state.json"), &["state show FILE"]),
        of(
            made("chain.redb"),
            &["state verify FILE", "state show FILE", "state export FILE -o OUT"],
        ),
    ]
}

/// Numbers that look random and are the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }

    fn damage(&mut self, octets: &mut Vec<u8>) {
        for _ in 0..=self.below(4) {
            if octets.is_empty() {
                return;
            }
            let (at, length) = (self.below(octets.len()), 1 + self.below(200));
            let range = at..(at + length).min(octets.len());
            match self.below(7) {
                0 => octets[at] ^= 1 << self.below(8),
                1 => octets[at] = self.below(256) as u8,
                2 => octets[range].fill(0xff),
                3 => octets.truncate(at),
                4 => drop(octets.drain(range)),
                5 => {
                    let copied = octets[range].to_vec();
                    octets.splice(at..at, copied);
                }
                _ => drop(octets.splice(at..at, *b"99999999999999999999")),
            }
        }
    }
}

/// Runs a command to its end; what is wrong with how it ran, if anything.
fn problem(words: &[String]) -> Option<String> {
    let start = Instant::now();
    let mut command = Command::new(binary());
    command.args(words).current_dir(root()).stdin(Stdio::null()).stdout(Stdio::null());
    let errors = tempfile::NamedTempFile::new().unwrap();
    let mut child = command.stderr(errors.reopen().unwrap()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    let ended = loop {
        if let Ok(text) = fs::read_to_string(&status) {
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let now = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            most = now.unwrap_or(0).max(most);
        }
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        if start.elapsed() > TIME {
            child.kill().unwrap();
            child.wait().unwrap();
            return Some("it does not end".to_owned());
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let said = fs::read(errors.path()).unwrap();
    let said = String::from_utf8_lossy(&said);
    let is_fine = matches!(ended.code(), Some(0..=2)) && !said.contains("panicked at");
    if !is_fine {
        return Some(format!("{ended}: {said}"));
    }
    (most > MEMORY).then(|| format!("{most} KiB were resident"))
}

/// What the command shows of a sound chain.
fn shown(path: &Path) -> Vec<String> {
    ["state show", "state export"]
        .map(|line| {
            let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            words.push(path.display().to_string());
            jambox(words).stdout.replace(&path.display().to_string(), "")
        })
        .to_vec()
}

#[test]
fn damaged_files_are_errors_and_nothing_worse() {
    let count: u64 =
        std::env::var("JAMBOX_DAMAGED_FILES").map_or(42, |count| count.parse().unwrap());
    let shard = std::env::var("JAMBOX_SHARD").unwrap_or_else(|_| "1/1".to_owned());
    let (part, parts) = shard.split_once('/').expect("such as 2/5");
    let (part, parts): (u64, u64) = (part.parse().unwrap(), parts.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let all = sound(folder.path());
    let wanted = shown(&folder.path().join("chain.redb"));
    let (mut done, mut problems) = (0, Vec::new());
    for seed in (1..=count).filter(|seed| seed % parts == part % parts) {
        let Sound { path, commands } = &all[seed as usize % all.len()];
        let mut octets = fs::read(path).unwrap();
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)).damage(&mut octets);
        let name = path.file_name().unwrap().to_str().unwrap();
        let file = folder.path().join(format!("damaged-{name}"));
        fs::write(&file, octets).unwrap();
        let file = file.display().to_string();
        for line in *commands {
            let out = folder.path().join("out").display().to_string();
            let words =
                line.split(' ').map(|word| word.replace("FILE", &file).replace("OUT", &out));
            let words: Vec<String> = words.collect();
            problems.extend(problem(&words).map(|problem| format!("{seed}: {line}: {problem}")));
        }
        // Of a chain, what is shown is what was written.
        if name == "chain.redb" && jambox(["state", "verify", &file]).code == 0 {
            assert_eq!(shown(Path::new(&file)), wanted, "{seed}");
        }
        done += 1;
    }
    println!("{done} damaged files, {} problems", problems.len());
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
