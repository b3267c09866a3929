//! The is-authorized invocation (`eq:isauthinvocation`, 0.7.2).

use jambox_codec::encode;
use jambox_hostcall::Context;
use jambox_program::split_metadata;
use jambox_state::Accounts;
use jambox_types::{CoreIndex, Gas, WorkError};

use crate::context::IsAuthorized;
use crate::runner::{Job, entry_pc};
use crate::{End, Env, Failure, HostError, Observer, PackageData};

/// Result of is-authorized.
#[derive(Clone, Debug)]
pub struct Authorized {
    /// The authorizer trace, or the error.
    pub result: Result<Vec<u8>, WorkError>,
    /// Gas used.
    pub gas_used: Gas,
    /// Failure of the authorizer, if it ran and failed.
    pub failure: Option<Box<Failure>>,
}

/// Runs a package's authorizer for `core`.
///
/// The code is looked up in `accounts` as of the package's lookup anchor. Code that is missing, or
/// not encoded with its metadata, is [`WorkError::BadCode`].
///
/// # Errors
///
/// When the host cannot go on.
pub fn is_authorized(
    env: &Env,
    package: &PackageData,
    core: CoreIndex,
    accounts: &Accounts,
    observer: &mut dyn Observer,
) -> Result<Authorized, HostError> {
    let refused = |error| Authorized { result: Err(error), gas_used: Gas(0), failure: None };
    let (host, code_hash) = (package.package().auth_code_host, package.package().auth_code_hash);
    let slot = package.package().context.lookup_anchor_slot;
    let preimage = accounts.historical_lookup(host, slot, &code_hash)?;
    let Some(code) = preimage.as_deref() else { return Ok(refused(WorkError::BadCode)) };
    let Ok((_, program)) = split_metadata(code) else { return Ok(refused(WorkError::BadCode)) };
    if program.len() > env.parameters().max_authorizer_code_size as usize {
        return Ok(refused(WorkError::BigCode));
    }
    let job = Job {
        code_hash,
        code,
        program,
        entry_pc: entry_pc(Context::IsAuthorized).into(),
        gas_limit: env.parameters().is_authorized_gas,
        arguments: &encode(&core),
    };
    let mut context = IsAuthorized { env, package, core };
    let (end, gas_used) = env.invoke(&job, &mut context, observer)?;
    let gas_used = Gas(gas_used);
    Ok(match end {
        End::Halt(trace) => Authorized { result: Ok(trace), gas_used, failure: None },
        End::Panic(failure) => {
            Authorized { result: Err(WorkError::Panic), gas_used, failure: Some(failure) }
        }
        End::OutOfGas(failure) => {
            Authorized { result: Err(WorkError::OutOfGas), gas_used, failure: Some(failure) }
        }
    })
}
