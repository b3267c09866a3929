//! Any text is a package or is refused with places in it; only files that it names are read.
#![no_main]

use std::path::Path;

use jambox_package::{Files, Switches, load};
use libfuzzer_sys::fuzz_target;

/// One package file, and a short file under every other name.
struct Memory<'a>(&'a str);

impl Files for Memory<'_> {
    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, String> {
        let content: &[u8] = match path.extension().and_then(|extension| extension.to_str()) {
            Some("toml") if path == Path::new("package.toml") => self.0.as_bytes(),
            Some("asm") => b".code\n trap\n",
            Some("json") => b"{\"format\": \"jambox-state/1\"}",
            Some("toml") => b"base = \"tiny\"",
            Some("pvm") => &[0, 0, 1, 0, 1],
            Some(_) => b"data",
            None => return Err("there is no such file".to_owned()),
        };
        if content.len() as u64 > limit {
            return Err("it is too long".to_owned());
        }
        Ok(content.to_vec())
    }
}

fuzz_target!(|text: &str| {
    let files = Memory(text);
    match load(&files, Path::new("package.toml"), &Switches::default(), None) {
        Ok(package) => {
            let items = package.work_package.items.len();
            assert_eq!(package.extrinsics.len(), items);
        }
        Err(invalid) => {
            assert!(!invalid.problems.is_empty());
            assert!(!invalid.to_string().is_empty());
            for problem in &invalid.problems {
                let (_, text) = invalid.file(problem);
                let place = problem.place.clone().unwrap_or(0..0);
                assert!(text.is_empty() || text.get(place.clone()).is_some(), "{place:?}");
                assert!(!problem.kind.to_string().is_empty());
            }
        }
    }
});
