//! A difference that was planted among many instructions.

use jambox_asm::Dialect;
use jambox_engine::{Access, Backend, Config, Engine, Exit, Instance, Module, Revision};
use jambox_inspect::difference::{Ending, Rules, Run, What, Witness, first_difference};
use jambox_invocation::{Machine, Observer};
use jambox_isa::InstructionSet;
use jambox_types::Hash;

/// Sums up 2^17 octets of memory.
const TEXT: &str = "
.program bare
.code
    load_imm s0, 0
    fallthrough
again:
    load_ind_u8 t1, [s0 + 0x20000]
    add_64 s1, s1, t1
    add_imm_64 s0, s0, 1
    branch_lt_u_imm s0, 0x20000, again
    ecalli 7
    trap
";

/// A run in which one octet of the memory may be another, and so may the host's answer.
struct Sum {
    module: Module,
    planted: Option<u64>,
    answer: u64,
    runs: usize,
}

impl Sum {
    fn new(backend: Backend, planted: Option<u64>, answer: u64) -> Self {
        let revision = Revision::GrayPaper080;
        let set = InstructionSet::of(revision);
        let assembly = jambox_asm::assemble(TEXT, &Dialect { set, host_calls: &[] }).unwrap();
        let engine = Engine::new(Config { revision, backend, ..Config::default() }).unwrap();
        let module = Module::new(&engine, assembly.container.program().clone()).unwrap();
        Self { module, planted, answer, runs: 0 }
    }
}

impl Run for Sum {
    type Error = ();

    fn run(&mut self, witness: &mut Witness) -> Result<(), ()> {
        self.runs += 1;
        let mut instance = Instance::new(&self.module).unwrap();
        instance.memory_mut().set_access(32, 32, Access::ReadWrite);
        if let Some(place) = self.planted {
            instance.memory_mut().write(0x20000 + place, &[5]).unwrap();
        }
        instance.set_gas(1 << 40);
        witness.starts("the sum".to_owned(), Hash([1; 32]), 0, instance.gas(), &[]);
        assert_eq!(witness.run(Machine::Outer, &mut instance), Exit::HostCall(7));
        witness.calls("7".to_owned(), Some(instance.pc()), instance.regs(), instance.gas());
        instance.regs_mut()[7] = self.answer;
        witness.served(instance.regs(), instance.gas());
        instance.skip_host_call();
        assert_eq!(witness.run(Machine::Outer, &mut instance), Exit::Panic);
        witness.stops(instance.pc(), instance.regs());
        witness.ends(Ending::Panic, instance.gas(), &[]);
        Ok(())
    }
}

#[test]
fn an_octet_of_memory_that_is_another_shows_where_it_is_read() {
    for place in [0, 4095, 4096, 100_000, (1 << 17) - 1] {
        let mut right = Sum::new(Backend::Interpreter, None, 1);
        let mut wrong = Sum::new(Backend::Interpreter, Some(place), 1);
        let found = first_difference(&mut right, &mut wrong, Rules::STRICT).unwrap().unwrap();
        // The sum at the host call shows the difference.
        assert_eq!((found.what, found.invocation, found.event), (What::Machine, 0, 1));
        let step = found.step.unwrap();
        assert_eq!(step.index, 2 + 4 * place, "two before, four a round");
        let [Some(one), Some(other)] = step.steps else { panic!() };
        assert_eq!(one.instruction.to_string(), "load_ind_u8 r3, [r5 + 0x20000]");
        assert_eq!((one.registers[3], other.registers[3]), (0, 5));
        assert_eq!((right.runs, wrong.runs), (3, 3), "half a million instructions, in three runs");
    }
}

#[test]
fn the_host_is_told_from_the_machine() {
    let mut right = Sum::new(Backend::Interpreter, None, 1);
    let mut same = Sum::new(Backend::Stepper, None, 1);
    assert_eq!(first_difference(&mut right, &mut same, Rules::STRICT), Ok(None));
    let mut other = Sum::new(Backend::Interpreter, None, 2);
    let found = first_difference(&mut right, &mut other, Rules::STRICT).unwrap().unwrap();
    assert_eq!((found.what, found.event), (What::Host, 2));
    let events = found.events.map(|event| event.unwrap().text);
    assert_eq!(events, ["the answer to host call 7", "the answer to host call 7"]);
    // The machine shows it with its next instruction.
    assert_eq!(found.step.unwrap().index, 2 + 4 * (1 << 17) + 1);
}
