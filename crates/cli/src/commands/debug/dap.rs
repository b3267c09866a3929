//! The Debug Adapter Protocol in front of a session, for editors.

mod breakpoints;
mod views;
mod wire;

use std::io::{self, BufRead, Write};
use std::net::{Ipv4Addr, TcpListener};

use serde_json::{Value, json};

use jambox_debug::{Direction, Over, Position, Session, Stopped};
use jambox_hostcall::Interface;

use super::ready::Ready;
use super::show;
use crate::sources::Sources;
use breakpoints::Breakpoints;
use wire::Messages;

/// Debuggee that an editor has launched.
pub struct Launched {
    pub session: Session,
    pub sources: Sources,
    pub interface: Interface,
    /// A remark on the recording as a whole.
    note: Option<String>,
}

impl Launched {
    pub fn new(ready: Ready, sources: Sources) -> Self {
        let Ready { session, interface, note } = ready;
        Self { session, sources, interface, note }
    }
}

/// Makes a session from the arguments of a `launch` request. Error: the reason for its lack, in
/// words.
pub type Launch<'a> = &'a dyn Fn(&Value) -> Result<Launched, String>;

/// Id of the only thread of a recording.
const THREAD: u64 = 1;

/// Serves a client on standard input and output.
pub fn serve_stdio(launch: Launch<'_>) -> io::Result<()> {
    serve(&mut io::stdin().lock(), io::stdout().lock(), launch)
}

/// Serves one client on a port of this machine, 0 for any free one. Prints the port.
pub fn serve_port(port: u16, launch: Launch<'_>) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    eprintln!("waiting for a debug adapter client on {}", listener.local_addr()?);
    let (stream, _) = listener.accept()?;
    serve(&mut io::BufReader::new(stream.try_clone()?), stream, launch)
}

