//! Memory of this process and its children.

use std::fs;

/// Octets of memory that this process and all processes below it have, their page tables included;
/// shared memory is counted once. `None` where the kernel does not say.
#[must_use]
pub fn resident() -> Option<u64> {
    let mut processes = vec![std::process::id()];
    let mut sum = 0;
    while let Some(process) = processes.pop() {
        let folder = format!("/proc/{process}");
        // A process that ended meanwhile has none.
        sum += field(&format!("{folder}/smaps_rollup"), "Pss:").unwrap_or(0);
        sum += field(&format!("{folder}/status"), "VmPTE:").unwrap_or(0);
        let threads = fs::read_dir(format!("{folder}/task")).into_iter().flatten().flatten();
        for thread in threads {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            processes.extend(children.split_whitespace().filter_map(|id| id.parse::<u32>().ok()));
        }
    }
    (sum > 0).then_some(sum)
}

/// A field in KiB, in octets.
fn field(path: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let number: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(number << 10)
}
