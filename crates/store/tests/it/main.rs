//! Tests of the store through its public interface.

mod compact;
mod crash;
mod damage;
mod disk;
mod faults;
mod file;
mod records;
mod same;

use jambox_state::{Blob, Changes, Meaning, StateKey};
use jambox_types::{Parameters, Protocol, Revision, ServiceId};

const PROTOCOL: Protocol = Protocol::new(Revision::GrayPaper072, Parameters::TINY);

/// Sets or removes one storage value.
fn storage(service: u32, key: &[u8], value: Option<&[u8]>) -> Changes {
    let mut changes = Changes::default();
    add(&mut changes, service, key, value);
    changes
}

fn add(changes: &mut Changes, service: u32, key: &[u8], value: Option<&[u8]>) {
    let meaning = Meaning::Storage(ServiceId(service), key.into());
    changes.set(meaning, value.map(Blob::from));
}

fn key(service: u32, key: &[u8]) -> StateKey {
    StateKey::storage(ServiceId(service), key)
}
