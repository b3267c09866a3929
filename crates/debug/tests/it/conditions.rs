//! Conditions over registers and memory.

use jambox_debug::Condition;
use jambox_engine::{Access, Config, Engine, Instance, Module};
use jambox_isa::Revision;
use jambox_program::ProgramBlob;

fn instance() -> Instance {
    let config = Config { revision: Revision::GrayPaper080, ..Config::default() };
    let blob = ProgramBlob::parse(&[0, 0, 1, 0, 1]).unwrap();
    let module = Module::new(&Engine::new(config).unwrap(), blob).unwrap();
    let mut instance = Instance::new(&module).unwrap();
    instance.memory_mut().set_access(16, 1, Access::ReadOnly);
    instance.memory_mut().poke_raw(0x1_0000, &[1, 2, 3, 4, 5, 6, 7, 8]);
    *instance.regs_mut() = std::array::from_fn(|index| index as u64);
    instance.set_gas(77);
    instance
}

#[test]
fn expressions_have_values() {
    let it = instance();
    let value = |text: &str| Condition::parse(text).unwrap().value(&it);
    for (text, expected) in [
        ("r7", 7),
        ("a0 + a1 * 2", 23),
        ("(a0 + a1) * 2", 30),
        ("sp == 1 && gas == 77", 1),
        ("r2 > 3 || pc == 0", 1),
        ("r2 >= 3", 0),
        ("u16[0x10000]", 0x0201),
        ("u64[0x1_0000 + r0] & 0xff00", 0x0200),
        ("u8[u8[0x10001] + 0x10000]", 3),
        ("1 - 2 == 0xffff_ffff_ffff_ffff", 1),
        ("0 && u8[0]", 0),
    ] {
        assert_eq!(value(text), Some(expected), "{text}");
    }
    assert_eq!(value("u8[0]"), None, "it cannot be read");
    assert!(!Condition::parse("u8[0] == 0 || 1").unwrap().holds(&it), "so that is unknown");
}

#[test]
fn what_is_no_expression_is_refused_with_its_place() {
    for (text, rest) in [
        ("", ""),
        ("r13", "r13"),
        ("r7 ==", ""),
        ("r7 r8", "r8"),
        ("u32 7", "7"),
        ("u32[7", ""),
        ("(1", ""),
        ("7 = 7", "= 7"),
        ("1 + \u{fc}", "\u{fc}"),
    ] {
        assert_eq!(Condition::parse(text).unwrap_err().rest, rest, "{text}");
    }
    assert!(Condition::parse(&"(".repeat(100_000)).is_err());
}
