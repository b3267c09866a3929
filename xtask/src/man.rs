//! `cargo xtask man`: what packagers install beside the command.

use std::fs;

use crate::command::{cache, jambox, succeed};

/// Shells with the names of their files of completions.
const SHELLS: &[(&str, &str)] =
    &[("bash", "jambox"), ("elvish", "jambox.elv"), ("fish", "jambox.fish"), ("zsh", "_jambox")];

/// Writes the manual pages into `target/man`, completions into `target/completions`.
pub fn run() -> Result<(), String> {
    let cache = cache();
    let target = cache.parent().unwrap_or(&cache);
    let folder = target.join("completions");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for (shell, name) in SHELLS {
        let path = folder.join(name);
        let file =
            fs::File::create(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        succeed(jambox(["completions", shell]).stdout(file))?;
    }
    let pages = target.join("man");
    succeed(jambox(["man".as_ref(), pages.as_os_str()]).stdout(std::process::Stdio::null()))?;
    println!("{}\n{}", pages.display(), folder.display());
    Ok(())
}
