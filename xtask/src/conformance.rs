//! `cargo xtask conformance`: the commands that users would run over the public vectors.

use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use jambox_engine::Backend;
use jambox_vectors::archive;

use crate::command::{cache, jambox, root, succeed};

/// The commands over a set of vectors, each with its folder, below the folder that holds the set.
const RUNS_072: &[(&[&str], &str)] = &[
    (&["vectors", "pvm"], "dev/pvm/w3f_v0.4/programs"),
    (&["trace", "replay"], "dev/ecalli"),
    (&["vectors", "stf"], "dev/jam-test-vectors/stf"),
    (&["vectors", "codec"], "dev/jam-test-vectors/codec/tiny"),
    (&["vectors", "trie"], "dev/jam-test-vectors/trie"),
    (&["vectors", "traces"], "dev/jam-test-vectors/traces"),
];

/// As [`RUNS_072`].
const RUNS_CONFORMANCE_072: &[(&[&str], &str)] =
    &[(&["vectors", "traces"], "conformance-0.7.2-sample")];

/// As [`RUNS_072`].
const RUNS_080: &[(&[&str], &str)] = &[
    (&["vectors", "pvm"], "dev-0.8.0/pvm/koute_v0.5/programs"),
    (&["vectors", "pvm"], "dev-0.8.0/pvm/generated"),
    (&["vectors", "pvm"], "dev-0.8.0/pvm/gas"),
    (&["vectors", "pvm"], "dev-0.8.0/pvm/deblob.json"),
    (&["vectors", "codec"], "dev-0.8.0/codec/tiny"),
    (&["vectors", "codec"], "dev-0.8.0/codec/generated"),
    (&["vectors", "stf"], "dev-0.8.0/stf"),
    (&["vectors", "traces"], "dev-0.8.0/traces"),
    (&["vectors", "refine"], "dev-0.8.0/refine"),
    (&["trace", "replay"], "dev-0.8.0/ecalli"),
];

/// Options of `cargo xtask conformance`.
#[derive(clap::Args)]
pub struct Options {
    /// The vectors: a folder that holds `dev` or `dev-0.8.0`, or a packed archive. Default:
    /// `JAMBOX_VECTORS`, else `shared/vectors` beside the project.
    vectors: Option<PathBuf>,
    /// Fail when there are no vectors, instead of saying that nothing was checked.
    #[arg(long)]
    required: bool,
    /// The backend that executes programs, in place of the default.
    #[arg(long, value_parser = PossibleValuesParser::new(Backend::NAMES))]
    backend: Option<String>,
}

/// Runs every command; fails with the first that does.
pub fn run(options: &Options) -> Result<(), String> {
    let named = options.vectors.as_deref().map(Path::as_os_str);
    let variable = std::env::var_os(archive::VARIABLE);
    let runs = [
        (archive::GRAY_PAPER_072, RUNS_072),
        (archive::CONFORMANCE_072, RUNS_CONFORMANCE_072),
        (archive::GRAY_PAPER_080, RUNS_080),
    ];
    for (set, runs) in runs {
        let found = archive::find_at(&set, named.or(variable.as_deref()), &root(), &cache());
        let Some(folder) = found.map_err(|error| error.to_string())? else {
            if options.required {
                return Err(set.sources.to_owned());
            }
            println!("conformance: skipped, {}", set.sources);
            continue;
        };
        for (arguments, place) in runs {
            let backend = options.backend.iter().flat_map(|name| ["--backend", name]);
            let arguments: Vec<_> = arguments.iter().copied().chain(backend).collect();
            println!("== jambox {} {place}", arguments.join(" "));
            succeed(jambox(arguments).arg(folder.join(place)))?;
        }
    }
    Ok(())
}
