//! `cargo xtask soak`: long tests. Kills of the process in the middle of hundreds of commits, and
//! failures of the disk at every single operation of a commit; thousands of damaged files; load on
//! the node, and kills of it; generated programs, natively and as services.

use crate::command::{cargo, succeed};

/// Options of `cargo xtask soak`.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Options {
    /// Number of times that the process is killed.
    #[arg(default_value_t = 500)]
    crashes: u32,
    #[command(subcommand)]
    other: Option<Soak>,
}

#[derive(clap::Subcommand)]
enum Soak {
    /// Load the node with packages from many clients, and kill it while they arrive
    Node {
        /// Number of packages that eight clients send, with 64 subscriptions.
        #[arg(long, default_value_t = 1000)]
        packages: u32,
        /// Number of times that the node is killed.
        #[arg(long, default_value_t = 200)]
        kills: u32,
    },
    /// Damage files of the formats that the command reads, and chains
    Damage {
        /// Number of files that are damaged.
        #[arg(long, default_value_t = 5000)]
        files: u32,
        /// Number of chains that are damaged.
        #[arg(long, default_value_t = 2000)]
        chains: u32,
        /// Part of the files to damage, such as 2/5.
        #[arg(long, default_value = "1/1")]
        shard: String,
    },
    /// Generate random programs in C, and compare their results natively and as services
    Compiled {
        /// Number of programs.
        #[arg(long, default_value_t = 150)]
        programs: u32,
    },
}

/// Runs tests with larger numbers than in the test suite.
pub fn run(options: &Options) -> Result<(), String> {
    let test = |package: &str| {
        let mut command = cargo();
        command.args(["test", "--release", "--package", package, "--test", "it", "--"]);
        command.arg("--nocapture");
        command
    };
    match &options.other {
        None => {
            let mut command = test("jambox-store");
            command.env("JAMBOX_CRASHES", options.crashes.to_string());
            succeed(command.args(["crash::", "faults::"]))
        }
        Some(Soak::Node { packages, kills }) => {
            let mut command = test("jambox-cli");
            command.env("JAMBOX_LOAD_PACKAGES", packages.to_string());
            command.env("JAMBOX_LOAD_KILLS", kills.to_string());
            // In sequence: the figures are of a node that has the machine to itself.
            succeed(command.args(["load::", "--test-threads", "1"]))
        }
        Some(Soak::Compiled { programs }) => {
            let mut command = test("jambox-build");
            command.env("JAMBOX_COMPILED", programs.to_string());
            succeed(command.arg("compiled::"))
        }
        Some(Soak::Damage { files, chains, shard }) => {
            let mut command = test("jambox-store");
            succeed(command.env("JAMBOX_DAMAGED", chains.to_string()).arg("damage::"))?;
            let mut command = test("jambox-cli");
            command.env("JAMBOX_DAMAGED_FILES", files.to_string()).env("JAMBOX_SHARD", shard);
            succeed(command.arg("damage::"))
        }
    }
}
