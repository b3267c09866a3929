//! Units: pieces of code written at once, and the rules that make them fit to run.

use core::num::NonZeroU64;

use super::buffer::Buffer;
use super::operand::{Condition, Gpr, Size};
use crate::native::code_space::ChunkWriter;
use crate::native::{CHUNK_SLOTS, Room, frame};

/// Writes the code of one [`NativeProgram`](crate::native::NativeProgram), unit by unit.
///
/// # Safety of what is written
///
/// A unit that is [fit](Self::check) keeps these rules, whoever wrote it and whatever is in the
/// registers when it runs:
///
/// - It touches guest memory only through `gs` with 32-bit addresses, fields of its frame, slots
///   and the dispatch table, of which it writes only fields of the frame that it may. No operand
///   names anything else.
/// - It runs on only to instructions of the same program. Jumps within a program lead to
///   [places](Place), which are starts of instructions; those through slots lead where the
///   program says, which is a place; those through the dispatch table are checked to have an
///   entry, and lead to what that holds: a place or an exit. All other ways lead to exits. Code
///   does not run off the end of a unit.
/// - It never names `rsp`, and has no form that changes it, a segment base or the direction flag,
///   or that calls.
///
/// Places, jumps and slots are numbers of what one assembler wrote. One of another
/// assembler, or of a unit that was given up, is another jump or place or none at all; so it can
/// make code wrong, but never unsafe.
///
/// Code can be wrong in two more ways: it can divide by zero, which ends the process by `SIGFPE`,
/// and run in a circle for ever.
#[derive(Default)]
pub struct Assembler {
    pub(super) buffer: Buffer,
    /// The program that the code is for; `None` if it is not to be run.
    program: Option<NonZeroU64>,
    /// The last index of the dispatch table.
    last_entry: u32,
    /// The chunk in which units become code, once there is one.
    writer: Option<ChunkWriter>,
    /// Octets of all units that became code.
    finished: usize,
    is_begun: bool,
    /// The distance of the unit from the start of the code space.
    origin: u32,
    /// The distance of the unit's first slot.
    first_slot: u32,
    /// Number of slots that the unit may have.
    slot_room: u32,
    /// The distances of all places from the start of the code space; the unit's come last.
    places: Vec<u32>,
    /// The distances of all slots; the unit's come last.
    slots: Vec<u32>,
    /// Distances of the ways out that the unit's slots lead to at first.
    ways_out: Vec<u32>,
    /// The jumps of the unit, each [packed](Self::jump); 0 once it was aimed.
    jumps: Vec<u32>,
    amount: Option<Blank>,
    /// Number of places and slots before the unit.
    made: Made,
    /// End of the last instruction after which no other runs.
    last_end: usize,
    /// Required start of the last instruction that something leads to.
    last_target: usize,
    is_flawed: bool,
}

#[derive(Clone, Copy, Default)]
struct Made {
    places: usize,
    slots: usize,
}

/// Flag of a packed jump: its distance is one octet, not four. The rest is where the jump ends.
const SHORT: u32 = 1 << 31;

/// An immediate to be filled in.
#[derive(Clone, Copy)]
struct Blank {
    end: u32,
    is_long: bool,
}

/// The start of an instruction of a program, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(u32);

impl Place {
    /// The number. Small: numbers count from 0 for each program.
    #[inline]
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The place of a number. There need not be one; then code that leads to it is not fit.
    #[inline]
    #[must_use]
    pub const fn of_number(number: u32) -> Self {
        Self(number)
    }
}

/// A word of data that holds the address that code jumps to, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(u32);

/// A jump of the unit in hand whose target is not known yet, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a unit with a jump that leads nowhere is not fit"]
pub struct Jump(u32);

/// The reason why a unit cannot become code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// A jump was never aimed.
    #[error("a jump leads nowhere")]
    UnaimedJump,
    /// The last instruction lets the processor run on.
    #[error("the code runs off its end")]
    NoEnd,
    /// There is no such place or amount, or no such jump that is not aimed yet; a short jump is too
    /// long; or a register was used that the instruction needs itself.
    #[error("a jump, place or register cannot be used so")]
    Misused,
    /// The unit was begun for another program, or elsewhere.
    #[error("the unit was not begun here")]
    NotBegun,
    /// The unit is longer than the room that it was begun for.
    #[error("the unit is longer than its room")]
    TooLong,
    /// The process is a forked child.
    #[error("the process was forked from one that runs generated code")]
    Forked,
}

