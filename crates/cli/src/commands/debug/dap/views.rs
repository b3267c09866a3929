//! Views of a place for an editor: stack, scopes, memory, code.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use jambox_debug::{Call, Condition};
use jambox_engine::Instance;
use jambox_inspect::{Shown, stack};
use jambox_invocation::Machine;
use jambox_symbols::{Frame, Symbols};

use super::Launched;
use super::wire::{base64, from_base64};
use crate::commands::debug::show;

/// The scopes of every frame, and the numbers by which their variables are asked for.
const SCOPES: [(&str, u64); 5] =
    [("Registers", 1), ("Machine", 2), ("Host call", 3), ("Memory", 4), ("Storage", 5)];

/// The most octets of memory, and instructions, of one answer.
const MOST: u64 = 1 << 20;

impl Launched {
    /// Source files of all programs: their names in the symbols, and their paths, if they are here.
    pub fn files(&self) -> Vec<(String, Option<String>)> {
        let codes = self.session.recording().codes.iter();
        let symbols = codes.filter_map(|code| code.symbols.as_ref());
        let frames = symbols.flat_map(Symbols::ranges).flat_map(|range| &range.frames);
        let files: BTreeSet<&str> = frames.map(|frame| &*frame.file).collect();
        files.into_iter().map(|file| (file.to_owned(), self.path(file))).collect()
    }

    fn path(&self, file: &str) -> Option<String> {
        let path = self.sources.path(file)?;
        let path = std::fs::canonicalize(&path).unwrap_or(path);
        Some(path.to_string_lossy().into_owned())
    }

    fn frame(&self, id: usize, pc: u64, source: Option<&Frame>, note: &str) -> Value {
        let mut frame = json!({
            "id": id,
            "name": format!("pc {pc}{note}"),
            "line": 0,
            "column": 0,
            "instructionPointerReference": format!("{pc:#x}"),
        });
        if let Some(source) = source {
            frame["name"] = format!("{}{note}", source.function).into();
            frame["line"] = source.line.into();
            let name = Path::new(&*source.file).file_name().unwrap_or_default();
            if let Some(path) = self.path(&source.file) {
                frame["source"] = json!({ "name": name.to_string_lossy(), "path": path });
            }
        }
        frame
    }

    fn frames(&self, instance: &Instance, symbols: Option<&Symbols>, frames: &mut Vec<Value>) {
        for it in stack::of(instance, symbols).frames {
            let note = it.found.mark();
            if it.source.is_empty() {
                frames.push(self.frame(frames.len(), it.pc, None, note));
            }
            for source in &it.source {
                frames.push(self.frame(frames.len(), it.pc, Some(source), note));
            }
        }
    }
}

/// The call stack, with inlined functions; below an inner machine's stack its owner's.
pub fn stack(launched: &Launched, arguments: &Value) -> Value {
    let session = &launched.session;
    let mut frames = Vec::new();
    let symbols = session.code().and_then(|code| code.symbols.as_ref());
    launched.frames(session.instance(), symbols, &mut frames);
    if session.machine() != Machine::Outer {
        let owner = session.recording().codes.first();
        let symbols = owner.and_then(|code| code.symbols.as_ref());
        launched.frames(session.outer(), symbols, &mut frames);
    }
    let total = frames.len();
    let index = |name: &str| usize::try_from(arguments[name].as_u64().unwrap_or(0)).unwrap_or(0);
    let levels = Some(index("levels")).filter(|levels| *levels > 0).unwrap_or(total);
    let frames: Vec<_> = frames.into_iter().skip(index("startFrame")).take(levels).collect();
    json!({ "stackFrames": frames, "totalFrames": total })
}

pub fn scopes() -> Value {
    let scope = |(name, reference): (&str, u64)| json!({ "name": name, "variablesReference": reference, "expensive": false });
    json!({ "scopes": SCOPES.map(scope) })
}

fn variable(name: &str, value: String) -> Value {
    json!({ "name": name, "value": value, "variablesReference": 0 })
}

pub fn variables(launched: &mut Launched, arguments: &Value) -> Value {
    let variables = match arguments["variablesReference"].as_u64() {
        Some(1) => registers(launched.session.instance()),
        Some(2) => machine(launched),
        Some(3) => {
            launched.session.last_call().map(|it| host_call(launched, it)).unwrap_or_default()
        }
        Some(4) => pages(launched.session.instance()),
        Some(5) => storage(launched),
        _ => Vec::new(),
    };
    json!({ "variables": variables })
}

/// Entries of the service's storage that were written so far.
fn storage(launched: &Launched) -> Vec<Value> {
    let entry = |it: jambox_debug::Entry| {
        variable(&Shown(&it.key).to_string(), Shown(&it.after.octets).to_string())
    };
    launched.session.storage().into_iter().map(entry).collect()
}

fn registers(instance: &Instance) -> Vec<Value> {
    let registers = instance.regs().iter().enumerate();
    let register = |(index, value): (usize, &u64)| {
        let mut it = variable(&format!("r{index}"), format!("{value:#x}"));
        it["memoryReference"] = format!("{value:#x}").into();
        it["evaluateName"] = format!("r{index}").into();
        it
    };
    registers.map(register).collect()
}

fn machine(launched: &mut Launched) -> Vec<Value> {
    let instructions = launched.session.instructions();
    let session = &launched.session;
    let (instance, pc) = (session.instance(), session.instance().pc());
    let which = match session.machine() {
        Machine::Outer => "outer".to_owned(),
        Machine::Inner(Machine::CHILD) => "child".to_owned(),
        Machine::Inner(handle) => format!("inner {handle}"),
    };
    vec![
        variable("machine", which),
        variable("pc", pc.to_string()),
        variable("instruction", instance.module().instruction_at(pc).to_string()),
        variable("gas", instance.gas().to_string()),
        variable("instructions so far", instructions.to_string()),
        variable("variables", "blobs keep no information on them".to_owned()),
    ]
}

