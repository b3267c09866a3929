//! Limits of what guests may cost this host.

use crate::jambox::line;

#[test]
fn a_limit_of_the_host_ends_the_command_with_1() {
    let package = "run guests/fibonacci/package.toml";
    assert_eq!(line(&format!("{package} --timeout 600 --limit-memory 4G")).code, 0);
    for (limit, message) in [
        ("--limit-memory 64K", "the guest needs more than 65536 octets of memory"),
        ("--timeout 0.000000001", "the guest takes longer than 1ns"),
    ] {
        let ran = line(&format!("{package} {limit}"));
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.stderr.contains(message), "{}", ran.stderr);
        assert!(
            ran.stderr.contains("this limit is the host's, not the guest's gas"),
            "{}",
            ran.stderr
        );
        let json = line(&format!("{package} {limit} --json"));
        assert_eq!(json.code, 1);
        assert!(json.stdout.contains(message), "{}", json.stdout);
    }
    for wrong in ["--limit-memory 1T", "--limit-memory -1", "--timeout 0", "--timeout soon"] {
        assert_eq!(line(&format!("{package} {wrong}")).code, 2, "{wrong}");
    }
}
