//! A token ledger: accounts belong to Ed25519 keys, which sign the accounts' transfers.
//!
//! Signatures are checked in refine, where a million gas are cheap. Accumulate checks what depends
//! on the state: an account's owner and number of transfers. The first account opened gets all
//! tokens.
#![no_std]

use ed25519_dalek::{Signature, VerifyingKey};
use jambox_sdk::prelude::*;

/// Number of tokens in all.
pub const ALL_TOKENS: u64 = 1_000_000;

/// A payload.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Describe)]
pub enum Command {
    /// Open an account; it gets the next number, from 0 on.
    Open {
        /// Key that signs the account's transfers.
        owner: [u8; 32],
    },
    /// Transfer tokens.
    Transfer {
        /// The signed order.
        order: Order,
        /// Key of the paying account.
        owner: [u8; 32],
        /// Signature of [`Order::message`] by that key.
        signature: [u8; 64],
    },
}

/// A transfer of tokens.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Describe)]
pub struct Order {
    /// Number of the paying account.
    pub from: u32,
    /// Number of the receiving account.
    pub to: u32,
    /// Number of tokens.
    pub amount: u64,
    /// Number of transfers the account has made before: no order can be carried out twice.
    pub nonce: u64,
}

impl Order {
    /// Message that the owner signs: the order, bound to one ledger.
    #[must_use]
    pub fn message(&self, ledger: ServiceId) -> Vec<u8> {
        encode(&("ledger transfer", ledger, self))
    }
}

/// Refine's result for accumulate.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Checked {
    /// Open an account of this valid key.
    Open([u8; 32]),
    /// Carry out this order, which the key has signed.
    Transfer(Order, [u8; 32]),
    /// Do nothing.
    Refused(Refusal),
}

/// Reason for refusing a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Refusal {
    /// The payload is no command.
    NoCommand,
    /// The octets are no public key.
    BadKey,
    /// The signature is not by the owner's key, or not of this order.
    BadSignature,
    /// There is no such account.
    NoAccount,
    /// The key does not own the account.
    NotTheOwner,
    /// The nonce is not the account's next.
    WrongNonce,
    /// The account has too few tokens.
    TooFewTokens,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Account {
    /// Key of the owner.
    pub owner: [u8; 32],
    /// Number of tokens.
    pub tokens: u64,
    /// Number of transfers made.
    pub nonce: u64,
}

/// Event: tokens have moved.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Event)]
pub struct Transferred {
    /// Number of the paying account.
    pub from: u32,
    /// Number of the receiving account.
    pub to: u32,
    /// Number of tokens.
    pub amount: u64,
}

layout! {
    /// Accounts by their numbers.
    pub ACCOUNTS: List<Account> = 0;
    /// Number of orders carried out.
    pub TRANSFERS: Counter = 1;
}

fn refine(_: &RefineContext, arguments: RefineArguments) -> Vec<u8> {
    let checked = decode_all(&arguments.payload)
        .map_err(|_| Refusal::NoCommand)
        .and_then(|command| check(command, arguments.service));
    encode(&checked.unwrap_or_else(Checked::Refused))
}

fn check(command: Command, ledger: ServiceId) -> Result<Checked, Refusal> {
    let key = |octets: &[u8; 32]| VerifyingKey::from_bytes(octets).map_err(|_| Refusal::BadKey);
    match command {
        Command::Open { owner } => key(&owner).map(|_| Checked::Open(owner)),
        Command::Transfer { order, owner, signature } => {
            let signature = Signature::from_bytes(&signature);
            key(&owner)?
                .verify_strict(&order.message(ledger), &signature)
                .map_err(|_| Refusal::BadSignature)?;
            Ok(Checked::Transfer(order, owner))
        }
    }
}

fn accumulate(ctx: &AccumulateContext, _: AccumulateArguments) -> Result<(), Placed> {
    for input in ctx.fetcher().inputs()? {
        let AccumulateInput::Operand(operand) = input else { continue };
        let Ok(result) = operand.result.0 else { continue };
        let refusal = match decode_all(&result) {
            Ok(Checked::Open(owner)) => {
                open(&ctx.storage(), owner)?;
                continue;
            }
            Ok(Checked::Transfer(order, owner)) => transfer(&ctx.storage(), &order, &owner)?,
            Ok(Checked::Refused(refusal)) => Err(refusal),
            Err(_) => continue,
        };
        if let Err(refusal) = refusal {
            warn!("refused: {refusal:?}");
        }
    }
    Ok(())
}

fn open(storage: &Storage, owner: [u8; 32]) -> Result<(), Placed> {
    let tokens = if ACCOUNTS.is_empty(storage)? { ALL_TOKENS } else { 0 };
    ACCOUNTS.push(storage, &Account { owner, tokens, nonce: 0 })?;
    Ok(())
}

fn transfer(
    storage: &Storage,
    order: &Order,
    owner: &[u8; 32],
) -> Result<Result<(), Refusal>, Placed> {
    let (from, to) = (u64::from(order.from), u64::from(order.to));
    let Some(mut payer) = ACCOUNTS.get(storage, from)? else { return Ok(Err(Refusal::NoAccount)) };
    if payer.owner != *owner {
        return Ok(Err(Refusal::NotTheOwner));
    }
    if payer.nonce != order.nonce {
        return Ok(Err(Refusal::WrongNonce));
    }
    let Some(rest) = payer.tokens.checked_sub(order.amount) else {
        return Ok(Err(Refusal::TooFewTokens));
    };
    if ACCOUNTS.get(storage, to)?.is_none() {
        return Ok(Err(Refusal::NoAccount));
    }
    (payer.tokens, payer.nonce) = (rest, payer.nonce + 1);
    ACCOUNTS.set(storage, from, &payer)?;
    // Read only now, because it may be the paying account.
    let mut payee = ACCOUNTS.get(storage, to)?.ok_or(Error::Missing)?;
    payee.tokens = payee.tokens.checked_add(order.amount).ok_or(Error::Overflow)?;
    ACCOUNTS.set(storage, to, &payee)?;
    TRANSFERS.add(storage, 1)?;
    emit(&Transferred { from: order.from, to: order.to, amount: order.amount });
    Ok(Ok(()))
}

entry_points! { payload = Command, refine = refine, accumulate = accumulate }
