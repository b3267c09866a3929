//! A host of plugins that has nothing to do with JAM: a game's creatures decide their moves in
//! programs that players wrote. A program that loops, faults or calls a function that does not
//! exist costs its creature the turn, and the game nothing.
//!
//! `cargo run --package jambox-engine --example plugins`

use jambox_asm::{AsmErrors, Dialect, assemble};
use jambox_engine::{Engine, EngineError, Exit, Module, Parts, StandardModule};

/// The functions of the game, by the name that players use and their number.
const FUNCTIONS: &[(&str, u64)] = &[("look", 0), ("say", 1)];

/// Gas for one turn.
const TURN: u64 = 10_000;

/// Turns to where the food is: the result, in a0, is the direction.
const HUNGRY: &str = r#"
    .ro
    shout: .ascii "mine!"
    .code
    load_imm a0, 1
    ecalli look                         ; is there food to the right?
    branch_eq_imm a0, 0, left
    load_imm a0, shout
    load_imm a1, 5
    ecalli say
    load_imm a0, 1
    jump_ind ra
left:
    load_imm a0, -1
    jump_ind ra
"#;

/// Thinks for ever.
const SLOW: &str = ".ro\n.u8 0\n.code\nagain: jump again\n";

/// Makes a player's program ready, once; every turn takes a fresh instance of it.
fn load(engine: &Engine, text: &str) -> Result<StandardModule, Box<dyn std::error::Error>> {
    let dialect = Dialect { set: engine.instruction_set(), host_calls: FUNCTIONS };
    let octets = assemble(text, &dialect).map_err(|errors: AsmErrors| errors.to_string())?;
    Ok(Module::from_standard(engine, &octets.container.encode())?)
}

/// A turn: the direction that the program chose, or why it lost its turn.
fn turn(creature: &StandardModule, food: i64) -> Result<Result<i64, String>, EngineError> {
    let mut instance = creature.instance(&[])?;
    instance.set_gas(TURN);
    loop {
        match instance.run() {
            Exit::Halt => return Ok(Ok(instance.regs()[7] as i64)),
            Exit::HostCall(number) => {
                let Parts { regs, memory, .. } = instance.parts_mut();
                match number {
                    0 => regs[7] = u64::from(regs[7] as i64 == food),
                    1 => match memory.read(regs[7], regs[8].min(80)) {
                        Ok(words) => println!("  it says {:?}", String::from_utf8_lossy(&words)),
                        Err(_) => return Ok(Err("it says what it does not have".to_owned())),
                    },
                    _ => return Ok(Err(format!("there is no function {number}"))),
                }
                instance.skip_host_call();
            }
            exit => return Ok(Err(exit.to_string())),
        }
    }
}

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::new(Default::default())?;
    for (name, text) in [("hungry", HUNGRY), ("slow", SLOW)] {
        let creature = load(&engine, text)?;
        for food in [1, -1] {
            println!("{name}, with food at {food}:");
            match turn(&creature, food)? {
                // The hungry one follows the food, and the slow one never gets to move.
                Ok(direction) if direction != food => return Err("a wrong move".into()),
                Ok(direction) => println!("  it moves by {direction}"),
                Err(why) => println!("  it loses its turn: {why}"),
            }
        }
    }
    Ok(())
}