fn serve(from: &mut impl BufRead, to: impl Write, launch: Launch<'_>) -> io::Result<()> {
    let mut adapter = Adapter {
        messages: Messages::new(to),
        launch,
        launched: None,
        breakpoints: Breakpoints::default(),
        stops_on_entry: false,
    };
    while let Some(request) = wire::read(from)? {
        match adapter.answer(&request) {
            Ok(true) => {}
            Ok(false) => break,
            // The client is gone.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

struct Adapter<'a, W> {
    messages: Messages<W>,
    launch: Launch<'a>,
    launched: Option<Launched>,
    breakpoints: Breakpoints,
    stops_on_entry: bool,
}

/// Event for the client, sent after the response.
enum Then {
    Nothing,
    Initialized,
    Stopped { reason: &'static str, text: Option<String>, hit: Vec<usize> },
    Leave,
}

type Answer = Result<(Value, Then), String>;

impl<W: Write> Adapter<'_, W> {
    /// Answers a message; false once the session is to end.
    fn answer(&mut self, request: &Value) -> io::Result<bool> {
        if request["type"] != "request" {
            return Ok(true);
        }
        let command = request["command"].as_str().unwrap_or_default();
        match self.perform(command, &request["arguments"]) {
            Ok((body, then)) => {
                self.messages.respond(request, Ok(body))?;
                self.tell(then)
            }
            Err(reason) => self.messages.respond(request, Err(reason)).map(|()| true),
        }
    }

    fn tell(&mut self, then: Then) -> io::Result<bool> {
        match then {
            Then::Nothing => {}
            Then::Initialized => {
                let note = self.launched.as_ref().and_then(|launched| launched.note.as_ref());
                if let Some(note) = note {
                    let output = json!({ "category": "important", "output": format!("{note}\n") });
                    self.messages.event("output", output)?;
                }
                self.messages.event("initialized", json!({}))?;
            }
            Then::Stopped { reason, text, hit } => {
                let mut body =
                    json!({ "reason": reason, "threadId": THREAD, "allThreadsStopped": true });
                if let Some(text) = text {
                    body["description"] = text.clone().into();
                    body["text"] = text.into();
                }
                if !hit.is_empty() {
                    body["hitBreakpointIds"] = hit.into();
                }
                self.messages.event("stopped", body)?;
            }
            Then::Leave => {
                self.messages.event("terminated", json!({}))?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn perform(&mut self, command: &str, arguments: &Value) -> Answer {
        match command {
            "initialize" => return Ok((capabilities(), Then::Nothing)),
            "launch" | "attach" => return self.launch(arguments),
            "disconnect" | "terminate" => return Ok((json!({}), Then::Leave)),
            _ => {}
        }
        let launched = self.launched.as_mut().ok_or("nothing is launched")?;
        let breakpoints = &mut self.breakpoints;
        let told = |body: Value| Ok((body, Then::Nothing));
        match command {
            "configurationDone" => {
                let then = match self.stops_on_entry {
                    true => Then::Stopped { reason: "entry", text: None, hit: Vec::new() },
                    false => go(launched, breakpoints, Direction::Forwards),
                };
                Ok((json!({}), then))
            }
            "setBreakpoints" => told(breakpoints.set_lines(launched, arguments)),
            "setFunctionBreakpoints" => told(breakpoints.set_functions(launched, arguments)),
            "setInstructionBreakpoints" => told(breakpoints.set_instructions(launched, arguments)),
            "setDataBreakpoints" => told(breakpoints.set_data(arguments)),
            "setExceptionBreakpoints" => told(breakpoints.set_exceptions(arguments)),
            "dataBreakpointInfo" => told(breakpoints::data_info(launched, arguments)),
            "threads" => {
                let name = &launched.session.recording().title;
                told(json!({ "threads": [{ "id": THREAD, "name": name }] }))
            }
            "stackTrace" => told(views::stack(launched, arguments)),
            "scopes" => told(views::scopes()),
            "variables" => told(views::variables(launched, arguments)),
            "evaluate" => told(views::evaluate(launched, arguments)?),
            "readMemory" => told(views::memory(launched, arguments)?),
            "writeMemory" => told(views::write_memory(launched, arguments)?),
            "disassemble" => told(views::disassembly(launched, arguments)?),
            "continue" => {
                let then = go(launched, breakpoints, Direction::Forwards);
                Ok((json!({ "allThreadsContinued": true }), then))
            }
            "reverseContinue" => Ok((json!({}), go(launched, breakpoints, Direction::Backwards))),
            "next" => step(launched, breakpoints, arguments, Direction::Forwards, Over::Calls),
            "stepIn" => step(launched, breakpoints, arguments, Direction::Forwards, Over::Nothing),
            "stepBack" => step(launched, breakpoints, arguments, Direction::Backwards, Over::Calls),
            "stepOut" => {
                let stopped = launched.session.finish(Direction::Forwards, breakpoints.stops());
                let stopped = stopped.ok_or("no caller is found: this may be the entry point")?;
                Ok((json!({}), then(launched, breakpoints, &stopped, Direction::Forwards)))
            }
            // The session stands already: it runs only while it handles a message.
            "pause" => told(json!({})),
            other => Err(format!("`{other}` is not supported")),
        }
    }

    fn launch(&mut self, arguments: &Value) -> Answer {
        self.launched = Some((self.launch)(arguments)?);
        self.stops_on_entry = arguments["stopOnEntry"].as_bool().unwrap_or(false);
        Ok((json!({}), Then::Initialized))
    }
}

fn capabilities() -> Value {
    let filters = breakpoints::EXCEPTIONS
        .map(|(filter, label, _)| json!({ "filter": filter, "label": label, "default": false }));
    json!({
        "supportsConfigurationDoneRequest": true,
        "supportsFunctionBreakpoints": true,
        "supportsConditionalBreakpoints": true,
        "supportsInstructionBreakpoints": true,
        "supportsDataBreakpoints": true,
        "supportsDataBreakpointBytes": true,
        "supportsStepBack": true,
        "supportsSteppingGranularity": true,
        "supportsReadMemoryRequest": true,
        "supportsWriteMemoryRequest": true,
        "supportsDisassembleRequest": true,
        "supportsEvaluateForHovers": true,
        "supportsTerminateRequest": true,
        "exceptionBreakpointFilters": filters,
    })
}

/// Runs to the next stop.
fn go(launched: &mut Launched, breakpoints: &Breakpoints, direction: Direction) -> Then {
    let stopped = launched.session.run(direction, breakpoints.stops());
    then(launched, breakpoints, &stopped, direction)
}

fn step(
    launched: &mut Launched,
    breakpoints: &Breakpoints,
    arguments: &Value,
    direction: Direction,
    over: Over,
) -> Answer {
    let session = &mut launched.session;
    let stopped = if arguments["granularity"] == "instruction" {
        let has_moved = match direction {
            Direction::Forwards => session.step(),
            Direction::Backwards => session.step_back(),
        };
        if has_moved { Stopped::At(Vec::new()) } else { Stopped::End }
    } else {
        session.step_line(direction, over, breakpoints.stops())
    };
    Ok((json!({}), then(launched, breakpoints, &stopped, direction)))
}

/// Event after a stop.
fn then(
    launched: &Launched,
    breakpoints: &Breakpoints,
    stopped: &Stopped,
    direction: Direction,
) -> Then {
    let session = &launched.session;
    let is_over = direction == Direction::Forwards && session.is_at_end();
    match stopped {
        Stopped::At(hit) if !hit.is_empty() => {
            let reason = breakpoints.reason(hit);
            Then::Stopped { reason, text: breakpoints.text(hit), hit: hit.clone() }
        }
        // The recording can still be run backwards, so this is no end of the session.
        _ if is_over => {
            let text = Some(format!("the end: {}", show::ending(session)));
            Then::Stopped { reason: "pause", text, hit: Vec::new() }
        }
        Stopped::End if session.position() == Position::default() => {
            let text = Some("the start".to_owned());
            Then::Stopped { reason: "entry", text, hit: Vec::new() }
        }
        _ => Then::Stopped { reason: "step", text: None, hit: Vec::new() },
    }
}
