//! The account of a package or a block: what each program did, for people and programs to read.

use std::collections::BTreeMap;
use std::sync::Arc;

use jambox_chain::ServiceCall;
use jambox_engine::Instance;
use jambox_invocation::{End, Failure, Finished, Invocation, LogLine, Observer, Started};
use jambox_state::{Changes, Meaning, Values};
use jambox_symbols::Symbols;
use jambox_types::{DeferredTransfer, Hash, ServiceId};
use serde_json::{Value, json};

use crate::world::World;

/// The symbols of programs, by code hash.
pub type SymbolTable = BTreeMap<Hash, Symbols>;

/// The most log lines of one invocation that are kept.
const LOG_LIMIT: usize = 1000;
/// The most octets of one log line that are kept.
const LINE_LIMIT: usize = 4096;

/// Sets a member of an object.
pub fn set(object: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value.into());
    }
}

/// `0x` and the octets.
#[must_use]
pub fn hex(octets: &[u8]) -> String {
    const_hex::encode_prefixed(octets)
}

/// An observer that keeps what belongs into an account.
pub struct Recorder {
    symbols: Arc<SymbolTable>,
    invocations: Vec<Value>,
    code_hash: Hash,
    log: Vec<Value>,
    place: Option<(String, Vec<String>)>,
}

impl Recorder {
    /// One that has seen nothing.
    #[must_use]
    pub fn new(symbols: Arc<SymbolTable>) -> Self {
        let (invocations, log) = (Vec::new(), Vec::new());
        Self { symbols, invocations, code_hash: Hash::ZERO, log, place: None }
    }

    /// The invocations in the order in which they ran.
    #[must_use]
    pub fn finish(self) -> Vec<Value> {
        self.invocations
    }
}

/// Which invocation, as a word, a service and the index of an item.
fn which(invocation: Invocation) -> (&'static str, Option<ServiceId>, Option<usize>) {
    match invocation {
        Invocation::IsAuthorized { .. } => ("is-authorized", None, None),
        Invocation::Refine { service, item, .. } => ("refine", Some(service), Some(item)),
        Invocation::Accumulate { service, .. } => ("accumulate", Some(service), None),
    }
}

impl Observer for Recorder {
    fn invocation_started(&mut self, started: &Started<'_>) {
        self.code_hash = started.code_hash;
        self.log.clear();
        self.place = None;
        let (what, service, item) = which(started.invocation);
        self.invocations.push(json!({
            "what": what,
            "service": service.map(|service| service.0),
            "item": item,
            "code_hash": hex(&started.code_hash.0),
            "gas": { "limit": started.gas_limit.to_string() },
        }));
    }

    fn log(&mut self, line: &LogLine<'_>) {
        if self.log.len() >= LOG_LIMIT {
            return;
        }
        let text = |octets: &[u8]| {
            let kept = octets.get(..LINE_LIMIT).unwrap_or(octets);
            String::from_utf8_lossy(kept).into_owned()
        };
        self.log.push(json!({
            "level": line.level.to_string(),
            "target": line.target.map(text),
            "message": text(line.message),
        }));
    }

    fn stopped(&mut self, instance: &Instance, failure: Option<&Failure>) {
        if failure.is_none() {
            return;
        }
        let pc = instance.pc();
        let instruction = format!("{} at pc {pc}", instance.module().instruction_at(pc));
        let symbols = self.symbols.get(&self.code_hash);
        let frames = symbols.map_or(&[][..], |symbols| symbols.frames_at(pc));
        self.place = Some((instruction, frames.iter().map(ToString::to_string).collect()));
    }

    fn invocation_ended(&mut self, finished: &Finished<'_>) {
        let Some(invocation) = self.invocations.last_mut().and_then(Value::as_object_mut) else {
            return;
        };
        let (outcome, output) = match finished.end {
            End::Halt(output) => ("halt", Some(hex(output))),
            End::Panic(_) => ("panic", None),
            End::OutOfGas(_) => ("out of gas", None),
        };
        invocation.insert("outcome".into(), outcome.into());
        invocation.insert("output".into(), output.into());
        if let Some(gas) = invocation.get_mut("gas").and_then(Value::as_object_mut) {
            gas.insert("used".into(), finished.gas_used.to_string().into());
        }
        invocation.insert("log".into(), std::mem::take(&mut self.log).into());
        let failure = finished.end.failure().map(|failure| {
            let (instruction, source) = self.place.take().unzip();
            json!({
                "reason": failure.cause.to_string(),
                "instruction": instruction,
                "source": source.unwrap_or_default(),
            })
        });
        invocation.insert("failure".into(), failure.into());
    }
}

/// Accumulations that ran no code, each with the reason.
pub fn not_run(calls: &[ServiceCall]) -> impl Iterator<Item = Value> + '_ {
    calls.iter().filter_map(|call| {
        let reason = call.no_code?;
        Some(json!({
            "what": "accumulate",
            "service": call.service.0,
            "item": null,
            "gas": { "limit": call.gas.0.to_string(), "used": "0" },
            "outcome": "not run",
            "output": null,
            "log": [],
            "failure": { "reason": reason.to_string(), "instruction": null, "source": [] },
        }))
    })
}

/// A transfer.
#[must_use]
pub fn transfer(transfer: &DeferredTransfer) -> Value {
    json!({
        "from": transfer.source.0,
        "to": transfer.destination.0,
        "amount": transfer.amount.0.to_string(),
        "gas": transfer.gas_limit.0.to_string(),
        "memo": hex(&transfer.memo.0),
    })
}

/// What services' part of a state changed: a service, a kind of entry, its key, the values.
#[must_use]
pub fn differences(before: &World, changes: &Changes, after: &World) -> Vec<Value> {
    let changes = changes.iter().filter_map(|(key, change)| {
        let old = before.values.value(key).ok().flatten();
        if old == change.value {
            return None;
        }
        let (service, kind, name) = match after.meaning(key)? {
            Meaning::Component(_) => return None,
            Meaning::Account(service) => (service, "account", None),
            Meaning::Storage(service, name) => (service, "storage", Some(hex(&name))),
            Meaning::Preimage(service, hash) => (service, "preimage", Some(hex(&hash.0))),
            Meaning::Request(service, request) => {
                (service, "request", Some(format!("{} {}", hex(&request.hash.0), request.length)))
            }
        };
        Some(json!({
            "service": service.0,
            "kind": kind,
            "key": name,
            "before": old.as_deref().map(hex),
            "after": change.value.as_deref().map(hex),
        }))
    });
    changes.collect()
}

/// What failed in some invocations, a line each.
#[must_use]
pub fn failures(invocations: &[Value]) -> Vec<String> {
    let failed = invocations
        .iter()
        .filter(|invocation| invocation.get("failure").is_some_and(|it| !it.is_null()));
    failed.map(describe_failure).collect()
}

fn describe_failure(invocation: &Value) -> String {
    let what = invocation.get("what").and_then(Value::as_str).unwrap_or_default();
    let of_service =
        invocation.get("service").and_then(Value::as_u64).map(|id| format!(" of service {id}"));
    let item = invocation.get("item").and_then(Value::as_u64).map(|item| format!(", item {item}"));
    let reason = invocation.pointer("/failure/reason").and_then(Value::as_str).unwrap_or_default();
    let source = invocation
        .pointer("/failure/source/0")
        .and_then(Value::as_str)
        .map(|frame| format!(" in {frame}"));
    format!(
        "{what}{}{}: {reason}{}",
        of_service.unwrap_or_default(),
        item.unwrap_or_default(),
        source.unwrap_or_default()
    )
}
