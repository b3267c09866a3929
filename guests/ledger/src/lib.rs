//! A token ledger: accounts belong to Ed25519 keys, which sign what they transfer.
//!
//! Signatures are checked in refine, where a million gas are cheap; what refine cannot know, whose
//! an account is and which transfers it has made, accumulate checks. The first account opened gets
//! all tokens.
#![no_std]

use ed25519_dalek::{Signature, VerifyingKey};
use jambox_sdk::prelude::*;

/// The tokens that there are.
pub const ALL_TOKENS: u64 = 1_000_000;

/// What a payload asks for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Describe)]
pub enum Command {
    /// Open an account; it gets the next number, from 0 on.
    Open {
        /// The key that its transfers are signed with.
        owner: [u8; 32],
    },
    /// Transfer tokens.
    Transfer {
        /// What is signed.
        order: Order,
        /// The key of the account that pays.
        owner: [u8; 32],
        /// Its signature of [`Order::message`].
        signature: [u8; 64],
    },
}

/// A transfer of tokens.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Describe)]
pub struct Order {
    /// The account that pays.
    pub from: u32,
    /// The account that gets it.
    pub to: u32,
    /// How many tokens.
    pub amount: u64,
    /// How many transfers the account has made before: no order can be carried out twice.
    pub nonce: u64,
}

impl Order {
    /// What the owner signs: the order, for one ledger and nothing else.
    #[must_use]
    pub fn message(&self, ledger: ServiceId) -> Vec<u8> {
        encode(&("ledger transfer", ledger, self))
    }
}

/// What refine tells accumulate: what it found in order.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Checked {
    /// A key that can own an account.
    Open([u8; 32]),
    /// An order that this key has signed.
    Transfer(Order, [u8; 32]),
    /// Nothing can be done.
    Refused(Refusal),
}

/// Why nothing is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Refusal {
    /// The payload is no command.
    NoCommand,
    /// The octets are no public key.
    BadKey,
    /// The signature is not the owner's, or not of this order.
    BadSignature,
    /// There is no such account.
    NoAccount,
    /// The key is not the account's.
    NotTheOwner,
    /// The order is not the account's next.
    WrongNonce,
    /// The account has less.
    TooFewTokens,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Account {
    /// Whose it is.
    pub owner: [u8; 32],
    /// Its tokens.
    pub tokens: u64,
    /// How many transfers it has made.
    pub nonce: u64,
}

/// Tokens have moved.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Event)]
pub struct Transferred {
    /// From this account,
    pub from: u32,
    /// to this account,
    pub to: u32,
    /// so many.
    pub amount: u64,
}

layout! {
    /// The accounts by their numbers.
    pub ACCOUNTS: List<Account> = 0;
    /// How many orders were carried out.
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
    // Read only now, for it may be the account that pays.
    let mut payee = ACCOUNTS.get(storage, to)?.ok_or(Error::Missing)?;
    payee.tokens = payee.tokens.checked_add(order.amount).ok_or(Error::Overflow)?;
    ACCOUNTS.set(storage, to, &payee)?;
    TRANSFERS.add(storage, 1)?;
    emit(&Transferred { from: order.from, to: order.to, amount: order.amount });
    Ok(Ok(()))
}

entry_points! { payload = Command, refine = refine, accumulate = accumulate }
