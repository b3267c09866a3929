//! Coverage of a service in Rust, with loops, inlined functions and an inner machine, against the
//! counts of a trace of every instruction.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use jambox_symbols::{Frame, Symbols};

use crate::built::{service, succeed};

/// A service that sums squares, and runs its first extrinsic as often as the payload has octets.
const SERVICE: &str = "#![no_std]
use jambox_sdk::prelude::*;
use jambox_sdk::Flow;

fn refine(ctx: &RefineContext, arguments: RefineArguments) -> Result<Vec<u8>, Error> {
    let child = ctx.fetcher().extrinsic(0)?;
    let mut sum = 0u64;
    for octet in &arguments.payload {
        sum = sum.wrapping_add(square(u64::from(*octet))); // squares in the loop
        if octet.is_ascii_uppercase() {
            sum = square(sum ^ ctx.remaining_gas()); // squares a capital
        }
        let Ok(mut vm) = ctx.nested_pvm_checked(&child, &[*octet], 10_000) else { continue };
        vm.run(&mut |_: u64, _: &mut NestedPvm| Ok(Flow::Stop))?;
    }
    Ok(encode(&slowly(sum, arguments.payload.len())))
}

#[inline(always)]
fn square(number: u64) -> u64 {
    let squared = number.wrapping_mul(number);
    squared.rotate_left(7) ^ number
}

#[inline(never)]
fn slowly(mut sum: u64, rounds: usize) -> u64 {
    for round in 0..rounds as u64 {
        sum = square(sum ^ round); // squares far from the loop
    }
    sum
}

