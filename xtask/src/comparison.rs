//! The same services written for this project's SDK and for the ecosystem's, side by side: the
//! octets of their blobs and the gas of the same work.

use std::fs;
use std::path::{Path, PathBuf};

use jambox_build::{Messages, Options, Panics, Settings, Toolchain, build_with};
use jambox_sdk_testing::{Chain, Code, Item, Mode, Revision, operand};

/// Services that are in `guests` and in `guests/compat`.
const SERVICES: &[(&str, Work)] = &[("fibonacci", fibonacci), ("ledger", ledger)];

/// Does the work on a chain that has the service as number 7, and gives each part's name, gas and
/// result.
type Work = fn(&mut Chain) -> Result<Vec<Part>, String>;

/// A part of the work.
struct Part {
    name: &'static str,
    gas: u64,
    output: Vec<u8>,
}

/// Builds, runs and prints a table; different results are an error.
pub fn run() -> Result<(), String> {
    let toolchain = Toolchain::find().map_err(|error| error.to_string())?;
    println!("| Service | Revision | | jambox-sdk | jam-pvm-common | |\n|---|---|---|---|---|---|");
    for (name, work) in SERVICES {
        for revision in Revision::ALL {
            let theirs = match revision.name().trim_start_matches("gray-paper-") {
                "0.7.2" => (*name).to_owned(),
                number => format!("{name}-{number}"),
            };
            let folders = [Path::new("guests").join(name), Path::new("guests/compat").join(theirs)];
            let [ours, theirs] =
                folders.map(|folder| measured(&toolchain, folder, revision, *work));
            let ((our_size, ours), (their_size, theirs)) = (ours?, theirs?);
            row(name, revision, "octets of the blob", our_size as u64, their_size as u64);
            for (our, their) in ours.iter().zip(&theirs) {
                if our.output != their.output {
                    return Err(format!("{name}, {}: the outputs differ", our.name));
                }
                row(name, revision, our.name, our.gas, their.gas);
            }
        }
    }
    Ok(())
}

fn row(name: &str, revision: Revision, what: &str, ours: u64, theirs: u64) {
    let percent = (ours as f64 / theirs as f64 - 1.0) * 100.0;
    println!("| {name} | {revision} | {what} | {ours} | {theirs} | {percent:+.0} % |");
}

fn measured(
    toolchain: &Toolchain,
    folder: PathBuf,
    revision: Revision,
    work: Work,
) -> Result<(usize, Vec<Part>), String> {
    let failed = |error: String| format!("{}: {error}", folder.display());
    // Messages of panics are left out of both.
    let settings =
        Settings { revision: Some(revision), panics: Some(Panics::Trap), ..Settings::default() };
    let options = Options { settings, messages: Messages::Keep };
    let built = build_with(toolchain, &folder.join("Cargo.toml"), &options)
        .map_err(|error| failed(error.to_string()))?;
    let mut chain = Chain::new(Mode::Compiled.under(revision));
    chain.service(7, &Code::compiled(&built.blob));
    Ok((built.blob.len(), work(&mut chain).map_err(failed)?))
}

fn fibonacci(chain: &mut Chain) -> Result<Vec<Part>, String> {
    let number = refined(chain, "gas of refine, the 90th number", 90u32.to_le_bytes().to_vec())?;
    let kept = accumulated(chain, "gas of accumulate, one result", &number.output)?;
    Ok(vec![number, kept])
}

/// Opens two accounts and transfers, as in `guests/ledger/package.toml` and `transfer.toml`.
fn ledger(chain: &mut Chain) -> Result<Vec<Part>, String> {
    let file = |name: &str| {
        let path = Path::new("guests/ledger/files").join(name);
        fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let (alice, bob) = (file("alice.key")?, file("bob.key")?);
    let open = |key: &[u8]| [&[0], key].concat();
    let (from, to) = (0u32.to_le_bytes(), 1u32.to_le_bytes());
    let (amount, nonce) = (500u64.to_le_bytes(), 0u64.to_le_bytes());
    let signature = file("transfer.signature")?;
    let transfer = [&[1][..], &from, &to, &amount, &nonce, &alice, &signature].concat();
    let first = refined(chain, "gas of refine, an account", open(&alice))?;
    accumulated(chain, "", &first.output)?;
    let account = refined(chain, "gas of refine, an account", open(&bob))?;
    let opened = accumulated(chain, "gas of accumulate, an account", &account.output)?;
    let order = refined(chain, "gas of refine, a signed transfer", transfer)?;
    if order.output.first() != Some(&1) {
        return Err(format!("the ledger refuses the transfer: {:?}", order.output));
    }
    let moved = accumulated(chain, "gas of accumulate, a transfer", &order.output)?;
    Ok(vec![account, opened, order, moved])
}

fn refined(chain: &Chain, name: &'static str, payload: Vec<u8>) -> Result<Part, String> {
    let run = chain.refine(&Item::new(7).payload(payload).gas(1 << 40, 1 << 30));
    let output = run.result.map_err(|error| format!("{name}: {error:?}"))?;
    Ok(Part { name, gas: run.gas_used.0, output })
}

fn accumulated(chain: &mut Chain, name: &'static str, result: &[u8]) -> Result<Part, String> {
    let run = chain.accumulate(7, vec![operand(Ok(result)).into()]);
    if let Some(failure) = run.failure {
        return Err(format!("{name}: {failure}"));
    }
    let output = run.yielded.map(|hash| hash.0.to_vec()).unwrap_or_default();
    Ok(Part { name, gas: run.gas_used.0, output })
}
