//! Recording to files.

use std::fs;

use jambox_trace::{Action, Recorder};

use crate::{SERVICE, read_one};

fn record(recorder: &mut Recorder) {
    let execution = read_one(SERVICE);
    for comment in &execution.comments {
        recorder.comment(comment).expect("the disk takes it");
    }
    recorder
        .start(&execution.program, &execution.writes, &execution.start)
        .expect("the disk takes it");
    for call in execution.calls {
        recorder.call(call.number, call.state).expect("the disk takes it");
        // The actions of the host may come in another order than they are written in.
        call.actions.into_iter().rev().for_each(|action| recorder.action(action));
    }
    let end = execution.end.expect("it is there");
    recorder.end(end.kind, end.state).expect("the disk takes it");
}

#[test]
fn a_recorded_execution_is_the_trace() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("service.log");
    fs::write(&path, "an older trace").expect("the disk takes it");
    let mut recorder = Recorder::create(&path).expect("the folder is writable");
    record(&mut recorder);
    assert_eq!(fs::read_to_string(&path).expect("it is there"), "an older trace");
    recorder.finish().expect("the disk takes it");
    assert_eq!(fs::read_to_string(&path).expect("it is there"), SERVICE);
    assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 1);
}

#[test]
fn a_recording_that_is_given_up_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut recorder = Recorder::create(&folder.path().join("new.log")).expect("it is writable");
    record(&mut recorder);
    recorder.action(Action::SetGas(1));
    drop(recorder);
    assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 0);
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(Recorder::create(&folder.path().join("no/such/folder.log")).is_err());
}