/// Location of a unit.
#[derive(Clone, Copy)]
pub(in crate::native) struct Location {
    pub(in crate::native) code: u32,
    pub(in crate::native) slots: u32,
    pub(in crate::native) slot_room: u32,
}

/// Location of units that are only looked at.
const ELSEWHERE: Location =
    Location { code: 1 << 20, slots: 1 << 28, slot_room: CHUNK_SLOTS as u32 };

impl Assembler {
    pub(in crate::native) fn of_program(program: NonZeroU64, last_entry: u32) -> Self {
        Self { program: Some(program), last_entry, ..Self::default() }
    }

    /// One whose units are only looked at, for a program with so many entries in its dispatch
    /// table. It works wherever it compiles.
    #[must_use]
    pub fn to_look_at(entries: u32) -> Self {
        let mut asm = Self { last_entry: entries.saturating_sub(1), ..Self::default() };
        asm.begin(ELSEWHERE);
        asm
    }

    /// True if there is room for a unit where the last one became code.
    pub(in crate::native) fn has_room(&self, room: Room) -> bool {
        self.writer.as_ref().is_some_and(|writer| writer.has_room(room))
    }

    /// Makes the next units code elsewhere.
    pub(in crate::native) fn write_to(&mut self, writer: ChunkWriter) {
        self.writer = Some(writer);
    }

    /// Begins a unit that is to become code.
    pub(in crate::native) fn begin_unit(&mut self) {
        if let Some(writer) = &self.writer {
            let at = writer.location();
            self.begin(at);
            self.is_begun = true;
        }
    }

    /// Makes the unit in hand code.
    pub(in crate::native) fn append_unit(&mut self) -> Result<(), Unfit> {
        if !core::mem::take(&mut self.is_begun) {
            return Err(Unfit::NotBegun);
        }
        let mut writer = self.writer.take().ok_or(Unfit::NotBegun)?;
        let done = self.check().and_then(|()| writer.append(self.octets(), self.new_slots()));
        self.writer = Some(writer);
        if done.is_ok() {
            self.finished += self.at();
            self.finish();
        }
        done
    }

    /// Octets of code made of the units so far.
    #[must_use]
    pub const fn octets_finished(&self) -> usize {
        self.finished
    }

    /// Begins a unit; one that is not finished is given up.
    fn begin(&mut self, at: Location) {
        self.origin = at.code;
        self.first_slot = at.slots;
        self.slot_room = at.slot_room;
        self.places.truncate(self.made.places);
        self.slots.truncate(self.made.slots);
        self.buffer.clear();
        self.ways_out.clear();
        self.jumps.clear();
        self.amount = None;
        self.last_end = 0;
        self.last_target = 0;
        self.is_flawed = false;
    }

    /// Counts the unit's places and slots as there.
    fn finish(&mut self) {
        self.made = Made { places: self.places.len(), slots: self.slots.len() };
    }

    /// Begins the next unit, which comes right after this one, if it was one to look at.
    pub fn go_on(&mut self) {
        if self.program.is_none() {
            self.finish();
            let code = self.origin + self.at() as u32;
            self.begin(Location { code, ..ELSEWHERE });
        }
    }

    /// The number of octets written so far: where the next instruction will start.
    #[inline]
    #[must_use]
    pub fn at(&self) -> usize {
        self.buffer.length()
    }

    /// The distance of the unit from the start of the code space.
    #[inline]
    #[must_use]
    pub fn origin(&self) -> u32 {
        self.origin
    }

