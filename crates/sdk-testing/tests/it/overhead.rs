//! Gas of the SDK: assembly services and the same services in Rust do the same work, and their gas
//! is compared with the table of `docs/gas.md`.
//!
//! `JAMBOX_BLESS=1` writes the table anew.

use std::path::{Path, PathBuf};

use jambox_asm::{Dialect, assemble};
use jambox_isa::{InstructionSet, Revision};
use jambox_sdk::blake2b_256;
use jambox_sdk::types::{AccumulateInput, Protocol};
use jambox_sdk_testing::{
    Accumulation, Chain, Code, Difference, Item, Mode, Part, Place, Record, operand,
};

/// Largest difference of a figure from the table's, in percent.
const TOLERANCE: f64 = 2.0;

/// Gas that the counter's tip hands on: used by both, without work.
const TIP_GAS: u64 = 50_000;

/// Gas of each host call made here.
const CALL_GAS: u64 = 10;

/// Gas and calls of one service for a piece of work.
#[derive(Clone, Copy, Debug)]
struct Used {
    gas: u64,
    calls: u64,
}

impl Used {
    fn of(gas: u64, record: &Record) -> Self {
        Self { gas, calls: record.calls.len() as u64 }
    }

    /// Gas of instructions.
    fn instructions(self) -> u64 {
        self.gas - CALL_GAS * self.calls
    }
}

/// A row of the table: the work, in assembly and with the SDK.
struct Row {
    work: &'static str,
    assembly: Used,
    sdk: Used,
}

