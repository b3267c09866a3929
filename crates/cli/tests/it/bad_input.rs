//! Bad input: each case ends with exit code 2 and says the file, the place, what was expected, and
//! what to do. That nothing crashes or hangs is checked wherever the command is run.

use std::path::{Path, PathBuf};

use crate::jambox::{Ran, jambox, line, root};

/// A folder with a copy of an example package to spoil.
struct Package {
    folder: tempfile::TempDir,
}

impl Package {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for file in ["counter/counter.asm", "counter/treasury.asm", "counter/package.toml"] {
            let name = Path::new(file).file_name().unwrap();
            std::fs::copy(root().join("guests/asm").join(file), folder.path().join(name)).unwrap();
        }
        let authorizer = root().join("guests/asm/authorizer/authorizer.asm");
        std::fs::copy(authorizer, folder.path().join("authorizer.asm")).unwrap();
        let package = Self { folder };
        package.replace("../authorizer/", "")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn replace(self, before: &str, after: &str) -> Self {
        let path = self.path("package.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(before), "{before}");
        std::fs::write(path, text.replacen(before, after, 1)).unwrap();
        self
    }

    fn write(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.path(name), content).unwrap();
        self
    }

    #[track_caller]
    fn run(&self, more: &[&str]) -> Ran {
        let package = self.path("package.toml").display().to_string();
        jambox(["run", package.as_str()].iter().chain(more))
    }

    /// Runs the package and checks that it is refused with these parts in the message.
    #[track_caller]
    fn refused(&self, parts: &[&str]) {
        let ran = self.run(&[]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran:?}");
        // Messages wrap at the terminal's width: compare words, not lines.
        let said: String = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in parts {
            assert!(said.contains(part), "`{part}` is not in:\n{}", ran.stderr);
        }
    }
}

#[test]
fn the_copy_runs() {
    assert_eq!(Package::new().run(&[]).code, 0);
}

#[test]
fn an_unknown_service() {
    Package::new().replace("service = \"counter\"", "service = \"countr\"").refused(&[
        "`countr` is not a known service",
        "package.toml:",
        "did you mean `counter`?",
    ]);
}

#[test]
fn a_missing_file() {
    Package::new().replace("file:counter.asm", "file:missing.asm").refused(&[
        "missing.asm",
        "there is no such file",
        "package.toml:",
        "expected a readable file",
    ]);
}

#[test]
fn a_file_that_is_none() {
    for (value, reason) in [("file:/dev/zero", "not a regular file"), ("file:.", "it is a folder")]
    {
        Package::new().replace("text:hello jam", value).refused(&[reason]);
    }
}

#[test]
fn wrong_types() {
    Package::new()
        .replace("slot = 100", "slot = \"late\"")
        .refused(&["`slot` is a string, expected a whole number", "package.toml:"]);
    Package::new()
        .replace("payload = \"text:hello jam\"", "payload = 5")
        .refused(&["`payload` is an integer, expected a string"]);
}

#[test]
fn an_unknown_key() {
    Package::new().replace("export_count", "exports").refused(&[
        "unknown key `exports`",
        "package.toml:",
        "`export_count`",
    ]);
}

#[test]
fn a_payload_beyond_the_limit() {
    // The largest bundle has 13,791,360 octets.
    Package::new()
        .replace("text:hello jam", "file:payload.bin")
        .write("payload.bin", vec![1; 13_791_360])
        .refused(&["expected at most 13791360", "package.toml:", "payload = ", "largest part"]);
}

#[test]
fn gas_beyond_the_limit() {
    Package::new()
        .replace("accumulate_gas_limit = 1_000_000", "accumulate_gas_limit = 9_000_001")
        .refused(&["the items ask for 10000001 gas to accumulate", "at most 10000000"]);
}

#[test]
fn too_many_items() {
    let item =
        "\n[[items]]\nservice = \"counter\"\nrefine_gas_limit = 1\naccumulate_gas_limit = 1\n";
    let package = Package::new();
    let text = std::fs::read_to_string(package.path("package.toml")).unwrap();
    package
        .write("package.toml", text + &item.repeat(15))
        .refused(&["the package has 17 items", "expected 1 to 16"]);
}

