//! The kernels compiled for this machine: the limit.

use std::path::Path;
use std::process::Command;

/// Calls the kernel `$1` times and prints the least time of a call in nanoseconds.
const TIMER: &str = r#"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
uint64_t kernel(void);
static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
int main(int count, char **arguments) {
    uint64_t least = UINT64_MAX, sum = 0;
    for (int round = atoi(arguments[count - 1]); round > 0; round--) {
        uint64_t start = now();
        sum += kernel();
        uint64_t time = now() - start;
        if (time < least) least = time;
    }
    printf("%llu %llu\n", (unsigned long long)least, (unsigned long long)sum);
}
"#;

/// The compiler: `$CLANG`, or the first of clang-19 and cc that there is.
#[must_use]
pub fn compiler() -> String {
    let chosen = std::env::var("CLANG").ok();
    let there = |name: &&str| Command::new(name).arg("--version").output().is_ok();
    let found = || ["clang-19", "cc"].iter().copied().find(there).unwrap_or("cc").to_owned();
    chosen.unwrap_or_else(found)
}

/// The least time of a kernel in seconds, compiled at `-O2`.
///
/// # Errors
/// When it cannot be compiled.
pub fn time(kernels: &Path, name: &str, rounds: u32) -> Result<f64, String> {
    let work = std::env::temp_dir().join(format!("jambox-bench-{}", std::process::id()));
    std::fs::create_dir_all(&work).map_err(|error| error.to_string())?;
    let time = time_in(&work, kernels, name, rounds);
    let _ = std::fs::remove_dir_all(&work);
    time
}

fn time_in(work: &Path, kernels: &Path, name: &str, rounds: u32) -> Result<f64, String> {
    let (timer, object, binary) = (work.join("timer.c"), work.join("kernel.o"), work.join(name));
    std::fs::write(&timer, TIMER).map_err(|error| error.to_string())?;
    let compiler = compiler();
    let mut command = Command::new(&compiler);
    command.args(["-O2", "-DNATIVE", "-Dmain=unused", "-c", "-o"]).arg(&object);
    succeed(command.arg(kernels.join(name).with_extension("c")))?;
    let mut command = Command::new(&compiler);
    succeed(command.arg("-O2").arg("-o").arg(&binary).arg(&timer).arg(&object))?;
    let text = succeed(Command::new(&binary).arg(rounds.to_string()))?;
    let least = text.split(' ').next().and_then(|number| number.parse::<f64>().ok());
    Ok(least.ok_or("no time")? * 1e-9)
}

/// Runs a command to its end and returns what it printed.
fn succeed(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
