//! Public host-call logs on native code.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::PathBuf;

use jambox_engine::{Backend, Config, Engine};
use jambox_trace::{Reader, Replayed, replay};

fn logs() -> Option<Vec<PathBuf>> {
    let base = PathBuf::from(std::env::var_os("JAMBOX_VECTORS")?).join("dev/ecalli");
    let folders = fs::read_dir(base).ok()?;
    let files = folders.flatten().filter_map(|folder| fs::read_dir(folder.path()).ok()).flatten();
    let paths = files.flatten().map(|file| file.path());
    Some(paths.filter(|path| path.extension().is_some_and(|name| name == "log")).collect())
}

#[test]
fn every_execution_replays() {
    let Some(paths) = logs() else {
        eprintln!("skipped: JAMBOX_VECTORS does not name an unpacked public archive");
        return;
    };
    assert!(!paths.is_empty());
    for backend in [
        Backend::Recompiler,
        Backend::Auto { threshold: 0 },
        Backend::Auto { threshold: 1 },
        Backend::Auto { threshold: 10_000 },
    ] {
        let engine = Engine::new(Config {
            backend,
            revision: jambox_engine::Revision::GrayPaper072,
            ..Config::default()
        })
        .expect("native code");
        let mut executions = 0;
        for path in &paths {
            let file = BufReader::new(File::open(path).expect("a log"));
            for execution in Reader::new(file) {
                let replayed = replay(&execution.expect("an execution"), &engine);
                let replayed = replayed.expect("a program");
                let same = matches!(replayed, Replayed::Same | Replayed::SameButForLastCall { .. });
                assert!(same, "{}: {replayed:?}, {backend:?}", path.display());
                executions += 1;
            }
        }
        println!("{backend:?}: {executions} executions replay");
    }
}
