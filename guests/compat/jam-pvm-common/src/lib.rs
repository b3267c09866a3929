//! Keeps the last result of refine under the hash of its package, with the ecosystem's SDK.
#![cfg_attr(target_env = "polkavm", no_std)]
#![allow(unexpected_cfgs)]

extern crate alloc;

use alloc::vec::Vec;

use jam_pvm_common::accumulate::{accumulate_items, set_storage};
use jam_pvm_common::{declare_service, info, Service};
use jam_types::*;

struct Keeper;

declare_service!(Keeper);

impl Service for Keeper {
    fn refine(
        _: CoreIndex,
        _: usize,
        _: ServiceId,
        payload: WorkPayload,
        _: WorkPackageHash,
    ) -> WorkOutput {
        let shouted: Vec<u8> = payload.iter().map(u8::to_ascii_uppercase).collect();
        shouted.into()
    }

    fn accumulate(slot: Slot, _: ServiceId, count: usize) -> Option<Hash> {
        info!("accumulating {count} at {slot}");
        for item in accumulate_items() {
            if let AccumulateItem::WorkItem(item) = item {
                if let Ok(output) = item.result {
                    set_storage(b"last", &output).expect("the balance covers it");
                }
            }
        }
        None
    }
}
