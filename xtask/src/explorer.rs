//! The node's page in a real browser without a window: Debian's chromium.

use std::path::PathBuf;
use std::process::Command;

use clap::Args;

use crate::command::cargo;

/// Options of `cargo xtask explorer`.
#[derive(Args)]
pub struct Options {
    /// Make the picture in `docs` anew.
    #[arg(long)]
    picture: bool,
}

/// Names of programs that are such browsers.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Runs the test of the explorer's verdicts with a browser, which it installs if there is none.
pub fn run(options: &Options) -> Result<(), String> {
    let browser = match find() {
        Some(browser) => browser,
        None => install()?,
    };
    let mut test = cargo();
    test.args(["test", "--package", "jambox-cli", "--test", "it", "--", "--nocapture"]);
    test.arg("remote::every_verdict_names_the_reason").env("JAMBOX_BROWSER", &browser);
    if options.picture {
        test.env("JAMBOX_BLESS", "1");
    }
    let status = test.status().map_err(|error| format!("cargo: {error}"))?;
    if !status.success() {
        return Err("the page does not show what happened".to_owned());
    }
    println!("seen with {}", browser.display());
    Ok(())
}

/// Path of an installed browser; `None` if there is none.
fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders = || std::env::split_paths(&path);
    NAMES.iter().find_map(|name| folders().map(|it| it.join(name)).find(|it| it.is_file()))
}

/// Installs Debian's chromium, if this user may install packages.
fn install() -> Result<PathBuf, String> {
    let mut install = Command::new("apt-get");
    let installed = install.args(["install", "--yes", "chromium"]).status();
    match (installed, find()) {
        (Ok(status), Some(browser)) if status.success() => Ok(browser),
        _ => Err("there is no browser: apt-get install chromium, as root".to_owned()),
    }
}
