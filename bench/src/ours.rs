//! This project's engine.

use std::cell::OnceCell;
use std::hint::black_box;
use std::time::Duration;

use jambox_engine::{Access, Backend, Config, Engine, Exit, Instance, PAGE_SIZE, StandardModule};
use jambox_isa::Revision;
use jambox_program::{GasPlan, ProgramBlob, StandardProgram};
use jambox_recompiler::{NativeCode, Tier};

use crate::clock::Clock;
use crate::machine::{Machine, Peer, Stop};
use crate::translate::{Sbrks, Translated, translated};

/// This project's engine.
pub struct Ours(Engine);

impl Ours {
    /// # Errors
    /// When the platform has no such backend.
    pub fn new(config: Config) -> Result<Self, String> {
        Engine::new(config).map(Self).map_err(|error| error.to_string())
    }
}

impl Ours {
    /// The time in seconds, by instruction, of asking the gas plan for the cost of every basic
    /// block of a program.
    ///
    /// # Errors
    /// When the program has no form in the revision.
    pub fn gas_plan_time(&self, program: &StandardProgram) -> Result<f64, String> {
        let program = self.adapt(program, 0)?.standard.program();
        let program = program.map_err(|error| error.to_string())?;
        let set = self.0.instruction_set();
        let starts: Vec<_> = program.basic_blocks(set).map(|block| block.start).collect();
        let instructions = (0..program.code_len()).filter(|&pc| program.is_instruction_start(pc));
        let instructions = instructions.count();
        let plan = GasPlan::of(set);
        let time = Clock::Processor.least(20, Duration::from_millis(400), || {
            for &start in &starts {
                black_box(plan.cost_at(black_box(&program), start));
            }
        });
        Ok(time.as_secs_f64() / instructions as f64)
    }
}

/// A program of the engine's revision.
pub struct Program {
    standard: StandardProgram,
    sbrks: Sbrks,
    /// Starts of basic blocks, found when they are first asked for.
    blocks: OnceCell<Vec<u32>>,
}

impl Program {
    fn new(standard: StandardProgram, sbrks: Sbrks) -> Self {
        Self { standard, sbrks, blocks: OnceCell::new() }
    }
}

impl Peer for Ours {
    type Program = Program;
    type Module = StandardModule;
    type Machine = Running;

    /// The programs are 0.7.2's; from 0.8.0 on the host grows the heap.
    fn adapt(&self, program: &StandardProgram, _: usize) -> Result<Program, String> {
        let revision = self.0.config().revision;
        if revision == Revision::GrayPaper072 {
            return Ok(Program::new(program.clone(), Sbrks::default()));
        }
        let Translated { code, sbrks } = translated(program, revision)?;
        let standard = StandardProgram::new(
            program.read_only(),
            program.read_write(),
            program.heap_pages(),
            program.stack_size(),
            code,
        );
        Ok(Program::new(standard.map_err(|error| error.to_string())?, sbrks))
    }

    fn compile(&self, program: &Program) -> Result<StandardModule, String> {
        let module = StandardModule::new(&self.0, program.standard.clone());
        module.map_err(|error| error.to_string())
    }

    fn instantiate(
        &self,
        module: &StandardModule,
        program: &Program,
        arguments: &[u8],
    ) -> Result<Running, String> {
        let instance = module.instance(arguments).map_err(|error| error.to_string())?;
        let sbrks = program.sbrks.clone();
        let layout = program.standard.layout(arguments.len() as u64).ok_or("no layout")?;
        // A whole page, as polkavm has it: allocators take other ways from elsewhere.
        Ok(Running { instance, sbrks, heap_end: layout.read_write.end.into() })
    }

    /// Makes native code of every basic block, of a program that the revision accepts as a whole.
    /// Block starts are found once, at the first call: no host ever asks for them all. The
    /// interpreter decodes the instructions that it reaches and nothing else.
    fn compile_all(&self, program: &Program) -> Result<(), String> {
        if self.0.config().backend == Backend::Interpreter {
            return Err("lazy".to_owned());
        }
        let blob =
            ProgramBlob::parse(program.standard.code()).map_err(|error| error.to_string())?;
        let set = self.0.instruction_set();
        blob.validate(set).map_err(|error| error.to_string())?;
        let find = || blob.basic_blocks(set).map(|block| block.start).collect();
        let blocks = program.blocks.get_or_init(find);
        let code =
            NativeCode::new(blob.clone(), set, Tier::First).map_err(|error| error.to_string())?;
        for &pc in blocks {
            code.enter(pc).ok_or("a basic block without code")?;
        }
        Ok(())
    }
}

/// A machine of this project's.
pub struct Running {
    instance: Instance,
    sbrks: Sbrks,
    /// The first address above the heap, where a host call stands for `sbrk`.
    heap_end: u64,
}

impl Running {
    /// Grows the heap, as an `sbrk` with these operands would.
    #[cold]
    fn grow_heap(&mut self, (to, from): (usize, usize)) {
        let page_of = |address: u64| (address.div_ceil(PAGE_SIZE.into())) as u32;
        let start = self.heap_end;
        self.heap_end += self.instance.regs()[from];
        let (first, end) = (page_of(start), page_of(self.heap_end));
        self.instance.memory_mut().set_access(first, end - first, Access::ReadWrite);
        self.instance.regs_mut()[to] = start;
        self.instance.skip_host_call();
    }
}

impl Machine for Running {
    fn start(&mut self, pc: u64, gas: u64) {
        self.instance.set_pc(pc);
        self.instance.set_gas(gas);
    }

    fn run(&mut self) -> Stop {
        loop {
            return match self.instance.run() {
                Exit::Halt => Stop::Halt,
                Exit::Panic | Exit::PageFault(_) => Stop::Panic,
                Exit::OutOfGas => Stop::OutOfGas,
                Exit::HostCall(number) => match self.sbrks.operands(number as u32) {
                    Some(operands) => {
                        self.grow_heap(operands);
                        continue;
                    }
                    None => Stop::HostCall(number),
                },
            };
        }
    }

    fn skip_host_call(&mut self) {
        self.instance.skip_host_call();
    }

    fn pc(&self) -> Option<u64> {
        Some(self.instance.pc())
    }

    fn gas(&self) -> u64 {
        self.instance.gas()
    }

    fn set_gas(&mut self, gas: u64) {
        self.instance.set_gas(gas);
    }

    fn reg(&self, reg: usize) -> u64 {
        self.instance.regs()[reg]
    }

    fn set_reg(&mut self, reg: usize, value: u64) {
        self.instance.regs_mut()[reg] = value;
    }

    fn write(&mut self, address: u64, octets: &[u8]) {
        self.instance.memory_mut().write(address, octets).expect("writable");
    }

    fn read_u64(&mut self, address: u64) -> Option<u64> {
        self.instance.memory().read_array(address).ok().map(u64::from_le_bytes)
    }
}
