//! Breakpoints of an editor: each request replaces all of its kind.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use jambox_debug::{Condition, Failing, Kind, StopPoint, Stops};
use jambox_package::Value as Given;

use super::Launched;
use crate::commands::debug::places::{self, Found};
use crate::input;

/// The protocol's exception filters: identifier, label, failure.
pub const EXCEPTIONS: [(&str, &str, Failing); 4] = [
    ("panic", "Panic", Failing::Panic),
    ("page-fault", "Page fault", Failing::PageFault),
    ("out-of-gas", "Out of gas", Failing::OutOfGas),
    ("host-code", "Host code that is not OK", Failing::HostCode),
];

/// First part of a storage key's identifier; memory is identified by `ADDRESS+LENGTH`.
const KEY: &str = "key ";

/// All breakpoints, by their origin: a source file, or a kind.
#[derive(Default)]
pub struct Breakpoints {
    stops: Stops,
    sets: BTreeMap<String, Vec<usize>>,
}

impl Breakpoints {
    pub const fn stops(&self) -> &Stops {
        &self.stops
    }

    /// Replaces a set. A breakpoint that cannot be set is answered with the reason.
    fn replace(&mut self, set: &str, wanted: Vec<Result<(StopPoint, Value), String>>) -> Value {
        for number in self.sets.remove(set).unwrap_or_default() {
            self.stops.remove(number);
        }
        let mut numbers = Vec::new();
        let mut answers = Vec::new();
        for stop in wanted {
            answers.push(match stop {
                Ok((stop, mut answer)) => {
                    let number = self.stops.add(stop);
                    numbers.push(number);
                    answer["id"] = number.into();
                    answer["verified"] = true.into();
                    answer
                }
                Err(reason) => json!({ "verified": false, "message": reason }),
            });
        }
        self.sets.insert(set.to_owned(), numbers);
        json!({ "breakpoints": answers })
    }

    pub fn set_lines(&mut self, launched: &Launched, arguments: &Value) -> Value {
        let path = arguments["source"]["path"].as_str().unwrap_or_default();
        let files = launched.files();
        let file = files.iter().find(|(_, at)| at.as_deref() == Some(path)).map(|(file, _)| file);
        let recording = launched.session.recording();
        let wanted = list(&arguments["breakpoints"]).map(|wanted| {
            let file = file.ok_or_else(|| format!("no code comes from {path}"))?;
            let line = u32::try_from(wanted["line"].as_u64().unwrap_or(0)).unwrap_or(u32::MAX);
            let found = places::find_line(recording, file, line)?;
            let answer = match found.line {
                Some(moved) if moved != line => json!({
                    "line": moved,
                    "message": format!("moved: there is no code at line {line}"),
                }),
                _ => json!({ "line": line }),
            };
            Ok((placed(found, wanted)?, answer))
        });
        let wanted = wanted.collect();
        self.replace(path, wanted)
    }

    pub fn set_functions(&mut self, launched: &Launched, arguments: &Value) -> Value {
        let wanted = list(&arguments["breakpoints"]).map(|wanted| {
            let name = wanted["name"].as_str().unwrap_or_default();
            let found = places::find(launched.session.recording(), name)?;
            Ok((placed(found, wanted)?, json!({})))
        });
        let wanted = wanted.collect();
        self.replace("functions", wanted)
    }

    pub fn set_instructions(&mut self, launched: &Launched, arguments: &Value) -> Value {
        let wanted = list(&arguments["breakpoints"]).map(|wanted| {
            let reference = wanted["instructionReference"].as_str().unwrap_or_default();
            let pc = jambox_isa::parse_number(reference).unwrap_or(u64::MAX);
            let pc = pc.wrapping_add_signed(wanted["offset"].as_i64().unwrap_or(0));
            let found = places::find(launched.session.recording(), &format!("pc {pc}"))?;
            Ok((placed(found, wanted)?, json!({})))
        });
        let wanted = wanted.collect();
        self.replace("instructions", wanted)
    }