fn host_call(launched: &Launched, call: &Call) -> Vec<Value> {
    let is_done = launched.session.machine() == Machine::Outer;
    let (arguments, result) = show::call_in_words(call, launched.interface, is_done);
    let mut all = vec![variable("call", call.name())];
    all.extend(arguments.iter().map(|it| variable(it.name, it.text.clone())));
    all.push(variable("result", result));
    let gas = call.gas_before.saturating_sub(call.gas_after);
    all.push(variable("gas", gas.to_string()));
    for it in &call.memory {
        let verb = if it.is_write { "wrote" } else { "read" };
        let name = format!("{verb} {:#x}+{}", it.address, it.length);
        let mut value = variable(&name, Shown(&it.octets).to_string());
        value["memoryReference"] = format!("{:#x}", it.address).into();
        all.push(value);
    }
    all
}

fn pages(instance: &Instance) -> Vec<Value> {
    let ranges = instance.memory().accessible_ranges();
    let page = |(addresses, access): (std::ops::Range<u64>, jambox_engine::Access)| {
        let name = format!("{:#x}..{:#x}", addresses.start, addresses.end);
        let mut it = variable(&name, format!("{access:?}"));
        it["memoryReference"] = format!("{:#x}", addresses.start).into();
        it
    };
    ranges.map(page).collect()
}

pub fn evaluate(launched: &Launched, arguments: &Value) -> Result<Value, String> {
    let text = arguments["expression"].as_str().unwrap_or_default();
    let expression = Condition::parse(text).map_err(|error| error.to_string())?;
    let value = expression.value(launched.session.instance()).ok_or("not readable")?;
    Ok(json!({
        "result": format!("{value} ({value:#x})"),
        "variablesReference": 0,
        "memoryReference": format!("{value:#x}"),
    }))
}

/// A reference to a place in memory or code, moved by an offset.
fn address(arguments: &Value, name: &str, offset: &str) -> Result<u64, String> {
    let reference = arguments[name].as_str().unwrap_or_default();
    let start = jambox_isa::parse_number(reference);
    let start = start.ok_or_else(|| format!("`{reference}` is no address"))?;
    Ok(start.wrapping_add_signed(arguments[offset].as_i64().unwrap_or(0)))
}

pub fn memory(launched: &Launched, arguments: &Value) -> Result<Value, String> {
    let start = address(arguments, "memoryReference", "offset")?;
    let wanted = arguments["count"].as_u64().unwrap_or(0).min(MOST);
    let memory = launched.session.instance().memory();
    let readable = memory
        .read(start, wanted)
        .or_else(|refused| memory.read(start, refused.address.saturating_sub(start)));
    let octets = readable.unwrap_or_default();
    Ok(json!({
        "address": format!("{start:#x}"),
        "data": base64(&octets),
        "unreadableBytes": wanted - octets.len() as u64,
    }))
}

/// Writes into memory: all octets or none.
pub fn write_memory(launched: &mut Launched, arguments: &Value) -> Result<Value, String> {
    let start = address(arguments, "memoryReference", "offset")?;
    let octets = arguments["data"].as_str().and_then(from_base64);
    let octets = octets.ok_or("`data` is not base64")?;
    let written = launched.session.write(start, &octets);
    written.map_err(|_| format!("the guest cannot write at {start:#x}"))?;
    Ok(json!({ "bytesWritten": octets.len() }))
}

/// Disassembles the requested number of instructions, from a number of instructions before or after
/// a place on. Instructions outside of the code are marked invalid.
pub fn disassembly(launched: &Launched, arguments: &Value) -> Result<Value, String> {
    let start = address(arguments, "memoryReference", "offset")?;
    let skip = arguments["instructionOffset"].as_i64().unwrap_or(0);
    let count = arguments["instructionCount"].as_u64().unwrap_or(0).min(MOST);
    let module = launched.session.instance().module();
    let set = module.engine().instruction_set();
    let all: Vec<_> = module.program().instructions(set).collect();
    let here = all.partition_point(|it| u64::from(it.pc) < start) as i64;
    let line = |index: i64| {
        let Some(it) = usize::try_from(index).ok().and_then(|index| all.get(index)) else {
            let beyond = if index < 0 { 0 } else { u64::from(module.program().code_len()) };
            return json!({
                "address": format!("{beyond:#x}"), "instruction": "", "presentationHint": "invalid",
            });
        };
        let cost = match module.cost_at(it.pc.into()) {
            0 => String::new(),
            cost => format!("  ; {cost} gas"),
        };
        let symbols = launched.session.code().and_then(|code| code.symbols.as_ref());
        let source = symbols.and_then(|symbols| symbols.frames_at(it.pc.into()).first());
        let mut line = json!({
            "address": format!("{:#x}", it.pc),
            "instruction": format!("{}{cost}", it.instruction),
        });
        if let Some((source, path)) = source.and_then(|it| Some((it, launched.path(&it.file)?))) {
            line["location"] = json!({ "path": path });
            line["line"] = source.line.into();
        }
        line
    };
    let first = here.saturating_add(skip);
    let lines = (0..count as i64).map(|index| line(first.saturating_add(index)));
    Ok(json!({ "instructions": lines.collect::<Vec<_>>() }))
}
