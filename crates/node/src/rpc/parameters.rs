//! The chain's parameters as JIP-2 names them.

use jambox_types::{Parameters, Protocol, Rules};
use serde_json::{Map, Value, json};

/// The names of JIP-2 beside our fields.
macro_rules! members {
    ($parameters:ident: $($name:ident: $field:ident,)*) => {
        [$((stringify!($name), json!($parameters.$field)),)*]
    };
}

/// The answer to `parameters`, with the members that the revision has.
#[must_use]
pub fn versioned(protocol: &Protocol) -> Value {
    let parameters: &Parameters = &protocol.parameters;
    let members = members! {
        parameters:
        deposit_per_item: item_deposit,
        deposit_per_byte: octet_deposit,
        deposit_per_account: base_deposit,
        core_count: cores,
        min_turnaround_period: expunge_period,
        epoch_period: epoch_length,
        max_accumulate_gas: report_accumulate_gas,
        max_is_authorized_gas: is_authorized_gas,
        max_refine_gas: refine_gas,
        block_gas_limit: block_accumulate_gas,
        recent_block_count: recent_blocks,
        max_work_items: max_package_items,
        max_dependencies: max_report_dependencies,
        max_tickets_per_block: max_block_tickets,
        max_lookup_anchor_age: max_lookup_anchor_age,
        auth_window: auth_pool_size,
        slot_period_sec: slot_seconds,
        auth_queue_len: auth_queue_size,
        rotation_period: rotation_period,
        max_extrinsics: max_package_extrinsics,
        availability_timeout: assurance_timeout,
        max_authorizer_code_size: max_authorizer_code_size,
        max_input: max_bundle_size,
        max_service_code_size: max_service_code_size,
        max_imports: max_package_imports,
        max_report_elective_data: max_report_variable_size,
        transfer_memo_size: memo_size,
        max_exports: max_package_exports,
        epoch_tail_start: epoch_tail_start,
        // Two names that one client asks for beside JIP-2.
        max_refine_code_size: max_service_code_size,
        max_is_authorized_code_size: max_authorizer_code_size,
    };
    let of_validators = members! {
        parameters:
        tickets_attempts_number: ticket_entries,
        val_count: validators,
        basic_piece_len: erasure_piece_size,
        segment_piece_count: segment_pieces,
    };
    let has_validators = Rules::of(protocol.revision).validator_parameters;
    let of_validators = of_validators.into_iter().filter(|_| has_validators);
    let mut all: Map<String, Value> =
        members.into_iter().chain(of_validators).map(|(name, it)| (name.to_owned(), it)).collect();
    // A guest addresses 2^32 octets; nothing else limits it.
    for name in ["max_refine_memory", "max_is_authorized_memory"] {
        all.insert(name.to_owned(), u32::MAX.into());
    }
    json!({ "V1": all })
}
