//! Files in memory, and a package file to change.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jambox_package::{Files, Invalid, Package, Switches, load};

/// Files in memory.
#[derive(Default)]
pub struct Memory(BTreeMap<PathBuf, Vec<u8>>);

impl Memory {
    pub fn with(mut self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.0.insert(path.into(), content.as_ref().to_vec());
        self
    }
}

impl Files for Memory {
    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, String> {
        let content = self.0.get(path).ok_or("there is no such file")?;
        if content.len() as u64 > limit {
            return Err(format!("it is longer than the limit of {limit} octets"));
        }
        Ok(content.clone())
    }
}

/// A package with one of everything.
pub const FULL: &str = r#"
[protocol]
revision = "gray-paper-0.7.2"
abi = "gray-paper"
parameters = "tiny"

[chain]
slot = 77
entropy = "hex:0101010101010101010101010101010101010101010101010101010101010101"
core = 1

[privileges]
manager = "one"
assigners = ["one", 9]
delegator = 5
registrar = "two"
always_accumulate = [{ service = "one", gas = 1_000 }]

[services.one]
id = 1
code = "file:one.asm"
balance = 10_000
min_accumulate_gas = 3
min_memo_gas = 4
gratis = 5
created = 6
last_accumulation = 7
parent = "two"
storage = [{ key = "text:k", value = "hex:00ff" }]
preimages = ["text:hello", { data = "file:data.bin", history = [1, 2, 3] }]
requests = [
    { hash = "hex:2222222222222222222222222222222222222222222222222222222222222222", length = 8 },
]

[services.two]
id = 0x2_0000
balance = 18_446_744_073_709_551_615

[segments.earlier]
data = ["text:abc", "file:data.bin"]
package = "hex:3333333333333333333333333333333333333333333333333333333333333333"

[authorizer]
host = "one"
code = "file:one.asm"
configuration = "text:conf"
token = "hex:beef"

[context]
anchor = "hex:4444444444444444444444444444444444444444444444444444444444444444"
lookup_anchor_slot = 70

[[items]]
service = "one"
payload = "text:payload"
refine_gas_limit = 100
accumulate_gas_limit = 200
export_count = 3
imports = [{ from = "earlier", index = 1 }, { from = "earlier", index = 0, by = "package" }]
extrinsics = ["text:first", "hex:02"]
"#;

/// The files named by [`FULL`].
pub fn files(package: &str) -> Memory {
    Memory::default()
        .with("dir/package.toml", package)
        .with("dir/one.asm", ".code\n    trap\n")
        .with("dir/data.bin", [7_u8; 5000])
}

/// Loads a package file in `dir`.
pub fn load_text(package: &str) -> Result<Package, Invalid> {
    load_from(&files(package))
}

/// Loads `dir/package.toml`.
pub fn load_from(files: &Memory) -> Result<Package, Invalid> {
    load(files, Path::new("dir/package.toml"), &Switches::default(), None)
}
