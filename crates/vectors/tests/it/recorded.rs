//! Traces recorded here of the public steps against another implementation's: the same calls at the
//! same places, the same octets read and written, the same gas.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use jambox_trace::{Execution, Reader, Recording, compare};
use jambox_vectors::stf::{self, accumulate};
use jambox_vectors::{steps, traces};

use crate::environment::{TINY, tiny};

fn read(file: &Path) -> Vec<Execution> {
    let source = BufReader::new(File::open(file).expect("it is there"));
    let executions = Reader::new(source).collect::<Result<_, _>>();
    executions.unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Compares the recording of `run` with the trace in `expected`. Returns the number of executions.
fn check(expected: &Path, run: impl FnOnce(&mut Recording) -> Result<(), String>) -> usize {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("recorded.log");
    let mut recording = Recording::create(&path).expect("the folder is writable");
    run(&mut recording).unwrap_or_else(|error| panic!("{}: {error}", expected.display()));
    recording.finish().expect("the disk takes it");
    let (theirs, ours) = (read(expected), read(&path));
    for (theirs, ours) in theirs.iter().zip(&ours) {
        if let Some(difference) = compare(theirs, ours) {
            panic!("{}: {difference}", expected.display());
        }
    }
    assert_eq!(theirs.len(), ours.len(), "{}", expected.display());
    theirs.len()
}

#[test]
fn accumulate_vectors_are_recorded_as_others_recorded_them() {
    let Some(vectors) = jambox_vectors::public!() else { return };
    let folder = vectors.join("dev/jam-test-vectors/stf/accumulate/tiny");
    let cases = accumulate::load(&folder, &TINY).expect("the folder is readable");
    let mut executions = 0;
    for stf::Loaded { name, case } in cases {
        let case = case.expect("it is right");
        let expected = vectors.join(format!("dev/ecalli/stf_accumulate_tiny/{name}.log"));
        if expected.is_file() {
            executions +=
                check(&expected, |recording| stf::check_accumulate(&case, &tiny(), recording));
        }
    }
    assert!(executions >= 16, "{executions} executions");
}

#[test]
fn trace_steps_are_recorded_as_others_recorded_them() {
    let Some(vectors) = jambox_vectors::public!() else { return };
    let mut executions = 0;
    for trace in ["storage", "storage_light", "preimages_light", "fuzzy_light"] {
        let logs = vectors.join("dev/ecalli").join(trace);
        for log in fs::read_dir(logs).expect("it is there") {
            let log = log.expect("it is there").path();
            let name = log.file_stem().expect("a file").to_string_lossy().into_owned();
            let step = name.rsplit('_').next().expect("a number").to_owned();
            let file = format!("dev/jam-test-vectors/traces/{trace}/{step}.bin");
            let step = steps::load(&vectors.join(file), &TINY);
            let step = step.expect("it is readable").expect("it is right");
            executions += check(&log, |recording| {
                traces::check_step(&step, &tiny(), recording).map_err(|it| it.to_string())
            });
        }
    }
    assert!(executions > 250, "{executions} executions");
}
