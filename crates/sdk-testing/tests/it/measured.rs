//! Measurements under `jambox test --coverage`: what threads of several processes leave adds up.

use std::fs;
use std::path::Path;
use std::process::{Child, Command};

use jambox_inspect::coverage::Counts;
use jambox_inspect::profile::Profiles;
use jambox_sdk_testing::{
    Chain, Code, HostCall, Item, Mode, ResultCode, Revision, both_ways_under,
};
use jambox_symbols::{Frame, Range, Symbols};
use jambox_types::Hash;

use crate::overhead::assemble_text;

/// Environment variable: the folder of the service's blob, in a process of its own.
const BLOB: &str = "JAMBOX_TEST_BLOB";

const REVISION: Revision = Revision::GrayPaper072;

/// A service that calls `gas` three times; a counted loop.
const TEXT: &str = ".program standard\n.name \"counted\"\n.stack_size 4096\n.code\n\
    load_imm s0, 3\nfallthrough\nagain: ecalli 0\nadd_imm_64 s0, s0, -1\nbranch_ne_imm s0, 0, again\n\
    load_imm a0, 0\nload_imm a1, 0\njump_ind ra\n";

fn refine(folder: &Path, mode: Mode) -> Result<Vec<u8>, jambox_sdk::types::WorkError> {
    let mut chain = Chain::new(mode.under(REVISION));
    chain.service(7, &Code::compiled(&[]).with_blob_file(folder.join("counted.jam")));
    // An answer in place of the host is measured as the host's.
    chain.answer(HostCall::Gas, 2, ResultCode::Ok);
    chain.refine(&Item::new(7)).result
}

/// Writes the blob with its symbols: all of it is line 1 of one function.
fn service(folder: &Path) -> Hash {
    let blob = assemble_text(TEXT);
    let hash = Hash::blake2b(&blob);
    let frame = Frame { function: "counted".into(), file: "src/lib.rs".into(), line: 1 };
    let range = Range { start: 0, end: 1000, frames: vec![frame] };
    let symbols = Symbols::new(hash, vec![range]).unwrap();
    fs::write(folder.join("counted.jam"), blob).unwrap();
    fs::create_dir(folder.join("symbols")).unwrap();
    fs::write(folder.join("symbols").join(Symbols::file_name(hash)), symbols.to_string()).unwrap();
    hash
}

#[test]
fn threads_and_processes_lose_nothing_and_repetitions_count_once() {
    if let Some(folder) = std::env::var_os(BLOB) {
        let folder = Path::new(&folder);
        let threads = std::thread::scope(|scope| {
            let run = || scope.spawn(|| refine(folder, Mode::Compiled));
            [run(), run()].map(|thread| thread.join().unwrap())
        });
        assert_eq!(threads, [Ok(vec![]), Ok(vec![])]);
        // This harness has no native half: a blob runs compiled in every mode.
        both_ways_under(REVISION, |way| match way.mode {
            Mode::Native => Ok(vec![]),
            mode => refine(folder, mode),
        })
        .unwrap();
        return;
    }
    let [blob, measured] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let hash = service(blob.path());
    let name = std::thread::current().name().unwrap().to_owned();
    let start = |()| -> Child {
        let mut test = Command::new(std::env::current_exe().unwrap());
        test.args(["--exact", &name, "--quiet"]).env(BLOB, blob.path());
        test.env("JAMBOX_REVISION", "gray-paper-0.8.0");
        test.env("JAMBOX_MEASURED", measured.path()).spawn().unwrap()
    };
    for process in [(); 3].map(start) {
        assert!(process.wait_with_output().unwrap().status.success());
    }

    let (mut counts, mut profiles) = (Counts::default(), Profiles::default());
    for entry in fs::read_dir(measured.path()).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        match path.extension().unwrap().to_str().unwrap() {
            "counts" => counts.add(&text.parse().unwrap()),
            "profiles" => profiles.add_all(&text.parse().unwrap()),
            "symbols" => assert!(text.parse::<Symbols>().unwrap().are_for(hash)),
            other => panic!("a file that ends in {other}"),
        }
    }
    // Three processes, each with two threads and one run both ways; a loop of three.
    let symbols = fs::read_to_string(measured.path().join(Symbols::file_name(hash))).unwrap();
    let symbols: Symbols = symbols.parse().unwrap();
    let coverage = counts.coverage(|of| (of == hash).then_some(&symbols));
    let file = &coverage.files["src/lib.rs"];
    assert_eq!(file.lines[&1], 3 * 3 * 3, "the most frequent instruction, in all runs");
    assert_eq!(file.functions["counted"].count, 3 * 3);

    // Two threads without a name make one profile, the test itself another.
    let profiles = profiles.into_vec();
    let titles: Vec<_> = profiles.iter().map(|profile| &*profile.title).collect();
    let title = "refine of service 7 on core 0, item 0 under gray-paper-0.7.2";
    let named = format!("{name}: {title}");
    let mut expected = [title, &named];
    expected.sort_unstable();
    assert_eq!(titles, expected);
    let gas = |title: &str| profiles.iter().find(|it| it.title == title).unwrap().gas();
    assert_eq!(gas(title), 2 * gas(&named));
}

#[test]
fn profiles_of_measured_tests_account_for_all_gas() {
    if let Some(folder) = std::env::var_os(BLOB) {
        let mut chain = Chain::new(Mode::Compiled.under(REVISION));
        let code = Code::compiled(&[]).with_blob_file(Path::new(&folder).join("counted.jam"));
        chain.service(7, &code);
        chain.answer(HostCall::Gas, 2, ResultCode::Ok);
        println!("used {}", chain.refine(&Item::new(7)).gas_used.0);
        return;
    }
    let [blob, measured] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    service(blob.path());
    let name = std::thread::current().name().unwrap().to_owned();
    let mut test = Command::new(std::env::current_exe().unwrap());
    test.args(["--exact", &name, "--nocapture"]).env(BLOB, blob.path());
    let output = test.env("JAMBOX_MEASURED", measured.path()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let used = said.lines().find_map(|line| line.split("used ").nth(1)).expect(&said);
    let file = jambox_files::under(measured.path(), &["profiles"]).unwrap().remove(0);
    let profiles: Profiles = fs::read_to_string(file).unwrap().parse().unwrap();
    assert_eq!(profiles.into_vec()[0].gas().to_string(), used, "{said}");
}