#[test]
fn an_import_that_is_not_given() {
    let import = |import: &str| {
        Package::new()
            .replace("export_count = 1", &format!("export_count = 1\nimports = [{import}]"))
    };
    import("{ from = \"earlier\", index = 0 }")
        .refused(&["`earlier` is not a known [segments] section", "this file defines none"]);
    import("{ from = \"earlier\", index = 1 }")
        .replace("[authorizer]", "[segments.earlier]\ndata = [\"text:only one\"]\n\n[authorizer]")
        .refused(&["import 0 is segment 1 of 1", "expected an index below 1", "package.toml:"]);
    import("{ from = \"earlier\", index = 40_000 }")
        .replace("[authorizer]", "[segments.earlier]\ndata = [\"text:only one\"]\n\n[authorizer]")
        .refused(&["`index` is 40000, expected a number from 0 to 32767"]);
}

#[test]
fn a_core_that_does_not_exist() {
    Package::new().replace("core = 1", "core = 341").refused(&[
        "core 341 does not exist",
        "expected 0 to 340",
        "package.toml:",
    ]);
}

#[test]
fn a_state_file_that_is_not_ours_or_cut_off() {
    let package = Package::new().replace("slot = 100", "slot = 100\nstate = \"file:state.json\"");
    let package = package.write("state.json", "{\"format\": \"something else\"}");
    package.refused(&["the file is not a state file", "\"jambox-state/2\"", "--save-state"]);
    let package = package.write("state.json", "{\"format\": \"jambox-state/2\", \"slot\": 1,\n ");
    package.refused(&["it ends too soon: it was cut off", "state.json:2:"]);
    let package = package.write("state.json", [0xff, 0xfe, 0, 1]);
    package.refused(&["the file is not a state file"]);

    let without = "{\"format\": \"jambox-state/1\", \"slot\": 1}";
    let package = package.write("state.json", without);
    package.refused(&["it does not say its revision", "`revision`: \"gray-paper-0.7.2\" or"]);

    let state = package.path("no-state.json").display().to_string();
    let ran = package.run(&["--state", &state]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("there is no such file"), "{ran:?}");
}

#[test]
fn assembly_that_does_not_assemble() {
    let text = std::fs::read_to_string(root().join("guests/asm/counter/counter.asm")).unwrap();
    Package::new()
        .write("counter.asm", text.replacen("ecalli export", "ecalli exprot", 1))
        .refused(&["counter.asm:", "exprot", "export"]);
}

/// A standard program with metadata, to spoil.
fn blob() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("counter.jam");
    let ran = jambox(["asm", "guests/asm/counter/counter.asm", "-o", path.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{ran:?}");
    std::fs::read(path).unwrap()
}

/// Gives a blob to every command that takes one.
#[track_caller]
fn every_command(blob: &[u8]) -> Vec<Ran> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spoilt.jam");
    std::fs::write(&path, blob).unwrap();
    let path = path.to_str().unwrap();
    [&["exec", path, "--gas", "1000"][..], &["inspect", path], &["disasm", path]]
        .into_iter()
        .map(|arguments| jambox(arguments.iter()))
        .collect()
}

#[test]
fn truncated_blobs() {
    let blob = blob();
    for end in [0, 1, 30, 50, blob.len() / 2, blob.len() - 1] {
        for ran in every_command(&blob[..end]) {
            assert_eq!(ran.code, 2, "{end}: {ran:?}");
            for part in ["spoilt.jam, octet", "not a program in any form", "program blob:"] {
                assert!(ran.stderr.contains(part), "{end}: {ran:?}");
            }
        }
    }
}

#[test]
fn oversized_blobs() {
    let mut longer = blob();
    longer.push(0);
    for ran in every_command(&longer) {
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.contains("octets follow"), "{ran:?}");
    }
    // A claim of a code of 2^56 octets must be refused before anything of that size is allocated.
    let claim = [&[0, 0, 0xff][..], &[0xff; 8]].concat();
    for ran in every_command(&claim) {
        assert_eq!(ran.code, 2, "{ran:?}");
    }
}

