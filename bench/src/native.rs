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

/// The least time of a kernel in seconds, compiled with `$CLANG`, clang-19 or cc at `-O2`, and the
/// compiler's name.
pub fn time(kernels: &Path, name: &str, rounds: u32) -> Result<(f64, String), String> {
    let work = std::env::temp_dir().join(format!("jambox-bench-{}", std::process::id()));
    std::fs::create_dir_all(&work).map_err(|error| error.to_string())?;
    let (timer, binary) = (work.join("timer.c"), work.join(name));
    std::fs::write(&timer, TIMER).map_err(|error| error.to_string())?;
    let chosen = std::env::var("CLANG").ok();
    let compilers = chosen.as_deref().into_iter().chain(["clang-19", "cc"]);
    for compiler in compilers {
        let mut command = Command::new(compiler);
        command.args(["-O2", "-DNATIVE", "-Dmain=unused", "-c", "-o"]);
        let object = work.join("kernel.o");
        command.arg(&object).arg(kernels.join(name).with_extension("c"));
        if !command.output().is_ok_and(|output| output.status.success()) {
            continue;
        }
        let mut command = Command::new(compiler);
        command.arg("-O2").arg("-o").arg(&binary).arg(&timer).arg(&object);
        let output = command.output().map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let output = Command::new(&binary).arg(rounds.to_string()).output();
        let text = output.map_err(|error| error.to_string())?.stdout;
        let text = String::from_utf8_lossy(&text).into_owned();
        let least = text.split(' ').next().and_then(|number| number.parse::<f64>().ok());
        let _ = std::fs::remove_dir_all(&work);
        return Ok((least.ok_or("no time")? * 1e-9, compiler.to_owned()));
    }
    Err("no C compiler".to_owned())
}
