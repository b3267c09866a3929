//! Messages of the Debug Adapter Protocol on a stream: a header with the length, then JSON.

use std::io::{self, BufRead, Write};

use serde_json::{Value, json};

/// The most octets of a message that are read.
const LONGEST: usize = 16 << 20;

/// The most octets of a header line.
const LONGEST_LINE: u64 = 4096;

/// Reads a message; `None` when the client is gone.
pub fn read(from: &mut impl BufRead) -> io::Result<Option<Value>> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if io::Read::take(&mut *from, LONGEST_LINE).read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let line = line.trim_end();
        if line.is_empty() && length.is_some() {
            break;
        }
        if let Some(octets) = line.strip_prefix("Content-Length:") {
            length = octets.trim().parse().ok();
        } else if !line.contains(':') {
            return Err(nonsense("a header line without `:`"));
        }
    }
    let length = length.filter(|length| *length <= LONGEST);
    let length = length.ok_or_else(|| nonsense("a `Content-Length` that is no length"))?;
    let mut octets = vec![0; length];
    match from.read_exact(&mut octets) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    serde_json::from_slice(&octets).map(Some).map_err(|_| nonsense("a message that is not JSON"))
}

fn nonsense(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the client sent {what}"))
}

/// Messages to the client, numbered as the protocol requires.
pub struct Messages<W> {
    to: W,
    sequence: u64,
}

impl<W: Write> Messages<W> {
    pub const fn new(to: W) -> Self {
        Self { to, sequence: 0 }
    }

    fn send(&mut self, mut message: Value) -> io::Result<()> {
        self.sequence += 1;
        message["seq"] = self.sequence.into();
        let text = message.to_string();
        write!(self.to, "Content-Length: {}\r\n\r\n{text}", text.len())?;
        self.to.flush()
    }

    pub fn event(&mut self, event: &str, body: Value) -> io::Result<()> {
        self.send(json!({ "type": "event", "event": event, "body": body }))
    }

    /// Answers a request: with a body, or with the reason for its lack.
    pub fn respond(&mut self, request: &Value, outcome: Result<Value, String>) -> io::Result<()> {
        let mut message = json!({
            "type": "response",
            "request_seq": request["seq"],
            "command": request["command"],
            "success": outcome.is_ok(),
        });
        match outcome {
            Ok(body) => message["body"] = body,
            Err(reason) => {
                message["message"] = reason.clone().into();
                message["body"] = json!({ "error": { "id": 1, "format": reason } });
            }
        }
        self.send(message)
    }
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Octets in base 64, the protocol's form of memory.
pub fn base64(octets: &[u8]) -> String {
    let mut text = String::new();
    for three in octets.chunks(3) {
        let number = three.iter().fold(0u32, |number, octet| number << 8 | u32::from(*octet));
        let number = number << (8 * (3 - three.len()));
        for digit in 0..4 {
            let index = (number >> (18 - 6 * digit)) as usize & 63;
            text.push(if digit <= three.len() { char::from(DIGITS[index]) } else { '=' });
        }
    }
    text
}

/// Octets of a text in base 64; `None` if it is none.
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    let is_whole = text.len().is_multiple_of(4) && text.len() - digits.len() <= 2;
    let mut octets = Vec::new();
    for four in digits.as_bytes().chunks(4).filter(|_| is_whole) {
        let mut number = 0;
        for place in 0..4 {
            let digit = four.get(place).copied().unwrap_or(b'A');
            number = number << 6 | DIGITS.iter().position(|it| *it == digit)? as u32;
        }
        let [_, all @ ..] = number.to_be_bytes();
        octets.extend_from_slice(&all[..four.len().checked_sub(1).filter(|it| *it > 0)?]);
    }
    (is_whole || text.is_empty()).then_some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_in_base_64() {
        // The examples of RFC 4648.
        for (octets, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(octets.as_bytes()), text);
            assert_eq!(from_base64(text).as_deref(), Some(octets.as_bytes()));
        }
        for text in ["Z", "Zg", "Zg=", "Z===", "Zm9v=", "Zm 9", "Zm9v!mFy"] {
            assert_eq!(from_base64(text), None, "{text}");
        }
    }

    #[test]
    fn messages_are_read_whole_or_not_at_all() {
        let read = |text: &str| read(&mut text.as_bytes()).map_err(|error| error.to_string());
        assert_eq!(read(""), Ok(None));
        assert_eq!(read("Content-Length: 2\r\n\r\n{}"), Ok(Some(json!({}))));
        assert_eq!(read("X: y\r\nContent-Length: 2\r\n\r\n[]"), Ok(Some(json!([]))));
        assert_eq!(read("Content-Length: 9\r\n\r\n{}"), Ok(None), "it left in the middle");
        for nonsense in [
            "GET / HTTP/1.1\r\n",
            "Content-Length: x\r\n\r\n\r\nA: b\r\n",
            "Content-Length: 1\r\n\r\n{",
        ] {
            let outcome = read(nonsense);
            assert!(matches!(outcome, Err(_) | Ok(None)), "{nonsense}");
        }
        assert!(read("Content-Length: 99999999999\r\n\r\n").is_err());
    }
}
