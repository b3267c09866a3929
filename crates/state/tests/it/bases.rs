//! Bases: loaded, invalid and unreadable state.

use std::io;
use std::sync::Arc;

use jambox_state::{
    AccountInfo, Accounts, Base, Blob, Footprint, KeyedBase, MemoryAccount, MemoryBase,
    RequestHistory, RequestKey, StateError, StateKey,
};
use jambox_types::{Hash, ServiceId};

use crate::model;

const SERVICE: ServiceId = ServiceId(1);

/// A state may be known in part only; its footprints are nevertheless taken as given.
#[test]
fn a_loaded_footprint_is_taken_as_given() {
    let footprint = Footprint { items: 7, octets: 700 };
    let account = MemoryAccount {
        info: AccountInfo { footprint, ..model::info(1) },
        storage: [(model::blob(b"key"), model::blob(b"value"))].into(),
        ..MemoryAccount::default()
    };
    let mut base = MemoryBase::default();
    base.insert(SERVICE, account);
    let over = base.over(Arc::new(MemoryBase::default()));
    for mut accounts in [over, Accounts::new(Arc::new(base))] {
        assert_eq!(accounts.get(SERVICE).unwrap().unwrap().footprint, footprint);
        accounts.set_storage(SERVICE, b"key", None).unwrap();
        let after = Footprint { items: 6, octets: 700 - 34 - 3 - 5 };
        assert_eq!(accounts.get(SERVICE).unwrap().unwrap().footprint, after);
    }
}

#[test]
fn values_that_do_not_decode_are_errors() {
    let key = RequestKey { hash: Hash([5; 32]), length: 9 };
    let base: KeyedBase = [
        (StateKey::account(SERVICE), model::blob(&[0; 20])),
        (StateKey::request(SERVICE, &key), model::blob(&[200])),
    ]
    .into_iter()
    .collect();
    let accounts = Accounts::new(Arc::new(base));
    let error = accounts.get(SERVICE).expect_err("an account of 20 octets");
    assert_eq!(
        error.to_string(),
        "the stored account of service 1 is not valid: \
         at octet 1: the input ends early: 32 octets expected, 19 left"
    );
    assert!(matches!(accounts.request(SERVICE, &key), Err(StateError::Corrupt { .. })));
}

/// The state keys of `sec:statemerklization` (0.7.2) are the same for a request of 2^32 - 1 octets
/// and a storage value under its hash, and for a request of 2^32 - 2 octets and its preimage.
#[test]
fn what_stands_under_the_same_key_is_no_request() {
    let hash = Hash([5; 32]);
    for (length, key) in [
        (u32::MAX, StateKey::storage(SERVICE, &hash.0)),
        (u32::MAX - 1, StateKey::preimage(SERVICE, &hash)),
    ] {
        let request = RequestKey { hash, length };
        assert_eq!(StateKey::request(SERVICE, &request), key);
        // A value that is no history, and a value that would decode as one.
        for value in [&[200][..], &[0]] {
            let base: KeyedBase = [(key, model::blob(value))].into_iter().collect();
            assert_eq!(Accounts::new(Arc::new(base)).request(SERVICE, &request).unwrap(), None);
        }
    }
}

#[derive(Debug)]
struct Unreadable;

impl Unreadable {
    fn fail<T>() -> Result<T, StateError> {
        Err(StateError::Store(Arc::new(io::Error::other("gone"))))
    }
}

impl Base for Unreadable {
    fn account(&self, _: ServiceId) -> Result<Option<AccountInfo>, StateError> {
        Self::fail()
    }

    fn storage(&self, _: ServiceId, _: &[u8]) -> Result<Option<Blob>, StateError> {
        Self::fail()
    }

    fn preimage(&self, _: ServiceId, _: &Hash) -> Result<Option<Blob>, StateError> {
        Self::fail()
    }

    fn request(&self, _: ServiceId, _: &RequestKey) -> Result<Option<RequestHistory>, StateError> {
        Self::fail()
    }
}

/// A store that fails is never taken for an empty one, and nothing changes.
#[test]
fn a_failing_store_fails_everything() {
    let mut accounts = Accounts::new(Arc::new(Unreadable));
    let key = RequestKey { hash: Hash([5; 32]), length: 9 };
    let errors = [
        accounts.contains(SERVICE).err(),
        accounts.storage(SERVICE, b"k").err(),
        accounts.preimage(SERVICE, &key.hash).err(),
        accounts.request(SERVICE, &key).err(),
        accounts.is_providable(SERVICE, b"octets").err(),
        accounts.set_storage(SERVICE, b"k", None).err(),
        accounts.set_preimage(SERVICE, key.hash, None).err(),
        accounts.set_request(SERVICE, key, None).err(),
        accounts.update(SERVICE, |_| {}).err(),
        accounts.create(SERVICE, model::info(1)).err(),
        accounts.remove(SERVICE).err(),
    ];
    for error in errors {
        assert!(matches!(error, Some(StateError::Store(_))), "{error:?}");
    }
    assert_eq!(accounts.changes().count(), 0);
}