#[test]
fn mutated_blobs() {
    let blob = blob();
    // Every octet of the header, and some of the rest, each with a few values.
    for place in (0..60).chain((60..blob.len()).step_by(blob.len() / 20)) {
        let mut spoilt = blob.clone();
        spoilt[place] ^= 0xa5;
        for ran in every_command(&spoilt) {
            // A mutation may leave a program, which then does what it does.
            assert!((0..=2).contains(&ran.code), "{place}: {ran:?}");
            assert!(ran.code != 2 || ran.stderr.contains("spoilt.jam"), "{place}: {ran:?}");
        }
    }
}

#[test]
fn jump_table_entries_out_of_range() {
    // One entry of four octets, 2^32 - 1; code: load_imm r0, 2; jump_ind r0.
    let code = [51, 0, 2, 50, 0];
    let blob = [&[1, 4, 5][..], &[0xff; 4], &code, &[0b01001]].concat();
    let [exec, inspect, _] = every_command(&blob).try_into().unwrap();
    assert_eq!((exec.code, inspect.code), (1, 1));
    let why = "entry 0 of the jump table, which leads to 4294967295, where no basic block starts";
    assert!(exec.stdout.contains(why), "{exec:?}");
    assert!(inspect.stdout.contains("jump table entry 0 leads to 4294967295"), "{inspect:?}");
    // A jump table may claim any number of entries of no octets each.
    let many = [&[0xff][..], &[0xff; 8], &[0, 1], &[0], &[1]].concat();
    for ran in every_command(&many) {
        assert!((0..=2).contains(&ran.code), "{ran:?}");
    }
}

#[test]
fn a_program_is_not_a_package_and_text_is_not_a_program() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("counter.jam");
    std::fs::write(&path, blob()).unwrap();
    let path = path.to_str().unwrap();
    for ran in [
        jambox(["run", path]),
        line("run guests/asm/counter/counter.asm"),
        jambox(["trace", "record", path, "-o", "never-written"]),
    ] {
        assert_eq!(ran.code, 2);
        for part in ["the file is a program, not a package file", "file:counter.", "jambox exec"] {
            assert!(ran.stderr.contains(part), "{ran:?}");
        }
    }
    for (ran, part) in [
        (line("exec README.md"), "assembly is known by its extension .asm"),
        (line("run guests"), "or a folder with package.toml"),
        (jambox(["asm", path]), "`jambox disasm` turns a program into text"),
        (
            jambox(["run", "guests/asm/counter", "--state", path]),
            "counter.jam: the file is not a state",
        ),
        (jambox(["run", "guests/asm/counter", "--state", "docs"]), "docs: cannot read: it is a"),
    ] {
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.contains(part), "`{part}` is not in {ran:?}");
    }
    assert_eq!(line("run guests/asm/counter").code, 0);
    let elf = folder.path().join("service.elf");
    std::fs::write(&elf, b"\x7fELF\x02\x01\x01").unwrap();
    let ran = jambox(["exec", elf.to_str().unwrap()]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("this is an ELF file: `jambox build` links"), "{ran:?}");
}

#[test]
fn traces_and_vectors_that_are_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.log");
    std::fs::write(&path, "start pc=0 gas=1\n").unwrap();
    let ran = jambox(["trace", "show", path.to_str().unwrap()]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("line 1"), "{ran:?}");
    let ran = line("trace show README.md");
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("the file holds no execution"), "{ran:?}");
    let ran = jambox(["vectors", "pvm", folder.path().to_str().unwrap()]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("no PVM vectors"), "{ran:?}");
    let ran = jambox(["vectors", "stf", "no/such/folder"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("no/such/folder"), "{ran:?}");
}

