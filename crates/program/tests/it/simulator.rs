//! The gas model of 0.8.0, cycle by cycle, by the paper's appendix A.9. It is slow, and shares no
//! code or table with the implementation.

use std::collections::BTreeSet;

/// The model's parameters of an instruction, from its octets.
#[derive(Debug)]
struct Row {
    latency: u32,
    slots: u32,
    /// Arithmetic, load, store, multiplication, division.
    units: [u32; 5],
    sources: BTreeSet<u8>,
    destinations: BTreeSet<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Decoding,
    Waiting,
    Executing,
    Finished,
    Gone,
}

struct Entry {
    state: State,
    left: u32,
    needs: BTreeSet<usize>,
    destinations: BTreeSet<u8>,
    units: [u32; 5],
}

pub const MOVE_REG: u8 = 100;

/// The opcodes that end basic blocks (the paper's `T`).
pub fn is_terminator(opcode: u8) -> bool {
    matches!(opcode, 0 | 1 | 40 | 50 | 80..=90 | 170..=175 | 180)
}

/// Gas of the block at `start`, for code with opcodes at `starts`.
pub fn block_cost(code: &[u8], starts: &[bool], start: usize) -> u64 {
    let skip =
        |pc: usize| (0..24).find(|n| starts.get(pc + 1 + n).copied().unwrap_or(true)).unwrap_or(24);
    let row = |pc: usize| Row::of(code, pc, pc + 1 + skip(pc));
    let mut pc = Some(start);
    let mut cycles = 0_u64;
    let (mut decode, mut start_room, mut free) = (4, 5, [4, 4, 4, 1, 1]);
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let live = entries.iter().filter(|entry| entry.state != State::Gone).count();
        if let Some(at) = pc
            && row(at).slots <= decode
            && live < 32
        {
            let row = row(at);
            decode -= row.slots;
            if code[at] == MOVE_REG {
                for entry in &mut entries {
                    if entry.destinations.is_disjoint(&row.sources) {
                        entry.destinations.retain(|reg| !row.destinations.contains(reg));
                    } else {
                        entry.destinations.extend(&row.destinations);
                    }
                }
            } else {
                let is_needed = |entry: &Entry| !entry.destinations.is_disjoint(&row.sources);
                let needs =
                    (0..entries.len()).filter(|index| is_needed(&entries[*index])).collect();
                for entry in &mut entries {
                    entry.destinations.retain(|reg| !row.destinations.contains(reg));
                }
                let Row { latency, units, destinations, .. } = row;
                let state = State::Decoding;
                entries.push(Entry { state, left: latency, needs, destinations, units });
            }
            pc = (!is_terminator(code[at])).then(|| at + 1 + skip(at));
            continue;
        }
        let is_ready = |entry: &Entry| {
            entry.state == State::Waiting
                && (0..5).all(|kind| entry.units[kind] <= free[kind])
                && entry.needs.iter().all(|other| entries[*other].left == 0)
        };
        if start_room > 0
            && let Some(index) = entries.iter().position(is_ready)
        {
            entries[index].state = State::Executing;
            start_room -= 1;
            (0..5).for_each(|kind| free[kind] -= entries[index].units[kind]);
            continue;
        }
        if pc.is_none() && live == 0 {
            return (cycles - 3.min(cycles)).max(1);
        }
        (decode, start_room, cycles) = (4, 5, cycles + 1);
        tick(&mut entries, &mut free);
    }
}

/// The end of a cycle. All transitions depend on the state before it.
fn tick(entries: &mut [Entry], free: &mut [u32; 5]) {
    let mut all_before_are_done = true;
    for entry in entries {
        if entry.state == State::Executing && entry.left == 1 {
            (0..5).for_each(|kind| free[kind] += entry.units[kind]);
        }
        all_before_are_done &= matches!(entry.state, State::Finished | State::Gone);
        let (state, left) = (entry.state, entry.left);
        entry.state = match state {
            _ if all_before_are_done => State::Gone,
            State::Decoding => State::Waiting,
            State::Executing if left == 0 => State::Finished,
            other => other,
        };
        if state == State::Executing {
            entry.left = left.saturating_sub(1);
        }
    }
}

