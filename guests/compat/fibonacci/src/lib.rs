//! The service of `guests/fibonacci`, written for the ecosystem's SDK.
#![cfg_attr(target_env = "polkavm", no_std)]

extern crate alloc;

use alloc::vec::Vec;

use jam_pvm_common::accumulate::{accumulate_item, get, set};
use jam_pvm_common::{Service, declare_service};
use jam_types::*;

struct Fibonacci;

declare_service!(Fibonacci);

impl Service for Fibonacci {
    fn refine(
        _: CoreIndex,
        _: usize,
        _: ServiceId,
        payload: WorkPayload,
        _: WorkPackageHash,
    ) -> WorkOutput {
        let Ok(index) = <[u8; 4]>::try_from(&payload[..]) else { return Vec::new().into() };
        let (mut number, mut next) = (0u64, 1u64);
        for _ in 0..u32::from_le_bytes(index) {
            (number, next) = (next, number.wrapping_add(next));
        }
        number.to_le_bytes().to_vec().into()
    }

    fn accumulate(_: Slot, _: ServiceId, count: usize) -> Option<Hash> {
        let mut largest: u64 = get("largest").unwrap_or(0);
        let mut counted: u64 = get("count").unwrap_or(0);
        for index in 0..count {
            let Some(AccumulateItem::WorkItem(item)) = accumulate_item(index) else { continue };
            let Ok(octets) = item.result else { continue };
            let Ok(number) = <[u8; 8]>::try_from(&octets[..]) else { continue };
            largest = largest.max(u64::from_le_bytes(number));
            counted += 1;
        }
        set("largest", largest).expect("the balance covers it");
        set("count", counted).expect("the balance covers it");
        let mut output = Hash::default();
        output[..8].copy_from_slice(&largest.to_le_bytes());
        output[8..16].copy_from_slice(&counted.to_le_bytes());
        Some(output)
    }
}
