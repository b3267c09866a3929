//! Processors: their instructions and registers are named in folders of their own.

use super::tokens;

/// Crates that make or run native code.
const CRATES: &[&str] = &["crates/recompiler/src/", "crates/sandbox/src/"];

/// Folders of processors, which one could stand beside the other.
const FOLDERS: &[&str] = &["x86_64", "aarch64"];

/// Roots of paths to what only some processors have.
const ROOTS: &[&[&str]] = &[&["core", "arch"], &["std", "arch"], &["iced_x86"]];

/// The only name under which other files reach a processor's folder: that of the one which is
/// compiled.
const SEAM: &str = "target";

/// Refuses paths to a processor's items outside of the folders of processors. Those come in by the
/// seam: as implementations of a trait, or by the name of `target`.
pub fn check(name: &str, text: &str, faults: &mut Vec<String>) {
    let is_in_folder = name.split('/').any(|part| FOLDERS.contains(&part));
    if is_in_folder || !CRATES.iter().any(|room| name.starts_with(room)) {
        return;
    }
    for path in tokens::read(text).paths {
        let names: Vec<&str> = path.names.iter().map(String::as_str).collect();
        let is_seam = path.is_use && names.len() == 1 && path.alias == SEAM;
        let names_one = names.iter().any(|name| FOLDERS.contains(name));
        if ROOTS.iter().any(|root| names.starts_with(root)) || names_one && !is_seam {
            faults.push(format!(
                "{name}: `{}` belongs in a folder of a processor ({})",
                names.join("::"),
                FOLDERS.join(", ")
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(name: &str, text: &str) -> Vec<String> {
        let mut faults = Vec::new();
        check(name, text, &mut faults);
        faults
    }

    #[test]
    fn processors_are_named_in_their_folders_and_at_the_seam() {
        let plan = "crates/recompiler/src/emit/mod.rs";
        let imports = "use crate::x86_64::registers::GAS;\nfn f() { core::arch::x86_64::_pause() }";
        let found = faults(plan, imports);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(
            found[0],
            "crates/recompiler/src/emit/mod.rs: `crate::x86_64::registers::GAS` belongs in a \
             folder of a processor (x86_64, aarch64)"
        );
        assert_eq!(faults("crates/recompiler/src/x86_64/mod.rs", imports), [""; 0]);
        assert_eq!(faults("crates/sdk/src/guest/panic.rs", "use core::arch::asm;"), [""; 0]);
        let seam = "#[cfg(target_arch = \"x86_64\")]\nmod x86_64;\nuse x86_64 as target;\n\
                    use target::Buffer; // x86_64::Gpr";
        assert_eq!(faults("crates/sandbox/src/native/mod.rs", seam), [""; 0]);
        assert_eq!(faults(plan, "pub use x86_64::Gpr;").len(), 1);
        assert_eq!(faults(plan, "use iced_x86::Decoder;").len(), 1);
    }
}
