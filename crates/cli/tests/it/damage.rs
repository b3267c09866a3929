//! Damaged files of the formats that the command reads: it says what is wrong and ends, whatever
//! they hold. `cargo xtask soak damage` does this with thousands.
//!
//! `JAMBOX_DAMAGED_FILES` says how many files, `JAMBOX_SHARD` (`2/5`) which part of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use jambox_codec::encode_with;
use jambox_types::{Block, Extrinsic, Parameters, Protocol, Revision, TimeSlot};

use crate::jambox::{binary, jambox, root};

/// The most memory that a run may have resident, in KiB, and the longest that it may take.
const MEMORY: u64 = 1 << 20;
const TIME: Duration = Duration::from_secs(120);

/// A file that is sound, and what is done with damaged copies of it. In the commands, `FILE` is the
/// damaged copy, `@` the folder that holds the other files, `OUT` a file to write.
struct Sound {
    path: PathBuf,
    /// Path for the copy, if another file refers to it by that path.
    place: Option<PathBuf>,
    commands: &'static [&'static str],
}

/// Sound files of every format that a command reads: some of the checkout, some made by the
/// command. A package, bundle or report that `run` saves, and its instructions, profiles and
/// coverage are for others: no command reads them.
fn sound(folder: &Path) -> Vec<Sound> {
    let made = |name: &str| folder.join(name);
    make_all(folder);
    let of = |path: PathBuf, commands| Sound { path, place: None, commands };
    let guest = |name: &str| root().join("guests").join(name);
    let mut all = vec![
        of(made("program.bin"), &["inspect FILE", "disasm FILE", "exec FILE --gas 100000"]),
        of(guest("asm/counter/counter.asm"), &["asm FILE -o OUT"]),
        of(guest("asm/counter/package.toml"), &["run FILE"]),
        of(
            root().join("testdata/trace/service.log"),
            &["trace show FILE", "trace replay FILE", "bisect FILE testdata/trace/service.log"],
        ),
        of(made("spec.json"), &["state root FILE", "state show FILE", "state import OUT FILE"]),
        of(made("state.json"), &["state show FILE", "run guests/asm/counter --state FILE"]),
        of(
            made("chain.redb"),
            &["state verify FILE", "state show FILE", "state export FILE -o OUT"],
        ),
        of(made("run.capsule"), &["run FILE", "explain FILE"]),
        of(
            made("gas.txt"),
            &["gas check guests/asm/counter --file FILE", "gas diff FILE @gas.txt"],
        ),
        of(made("results.jsonl"), &["merge FILE", "trace replay testdata/trace --results FILE"]),
        of(made("params.toml"), &["run guests/asm/counter --params FILE"]),
        of(made("commands.txt"), &["debug guests/asm/counter --commands FILE"]),
        of(made("block.bin"), &["block apply --state @blocks.redb FILE"]),
        of(made("node.chain"), &["node --chain FILE --port 0 --by-hand"]),
        of(made("spec.json"), &["node --spec FILE --port 0 --by-hand"]),
    ];
    // Files that others lead to: what payloads hold, and where instructions come from.
    let led_to =
        |path: PathBuf, place: PathBuf, commands| Sound { path, place: Some(place), commands };
    all.push(led_to(guest("ledger/ledger.payload"), made("ledger.payload"), &["run @ledger.toml"]));
    let symbols = fs::read_dir(made("symbols")).unwrap().map(|entry| entry.unwrap().path());
    let code = jambox(["inspect", "--json", &made("program.bin").display().to_string()]).json();
    let code = code["hash"].as_str().expect("a hash").to_owned();
    let used = symbols.into_iter().find(|path| path.to_string_lossy().contains(&code));
    let used = used.expect("symbols of the program");
    fs::copy(&used, made("program.symbols")).unwrap();
    all.push(led_to(made("program.symbols"), used, &["disasm @program.bin"]));
    all.extend(of_vectors(folder));
    all
}

/// Makes the sound files that the command makes.
fn make_all(folder: &Path) {
    let run = |line: &str| {
        let words = line.split_whitespace().map(|word| match word.strip_prefix('@') {
            Some(name) => folder.join(name).display().to_string(),
            None => word.to_owned(),
        });
        let ran = jambox(words);
        assert_eq!(ran.code, 0, "{line}: {ran:?}");
    };
    run("asm guests/asm/counter/counter.asm -o @program.bin");
    run("state init @chain.redb");
    run("run guests/asm/counter/package.toml --state @chain.redb");
    run("state export @chain.redb -o @spec.json");
    run("run guests/asm/counter/package.toml --save-state @state.json --capsule @run.capsule");
    run("gas snapshot guests/asm/counter --file @gas.txt");
    run("trace replay testdata/trace --results @results.jsonl");
    run("state init @blocks.redb --params tiny");
    let write = |name: &str, octets: &[u8]| fs::write(folder.join(name), octets).unwrap();
    write("params.toml", b"base = \"tiny\"\ncores = 3\nauth_queue_size = 40\n");
    write(
        "commands.txt",
        b"break call fetch\ncontinue\nstepi 20\nregisters\nstack\nreverse-next\n",
    );
    write("block.bin", &block());
    let ledger = fs::read_to_string(root().join("guests/ledger/package.toml")).unwrap();
    let guests = root().join("guests/ledger").display().to_string();
    let ledger = ledger.replace("file:", &format!("file:{guests}/"));
    let described = "balance = 1_000_000\npayload = \"file:ledger.payload\"\n";
    write("ledger.toml", ledger.replace("balance = 1_000_000\n", described).as_bytes());
    let chain = folder.join("node.chain").display().to_string();
    let node = ["node", "--port", "0", "--by-hand", "--chain", &chain].map(str::to_owned);
    assert_eq!(problem(&node), None);
}