impl Row {
    fn cells(&self) -> String {
        let Self { work, assembly, sdk } = self;
        let ratio = sdk.gas as f64 / assembly.gas as f64;
        format!(
            "| {work} | {} | {} | {} | {} | {} | {} | {ratio:.1} |",
            assembly.gas,
            assembly.calls,
            assembly.instructions(),
            sdk.gas,
            sdk.calls,
            sdk.instructions(),
        )
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn blob(path: &str) -> Vec<u8> {
    std::fs::read(root().join(path)).unwrap()
}

fn assembled(path: &str) -> Vec<u8> {
    assemble_text(&std::fs::read_to_string(root().join(path)).unwrap())
}

/// Assembles a text with the names of host calls.
pub fn assemble_text(text: &str) -> Vec<u8> {
    let host_calls = jambox_package::host_calls(&Protocol::new(
        Revision::GrayPaper072,
        jambox_types::Parameters::FULL,
    ));
    let set = InstructionSet::of(Revision::GrayPaper072);
    let dialect = Dialect { set, host_calls: &host_calls };
    assemble(text, &dialect).unwrap().container.encode()
}

fn counting(code: &[u8]) -> Chain {
    let mut chain = Chain::new(Mode::Compiled.under(Revision::GrayPaper072));
    chain.service(42, &Code::compiled(code)).stores("count", 2u64.to_le_bytes());
    chain.service(7, &Code::compiled(&assembled("guests/asm/counter/treasury.asm")));
    chain
}

fn both(assembly: &str, sdk: &str) -> [Vec<u8>; 2] {
    [assembled(assembly), blob(sdk)]
}

fn counters() -> [Vec<u8>; 2] {
    both("guests/asm/counter/counter.asm", "guests/counter/counter.jam")
}

/// Refines a payload with both counters, which must do the same.
fn counter_refines(work: &'static str, payload: &[u8]) -> Row {
    let item = Item::new(42).payload(payload).exports(1);
    let [assembly, sdk] = counters().map(|code| counting(&code).refine(&item));
    assert_eq!(assembly.result, Ok(payload.to_ascii_uppercase()));
    assert_eq!(assembly.result, sdk.result);
    assert_eq!(assembly.exports, sdk.exports);
    assert_eq!(assembly.record.log, sdk.record.log);
    let [assembly, sdk] = [assembly, sdk].map(|run| Used::of(run.gas_used.0, &run.record));
    Row { work, assembly, sdk }
}

/// Changes of an accumulation, without the account's octets, which include the code.
fn changes(run: &Accumulation) -> Vec<&Difference> {
    let changes = run.changes.iter();
    changes.filter(|change| !matches!(change.place, Place::Service(_, Part::Octets))).collect()
}

/// Accumulates results with both counters, which must do the same.
fn counter_accumulates(work: &'static str, results: &[&[u8]]) -> Row {
    let inputs = || {
        let inputs = results.iter().map(|result| {
            AccumulateInput::from(operand(Ok(result)).payload_hash(blake2b_256(result)))
        });
        inputs.collect()
    };
    let [assembly, sdk] = counters().map(|code| counting(&code).accumulate(42, inputs()));
    assert!(assembly.failure.is_none() && assembly.transfers.len() == 1);
    assert_eq!(changes(&assembly), changes(&sdk));
    assert_eq!(assembly.transfers, sdk.transfers);
    assert_eq!(assembly.yielded, sdk.yielded);
    assert_eq!(assembly.record.log, sdk.record.log);
    let [assembly, sdk] =
        [assembly, sdk].map(|run| Used::of(run.gas_used.0 - TIP_GAS, &run.record));
    Row { work, assembly, sdk }
}

/// Calls a program in an inner machine, by host calls alone and by the library.
fn inner_run(work: &'static str, arguments: &[u8]) -> Row {
    let program = blob("guests/library/echo.pvm");
    // `Command::Call` of the library: hash, gas, not packed, arguments.
    let length = u8::try_from(arguments.len()).unwrap();
    let gas = 100_000u64.to_le_bytes();
    let hash = blake2b_256(&program).0;
    let payload = [&[1], &hash[..], &gas, &[0, length], arguments].concat();
    let output = [&[1], &hash[..], &[0, length], arguments].concat();
    let item = Item::new(7).payload(payload);
    let codes = both("guests/asm/call/call.asm", "guests/library/library.jam");
    let [assembly, sdk] = codes.map(|code| {
        let mut chain = Chain::new(Mode::Compiled.under(Revision::GrayPaper072));
        chain.service(7, &Code::compiled(&code)).has_preimage(&program, 0);
        chain.refine(&item)
    });
    assert_eq!(assembly.result.as_ref(), Ok(&output));
    assert_eq!(assembly.result, sdk.result);
    // The assembly fetches the payload; the SDK's refine has it as an argument.
    assert_eq!(assembly.record.names()[1..], sdk.record.names());
    let [assembly, sdk] = [assembly, sdk].map(|run| Used::of(run.gas_used.0, &run.record));
    Row { work, assembly, sdk }
}

/// The figures of gas in a row of the table.
fn figures(line: &str) -> Option<[f64; 2]> {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    Some([cells.get(2)?.parse().ok()?, cells.get(5)?.parse().ok()?])
}

fn is_close(row: &Row, line: &str) -> bool {
    let measured = [row.assembly.gas as f64, row.sdk.gas as f64];
    figures(line).is_some_and(|figures| {
        figures
            .iter()
            .zip(measured)
            .all(|(table, now)| (now - table).abs() / table * 100.0 <= TOLERANCE)
    })
}

#[test]
fn the_sdk_costs_what_the_book_says() {
    let long = b"jam".repeat(300);
    let rows = [
        counter_refines("counter: refine 9 octets", b"hello jam"),
        counter_refines("counter: refine 900 octets", &long),
        counter_accumulates("counter: accumulate one result", &[b"HELLO JAM"]),
        counter_accumulates("counter: accumulate ten results", &[b"HELLO JAM".as_slice(); 10]),
        inner_run("library: run a program on 5 octets", b"hello"),
        inner_run("library: run a program on 100 octets", &[b'j'; 100]),
    ];
    let path = root().join("docs/gas.md");
    let mut page = std::fs::read_to_string(&path).unwrap();
    for row in &rows {
        let cells = row.cells();
        println!("{cells}");
        let start = format!("| {} |", row.work);
        let line =
            page.lines().find(|line| line.starts_with(&start)).unwrap_or_default().to_owned();
        assert!(!line.is_empty(), "docs/gas.md has no row `{}`", row.work);
        if std::env::var_os("JAMBOX_BLESS").is_some() {
            page = page.replace(&line, &cells);
        } else {
            assert!(
                is_close(row, &line),
                "docs/gas.md is stale: set JAMBOX_BLESS=1\n{line}\n{cells}"
            );
        }
    }
    if std::env::var_os("JAMBOX_BLESS").is_some() {
        std::fs::write(&path, page).unwrap();
    }
}
