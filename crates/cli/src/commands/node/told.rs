//! Events of a node, printed in the terminal as they happen.

use std::io::{self, Write};

use anstream::{AutoStream, ColorChoice};

use jambox_node::Event;

use crate::account;
use crate::style::BAD;

/// Prints an event on standard error: all events under `-v`, otherwise faults only.
pub fn tell(event: &Event<'_>, verbosity: u8, color: ColorChoice) {
    let mut out = AutoStream::new(io::stderr().lock(), color);
    let told = match event {
        Event::Stuck(error) => writeln!(out, "{BAD}no more blocks{BAD:#}: {error}"),
        Event::HeldBack(what) => writeln!(out, "{BAD}held back{BAD:#}: {what}"),
        Event::Block(entry) if verbosity > 0 => account::block(&mut out, &entry.account),
        Event::Package(package) if verbosity > 0 => account::package(&mut out, package),
        Event::Block(_) | Event::Package(_) => Ok(()),
    };
    // A closed terminal is no reason to end the chain.
    let _ = told;
}