    /// The octets written so far.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        self.buffer.octets()
    }

    /// Checks that the unit can become code.
    ///
    /// # Errors
    /// With the first reason found.
    pub fn check(&self) -> Result<(), Unfit> {
        if self.is_flawed {
            Err(Unfit::Misused)
        } else if self.jumps.iter().fold(0, |any, jump| any | jump) != 0 {
            Err(Unfit::UnaimedJump)
        } else if self.last_end != self.at() || self.last_target >= self.at() {
            Err(Unfit::NoEnd)
        } else {
            Ok(())
        }
    }

    pub(in crate::native) fn program(&self) -> Option<NonZeroU64> {
        self.program
    }

    /// The distance of a place from the start of the code space, if it is of a finished unit.
    pub(in crate::native) fn offset_of(&self, place: Place) -> Option<u32> {
        let made = self.places.get(..self.made.places)?;
        made.get(place.0 as usize).copied()
    }

    /// The same for a slot.
    pub(in crate::native) fn offset_of_slot(&self, slot: Slot) -> Option<u32> {
        self.slots.get(..self.made.slots)?.get(slot.0 as usize).copied()
    }

    /// The unit's slots, each with the distance of the way out that it leads to at first.
    fn new_slots(&self) -> impl Iterator<Item = (u32, u32)> {
        let slots = self.slots.iter().skip(self.made.slots).copied();
        slots.zip(self.ways_out.iter().map(|way_out| self.origin + way_out))
    }

    /// Makes the next instruction a place that code can jump to.
    #[inline]
    pub fn here(&mut self) -> Place {
        self.last_target = self.at();
        self.places.push(self.origin + self.at() as u32);
        Place(self.places.len() as u32 - 1)
    }

    /// Jumps.
    #[inline]
    pub fn jmp(&mut self) -> Jump {
        self.jmp_by(0);
        self.last_end = self.at();
        self.jump(false)
    }

    /// Jumps if the condition holds.
    #[inline]
    pub fn jcc(&mut self, condition: Condition) -> Jump {
        self.jcc_by(condition, 0);
        self.jump(false)
    }

    /// Like [`jmp`](Self::jmp), to a place at most 127 octets away.
    #[inline]
    pub fn jmp_short(&mut self) -> Jump {
        self.jmp_short_by(0);
        self.last_end = self.at();
        self.jump(true)
    }

    /// Like [`jcc`](Self::jcc), to a place at most 127 octets away.
    #[inline]
    pub fn jcc_short(&mut self, condition: Condition) -> Jump {
        self.jcc_short_by(condition, 0);
        self.jump(true)
    }

    #[inline]
    fn jump(&mut self, is_short: bool) -> Jump {
        self.jumps.push(self.at() as u32 | if is_short { SHORT } else { 0 });
        Jump(self.jumps.len() as u32 - 1)
    }

    /// Makes a jump, which leads nowhere yet, lead to the next instruction.
    #[inline]
    pub fn aim_here(&mut self, jump: Jump) {
        self.last_target = self.at();
        let here = self.origin + self.at() as u32;
        self.aim_at(jump, here);
    }

    /// Makes a jump, which leads nowhere yet, lead to a place.
    #[inline]
    pub fn aim(&mut self, jump: Jump, place: Place) {
        match self.places.get(place.0 as usize) {
            Some(&target) => self.aim_at(jump, target),
            None => self.is_flawed = true,
        }
    }

    #[inline]
    fn aim_at(&mut self, jump: Jump, target: u32) {
        let packed = self.jumps.get_mut(jump.0 as usize).map_or(0, core::mem::take);
        let end = packed & !SHORT;
        // All are in the code space, which is smaller than 2^31.
        let by = target.wrapping_sub(self.origin).wrapping_sub(end) as i32;
        if packed == 0 {
            self.is_flawed = true;
        } else if packed & SHORT == 0 {
            self.buffer.patch32(end as usize - 4, by);
        } else if let Ok(by) = i8::try_from(by) {
            self.buffer.patch8(end as usize - 1, by);
        } else {
            self.is_flawed = true;
        }
    }

    /// Jumps to where a slot leads, which is at first the next instruction; `None`, and nothing is
    /// written, if the unit may have no more slots.
    pub fn jmp_slot(&mut self) -> Option<Slot> {
        const LENGTH: i64 = 6;
        let index = self.ways_out.len() as u32;
        if index >= self.slot_room {
            return None;
        }
        let slot = self.first_slot + 8 * index;
        let end = i64::from(self.origin) + self.at() as i64 + LENGTH;
        self.jmp_rip((i64::from(slot) - end) as i32);
        self.last_target = self.at();
        self.ways_out.push(self.at() as u32);
        self.slots.push(slot);
        Some(Slot(self.slots.len() as u32 - 1))
    }

    /// `dst -= amount`, to be [filled in](Self::fill) as one octet, or four if `is_long`. The
    /// octet is a signed one.
    #[inline]
    pub fn sub_amount(&mut self, size: Size, dst: Gpr, is_long: bool) {
        self.sub_imm(size, dst, if is_long { i32::MAX } else { 1 });
        self.amount = Some(Blank { end: self.at() as u32, is_long });
    }

    /// Fills the last amount in.
    #[inline]
    pub fn fill(&mut self, value: u32) {
        match self.amount {
            Some(Blank { end, is_long: true }) => {
                self.buffer.patch32(end as usize - 4, value as i32);
            }
            Some(Blank { end, is_long: false }) => {
                self.buffer.patch8(end as usize - 1, value as i8);
            }
            None => self.is_flawed = true,
        }
    }

    /// `dst = value` in the shortest way. Changes the flags.
    #[inline]
    pub fn load_immediate(&mut self, dst: Gpr, value: u64) {
        match (u32::try_from(value), i32::try_from(value as i64)) {
            (Ok(0), _) => self.xor(Size::S32, dst, dst),
            (Ok(short), _) => self.mov_u32(dst, short),
            (_, Ok(short)) => self.mov_i32(dst, short),
            _ => self.mov_u64(dst, value),
        }
    }

    /// Leaves so that the instruction at `pc` is executed exactly. Uses `rcx`.
    #[inline]
    pub fn exit_step(&mut self, pc: u32) {
        self.exit(pc, frame::EXIT_STEP);
    }

    /// Leaves because the gas for the code at `pc` is not there. Uses `rcx`.
    #[inline]
    pub fn exit_unpaid(&mut self, pc: u32) {
        self.exit(pc, frame::EXIT_UNPAID);
    }

    /// Leaves so that code is made for `pc`, and entered. Uses `rcx`.
    #[inline]
    pub fn exit_compile(&mut self, pc: u32) {
        self.exit(pc, frame::EXIT_COMPILE);
    }

    /// Leaves for the host call at `pc`; the host goes on at the next instruction. Uses `rcx`.
    pub fn exit_host_call(&mut self, pc: u32, number: i32) {
        self.lea_rip(Gpr::Rcx, 0);
        let after_lea = self.at();
        self.store_field(frame::RESUME, Gpr::Rcx);
        self.store_imm_field(frame::DETAIL, number);
        self.exit(pc, frame::EXIT_HOST_CALL);
        let next = self.at();
        self.last_target = next;
        self.buffer.patch32(after_lea - 4, (next - after_lea) as i32);
    }

    #[inline]
    fn exit(&mut self, pc: u32, field: i8) {
        self.buffer.leave(pc, field);
        self.last_end = self.at();
    }

    /// Jumps through the dispatch table: the jump at `pc`, to the address `base + displacement`.
    /// Before it leaves, a register (not `rcx`, which this uses) takes a value, if there is one.
    /// The jump that is returned is taken if the address has no entry.
    ///
    /// Addresses are twice a jump table's index, counted from 1. Rotated right by one bit, an odd
    /// address becomes huge; so do the halt address and all that have no entry.
    pub fn jmp_dispatch(
        &mut self,
        pc: u32,
        base: Gpr,
        displacement: i32,
        link: Option<(Gpr, u64)>,
    ) -> Jump {
        const INDEX: Gpr = Gpr::Rcx;
        self.store_imm_field(frame::DETAIL, pc as i32);
        if displacement == 0 {
            self.mov(Size::S32, INDEX, base);
        } else {
            self.lea(Size::S32, INDEX, base, displacement);
        }
        self.rorx(Size::S32, INDEX, INDEX, 1);
        self.cmp_imm(Size::S32, INDEX, self.last_entry as i32);
        let outside = self.jcc(Condition::Above);
        self.shl_imm(Size::S32, INDEX, 3);
        self.add_field(INDEX, frame::TABLE);
        if let Some((dst, value)) = link {
            self.is_flawed |= dst == INDEX;
            self.load_immediate(dst, value);
        }
        self.jmp_at(INDEX);
        self.last_end = self.at();
        outside
    }
}
