//! The public single-program cases.

use std::path::{Path, PathBuf};

use jambox_engine::{Access, Backend, Config, Engine, Exit, Instance, Module, PAGE_SIZE};
use jambox_program::ProgramBlob;
use serde_json::Value;

/// Cases that expect a panic where the paper says page fault at 65536.
const ERRATA: [&str; 2] = ["inst_store_u8_trap_read_only", "inst_store_imm_u8_trap_read_only"];

fn folder() -> Option<PathBuf> {
    let base = std::env::var_os("JAMBOX_VECTORS").map(PathBuf::from)?;
    let folder = base.join("dev/pvm/w3f_v0.4/programs");
    folder.is_dir().then_some(folder)
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}

fn octets(value: &Value) -> Vec<u8> {
    value.as_array().expect("octets").iter().map(|octet| number(octet) as u8).collect()
}

fn regs(value: &Value) -> [u64; 13] {
    let regs: Vec<u64> = value.as_array().expect("registers").iter().map(number).collect();
    regs.try_into().expect("thirteen registers")
}

fn check(path: &Path, backend: Backend) {
    let text = std::fs::read_to_string(path).expect("readable");
    let case: Value = serde_json::from_str(&text).expect("JSON");
    let name = case["name"].as_str().expect("a name");
    if ERRATA.contains(&name) {
        return;
    }
    let engine = Engine::new(Config {
        backend,
        revision: jambox_engine::Revision::GrayPaper072,
        ..Config::default()
    })
    .expect("an engine");
    let blob = ProgramBlob::parse(&octets(&case["program"])).expect("a program");
    let module = Module::new(&engine, blob).expect("a module");
    let mut instance = Instance::new(&module).expect("an instance");
    for part in case["initial-page-map"].as_array().expect("pages") {
        let access = if part["is-writable"] == true { Access::ReadWrite } else { Access::ReadOnly };
        let page = number(&part["address"]) as u32 / PAGE_SIZE;
        let count = number(&part["length"]) as u32 / PAGE_SIZE;
        instance.memory_mut().set_access(page, count, access);
    }
    for part in case["initial-memory"].as_array().expect("memory") {
        instance.memory_mut().poke_raw(number(&part["address"]), &octets(&part["contents"]));
    }
    *instance.regs_mut() = regs(&case["initial-regs"]);
    instance.set_pc(number(&case["initial-pc"]));
    instance.set_gas(number(&case["initial-gas"]));
    let exit = instance.run();
    let expected = match case["expected-status"].as_str() {
        Some("halt") => Exit::Halt,
        Some("panic") => Exit::Panic,
        Some("page-fault") => Exit::PageFault(number(&case["expected-page-fault-address"]) as u32),
        other => panic!("unknown status {other:?}"),
    };
    assert_eq!(exit, expected, "{name}");
    assert_eq!(instance.pc(), number(&case["expected-pc"]), "pc of {name}");
    assert_eq!(*instance.regs(), regs(&case["expected-regs"]), "registers of {name}");
    if !matches!(exit, Exit::PageFault(_)) {
        assert_eq!(instance.gas(), number(&case["expected-gas"]), "gas of {name}");
    }
    for part in case["expected-memory"].as_array().expect("memory") {
        let contents = octets(&part["contents"]);
        let found = instance.memory().read(number(&part["address"]), contents.len() as u64);
        assert_eq!(found.expect("accessible"), contents, "memory of {name}");
    }
}

#[test]
fn public_cases() {
    let Some(folder) = folder() else {
        eprintln!("skipped: JAMBOX_VECTORS does not name an unpacked public archive");
        return;
    };
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "json") {
            for backend in Backend::all_here() {
                check(&path, backend);
            }
            count += 1;
        }
    }
    assert_eq!(count, 311);
}
