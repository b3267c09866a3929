//! The refine invocation (`eq:refinvocation`, 0.7.2).

use jambox_codec::{Encode, encode_natural};
use jambox_hostcall::Context;
use jambox_program::split_metadata;
use jambox_state::{Accounts, Blob};
use jambox_types::{CoreIndex, Gas, Hash, ServiceId, TimeSlot, WorkError, WorkItem};

use crate::context::Refine;
use crate::handlers::exports::Exports;
use crate::handlers::machines::Machines;
use crate::runner::{Job, entry_pc};
use crate::{End, Env, Failure, HostError, InCoreData, Observer, PackageData};

/// Arguments of refine.
#[derive(Clone, Copy, Debug)]
pub struct RefineCall<'a> {
    /// The package with its data.
    pub package: &'a PackageData,
    /// Index of the item.
    pub item: usize,
    /// The core of the work.
    pub core: CoreIndex,
    /// Output of the authorizer.
    pub trace: &'a Blob,
    /// Number of segments exported by earlier items of the package.
    pub export_offset: u64,
    /// Accounts in which code and preimages are looked up.
    pub accounts: &'a Accounts,
}

/// Result of refine.
#[derive(Clone, Debug)]
pub struct Refined {
    /// The output, or the error.
    pub result: Result<Vec<u8>, WorkError>,
    /// The exported segments; empty after an error.
    pub exports: Vec<Blob>,
    /// Gas used.
    pub gas_used: Gas,
    /// Failure of the guest, if it ran and failed.
    pub failure: Option<Box<Failure>>,
}

impl Refined {
    fn refused(error: WorkError) -> Self {
        Self { result: Err(error), exports: Vec::new(), gas_used: Gas(0), failure: None }
    }
}

/// Refines one work item.
///
/// The code is looked up as of the package's lookup anchor. Code that is missing, or not encoded
/// with its metadata, is [`WorkError::BadCode`]. Code that is longer than allowed, metadata
/// included, is [`WorkError::BigCode`].
///
/// # Errors
///
/// When the host cannot go on. An index beyond the last item is bad code.
pub fn refine(
    env: &Env,
    call: RefineCall<'_>,
    observer: &mut dyn Observer,
) -> Result<Refined, HostError> {
    let RefineCall { package, item: index, core, trace, export_offset, accounts } = call;
    let bad_code = || Ok(Refined::refused(WorkError::BadCode));
    let Some(item) = package.package().items.get(index) else { return bad_code() };
    let slot = package.package().context.lookup_anchor_slot;
    let Some(code) = accounts.historical_lookup(item.service, slot, &item.code_hash)? else {
        return bad_code();
    };
    if code.len() > env.parameters().max_service_code_size as usize {
        return Ok(Refined::refused(WorkError::BigCode));
    }
    let refinement = Refinement {
        package,
        core,
        item: index,
        service: item.service,
        code_hash: item.code_hash,
        code: &code,
        gas_limit: item.refine_gas_limit,
        arguments: &arguments(package, core, index, item),
        trace,
        export_offset,
        accounts,
        lookup_slot: slot,
    };
    refine_with(env, refinement, observer)
}

/// Arguments of a refinement whose code has been looked up.
#[derive(Clone, Copy)]
pub struct Refinement<'a> {
    /// Package data for `fetch`.
    pub package: &'a dyn InCoreData,
    /// The core of the work.
    pub core: CoreIndex,
    /// Index of the item.
    pub item: usize,
    /// Service of the item.
    pub service: ServiceId,
    /// Hash of the code.
    pub code_hash: Hash,
    /// The code, with its metadata.
    pub code: &'a [u8],
    /// Gas limit.
    pub gas_limit: Gas,
    /// The encoded arguments.
    pub arguments: &'a [u8],
    /// Output of the authorizer.
    pub trace: &'a Blob,
    /// Number of segments exported by earlier items of the package.
    pub export_offset: u64,
    /// Accounts in which preimages are looked up.
    pub accounts: &'a Accounts,
    /// Slot as of which preimages are looked up.
    pub lookup_slot: TimeSlot,
}

/// Runs a refinement. Code that is not encoded with its metadata is [`WorkError::BadCode`].
///
/// # Errors
///
/// When the host cannot go on.
pub fn refine_with(
    env: &Env,
    refinement: Refinement<'_>,
    observer: &mut dyn Observer,
) -> Result<Refined, HostError> {
    let Refinement { package, core, item, service, trace, accounts, lookup_slot, .. } = refinement;
    let Ok((_, program)) = split_metadata(refinement.code) else {
        return Ok(Refined::refused(WorkError::BadCode));
    };
    let job = Job {
        code_hash: refinement.code_hash,
        code: refinement.code,
        program,
        entry_pc: entry_pc(Context::Refine).into(),
        gas_limit: refinement.gas_limit.0,
        arguments: refinement.arguments,
    };
    let mut context = Refine {
        env,
        package,
        core,
        item,
        service,
        accounts,
        lookup_slot,
        trace: trace.clone(),
        exports: Exports::new(refinement.export_offset, env.parameters()),
        machines: Machines::default(),
    };
    let (end, gas_used) = env.invoke(&job, &mut context, observer)?;
    let exports = context.exports.segments;
    let gas_used = Gas(gas_used);
    let failed = |error, failure| Refined {
        result: Err(error),
        exports: Vec::new(),
        gas_used,
        failure: Some(failure),
    };
    Ok(match end {
        End::Halt(output) => Refined { result: Ok(output), exports, gas_used, failure: None },
        End::Panic(failure) => failed(WorkError::Panic, failure),
        End::OutOfGas(failure) => failed(WorkError::OutOfGas, failure),
    })
}

/// Core, item index and service as naturals, the payload with its length, the hash of the package.
fn arguments(package: &PackageData, core: CoreIndex, index: usize, item: &WorkItem) -> Vec<u8> {
    let mut arguments = Vec::new();
    encode_natural(u64::from(core.0), &mut arguments);
    encode_natural(index as u64, &mut arguments);
    encode_natural(u64::from(item.service.0), &mut arguments);
    item.payload.encode_to(&mut arguments, &());
    package.hash().encode_to(&mut arguments, &());
    arguments
}
