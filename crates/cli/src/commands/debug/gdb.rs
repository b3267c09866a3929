//! The remote protocol of GDB in front of a session.
//!
//! GDB does not know this machine. To it, this is a 64-bit RISC-V with 16 registers, which the
//! machine was made after: `zero`, `gp` and `tp` do not exist and read as 0. Code is not in memory:
//! to GDB it lies behind it, from 2^32 on. What GDB makes of its octets as RISC-V instructions, and
//! of their frames, means nothing: `monitor code` and `monitor where` show those.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener};

use gdbstub::arch::{Arch, Registers};
use gdbstub::common::Signal;
use gdbstub::conn::ConnectionExt;
use gdbstub::stub::{BaseStopReason, GdbStub, SingleThreadStopReason, run_blocking};
use gdbstub::target::ext::base::BaseOps;
use gdbstub::target::ext::base::reverse_exec::{
    ReplayLogPosition, ReverseCont, ReverseContOps, ReverseStep, ReverseStepOps,
};
use gdbstub::target::ext::base::singlethread::{
    SingleThreadBase, SingleThreadResume, SingleThreadResumeOps, SingleThreadSingleStep,
    SingleThreadSingleStepOps,
};
use gdbstub::target::ext::breakpoints::{
    Breakpoints, BreakpointsOps, HwWatchpoint, HwWatchpointOps, SwBreakpoint, SwBreakpointOps,
    WatchKind,
};
use gdbstub::target::ext::monitor_cmd::{ConsoleOutput, MonitorCmd, MonitorCmdOps};
use gdbstub::target::{Target, TargetError, TargetResult};

use jambox_debug::{Direction, Kind, StopPoint, Stopped, Stops};

use super::lines::{Answer, Lines};

/// Description of the registers for GDB.
const DESCRIPTION: &str = r#"<?xml version="1.0"?>
<!DOCTYPE target SYSTEM "gdb-target.dtd">
<target version="1.0">
<architecture>riscv:rv64</architecture>
<feature name="org.gnu.gdb.riscv.cpu">
<reg name="zero" bitsize="64" type="int"/>
<reg name="ra" bitsize="64" type="int"/>
<reg name="sp" bitsize="64" type="data_ptr"/>
<reg name="gp" bitsize="64" type="int"/>
<reg name="tp" bitsize="64" type="int"/>
<reg name="t0" bitsize="64" type="int"/>
<reg name="t1" bitsize="64" type="int"/>
<reg name="t2" bitsize="64" type="int"/>
<reg name="fp" bitsize="64" type="int"/>
<reg name="s1" bitsize="64" type="int"/>
<reg name="a0" bitsize="64" type="int"/>
<reg name="a1" bitsize="64" type="int"/>
<reg name="a2" bitsize="64" type="int"/>
<reg name="a3" bitsize="64" type="int"/>
<reg name="a4" bitsize="64" type="int"/>
<reg name="a5" bitsize="64" type="int"/>
<reg name="pc" bitsize="64" type="code_ptr"/>
</feature>
<feature name="org.jambox.machine">
<reg name="gas" bitsize="64" type="uint64"/>
</feature>
</target>"#;

/// The machine as GDB sees it.
enum Machine {}

/// Address of the code for GDB: behind all memory.
const CODE: u64 = 1 << 32;

/// GDB's index of each register of the machine: `ra`, `sp`, `t0` ..
const REGISTERS: [usize; 13] = [1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

#[derive(Clone, Debug, Default, PartialEq)]
struct State {
    regs: [u64; 13],
    pc: u64,
    gas: u64,
}

impl Registers for State {
    type ProgramCounter = u64;

    fn pc(&self) -> u64 {
        self.pc
    }

    fn gdb_serialize(&self, mut write: impl FnMut(Option<u8>)) {
        let mut all = [0; 16];
        for (index, value) in REGISTERS.into_iter().zip(self.regs) {
            all[index] = value;
        }
        let all = all.into_iter().chain([self.pc, self.gas]);
        all.flat_map(u64::to_le_bytes).for_each(|octet| write(Some(octet)));
    }

    fn gdb_deserialize(&mut self, _: &[u8]) -> Result<(), ()> {
        // A recording cannot be changed.
        Err(())
    }
}

impl Arch for Machine {
    type Usize = u64;
    type Registers = State;
    type BreakpointKind = usize;
    type RegId = ();

    fn target_description_xml() -> Option<&'static str> {
        Some(DESCRIPTION)
    }
}

/// GDB's request to run, until GDB asks for its result.
#[derive(Clone, Copy)]
enum Wanted {
    Step(Direction),
    Run(Direction),
}

