//! Public traces, recorded by another implementation: reading and writing gives the same text.

use std::fs;

use jambox_trace::{Reader, write_execution};

#[test]
fn public_traces_are_written_as_they_were() {
    let Some(vectors) = jambox_vectors::public!() else { return };
    let mut files = 0;
    for folder in fs::read_dir(vectors.join("dev/ecalli")).expect("it is there") {
        for file in fs::read_dir(folder.expect("it is there").path()).expect("it is a folder") {
            let path = file.expect("it is there").path();
            let text = fs::read(&path).expect("it is readable");
            let mut written = Vec::new();
            for execution in Reader::new(text.as_slice()) {
                let execution = execution.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
                write_execution(&mut written, &execution).expect("memory takes all");
            }
            let line = text.split(|o| *o == b'\n').zip(written.split(|o| *o == b'\n'));
            let differing = line.into_iter().position(|(theirs, ours)| theirs != ours);
            assert_eq!(differing, None, "{}", path.display());
            assert_eq!(text.len(), written.len(), "{}", path.display());
            files += 1;
        }
    }
    assert!(files > 250, "{files} files");
}
