//! The service of `guests/ledger`, written for the ecosystem's SDK: the same payloads, accounts,
//! checks and storage, and a line of the log for each transfer.
#![cfg_attr(target_env = "polkavm", no_std)]

extern crate alloc;

use alloc::vec::Vec;

use ed25519_dalek::{Signature, VerifyingKey};
use jam_codec::{Decode, DecodeAll, Encode};
use jam_pvm_common::accumulate::{accumulate_items, get, set};
use jam_pvm_common::{ApiError, Service, declare_service, info, warn};
use jam_types::*;

const ALL_TOKENS: u64 = 1_000_000;

#[derive(Encode, Decode)]
enum Command {
    Open { owner: [u8; 32] },
    Transfer { order: Order, owner: [u8; 32], signature: [u8; 64] },
}

#[derive(Encode, Decode)]
struct Order {
    from: u32,
    to: u32,
    amount: u64,
    nonce: u64,
}

#[derive(Encode, Decode)]
enum Checked {
    Open([u8; 32]),
    Transfer(Order, [u8; 32]),
    Refused(Refusal),
}

#[derive(Debug, Encode, Decode)]
enum Refusal {
    NoCommand,
    BadKey,
    BadSignature,
    NoAccount,
    NotTheOwner,
    WrongNonce,
    TooFewTokens,
}

#[derive(Encode, Decode)]
struct Account {
    owner: [u8; 32],
    tokens: u64,
    nonce: u64,
}

/// Accounts by their numbers, and under the octet alone the number of accounts.
const ACCOUNTS: u8 = 0;
/// Number of orders carried out.
const TRANSFERS: u8 = 1;

struct Ledger;

declare_service!(Ledger);

impl Service for Ledger {
    fn refine(
        _: CoreIndex,
        _: usize,
        ledger: ServiceId,
        payload: WorkPayload,
        _: WorkPackageHash,
    ) -> WorkOutput {
        let checked = Command::decode_all(&mut &payload[..])
            .map_err(|_| Refusal::NoCommand)
            .and_then(|command| check(command, ledger));
        checked.unwrap_or_else(Checked::Refused).encode().into()
    }

    fn accumulate(_: Slot, _: ServiceId, _: usize) -> Option<Hash> {
        for item in accumulate_items() {
            let AccumulateItem::WorkItem(item) = item else { continue };
            let Ok(result) = item.result else { continue };
            let refusal = match Checked::decode_all(&mut &result[..]) {
                Ok(Checked::Open(owner)) => {
                    open(owner).expect("the balance covers it");
                    continue;
                }
                Ok(Checked::Transfer(order, owner)) => {
                    transfer(&order, &owner).expect("the balance covers it")
                }
                Ok(Checked::Refused(refusal)) => Err(refusal),
                Err(_) => continue,
            };
            if let Err(refusal) = refusal {
                warn!("refused: {refusal:?}");
            }
        }
        None
    }
}

fn check(command: Command, ledger: ServiceId) -> Result<Checked, Refusal> {
    let key = |octets: &[u8; 32]| VerifyingKey::from_bytes(octets).map_err(|_| Refusal::BadKey);
    match command {
        Command::Open { owner } => key(&owner).map(|_| Checked::Open(owner)),
        Command::Transfer { order, owner, signature } => {
            let signature = Signature::from_bytes(&signature);
            let message: Vec<u8> = ("ledger transfer", ledger, &order).encode();
            key(&owner)?
                .verify_strict(&message, &signature)
                .map_err(|_| Refusal::BadSignature)?;
            Ok(Checked::Transfer(order, owner))
        }
    }
}

fn open(owner: [u8; 32]) -> Result<(), ApiError> {
    let accounts: u32 = get(ACCOUNTS).unwrap_or(0);
    let tokens = if accounts == 0 { ALL_TOKENS } else { 0 };
    set((ACCOUNTS, accounts), Account { owner, tokens, nonce: 0 })?;
    set(ACCOUNTS, accounts + 1)
}

fn transfer(order: &Order, owner: &[u8; 32]) -> Result<Result<(), Refusal>, ApiError> {
    let Some(mut payer) = get::<Account>((ACCOUNTS, order.from)) else {
        return Ok(Err(Refusal::NoAccount));
    };
    if payer.owner != *owner {
        return Ok(Err(Refusal::NotTheOwner));
    }
    if payer.nonce != order.nonce {
        return Ok(Err(Refusal::WrongNonce));
    }
    let Some(rest) = payer.tokens.checked_sub(order.amount) else {
        return Ok(Err(Refusal::TooFewTokens));
    };
    if get::<Account>((ACCOUNTS, order.to)).is_none() {
        return Ok(Err(Refusal::NoAccount));
    }
    (payer.tokens, payer.nonce) = (rest, payer.nonce + 1);
    set((ACCOUNTS, order.from), &payer)?;
    let mut payee: Account = get((ACCOUNTS, order.to)).expect("it was there");
    payee.tokens = payee.tokens.checked_add(order.amount).expect("there are not so many");
    set((ACCOUNTS, order.to), &payee)?;
    let transfers: u64 = get(TRANSFERS).unwrap_or(0);
    set(TRANSFERS, transfers + 1)?;
    info!("transferred {} from {} to {}", order.amount, order.from, order.to);
    Ok(Ok(()))
}