struct Stub {
    lines: Lines,
    stops: Stops,
    places: BTreeMap<u64, usize>,
    watched: BTreeMap<(u64, u64), usize>,
    wanted: Wanted,
}

/// Serves one GDB on a port of this machine, 0 for any free one. Prints the port.
pub fn serve(port: u16, lines: Lines) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    let at = listener.local_addr()?;
    eprintln!("waiting for GDB: target remote {at}");
    let (stream, _) = listener.accept()?;
    stream.set_nodelay(true)?;
    let wanted = Wanted::Run(Direction::Forwards);
    let (stops, places, watched) = (Stops::new(), BTreeMap::new(), BTreeMap::new());
    let mut stub = Stub { lines, stops, places, watched, wanted };
    let connection: Box<dyn ConnectionExt<Error = io::Error>> = Box::new(stream);
    match GdbStub::new(connection).run_blocking::<Events>(&mut stub) {
        Ok(_) => Ok(()),
        // A client that disconnects without a word is no fault of the session.
        Err(error) if error.is_connection_error() => Ok(()),
        Err(error) => Err(io::Error::other(error.to_string())),
    }
}

impl Stub {
    /// Removes the stop of this number; false if there is none.
    fn remove(stops: &mut Stops, number: Option<usize>) -> bool {
        number.is_some_and(|number| stops.remove(number))
    }

    /// Runs as GDB requests, and gives the reason of the stop.
    fn go(&mut self) -> SingleThreadStopReason<u64> {
        let session = self.lines.session_mut();
        let (direction, stopped) = match self.wanted {
            Wanted::Step(direction) => {
                let has_moved = match direction {
                    Direction::Forwards => session.step(),
                    Direction::Backwards => session.step_back(),
                };
                let done = Stopped::At(Vec::new());
                (direction, if has_moved { done } else { Stopped::End })
            }
            Wanted::Run(direction) => (direction, session.run(direction, &self.stops)),
        };
        match stopped {
            Stopped::End => BaseStopReason::ReplayLog {
                tid: None,
                pos: match direction {
                    Direction::Forwards => ReplayLogPosition::End,
                    Direction::Backwards => ReplayLogPosition::Begin,
                },
            },
            Stopped::At(met) => {
                let watched = self.watched.iter().find(|(_, number)| met.contains(number));
                match watched {
                    Some(((addr, _), _)) => {
                        BaseStopReason::Watch { tid: (), kind: WatchKind::Write, addr: *addr }
                    }
                    None if met.is_empty() => BaseStopReason::DoneStep,
                    None => BaseStopReason::SwBreak(()),
                }
            }
        }
    }
}

impl Target for Stub {
    type Arch = Machine;
    type Error = io::Error;

    fn base_ops(&mut self) -> BaseOps<'_, Machine, io::Error> {
        BaseOps::SingleThread(self)
    }

    fn support_breakpoints(&mut self) -> Option<BreakpointsOps<'_, Self>> {
        Some(self)
    }

    fn support_monitor_cmd(&mut self) -> Option<MonitorCmdOps<'_, Self>> {
        Some(self)
    }
}

impl SingleThreadBase for Stub {
    fn read_registers(&mut self, into: &mut State) -> TargetResult<(), Self> {
        let instance = self.lines.session_mut().instance();
        let pc = CODE.saturating_add(instance.pc());
        *into = State { regs: *instance.regs(), pc, gas: instance.gas() };
        Ok(())
    }

    fn write_registers(&mut self, _: &State) -> TargetResult<(), Self> {
        Err(TargetError::NonFatal)
    }

    fn read_addrs(&mut self, start: u64, into: &mut [u8]) -> TargetResult<usize, Self> {
        let instance = self.lines.session_mut().instance();
        if let Some(pc) = start.checked_sub(CODE) {
            let code = instance.module().program().code();
            let rest = code.get(usize::try_from(pc).unwrap_or(usize::MAX)..).unwrap_or_default();
            let length = rest.len().min(into.len());
            into[..length].copy_from_slice(&rest[..length]);
            return if length == 0 { Err(TargetError::NonFatal) } else { Ok(length) };
        }
        let memory = instance.memory();
        let length = match memory.read_into(start, into) {
            Ok(()) => into.len(),
            Err(refused) => {
                let length = refused.address.saturating_sub(start) as usize;
                let readable = into.get_mut(..length).ok_or(TargetError::NonFatal)?;
                memory.read_into(start, readable).map_err(|_| TargetError::NonFatal)?;
                length
            }
        };
        if length == 0 { Err(TargetError::NonFatal) } else { Ok(length) }
    }

