//! A service that counts the work items of each text.
#![no_std]

use jambox_sdk::prelude::*;

/// Refine's result for accumulate: a hash of the text, so that the chain need not see the text.
#[derive(Debug, PartialEq, Encode, Decode)]
pub struct Seen {
    /// Hash of the text.
    pub text: Hash,
}

/// Runs in core, once for each work item: turns a payload into a small result.
fn refine(_: &RefineContext, arguments: RefineArguments) -> Vec<u8> {
    encode(&Seen { text: blake2b_256(&arguments.payload) })
}

/// Runs on chain, with the results of all items: changes the service's storage.
fn accumulate(ctx: &AccumulateContext, _: AccumulateArguments) -> Result<(), Error> {
    for input in ctx.fetcher().inputs()? {
        let AccumulateInput::Operand(operand) = input else { continue };
        let Ok(result) = operand.result.0 else { continue };
        let Ok(seen) = decode_all::<Seen>(&result) else { continue };
        let times: u64 = ctx.storage().load(&seen.text)?.unwrap_or(0);
        ctx.storage().store(&seen.text, &(times + 1))?;
        info!("seen {} times", times + 1);
    }
    Ok(())
}

/// Decides whether a package may use the core. This service's own packages must show the token.
fn is_authorized(ctx: &AuthorizeContext, _: AuthorizeArguments) -> Result<(), Error> {
    assert!(ctx.fetcher().authorization_token()? == b"open sesame", "wrong token");
    Ok(())
}

entry_points! { refine = refine, accumulate = accumulate, is_authorized = is_authorized }
