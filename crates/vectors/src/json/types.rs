//! JSON forms of the protocol's types, as `jam-test-vectors` names their fields.

use std::collections::{BTreeMap, BTreeSet};

use jambox_codec::encode;
use jambox_types::{
    AccumulateInput, Assurance, AvailabilitySpec, Balance, BandersnatchKey, BandersnatchSignature,
    Block, CoreBits, CoreIndex, Credential, Culprit, DeferredTransfer, Disputes, Ed25519Key,
    Ed25519Signature, EpochMark, EpochMarkKeys, Extrinsic, ExtrinsicSpec, Fault, Gas, Guarantee,
    Hash, Header, ImportSpec, Judgment, Memo, Operand, PerCore, PerSlot, PerSuperMajority,
    PerValidator, Preimage, Privileges, ReadyReport, RefineContext, RefineLoad, RingSignature,
    Rules, ServiceId, ServiceRecord, ServiceStatistics, Ticket, TicketEnvelope, TimeSlot,
    ValidatorIndex, Verdict, WorkDigest, WorkError, WorkItem, WorkPackage, WorkReport, WorkResult,
};
use serde_json::{Value, json};

use super::{ToJson, impl_json, impl_to_json};

macro_rules! impl_numbers {
    ($($type:ty),*) => {$(
        impl ToJson for $type {
            fn to_json(&self, _: &Rules) -> Value {
                (*self).into()
            }
        }
    )*};
}

macro_rules! impl_scalars {
    ($($type:ty),*) => {$(
        impl ToJson for $type {
            fn to_json(&self, _: &Rules) -> Value {
                self.0.into()
            }
        }
    )*};
}

macro_rules! impl_octets {
    ($($type:ty),*) => {$(
        impl ToJson for $type {
            fn to_json(&self, _: &Rules) -> Value {
                self.to_string().into()
            }
        }
    )*};
}

macro_rules! impl_sequences {
    ($($type:ident),*) => {$(
        impl<T: ToJson> ToJson for $type<T> {
            fn to_json(&self, rules: &Rules) -> Value {
                T::sequence_to_json(self, rules)
            }
        }
    )*};
}

impl_numbers!(bool, u16, u32, u64);
impl_scalars!(Balance, CoreIndex, Gas, ServiceId, TimeSlot, ValidatorIndex);
impl_octets!(
    BandersnatchKey,
    BandersnatchSignature,
    Ed25519Key,
    Ed25519Signature,
    Hash,
    Memo,
    RingSignature
);
impl_sequences!(Vec, PerCore, PerSlot, PerSuperMajority, PerValidator);

impl ToJson for u8 {
    fn to_json(&self, _: &Rules) -> Value {
        (*self).into()
    }

    fn sequence_to_json(items: &[Self], _: &Rules) -> Value {
        const_hex::encode_prefixed(items).into()
    }
}

impl<T: ToJson> ToJson for Option<T> {
    fn to_json(&self, rules: &Rules) -> Value {
        self.as_ref().map_or(Value::Null, |value| value.to_json(rules))
    }
}

impl<T: ToJson> ToJson for BTreeSet<T> {
    fn to_json(&self, rules: &Rules) -> Value {
        self.iter().map(|item| item.to_json(rules)).collect()
    }
}

impl ToJson for CoreBits {
    fn to_json(&self, _: &Rules) -> Value {
        const_hex::encode_prefixed(encode(self)).into()
    }
}

impl ToJson for ImportSpec {
    fn to_json(&self, _: &Rules) -> Value {
        // The vectors show the index in its encoded form, with the bit that marks a package's hash.
        let octets = encode(self);
        let (hash, index) = octets.split_at(Hash::LENGTH);
        let index = index.iter().rev().fold(0, |number, octet| number << 8 | u32::from(*octet));
        json!({ "tree_root": const_hex::encode_prefixed(hash), "index": index })
    }
}

/// Names in the vectors of the reasons for a work item without output.
pub(super) const WORK_ERRORS: [(&str, WorkError); 6] = [
    ("out_of_gas", WorkError::OutOfGas),
    ("panic", WorkError::Panic),
    ("bad_exports", WorkError::BadExports),
    ("output_oversize", WorkError::Oversize),
    ("bad_code", WorkError::BadCode),
    ("code_oversize", WorkError::BigCode),
];

impl ToJson for WorkResult {
    fn to_json(&self, rules: &Rules) -> Value {
        match &self.0 {
            Ok(output) => json!({ "ok": output.to_json(rules) }),
            Err(error) => {
                let entry = WORK_ERRORS.iter().find(|(_, named)| named == error);
                json!({ entry.map_or("", |(name, _)| *name): null })
            }
        }
    }
}

/// A dictionary as a sequence of entries with these names for key and value.
fn entries<K: ToJson, V: ToJson>(map: &BTreeMap<K, V>, names: [&str; 2], rules: &Rules) -> Value {
    let [key_name, value_name] = names;
    let entry = |(key, value): (&K, &V)| {
        let (key, value) = (key.to_json(rules), value.to_json(rules));
        json!({ key_name: key, value_name: value })
    };
    map.iter().map(entry).collect()
}

/// The segment roots of a report.
impl ToJson for BTreeMap<Hash, Hash> {
    fn to_json(&self, rules: &Rules) -> Value {
        entries(self, ["work_package_hash", "segment_tree_root"], rules)
    }
}

/// Always-accumulating services with their gas.
impl ToJson for BTreeMap<ServiceId, Gas> {
    fn to_json(&self, rules: &Rules) -> Value {
        entries(self, ["id", "gas"], rules)
    }
}