    fn write_addrs(&mut self, start: u64, octets: &[u8]) -> TargetResult<(), Self> {
        let written = self.lines.session_mut().write(start, octets);
        written.map_err(|_| TargetError::NonFatal)
    }

    fn support_resume(&mut self) -> Option<SingleThreadResumeOps<'_, Self>> {
        Some(self)
    }
}

impl SingleThreadResume for Stub {
    fn resume(&mut self, _: Option<Signal>) -> io::Result<()> {
        self.wanted = Wanted::Run(Direction::Forwards);
        Ok(())
    }

    fn support_single_step(&mut self) -> Option<SingleThreadSingleStepOps<'_, Self>> {
        Some(self)
    }

    fn support_reverse_step(&mut self) -> Option<ReverseStepOps<'_, (), Self>> {
        Some(self)
    }

    fn support_reverse_cont(&mut self) -> Option<ReverseContOps<'_, (), Self>> {
        Some(self)
    }
}

impl SingleThreadSingleStep for Stub {
    fn step(&mut self, _: Option<Signal>) -> io::Result<()> {
        self.wanted = Wanted::Step(Direction::Forwards);
        Ok(())
    }
}

impl ReverseStep<()> for Stub {
    fn reverse_step(&mut self, (): ()) -> io::Result<()> {
        self.wanted = Wanted::Step(Direction::Backwards);
        Ok(())
    }
}

impl ReverseCont<()> for Stub {
    fn reverse_cont(&mut self) -> io::Result<()> {
        self.wanted = Wanted::Run(Direction::Backwards);
        Ok(())
    }
}

impl Breakpoints for Stub {
    fn support_sw_breakpoint(&mut self) -> Option<SwBreakpointOps<'_, Self>> {
        Some(self)
    }

    fn support_hw_watchpoint(&mut self) -> Option<HwWatchpointOps<'_, Self>> {
        Some(self)
    }
}

impl SwBreakpoint for Stub {
    fn add_sw_breakpoint(&mut self, pc: u64, _: usize) -> TargetResult<bool, Self> {
        let Some(own) = pc.checked_sub(CODE) else { return Ok(false) };
        let kind = Kind::Places([(0, own)].into());
        let number = self.stops.add(StopPoint { kind, condition: None });
        self.places.insert(pc, number);
        Ok(true)
    }

    fn remove_sw_breakpoint(&mut self, pc: u64, _: usize) -> TargetResult<bool, Self> {
        let number = self.places.remove(&pc);
        Ok(Self::remove(&mut self.stops, number))
    }
}

impl HwWatchpoint for Stub {
    fn add_hw_watchpoint(
        &mut self,
        address: u64,
        length: u64,
        kind: WatchKind,
    ) -> TargetResult<bool, Self> {
        if kind != WatchKind::Write {
            return Ok(false);
        }
        let kind = Kind::Memory(address, length);
        let number = self.stops.add(StopPoint { kind, condition: None });
        self.watched.insert((address, length), number);
        Ok(true)
    }

    fn remove_hw_watchpoint(
        &mut self,
        address: u64,
        length: u64,
        _: WatchKind,
    ) -> TargetResult<bool, Self> {
        let number = self.watched.remove(&(address, length));
        Ok(Self::remove(&mut self.stops, number))
    }
}

/// `monitor LINE` is a line of the line mode.
impl MonitorCmd for Stub {
    fn handle_monitor_cmd(&mut self, line: &[u8], mut out: ConsoleOutput<'_>) -> io::Result<()> {
        let mut said = Vec::new();
        let line = String::from_utf8_lossy(line);
        if let Answer::Refused(problem) = self.lines.command(&line, &mut said)? {
            writeln!(said, "{problem}")?;
        }
        out.write_raw(anstream::adapter::strip_bytes(&said).into_vec().as_slice());
        Ok(())
    }
}

/// Events from elsewhere: none, since a run is over before a message can interrupt it.
enum Events {}

impl run_blocking::BlockingEventLoop for Events {
    type Target = Stub;
    type Connection = Box<dyn ConnectionExt<Error = io::Error>>;
    type StopReason = SingleThreadStopReason<u64>;

    fn wait_for_stop_reason(
        stub: &mut Stub,
        _: &mut Self::Connection,
    ) -> Result<
        run_blocking::Event<Self::StopReason>,
        run_blocking::WaitForStopReasonError<io::Error, io::Error>,
    > {
        Ok(run_blocking::Event::TargetStopped(stub.go()))
    }

    fn on_interrupt(_: &mut Stub) -> io::Result<Option<Self::StopReason>> {
        Ok(Some(BaseStopReason::Signal(Signal::SIGINT)))
    }
}
