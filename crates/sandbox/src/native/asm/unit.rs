//! Units: pieces of code written at once, and the rules that make them fit to run.

use core::num::NonZeroU64;

use crate::native::code_space::ChunkWriter;
use crate::native::target::Buffer;
use crate::native::{CHUNK_SLOTS, Room};

/// Writes the code of one [`NativeProgram`](crate::native::NativeProgram), unit by unit.
///
/// # Safety of what is written
///
/// A unit that is [fit](Self::check) keeps these rules, whoever wrote it and whatever is in the
/// registers when it runs:
///
/// - It touches guest memory, by 32-bit addresses alone, fields of its frame, slots and the
///   dispatch table; of all but guest memory it writes only fields of the frame that it may. No
///   operand names anything else.
/// - It runs on only to instructions of the same program. Jumps within a program lead to
///   [places](Place), which are starts of instructions; those through slots lead where the
///   program says, which is a place; those through the dispatch table are checked to have an
///   entry, and lead to what that holds: a place or an exit. All other ways lead to exits. Code
///   does not run off the end of a unit.
/// - It never names the stack pointer, and has no form that changes it, the base of guest memory
///   or any state that the host's code relies on, or that calls.
///
/// Places, jumps and slots are numbers of what one assembler wrote. One of another
/// assembler, or of a unit that was given up, is another jump or place or none at all; so it can
/// make code wrong, but never unsafe.
///
/// Code can be wrong in two more ways: it can divide by zero, which ends the process by `SIGFPE`,
/// and run in a circle for ever.
#[derive(Default)]
pub struct Assembler {
    pub(in crate::native) buffer: Buffer,
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
    /// The jumps of the unit, each [packed](Self::new_jump); 0 once it was aimed.
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

/// Flag of a packed jump: its distance has the short form. The rest is where the jump ends.
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
        self.is_led_to();
        self.places.push(self.origin + self.at() as u32);
        Place(self.places.len() as u32 - 1)
    }

    /// Notes that the last instruction is a jump that leads nowhere yet.
    #[inline]
    pub(in crate::native) fn new_jump(&mut self, is_short: bool) -> Jump {
        self.jumps.push(self.at() as u32 | if is_short { SHORT } else { 0 });
        Jump(self.jumps.len() as u32 - 1)
    }

    /// Makes a jump, which leads nowhere yet, lead to the next instruction.
    #[inline]
    pub fn aim_here(&mut self, jump: Jump) {
        self.is_led_to();
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
        if packed == 0 || !self.buffer.set_distance(end as usize, packed & SHORT != 0, by) {
            self.is_flawed = true;
        }
    }

    /// Notes that something leads to the next instruction.
    #[inline]
    pub(in crate::native) fn is_led_to(&mut self) {
        self.last_target = self.at();
    }

    /// Notes that the processor does not run on after the last instruction.
    #[inline]
    pub(in crate::native) fn has_ended(&mut self) {
        self.last_end = self.at();
    }

    /// Makes the unit unfit if an instruction was written that is wrong.
    #[inline]
    pub(in crate::native) fn flaw_if(&mut self, is_misused: bool) {
        self.is_flawed |= is_misused;
    }

    /// The last index of the dispatch table.
    #[inline]
    pub(in crate::native) fn last_entry(&self) -> u32 {
        self.last_entry
    }

    /// The distance of the next slot from the start of the code space; `None` if the unit may have
    /// no more slots.
    pub(in crate::native) fn next_slot(&self) -> Option<u32> {
        let index = self.ways_out.len() as u32;
        (index < self.slot_room).then(|| self.first_slot + 8 * index)
    }

    /// Notes that the last instruction jumps through a slot, the next one, which leads at first to
    /// the next instruction.
    pub(in crate::native) fn new_slot(&mut self, slot: u32) -> Slot {
        self.is_led_to();
        self.ways_out.push(self.at() as u32);
        self.slots.push(slot);
        Slot(self.slots.len() as u32 - 1)
    }

    /// Notes that the last instruction has an amount to be [filled in](Self::fill).
    #[inline]
    pub(in crate::native) fn new_amount(&mut self, is_long: bool) {
        self.amount = Some(Blank { end: self.at() as u32, is_long });
    }

    /// Fills the last amount in.
    #[inline]
    pub fn fill(&mut self, value: u32) {
        match self.amount {
            Some(Blank { end, is_long }) => self.buffer.set_amount(end as usize, is_long, value),
            None => self.is_flawed = true,
        }
    }
}