impl ToJson for ServiceStatistics {
    fn to_json(&self, rules: &Rules) -> Value {
        entries(self, ["id", "record"], rules)
    }
}

impl_json!(RefineContext {
    "anchor": anchor,
    "anchor_slot": anchor_slot if anchor_slot_in_context,
    "state_root": state_root,
    "beefy_root": accumulation_root,
    "lookup_anchor": lookup_anchor,
    "lookup_anchor_slot": lookup_anchor_slot,
    "lookup_anchor_state_root": lookup_anchor_state_root if lookup_state_root_in_context,
    "prerequisites": prerequisites,
});

impl_to_json!(ExtrinsicSpec { "hash": hash, "len": length });

impl_to_json!(WorkItem {
    "service": service,
    "code_hash": code_hash,
    "refine_gas_limit": refine_gas_limit,
    "accumulate_gas_limit": accumulate_gas_limit,
    "export_count": export_count,
    "payload": payload,
    "import_segments": imports,
    "extrinsic": extrinsics,
});

impl_to_json!(WorkPackage {
    "auth_code_host": auth_code_host,
    "auth_code_hash": auth_code_hash,
    "context": context,
    "authorization": auth_token,
    "authorizer_config": auth_config,
    "items": items,
});

impl_json!(RefineLoad {
    "gas_used": gas_used,
    "imports": imports,
    "extrinsic_count": extrinsic_count,
    "extrinsic_size": extrinsic_size,
    "exports": exports,
});

impl_json!(WorkDigest {
    "service_id": service,
    "code_hash": code_hash,
    "payload_hash": payload_hash,
    "accumulate_gas": accumulate_gas_limit,
    "result": result,
    "refine_load": load,
});

impl_json!(AvailabilitySpec {
    "hash": package_hash,
    "length": bundle_length,
    "erasure_root": erasure_root,
    "erasure_shards": erasure_shards if shards_in_availability,
    "exports_root": segment_root,
    "exports_count": segment_count,
});

impl_json!(WorkReport {
    "package_spec": availability,
    "context": context,
    "core_index": core,
    "authorizer_hash": authorizer,
    "auth_gas_used": auth_gas_used,
    "auth_output": auth_trace,
    "segment_root_lookup": segment_roots,
    "results": digests,
});

impl_to_json!(Ticket { "id": id, "attempt": entry });

impl_to_json!(TicketEnvelope { "attempt": entry, "signature": signature });

impl_json!(Preimage { "requester": service, "blob": data });

impl_to_json!(Credential { "validator_index": validator, "signature": signature });

impl_to_json!(Guarantee { "report": report, "slot": slot, "signatures": credentials });

impl_to_json!(Assurance {
    "anchor": anchor,
    "bitfield": availabilities,
    "validator_index": assurer,
    "signature": signature,
});

impl_to_json!(Judgment { "vote": is_valid, "index": judge, "signature": signature });

impl_to_json!(Verdict { "target": report_hash, "age": epoch, "votes": judgments });

impl_to_json!(Culprit { "target": report_hash, "key": key, "signature": signature });

impl_to_json!(Fault {
    "target": report_hash,
    "vote": is_valid,
    "key": key,
    "signature": signature,
});

impl_to_json!(Disputes { "verdicts": verdicts, "culprits": culprits, "faults": faults });

impl_to_json!(Extrinsic {
    "tickets": tickets,
    "preimages": preimages,
    "guarantees": guarantees,
    "assurances": assurances,
    "disputes": disputes,
});

impl_to_json!(EpochMarkKeys { "bandersnatch": bandersnatch, "ed25519": ed25519 });

impl_to_json!(EpochMark {
    "entropy": entropy,
    "tickets_entropy": tickets_entropy,
    "validators": validators,
});

impl_to_json!(Header {
    "parent": parent,
    "parent_state_root": parent_state_root,
    "extrinsic_hash": extrinsic_hash,
    "slot": slot,
    "epoch_mark": epoch_mark,
    "tickets_mark": tickets_mark,
    "author_index": author,
    "entropy_source": entropy_source,
    "offenders_mark": offenders_mark,
    "seal": seal,
});

impl_to_json!(Block { "header": header, "extrinsic": extrinsic });

impl_json!(ReadyReport { "report": report, "dependencies": dependencies });

impl_json!(Privileges {
    "bless": manager,
    "assign": assigners,
    "designate": delegator,
    "register": registrar,
    "always_acc": always_accumulate,
});

impl_json!(ServiceRecord {
    "provided_count": provided_count,
    "provided_size": provided_size,
    "refinement_count": refinement_count,
    "refinement_gas_used": refinement_gas_used,
    "imports": imports,
    "extrinsic_count": extrinsic_count,
    "extrinsic_size": extrinsic_size,
    "exports": exports,
    "accumulate_count": accumulate_count,
    "accumulate_transfer_count": transfer_count if transfers_in_statistics,
    "accumulate_gas_used": accumulate_gas_used,
});

// The public vectors hold no accumulation inputs; these names are the project's own.
impl ToJson for AccumulateInput {
    fn to_json(&self, rules: &Rules) -> Value {
        match self {
            Self::Operand(operand) => json!({ "operand": operand.to_json(rules) }),
            Self::Transfer(transfer) => json!({ "transfer": transfer.to_json(rules) }),
        }
    }
}

impl_to_json!(Operand {
    "package_hash": package_hash,
    "segment_root": segment_root,
    "authorizer": authorizer,
    "payload_hash": payload_hash,
    "gas_limit": gas_limit,
    "result": result,
    "auth_trace": auth_trace,
});

impl_to_json!(DeferredTransfer {
    "source": source,
    "destination": destination,
    "amount": amount,
    "memo": memo,
    "gas_limit": gas_limit,
});