#[test]
fn switches_that_name_nothing_or_nothing_yet() {
    let ran = Package::new().run(&["--params", "no-such-file"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("no-such-file"), "{ran:?}");
    let ran = Package::new().run(&["--revision", "gray-paper-9"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("gray-paper-0.7.2"), "{ran:?}");
}

#[test]
fn what_is_of_the_other_revision_is_refused_with_both_names() {
    let (old, new) = ("gray-paper-0.7.2", "gray-paper-0.8.0");
    // A field that only the later one knows.
    let context = "[authorizer]\n";
    let spoilt = |key: &str| {
        let section = format!("[context]\n{key}\n\n{context}");
        let switch = format!("[protocol]\nrevision = \"{old}\"\n\n[chain]");
        Package::new().replace(context, &section).replace("[chain]", &switch)
    };
    spoilt("anchor_slot = 7").refused(&[
        &format!("`anchor_slot` is a key of {new} only, and the run is under {old}"),
        "package.toml:",
        &format!("--revision {new}"),
    ]);
    let hash = format!("\"hex:{}\"", "07".repeat(32));
    spoilt(&format!("lookup_anchor_state_root = {hash}")).refused(&["`lookup_anchor_state_root`"]);
    // A state file.
    let package = Package::new();
    let state = package.path("after.json").display().to_string();
    let ran = package.run(&["--revision", old, "--save-state", &state]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = package.run(&["--revision", new, "--state", &state]);
    assert_eq!(ran.code, 2, "{ran:?}");
    let words =
        |ran: &Ran| ran.stderr.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ");
    let said = format!("the state file is made for {old}, and the run is under {new}");
    assert!(words(&ran).contains(&said), "{ran:?}");
    // Whoever looks at one need not know its revision; whoever says another is told.
    assert_eq!(jambox(["state", "root", &state]).code, 0);
    let ran = jambox(["state", "root", &state, "--revision", new]);
    assert!(ran.code == 2 && words(&ran).contains(&said), "{ran:?}");
    // A chain.
    let chain = package.path("chain.redb").display().to_string();
    let ran = jambox(["state", "init", &chain, "--revision", old]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = package.run(&["--revision", new, "--state", &chain]);
    assert_eq!(ran.code, 2, "{ran:?}");
    let said = format!("the chain is of {old}: expected {new}");
    assert!(words(&ran).contains(&said), "{ran:?}");
    // A blob that says for which it was made.
    let blob = package.path("made.jam");
    let metadata = jambox_program::CrateInfo {
        name: "made".to_owned(),
        version: "1.0.0".to_owned(),
        revision: Some(old.parse().unwrap()),
        ..Default::default()
    };
    let container = jambox_program::Container::parse(&crate::bad_input::blob()).unwrap();
    let made = jambox_program::Container { metadata: Some(metadata.encode().into()), ..container };
    std::fs::write(&blob, made.encode()).unwrap();
    let package = package.replace("file:counter.asm", "file:made.jam");
    let ran = package.run(&["--revision", new]);
    assert_eq!(ran.code, 2, "{ran:?}");
    let said = words(&ran);
    let expected =
        format!("the code of service `counter` is made for {old}, and the run is under {new}");
    assert!(said.contains(&expected), "{ran:?}");
}

#[test]
fn keys_that_are_there_twice() {
    let twice = "storage = [{ key = [\"text:co\", \"hex:756e74\"], value = \"u32:2\" }, ";
    Package::new().replace("storage = [", twice).refused(&[
        "the storage has two values under \"count\"",
        "package.toml:",
        "leave one of them out",
    ]);
}

#[test]
fn typed_values() {
    Package::new()
        .replace("value = \"", "value = \"u16:0x1_0000")
        .refused(&["`value` is not a number"]);
}

#[test]
fn all_limits_that_a_package_breaks_are_told_at_once() {
    let package = Package::new().replace("core = 1", "core = 999");
    let package = package.replace("refine_gas_limit = ", "refine_gas_limit = 9_999_999_");
    package.refused(&["core 999 does not exist", "gas to refine: expected at most"]);
}

#[test]
fn mistakes_in_reading_do_not_hide_broken_limits() {
    let package = Package::new()
        .replace("core = 1", "core = 999")
        .replace("refine_gas_limit = ", "refine_gas_limit = 9_999_999_")
        .replace("export_count = 1", "exports = 1")
        .replace("file:counter.asm", "file:missing.asm");
    package.refused(&[
        "unknown key `exports`",
        "there is no such file",
        "core 999 does not exist",
        "gas to refine: expected at most",
    ]);
}
