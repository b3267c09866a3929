//! `cargo xtask book`: the book in `docs`, as HTML.

use std::io::ErrorKind;
use std::process::Command;

use crate::command::{root, succeed};

/// Installation command of the program that makes the book.
const INSTALL: &str = "cargo install mdbook --no-default-features --features search";

/// Makes the book.
pub fn run() -> Result<(), String> {
    match Command::new("mdbook").arg("--version").output() {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(format!("the book is made by mdbook; to install it: {INSTALL}"));
        }
        Err(error) => return Err(format!("mdbook: {error}")),
    }
    succeed(Command::new("mdbook").arg("build").current_dir(root()))?;
    println!("{}", root().join("target/book/index.html").display());
    Ok(())
}
