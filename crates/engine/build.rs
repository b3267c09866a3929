//! Chooses how the interpreter's ops pass control (see `src/interpreter/dispatch.rs`).
//!
//! Calling the next op as the last thing an op does is only sound for the stack where the compiler
//! turns such calls into jumps. LLVM does on these targets at its highest level of optimisation.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(threaded)");
    println!("cargo::rustc-check-cfg=cfg(native)");
    let is = |name: &str, values: &[&str]| {
        env::var(name).is_ok_and(|value| values.contains(&value.as_str()))
    };
    let optimised = is("OPT_LEVEL", &["3"]) && env::var_os("CARGO_CFG_DEBUG_ASSERTIONS").is_none();
    if optimised && is("CARGO_CFG_TARGET_ARCH", &["x86_64", "aarch64"]) {
        println!("cargo::rustc-cfg=threaded");
    }
    let native = is("CARGO_CFG_TARGET_ARCH", &["x86_64"]) && is("CARGO_CFG_TARGET_OS", &["linux"]);
    if native && env::var_os("CARGO_FEATURE_PORTABLE_MEMORY").is_none() {
        println!("cargo::rustc-cfg=native");
    }
}
