//! `jambox call`: one work item for a service on a node.

use clap::Args;

use jambox_package::Value;
use jambox_types::{ServiceId, WorkItem};

use crate::input;
use crate::outcome::Result;
use crate::output::Output;
use crate::protocol::ProtocolArgs;
use crate::remote::RemoteArgs;

/// Send a work item to a service on a node, and print its account
///
/// The package has this one item, with the most gas that the chain allows, and is authorized by the
/// null authorizer that a development chain has in every pool. The revision is the node's own.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jambox call 74d5b90e text:hello
  jambox call 74d5b90e u32:5 u32:7 --node ws://127.0.0.1:19801
  jambox call 0 file:payload.bin --json | jq .account.accumulate

Exit status: 0 when every invocation halted; 1 when one failed, or the package was refused or not \
reported in time; 2 bad input, or no node.")]
pub struct Call {
    /// The service: its id in hexadecimal, as `jambox deploy` and jamt print it
    #[arg(value_parser = service)]
    service: ServiceId,

    /// The payload: values as in a package file (text:, hex:, file:, u32: ..), one after the other
    payload: Vec<Value>,

    /// The number of segments that the item exports
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    exports: u16,

    #[command(flatten)]
    remote: RemoteArgs,
}

/// A service's id in hexadecimal.
pub fn service(text: &str) -> std::result::Result<ServiceId, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let id = u32::from_str_radix(digits, 16).map(ServiceId);
    id.map_err(|_| "expected up to eight hexadecimal digits, as in 74d5b90e".to_owned())
}

impl Call {
    pub fn run(&self, protocol: &ProtocolArgs, output: &Output) -> Result {
        let remote = self.remote.connect(protocol)?;
        let mut payload = Vec::new();
        for value in &self.payload {
            payload.extend(input::octets(value)?);
        }
        let item = remote.item(self.service, payload)?;
        let package = remote.package(WorkItem { export_count: self.exports, ..item })?;
        let spinner = output.spinner("waiting for the chain");
        let verdict = remote.run(&package, &[])?;
        spinner.finish_and_clear();
        output.emit(&verdict)?;
        Ok(verdict.verdict())
    }
}
