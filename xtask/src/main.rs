//! Project chores that are longer than one cargo command: `cargo xtask help`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod bench;
mod book;
mod checkers;
mod clients;
mod command;
mod comparison;
mod conformance;
mod debuggers;
mod dispatch;
mod documentation;
mod explorer;
mod guests;
mod man;
mod portable;
mod publish;
mod sample;
mod soak;
mod sources;
mod tidy;

/// Chores of the Jambox project.
#[derive(Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = false)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Run the jambox command over every public vector that this project claims to pass.
    Conformance(conformance::Options),
    /// Build the example services into their committed blobs, or check those.
    Guests(guests::Options),
    /// Build the same services with this project's SDK and with the ecosystem's, and compare them.
    CompareSdks,
    /// Make the book in docs into HTML.
    Book,
    /// Compare the engine with its peers.
    Bench(bench::Options),
    /// Run other implementations' clients (`jamt`, `jamtop`, typeberry's) against the node.
    Clients(clients::Options),
    /// Test the node's page in a headless browser (Debian's chromium), with packages that fail.
    Explorer(explorer::Options),
    /// Run the debug adapter's test client, `gdb-multiarch` and a native replay against the
    /// debugger; a client that is not installed is reported as missing.
    Debuggers,
    /// Kill processes in the middle of commits and check the files that they leave.
    Soak(soak::Options),
    /// Run the tests that need no native code under Miri (nightly Rust).
    Miri,
    /// Run guests, faults and signals in many threads under sanitizers (nightly Rust).
    Sanitize(checkers::Options),
    /// Check the crates for targets without native code, and test the engine in WebAssembly.
    Portable,
    /// Write the command's manual pages and completions into target.
    Man,
    /// Build the crates' documentation as docs.rs does (nightly Rust).
    Docs,
    /// List the public items of the crates that others use most, or compare with the lists
    /// (nightly Rust).
    Api(documentation::Options),
    /// Package the crates for the registry, build the packages, and upload them.
    Publish(publish::Options),
    /// Check that the release build's interpreter passes control by jumps.
    CheckDispatch,
    /// Print functions and sections of the book, drawn at random, for reading aloud.
    Sample(sample::Options),
    /// Check the rules of the house that no compiler checks: lengths, words, dependencies.
    Tidy,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().chore {
        Chore::Conformance(options) => conformance::run(&options),
        Chore::CompareSdks => comparison::run(),
        Chore::Book => book::run(),
        Chore::Bench(bench) => bench::run(&bench),
        Chore::Clients(options) => clients::run(&options),
        Chore::Explorer(options) => explorer::run(&options),
        Chore::Debuggers => debuggers::run(),
        Chore::Soak(options) => soak::run(&options),
        Chore::Miri => checkers::miri(),
        Chore::Sanitize(options) => checkers::sanitize(&options),
        Chore::Portable => portable::run(),
        Chore::Docs => documentation::docs(),
        Chore::Api(options) => documentation::api(&options),
        Chore::Man => man::run(),
        Chore::Publish(options) => publish::run(&options),
        Chore::CheckDispatch => dispatch::run(),
        Chore::Sample(options) => sample::run(&options),
        Chore::Tidy => tidy::run(),
        Chore::Guests(options) => guests::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use clap::Parser;

    use super::Arguments;
    use super::command::root;

    /// Folders of pages that name chores.
    const FOLDERS: &[&str] = &[".", "bench", "docs", "fuzz", "guests"];

    /// The chores that a page names, with their options; values are made up.
    fn chores(text: &str) -> Vec<String> {
        let named = text.split("cargo xtask ").skip(1).map(|rest| {
            let chore = rest.split(['`', '#', '[', '\n']).next().unwrap_or_default();
            let words = chore.split_whitespace().map(|word| match word {
                "N" => "1",
                "NAME" => "interpreter",
                word => word,
            });
            words.collect::<Vec<_>>().join(" ")
        });
        named.filter(|chore| chore != "CHORE").collect()
    }

    #[test]
    fn chores_that_pages_name_are_understood() {
        let mut count = 0;
        let mut wrong = Vec::new();
        for entry in FOLDERS.iter().flat_map(|folder| fs::read_dir(root().join(folder)).unwrap()) {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "md") {
                continue;
            }
            for chore in chores(&fs::read_to_string(&path).unwrap()) {
                count += 1;
                let words = ["cargo xtask"].into_iter().chain(chore.split_whitespace());
                if Arguments::try_parse_from(words).is_err_and(|error| error.use_stderr()) {
                    wrong.push(format!("{}: cargo xtask {chore}", path.display()));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(count > 20, "{count} chores");
    }
}