    pub fn set_data(&mut self, arguments: &Value) -> Value {
        let wanted = list(&arguments["breakpoints"]).map(|wanted| {
            let id = wanted["dataId"].as_str().unwrap_or_default();
            let kind = match id.strip_prefix(KEY) {
                Some(key) => Kind::Storage(storage_key(key)?),
                None => {
                    let number = |text: &str| jambox_isa::parse_number(text);
                    let range = id.split_once('+').map(|(a, l)| (number(a), number(l)));
                    let Some((Some(address), Some(length))) = range else {
                        return Err(format!("`{id}` names no data"));
                    };
                    Kind::Memory(address, length)
                }
            };
            Ok((StopPoint { kind, condition: condition(wanted)? }, json!({})))
        });
        let wanted = wanted.collect();
        self.replace("data", wanted)
    }

    pub fn set_exceptions(&mut self, arguments: &Value) -> Value {
        let wanted = list(&arguments["filters"]).map(|filter| {
            let known = EXCEPTIONS.iter().find(|(name, ..)| filter == name);
            let (.., failing) = known.ok_or_else(|| format!("no exception {filter}"))?;
            Ok((StopPoint { kind: Kind::Failure(*failing), condition: None }, json!({})))
        });
        let wanted = wanted.collect();
        self.replace("exceptions", wanted)
    }

    fn hit(&self, numbers: &[usize]) -> Option<&StopPoint> {
        self.stops.iter().find(|(number, _)| numbers.contains(number)).map(|(_, stop)| stop)
    }

    /// Reason of a stop, in the protocol's words.
    pub fn reason(&self, hit: &[usize]) -> &'static str {
        let is_of = |set: &str| {
            self.sets.get(set).is_some_and(|numbers| numbers.iter().any(|it| hit.contains(it)))
        };
        match self.hit(hit).map(|stop| &stop.kind) {
            Some(Kind::Memory(..) | Kind::Storage(_)) => "data breakpoint",
            Some(Kind::Failure(_)) => "exception",
            _ if is_of("functions") => "function breakpoint",
            _ if is_of("instructions") => "instruction breakpoint",
            _ => "breakpoint",
        }
    }

    /// The stop in words.
    pub fn text(&self, hit: &[usize]) -> Option<String> {
        self.hit(hit).map(places::describe)
    }
}

fn list(value: &Value) -> std::slice::Iter<'_, Value> {
    value.as_array().map(|list| list.iter()).unwrap_or_default()
}

fn placed(found: Found, wanted: &Value) -> Result<StopPoint, String> {
    Ok(StopPoint { kind: Kind::Places(found.places), condition: condition(wanted)? })
}

fn condition(wanted: &Value) -> Result<Option<Condition>, String> {
    let text = wanted["condition"].as_str().filter(|text| !text.trim().is_empty());
    text.map(Condition::parse).transpose().map_err(|error| error.to_string())
}

fn storage_key(text: &str) -> Result<Vec<u8>, String> {
    let value: Given = input::parse_value(text)?;
    input::octets(&value).map_err(|_| format!("`{text}` cannot be read"))
}

/// Data that can be watched: an expression is an address, of `bytes` octets (8 unless given); `key
/// text:..` is a storage key.
pub fn data_info(launched: &Launched, arguments: &Value) -> Value {
    let name = arguments["name"].as_str().unwrap_or_default();
    if let Some(key) = name.strip_prefix(KEY) {
        return match storage_key(key) {
            Ok(_) => json!({
                "dataId": name, "description": format!("storage {name}"), "accessTypes": ["write"],
            }),
            Err(reason) => json!({ "dataId": null, "description": reason }),
        };
    }
    let length = arguments["bytes"].as_u64().unwrap_or(8);
    let address = Condition::parse(name).map_err(|error| error.to_string());
    match address.map(|address| address.value(launched.session.instance())) {
        Ok(Some(address)) => json!({
            "dataId": format!("{address:#x}+{length}"),
            "description": format!("{length} octets at {address:#x}"),
            "accessTypes": ["write"],
        }),
        Ok(None) => json!({ "dataId": null, "description": "not readable" }),
        Err(reason) => json!({ "dataId": null, "description": reason }),
    }
}
