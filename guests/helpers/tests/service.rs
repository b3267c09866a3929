//! The gas of the SDK's helpers against the table of `docs/gas.md`.
//!
//! `JAMBOX_BLESS=1` writes the table anew.

use std::fmt::Write;
use std::path::Path;

use helpers::{IN_ACCUMULATE, IN_REFINE, Measure};
use jambox_sdk::blake2b_256;
use jambox_sdk::codec::{decode_all, encode};
use jambox_sdk_testing::{Chain, Code, Item, Mode, RequestHistory, Revision, operand};

const SIZES: [usize; 2] = [4096, 100_000];

/// Largest gas per octet under each revision, except for the helpers below: all others work by
/// words, or leave the work to the host.
const MOST_PER_OCTET: [f64; 2] = [0.8, 8.0];

/// Helpers that must look at each octet.
const BY_OCTETS: &[Measure] = &[Measure::Hash];

/// Largest difference of a figure from the table's, in percent.
const TOLERANCE: f64 = 2.0;

fn data(measure: Measure, size: usize, hash: &[u8; 32]) -> Vec<u8> {
    let mut data = encode(&measure);
    data.resize(size - 32, 0x5a);
    data.extend_from_slice(hash);
    data
}

fn gas(revision: Revision, measure: Measure, size: usize) -> u64 {
    let preimage = vec![0x77; size];
    let data = data(measure, size, &blake2b_256(&preimage).0);
    let mut chain = Chain::new(Mode::Compiled.under(revision));
    let code = Code::compiled(include_bytes!("../helpers.jam"))
        .with_blob(include_bytes!("../helpers-0.8.0.jam"));
    chain
        .service(7, &code)
        .balance(1 << 40)
        .stores("octets", &preimage)
        .stores("encoded", encode(&preimage))
        .has_preimage(&preimage, 0)
        .requests(&data, RequestHistory::from_slots(&[]).unwrap());
    let octets = if IN_REFINE.contains(&measure) {
        let item = Item::new(7).payload(data).extrinsic(&preimage).gas(1 << 40, 1 << 30);
        chain.refine(&item).result.unwrap()
    } else {
        let run = chain.accumulate_with_gas(7, vec![operand(Ok(&data)).into()], 1 << 40);
        run.yielded.unwrap_or_else(|| panic!("{measure:?}: {:?}", run.failure)).0[..8].to_vec()
    };
    decode_all(&octets).unwrap()
}

#[test]
fn helpers_cost_what_the_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/gas.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let heading =
        "| Helper | 0.7.2: 4 KiB | 100 kB | 0.8.0: 4 KiB | 100 kB |\n|---|---|---|---|---|\n";
    let (before, rest) = document.split_once(heading).expect("the table is there");
    let (rows, after) = rest.split_once("\n\n").unwrap();
    let (mut table, mut dear) = (String::new(), Vec::new());
    for measure in IN_REFINE.into_iter().chain(IN_ACCUMULATE) {
        let mut row = format!("| `{measure:?}` |");
        for (revision, most) in Revision::ALL.into_iter().zip(MOST_PER_OCTET) {
            let [small, large] = SIZES.map(|size| gas(revision, measure, size));
            let more = large.saturating_sub(small) as f64 / (SIZES[1] - SIZES[0]) as f64;
            let by_octets = BY_OCTETS.contains(&measure);
            if !by_octets && more > most {
                dear.push(format!("{revision}: {measure:?} takes {more:.2} an octet"));
            }
            let _ = write!(row, " {small} | {large} |");
        }
        table += &row;
        table.push('\n');
    }
    assert!(dear.is_empty(), "{dear:#?}\n{table}");
    if std::env::var_os("JAMBOX_BLESS").is_some() {
        let table = format!("{before}{heading}{}\n\n{after}", table.trim_end());
        std::fs::write(path, table).unwrap();
        return;
    }
    let rows: Vec<_> = rows.lines().collect();
    assert_eq!(rows.len(), table.lines().count(), "the table has other rows than:\n{table}");
    for (written, found) in rows.iter().zip(table.lines()) {
        let figures = |row: &str| -> Vec<f64> {
            row.split('|').filter_map(|cell| cell.trim().parse().ok()).collect()
        };
        let (name, expected) = (written.split('|').nth(1), figures(written));
        assert_eq!(name, found.split('|').nth(1));
        for (expected, found) in expected.iter().zip(figures(found)) {
            let off = (found / expected - 1.0).abs() * 100.0;
            assert!(off <= TOLERANCE, "{written}\nis now\n{found}: bless it if that is meant");
        }
    }
}