/// An empty block of slot 1.
fn block() -> Vec<u8> {
    let protocol = Protocol::new(Revision::GrayPaper080, Parameters::TINY);
    let extrinsic = Extrinsic::default();
    let mut header = jambox_node::genesis::header(&protocol);
    header.slot = TimeSlot(1);
    header.extrinsic_hash = extrinsic.hash(&protocol);
    encode_with(&Block { header, extrinsic }, &protocol)
}

/// A file of each set of public vectors, where those are at hand.
fn of_vectors(folder: &Path) -> Vec<Sound> {
    let Some(vectors) = jambox_vectors::public!() else { return Vec::new() };
    let sets: [(&str, &'static [&'static str]); 4] = [
        ("pvm/w3f_v0.4/programs", &["vectors pvm FOLDER"]),
        ("jam-test-vectors/traces/storage_light", &["vectors traces FOLDER"]),
        ("jam-test-vectors/stf/accumulate/tiny", &["vectors stf FOLDER"]),
        ("jam-test-vectors/trie", &["vectors trie FOLDER"]),
    ];
    let set = |(name, commands): (&str, _)| {
        let first = fs::read_dir(vectors.join("dev").join(name)).unwrap();
        let paths = first.map(|entry| entry.unwrap().path());
        let path = paths.filter(|path| path.is_file()).min().expect("a vector");
        let own = folder.join(name.replace('/', "-")).join("accumulate");
        fs::create_dir_all(&own).unwrap();
        let place = Some(own.join(path.file_name().unwrap()));
        Sound { path, place, commands }
    };
    sets.into_iter().map(set).collect()
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
    command.args(words).current_dir(root()).stdin(Stdio::null());
    let [out, errors] = [(); 2].map(|()| tempfile::NamedTempFile::new().unwrap());
    command.stdout(out.reopen().unwrap()).stderr(errors.reopen().unwrap());
    let mut child = command.spawn().unwrap();
    let serves = words[0] == "node";
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
        if serves && fs::read(out.path()).unwrap().starts_with(b"ready ") {
            // Such a file is one to go on with: a node serves until it is stopped.
            child.kill().unwrap();
            child.wait().unwrap();
            return None;
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

/// Output of the commands for a sound chain.
fn shown(path: &Path) -> Vec<String> {
    ["state show", "state export"]
        .map(|line| {
            let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            words.push(path.display().to_string());
            jambox(words).stdout.replace(&path.display().to_string(), "")
        })
        .to_vec()
}

/// The words of a command for a damaged file.
fn words(line: &str, folder: &Path, file: &Path) -> Vec<String> {
    let place = |path: &Path| path.display().to_string();
    let _ = fs::remove_file(folder.join("out"));
    let word = |word: &str| match word {
        "FILE" => place(file),
        "FOLDER" => place(file.parent().expect("a folder")),
        "OUT" => place(&folder.join("out")),
        word => match word.strip_prefix('@') {
            Some(name) => place(&folder.join(name)),
            None => word.to_owned(),
        },
    };
    line.split(' ').map(word).collect()
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
        let Sound { path, place, commands } = &all[seed as usize % all.len()];
        let mut octets = fs::read(path).unwrap();
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)).damage(&mut octets);
        let name = path.file_name().unwrap().to_str().unwrap();
        let beside = || folder.path().join(format!("damaged-{name}"));
        let file = place.clone().unwrap_or_else(beside);
        for line in *commands {
            // A command may write into its file, or to a chain.
            fs::write(&file, &octets).unwrap();
            let words = words(line, folder.path(), &file);
            problems.extend(problem(&words).map(|problem| format!("{seed}: {line}: {problem}")));
        }
        // Of a chain, what is shown is what was written.
        let shows = |file: &Path| jambox(["state".as_ref(), "verify".as_ref(), file]).code == 0;
        if name == "chain.redb" && shows(&file) {
            assert_eq!(shown(&file), wanted, "{seed}");
        }
        done += 1;
    }
    println!("{done} damaged files, {} problems", problems.len());
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
