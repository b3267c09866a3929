//! The meaning of correct files.

use jambox_state::{Blob, RequestHistory, RequestKey};
use jambox_types::{Balance, CoreIndex, Gas, Hash, ImportSource, Parameters, ServiceId, TimeSlot};

use crate::memory::{FULL, files, load_from, load_text};

#[test]
fn everything_in_the_file_is_in_the_package() {
    let package = load_text(FULL).unwrap();
    assert_eq!(package.protocol.parameters, Parameters::TINY);
    assert_eq!((package.slot, package.core), (TimeSlot(77), CoreIndex(1)));
    assert_eq!(package.entropy, Hash([1; 32]));
    assert_eq!(package.names[&ServiceId(1)], "one");

    let work = &package.work_package;
    assert_eq!(work.auth_token, [0xbe, 0xef]);
    assert_eq!(work.auth_config, b"conf");
    assert_eq!(work.auth_code_host, ServiceId(1));
    assert_eq!(work.context.anchor, Hash([0x44; 32]));
    assert_eq!(work.context.lookup_anchor_slot, TimeSlot(70));
    let [item] = work.items.as_slice() else { panic!("one item") };
    assert_eq!((item.service, item.export_count), (ServiceId(1), 3));
    assert_eq!((item.refine_gas_limit, item.accumulate_gas_limit), (Gas(100), Gas(200)));
    assert_eq!(item.payload, b"payload");
    assert_eq!(item.extrinsics[0].hash, Hash::blake2b(b"first"));
    assert_eq!((item.extrinsics[0].length, item.extrinsics[1].length), (5, 1));
    assert_eq!(&*package.extrinsics[0][1], [2]);
}

#[test]
fn privileges_are_taken_by_name_and_id() {
    let privileges = load_text(FULL).unwrap().state.privileges;
    assert_eq!(privileges.manager, ServiceId(1));
    assert_eq!(*privileges.assigners, [ServiceId(1), ServiceId(9)]);
    assert_eq!(privileges.delegator, ServiceId(5));
    assert_eq!(privileges.registrar, ServiceId(0x2_0000));
    assert_eq!(privileges.always_accumulate[&ServiceId(1)], Gas(1000));
}

#[test]
fn a_service_has_its_fields_and_dictionaries() {
    let accounts = load_text(FULL).unwrap().state.accounts;
    let one = ServiceId(1);
    let info = accounts.get(one).unwrap().unwrap();
    assert_eq!(info.balance, Balance(10_000));
    assert_eq!((info.min_accumulate_gas, info.min_memo_gas), (Gas(3), Gas(4)));
    assert_eq!((info.created, info.last_accumulation), (TimeSlot(6), TimeSlot(7)));
    assert_eq!((info.gratis, info.parent), (Balance(5), ServiceId(0x2_0000)));
    assert_eq!(accounts.storage(one, b"k").unwrap(), Some(Blob::from([0, 255])));
    assert_eq!(
        accounts.preimage(one, &Hash::blake2b(b"hello")).unwrap(),
        Some(Blob::from(*b"hello"))
    );
    let request = |hash, length| accounts.request(one, &RequestKey { hash, length }).unwrap();
    assert_eq!(request(Hash::blake2b(b"hello"), 5), Some(RequestHistory::Available(TimeSlot(0))));
    assert_eq!(
        request(Hash::blake2b(&[7; 5000]), 5000),
        Some(RequestHistory::AvailableAgain(TimeSlot(1), TimeSlot(2), TimeSlot(3)))
    );
    assert_eq!(request(Hash([0x22; 32]), 8), Some(RequestHistory::Requested));
    // The largest balance needs all 64 bits.
    let two = accounts.get(ServiceId(0x2_0000)).unwrap().unwrap();
    assert_eq!(two.balance, Balance(u64::MAX));
}

#[test]
fn code_is_a_preimage_of_its_service_and_has_a_metadata_prefix() {
    let package = load_text(FULL).unwrap();
    let info = package.state.accounts.get(ServiceId(1)).unwrap().unwrap();
    let code = package.state.accounts.preimage(ServiceId(1), &info.code_hash).unwrap().unwrap();
    // No metadata of length 0; no data, heap or stack; a blob of 5 octets: no jump table, one octet
    // of code, `trap`, which is marked.
    assert_eq!(*code, [&[0][..], &[0; 11], &[5, 0, 0, 0], &[0, 0, 1, 0, 1]].concat());
    assert_eq!(package.work_package.auth_code_hash, info.code_hash);
    assert_eq!(package.work_package.items[0].code_hash, info.code_hash);
}

#[test]
fn segments_are_cut_and_padded_and_named_by_root_or_package() {
    let package = load_text(FULL).unwrap();
    let [import, by_package] = package.work_package.items[0].imports[..] else { panic!() };
    let ImportSource::SegmentRoot(root) = import.source() else { panic!("by root") };
    let segments = &package.exported[&root];
    assert_eq!(segments.len(), 3, "5000 octets are two segments of 4104");
    assert!(segments.iter().all(|segment| segment.len() == 4104));
    assert_eq!(segments[0][..4], *b"abc\0");
    assert_eq!((segments[2][895], segments[2][896]), (7, 0));
    assert_eq!(by_package.source(), ImportSource::WorkPackage(Hash([0x33; 32])));
    assert_eq!(package.segment_roots[&Hash([0x33; 32])], root);
}

#[test]
fn blobs_of_every_form_become_service_code() {
    let bare = [0, 0, 1, 0, 1];
    let standard = [&[0; 11][..], &[5, 0, 0, 0], &bare].concat();
    let service = [&[2, 8, 9][..], &standard].concat();
    for (blob, expected) in [
        (bare.to_vec(), [&[0][..], &standard].concat()),
        (standard.clone(), [&[0][..], &standard].concat()),
        (service.clone(), service),
    ] {
        let text = FULL.replace("one.asm", "one.pvm");
        let package = load_from(&files(&text).with("dir/one.pvm", &blob)).unwrap();
        assert_eq!(package.work_package.auth_code_hash, Hash::blake2b(&expected));
    }
}