fn accumulate(ctx: &AccumulateContext, _: AccumulateArguments) -> Result<(), Error> {
    ctx.storage().store(\"last\", &square(ctx.remaining_gas())).map(drop)
}

entry_points! { refine = refine, accumulate = accumulate }
";

/// The child: a loop of nine.
const CHILD: &str = ".program standard
.stack_size 4096
.code
            load_imm t0, 9
            fallthrough
again:      add_imm_64 t0, t0, -1
            branch_ne_imm t0, 0, again
            load_imm a1, 0
            jump_ind ra
";

const PACKAGE: &str = "
# The symbols of the inner machines are those of this service, which has the same code.
[services.child]
id = 8
code = \"file:child.asm\"
balance = 1_000_000

[[items]]
service = \"deep\"
payload = \"text:Jambox\"
extrinsics = [\"file:child.pvm\"]
refine_gas_limit = 10_000_000
accumulate_gas_limit = 1_000_000
";

/// Counts of instructions by pc of the outer machine (`false`) and of inner ones (`true`), from the
/// texts of `--instructions`.
fn trace(folder: &Path, revision: &str) -> BTreeMap<(bool, u64), u64> {
    let mut counts = BTreeMap::new();
    for invocation in ["refine:0", "accumulate:7"] {
        let words = ["run", "package.toml", "--invocation", invocation, "--instructions", "steps"];
        succeed(folder, revision, &words);
        let mut inner = false;
        for line in fs::read_to_string(folder.join("steps")).unwrap().lines() {
            match line {
                "in the outer machine" => inner = false,
                line if line.starts_with("in inner machine") => inner = true,
                line if line.starts_with(' ') => {
                    let pc = line.split_whitespace().next().unwrap().parse().unwrap();
                    *counts.entry((inner, pc)).or_default() += 1;
                }
                line if line.starts_with(';') => {}
                line => assert!(line.contains(" of service 7 "), "{line}"),
            }
        }
    }
    counts
}

/// A line, with the lines around it where its function is inlined.
type Place = Vec<(String, String, u32)>;

/// Counts of lines, and the functions that ran, by their definition.
#[derive(Default, PartialEq, Debug)]
struct Expected {
    lines: BTreeMap<(String, u32), u64>,
    ran: BTreeSet<(String, String)>,
}

impl Expected {
    fn add(&mut self, symbols: &Symbols, count: impl Fn(u64) -> u64) {
        let mut places: BTreeMap<Place, u64> = BTreeMap::new();
        for range in symbols.ranges() {
            let most = (range.start..range.end).map(|pc| count(pc.into())).max().unwrap();
            let frames = range.frames.iter();
            let frames = frames.map(|it| (it.file.to_string(), it.function.to_string(), it.line));
            let frames: Place = frames.collect();
            for index in 0..frames.len() {
                let place = places.entry(frames[index..].to_vec()).or_default();
                *place = most.max(*place);
                let (file, function, _) = &frames[index];
                // Code before the first label of a text is in no function.
                if most > 0 && !function.is_empty() {
                    self.ran.insert((file.clone(), function.clone()));
                }
            }
        }
        for (place, count) in places {
            let (file, _, line) = &place[0];
            if *line > 0 {
                *self.lines.entry((file.clone(), *line)).or_default() += count;
            }
        }
    }
}

/// Symbols of a blob that lie beside it.
fn symbols(folder: &Path, blob: &[u8]) -> Symbols {
    let name = Symbols::file_name(jambox_types::Hash::blake2b(blob));
    fs::read_to_string(folder.join("symbols").join(name)).unwrap().parse().unwrap()
}

/// True if `square` is inlined in a function.
fn inlines_square(symbols: &Symbols, function: &str) -> bool {
    let is_it = |frames: &[Frame]| {
        frames.first().is_some_and(|it| &*it.function == "deep::square")
            && frames.iter().skip(1).any(|it| &*it.function == function)
    };
    symbols.ranges().iter().any(|range| is_it(&range.frames))
}

#[test]
fn counts_of_a_service_are_those_of_a_trace_of_its_instructions() {
    let Some(folder) = service(SERVICE, PACKAGE) else { return };
    let folder = folder.path();
    fs::write(folder.join("child.asm"), CHILD).unwrap();
    for revision in ["gray-paper-0.7.2", "gray-paper-0.8.0"] {
        succeed(folder, revision, &["build", ".", "--output", "."]);
        succeed(folder, revision, &["asm", "child.asm", "-o", "child.pvm"]);
        let counts = trace(folder, revision);
        let mut expected = Expected::default();
        let count = |inner| {
            let counts = &counts;
            move |pc| counts.get(&(inner, pc)).copied().unwrap_or_default()
        };
        let deep = symbols(folder, &fs::read(folder.join("deep.jam")).unwrap());
        for function in ["deep::slowly", "deep::accumulate"] {
            assert!(inlines_square(&deep, function), "the test is about inlined functions");
        }
        expected.add(&deep, count(false));
        expected.add(&symbols(folder, &fs::read(folder.join("child.pvm")).unwrap()), count(true));

        succeed(folder, revision, &["run", "package.toml", "--coverage", "run.info"]);
        let info = folder.join("run.info");
        compare(&fs::read_to_string(&info).unwrap(), &expected, revision);
        accepted_by_genhtml(folder, &info);
    }
}

/// Compares a file of counts with what is expected, for the sources of the service.
fn compare(info: &str, expected: &Expected, revision: &str) {
    let (mut source, mut found) = ("", Expected::default());
    for line in info.lines() {
        let (kind, rest) = line.split_once(':').unwrap_or((line, ""));
        let counted = rest.split_once(',');
        match kind {
            "SF" => source = rest.rsplit('/').next().unwrap(),
            "DA" => {
                let (line, count) = counted.unwrap();
                let line = (source.to_owned(), line.parse().unwrap());
                found.lines.insert(line, count.parse().unwrap());
            }
            "FNDA" => {
                let (count, function) = counted.unwrap();
                if count != "0" {
                    found.ran.insert((source.to_owned(), function.to_owned()));
                }
            }
            _ => {}
        }
    }
    for name in ["lib.rs", "child.asm"] {
        let is_of = |file: &str| match name {
            "lib.rs" => file == "src/lib.rs" || file == name,
            _ => file.ends_with(name),
        };
        let lines = |of: &Expected| -> Vec<(u32, u64)> {
            let lines = of.lines.iter().filter(|((file, _), _)| is_of(file));
            lines.map(|((_, line), count)| (*line, *count)).collect()
        };
        assert_eq!(lines(&found), lines(expected), "{name} under {revision}");
        let ran = |of: &Expected| -> Vec<String> {
            let ran = of.ran.iter().filter(|(file, _)| is_of(file));
            ran.map(|(_, function)| function.clone()).collect()
        };
        assert_eq!(ran(&found), ran(expected), "{name} under {revision}");
    }
    // By hand: six octets, each with a child that goes nine times through its loop.
    let line = |file: &str, text: &str, code: &str| {
        let line = text.lines().position(|line| line.contains(code)).unwrap() + 1;
        let key = (file.to_owned(), u32::try_from(line).unwrap());
        *found.lines.get(&key).unwrap_or_else(|| panic!("{code}: {found:?}"))
    };
    assert_eq!(line("child.asm", CHILD, "add_imm_64"), 6 * 9);
    assert_eq!(line("lib.rs", SERVICE, "// squares a capital"), 1);
    assert_eq!(line("lib.rs", SERVICE, "// squares in the loop"), 6);
    assert_eq!(line("lib.rs", SERVICE, "// squares far from the loop"), 6);
}

/// `genhtml` of `lcov` reads the file, where it is at hand.
fn accepted_by_genhtml(folder: &Path, info: &Path) {
    let mut genhtml = std::process::Command::new("genhtml");
    let output = genhtml.arg(info).arg("-o").arg(folder.join("html")).output();
    let Ok(output) = output else {
        eprintln!("skipped in part, for genhtml of lcov is not at hand");
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("lib.rs") && said.contains("child.asm"), "{said}");
}