impl Row {
    /// The row of the instruction at `pc`, which ends before `next` (appendix A.10).
    fn of(code: &[u8], pc: usize, next: usize) -> Self {
        let opcode = code.get(pc).copied().unwrap_or(0);
        let (sources, destinations, [first, third]) = roles(code, pc);
        let p = |x, y| if destinations.iter().any(|reg| sources.contains(reg)) { x } else { y };
        let ps = |x, y| if third == first { x } else { y };
        let branch = || {
            let target = branch_target(code, pc, next);
            let is_unlikely = |at: i64| {
                let at = usize::try_from(at).unwrap_or(usize::MAX);
                matches!(code.get(at).copied().unwrap_or(0), 0 | 2)
            };
            if is_unlikely(next as i64) || is_unlikely(target) { 1 } else { 20 }
        };
        const NONE: [u32; 5] = [0, 0, 0, 0, 0];
        const A: [u32; 5] = [1, 0, 0, 0, 0];
        const AM: [u32; 5] = [1, 0, 0, 1, 0];
        let (latency, slots, units) = match opcode {
            0 | 1 => (2, 1, NONE),
            2 => (40, 1, NONE),
            10 => (100, 4, A),
            20 => (1, 2, NONE),
            30..=33 | 59..=62 | 70..=73 | 120..=123 => (25, 1, [1, 0, 1, 0, 0]),
            52..=58 | 124..=130 => (25, 1, [1, 1, 0, 0, 0]),
            40 | 80 => (15, 1, NONE),
            50 | 180 => (22, 1, NONE),
            51 => (1, 1, NONE),
            81..=90 | 170..=175 => (branch(), 1, A),
            100 => (0, 1, NONE),
            105 | 106 => (2, 1, [2, 0, 0, 0, 0]),
            101..=104 | 107..=109 => (1, 1, A),
            110 => (1, p(1, 2), A),
            131 | 138..=140 | 160 => (2, p(2, 3), A),
            132..=134 | 149 | 151..=153 | 158 => (1, p(1, 2), A),
            135 => (4, p(2, 3), AM),
            150 => (3, p(1, 2), AM),
            136 | 137 | 142 | 143 | 216 | 217 => (3, 3, A),
            141 => (3, 4, A),
            154 => (2, 3, A),
            144..=146 | 161 => (2, 4, A),
            155..=157 | 159 => (1, 3, A),
            147 | 148 => (2, 3, A),
            190 | 191 => (2, p(2, 3), A),
            192 => (4, p(2, 3), AM),
            193..=196 | 203..=206 => (60, 4, [1, 0, 0, 0, 1]),
            197..=199 | 221 | 223 => (2, ps(3, 4), A),
            207..=209 | 220 | 222 => (1, ps(2, 3), A),
            200 | 201 | 210..=212 => (1, p(1, 2), A),
            202 => (3, p(1, 2), AM),
            213 | 214 => (4, 4, AM),
            215 => (6, 4, AM),
            218 | 219 => (2, 2, A),
            224 | 225 => (2, 3, A),
            226 => (2, p(2, 3), A),
            227..=230 => (3, p(2, 3), A),
            other => panic!("octet {other} is no opcode of 0.8.0"),
        };
        let (sources, destinations) =
            (BTreeSet::from_iter(sources), BTreeSet::from_iter(destinations));
        Self { latency, slots, units, sources, destinations }
    }
}

/// Registers read and written by an instruction; its first operand and its third.
fn roles(code: &[u8], pc: usize) -> (Vec<u8>, Vec<u8>, [u8; 2]) {
    let octet = |at: usize| code.get(at).copied().unwrap_or(0);
    let low = |at: usize| (octet(at) % 16).min(12);
    let high = |at: usize| (octet(at) / 16).min(12);
    let opcode = octet(pc);
    let (first, second) = (low(pc + 1), high(pc + 1));
    let third = (octet(pc + 2) % 16).min(12);
    let (sources, destinations) = match opcode {
        20 | 51..=58 | 80 => (vec![], vec![first]),
        50 | 59..=62 | 70..=73 | 81..=90 => (vec![first], vec![]),
        100..=110 => (vec![second], vec![first]),
        120..=123 | 170..=175 => (vec![first, second], vec![]),
        147 | 148 => (vec![first, second], vec![first]),
        124..=161 | 180 => (vec![second], vec![first]),
        218 | 219 => (vec![first, second, third], vec![third]),
        190..=230 => (vec![first, second], vec![third]),
        _ => (vec![], vec![]),
    };
    (sources, destinations, [first, third])
}

/// Destination of a taken branch.
fn branch_target(code: &[u8], pc: usize, next: usize) -> i64 {
    let octet = |at: usize| code.get(at).copied().unwrap_or(0);
    let before = match code[pc] {
        81..=90 => 2 + usize::from(octet(pc + 1) / 16 % 8).min(4),
        _ => 2,
    };
    let length = (next - pc).saturating_sub(before).min(4);
    let value = (0..length).map(|n| i64::from(octet(pc + before + n)) << (8 * n)).sum::<i64>();
    let sign = if length > 0 { 1 << (8 * length - 1) } else { 0 };
    pc as i64 + if value & sign != 0 { value - 2 * sign } else { value }
}
