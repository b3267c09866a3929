//! `cargo xtask soak`: killing the process in the middle of commits, hundreds of times, and failing
//! the disk at every single operation of one; damaging files by the thousand; loading and killing
//! the node; and comparing generated programs with what they are as services.

use crate::command::{cargo, succeed};

/// What `cargo xtask soak` takes.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Options {
    /// How often the process is killed.
    #[arg(default_value_t = 500)]
    crashes: u32,
    #[command(subcommand)]
    other: Option<Soak>,
}

#[derive(clap::Subcommand)]
enum Soak {
    /// Load the node with packages from many clients, and kill it while they come in
    Node {
        /// How many packages eight clients send, with 64 subscriptions.
        #[arg(long, default_value_t = 1000)]
        packages: u32,
        /// How often the node is killed.
        #[arg(long, default_value_t = 200)]
        kills: u32,
    },
    /// Damage files of the formats that the command reads, and chains
    Damage {
        /// How many files are damaged.
        #[arg(long, default_value_t = 5000)]
        files: u32,
        /// How many chains are damaged.
        #[arg(long, default_value_t = 2000)]
        chains: u32,
        /// Which part of the files, such as 2/5.
        #[arg(long, default_value = "1/1")]
        shard: String,
    },
    /// Make programs in C by chance, and compare what they compute here and as services
    Compiled {
        /// How many.
        #[arg(long, default_value_t = 150)]
        programs: u32,
    },
}

/// Runs tests for longer than tests may take.
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
            // One after the other: the figures are of a node that has the machine for itself.
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
