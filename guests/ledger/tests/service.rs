//! The ledger natively and compiled, under every revision.

use ed25519_dalek::{Signer, SigningKey};
use jambox_sdk::codec::{decode_all, encode};
use jambox_sdk::types::ServiceId;
use jambox_sdk_testing::{Chain, Code, Item, Package, Processed, Way, every_way, every_way_with};
use ledger::{ACCOUNTS, ALL_TOKENS, Account, Checked, Command, Order, Refusal, Transferred};

/// Keys, also of this folder's packages. They are public: anyone can sign with them.
fn key(owner: u8) -> SigningKey {
    SigningKey::from_bytes(&[owner; 32])
}

fn open(owner: u8) -> Command {
    Command::Open { owner: key(owner).verifying_key().to_bytes() }
}

fn signed(signer: u8, order: Order) -> Command {
    let key = key(signer);
    let signature = key.sign(&order.message(ServiceId(7))).to_bytes();
    Command::Transfer { order, owner: key.verifying_key().to_bytes(), signature }
}

fn order(from: u32, to: u32, amount: u64, nonce: u64) -> Order {
    Order { from, to, amount, nonce }
}

fn chain(way: impl Into<Way>) -> Chain {
    let mut chain = Chain::new(way);
    let code = Code::native(ledger::SERVICE)
        .with_blob(include_bytes!("../ledger.jam"))
        .with_blob(include_bytes!("../ledger-0.8.0.jam"));
    chain.service(7, &code);
    chain
}

fn item(command: &Command) -> Item {
    Item::new(7).payload(encode(command)).gas(100_000_000, 1_000_000)
}

fn process(chain: &mut Chain, commands: &[Command]) -> Processed {
    let package = commands.iter().fold(Package::new(), |all, one| all.item(item(one)));
    chain.process(&package).unwrap()
}

fn tokens(chain: &Chain) -> Vec<u64> {
    let account = |index| chain.stored::<Account>(7, ACCOUNTS.key(index));
    (0..).map_while(account).map(|account| account.tokens).collect()
}

#[test]
fn tokens_move_as_their_owners_sign() {
    let (events, tokens) = every_way(|way| {
        let mut chain = chain(way);
        process(&mut chain, &[open(1), open(2)]);
        let commands = [signed(1, order(0, 1, 500, 0)), signed(2, order(1, 1, 20, 0))];
        let processed = process(&mut chain, &commands);
        (processed.record.events::<Transferred>(), tokens(&chain))
    });
    assert_eq!(tokens, [ALL_TOKENS - 500, 500], "to oneself is no gain");
    let moved = [(0, 1, 500), (1, 1, 20)];
    assert_eq!(events, moved.map(|(from, to, amount)| Transferred { from, to, amount }));
}

#[test]
fn what_is_not_in_order_moves_nothing() {
    let refusals = every_way_with(|way| {
        let mut chain = chain(way);
        process(&mut chain, &[open(1), open(2)]);
        let commands = [
            signed(2, order(0, 1, 5, 0)),
            signed(1, order(0, 1, 5, 1)),
            signed(1, order(0, 1, ALL_TOKENS + 1, 0)),
            signed(1, order(0, 9, 5, 0)),
            signed(1, order(9, 0, 5, 0)),
        ];
        let processed = process(&mut chain, &commands);
        assert_eq!(tokens(&chain), [ALL_TOKENS, 0]);
        let lines = processed.record.log.iter().map(|line| line.message.clone());
        (lines.collect::<Vec<_>>(), processed.record)
    });
    let expected = [
        Refusal::NotTheOwner,
        Refusal::WrongNonce,
        Refusal::TooFewTokens,
        Refusal::NoAccount,
        Refusal::NoAccount,
    ];
    assert_eq!(refusals, expected.map(|refusal| format!("refused: {refusal:?}")));
}

#[test]
fn refine_checks_keys_and_signatures() {
    let Command::Transfer { order: it, owner, mut signature } = signed(1, order(0, 1, 5, 0)) else {
        unreachable!()
    };
    signature[0] ^= 1;
    let forged = Command::Transfer { order: it, owner, signature };
    // No point of the curve has this second coordinate.
    let mut coordinate = [0; 32];
    coordinate[0] = 2;
    let bad_key = Command::Open { owner: coordinate };
    for (command, refusal) in [(forged, Refusal::BadSignature), (bad_key, Refusal::BadKey)] {
        let result = every_way(|way| chain(way).refine(&item(&command)).result);
        assert_eq!(result, Ok(encode(&Checked::Refused(refusal))), "{command:?}");
    }
    let nonsense = every_way(|way| chain(way).refine(&Item::new(7).payload("?")).result);
    assert_eq!(nonsense, Ok(encode(&Checked::Refused(Refusal::NoCommand))));
}

/// The largest program of the examples, because of keys, curve and hashes: more than a million
/// instructions for each command, many of them multiplications of 128 bits.
#[test]
fn a_large_program_computes_the_same_natively_and_compiled() {
    let mut state = 7u64;
    let mut chance = |limit: u64| {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (state >> 33) % limit
    };
    let mut in_order = Vec::new();
    let commands: Vec<Command> = (0..24)
        .map(|_| {
            let order = order(chance(5) as u32, chance(5) as u32, chance(1 << 20), chance(9));
            let mut command = signed(1 + chance(9) as u8, order);
            let (place, bit) = (chance(32) as usize, 1u8 << chance(8));
            let Command::Transfer { order, owner, signature } = &mut command else {
                unreachable!()
            };
            let forgery = chance(4);
            match forgery {
                1 => owner[place] ^= bit,
                2 => signature[place] ^= bit,
                3 => order.amount ^= u64::from(bit),
                _ => {}
            }
            in_order.push(forgery == 0);
            command
        })
        .collect();
    assert!(in_order.contains(&true) && in_order.contains(&false));
    let results = every_way(|way| {
        let chain = chain(way);
        let results = commands.iter().map(|command| chain.refine(&item(command)).result);
        results.collect::<Vec<_>>()
    });
    for (result, in_order) in results.into_iter().zip(in_order) {
        let checked = decode_all::<Checked>(&result.unwrap()).unwrap();
        assert_eq!(matches!(checked, Checked::Transfer(..)), in_order, "{checked:?}");
    }
}

/// The files that the build writes beside the blobs, and those that the packages are made of.
#[test]
fn the_files_of_this_folder_are_up_to_date() {
    assert_eq!(ledger::PAYLOAD, include_str!("../ledger-0.8.0.payload").trim_end());
    let Command::Transfer { owner, signature, .. } = signed(1, order(0, 1, 500, 0)) else {
        unreachable!()
    };
    let Command::Open { owner: other } = open(2) else { unreachable!() };
    assert_eq!(include_bytes!("../files/alice.key"), &owner);
    assert_eq!(include_bytes!("../files/bob.key"), &other);
    assert_eq!(include_bytes!("../files/transfer.signature"), &signature);
}
