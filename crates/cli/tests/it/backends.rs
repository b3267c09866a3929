//! The command gives the same output on every backend.

use std::process::{Command, Stdio};

use crate::jambox::{Ran, binary, line, root};

/// Commands that execute guests: whole packages, single programs, replays.
const LINES: [&str; 9] = [
    "run guests/all-calls/package.toml --json",
    "run guests/fibonacci/package.toml --json",
    "run guests/library/package.toml --json",
    "run guests/nested/package.toml --json",
    "run guests/paste-bin/package.toml --json",
    "run guests/token-authorizer/package.toml --json",
    "run guests/nested/package.toml -vv",
    "exec guests/asm/counter/counter.asm --gas 1000 --json",
    "run guests/library/package.toml",
];

#[test]
fn every_backend_says_the_same() {
    for words in LINES {
        let on = |backend| line(&format!("{words} --backend {backend}"));
        let expected = on("stepper");
        assert!(!expected.stdout.is_empty(), "{words}: {expected:?}");
        for backend in ["interpreter", "recompiler", "traces", "auto"] {
            let found = on(backend);
            assert_eq!(found.stdout, expected.stdout, "{words} on {backend}: {}", found.stderr);
            assert_eq!((found.code, found.stderr), (expected.code, expected.stderr.clone()));
        }
        // That is what it does unasked, too.
        assert_eq!(line(words).stdout, expected.stdout, "{words}");
    }
}

/// Runs the command where files may not be as large as the space for native code.
fn without_native_code(words: &str) -> Ran {
    let output = Command::new("sh")
        .args(["-c", "ulimit -f 4096 && exec \"$0\" \"$@\""])
        .arg(binary())
        .args(words.split_whitespace())
        .current_dir(root())
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE")
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    let text = |octets: Vec<u8>| String::from_utf8(octets).expect("UTF-8");
    Ran {
        code: output.status.code().expect("no signal"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

#[test]
fn where_there_is_no_native_code_it_says_so_once_and_interprets() {
    let note = "note: everything is interpreted, since no executable memory: the process's file \
                size limit is too low\n";
    for words in ["run guests/nested/package.toml --json", LINES[7]] {
        let expected = line(&format!("{words} --backend interpreter"));
        for words in [words.to_owned(), format!("{words} --backend auto")] {
            let ran = without_native_code(&words);
            assert_eq!((ran.code, &ran.stdout), (expected.code, &expected.stdout), "{words}");
            assert_eq!(ran.stderr, format!("{note}{}", expected.stderr), "{words}");
        }
        let ran = without_native_code(&format!("{words} --backend recompiler"));
        assert_eq!(ran.code, 2, "{ran:?}");
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains("file size limit is too low"), "{ran:?}");
        assert!(said.contains("leave --backend out to have it interpreted"), "{ran:?}");
        // Nobody who asks for the interpreter wants to hear of it.
        let ran = without_native_code(&format!("{words} --backend interpreter"));
        assert_eq!((ran.stdout, ran.stderr), (expected.stdout, expected.stderr), "{words}");
    }
}
