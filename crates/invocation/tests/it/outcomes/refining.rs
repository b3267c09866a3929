//! `export`.

use crate::guest::{FULL, NOWHERE, READ_ONLY, WRITABLE};
use crate::world::Work;

const EXPORT: u64 = 7;

outcomes!(Export in export {
    panic_data {
        let refined = Work::new().refine(|guest| {
            guest.panics_reading(EXPORT, &[NOWHERE, 1], NOWHERE, 1);
            // Only the exported part need be readable.
            guest.panics_reading(EXPORT, &[NOWHERE, u64::MAX], NOWHERE, 4104);
        });
        assert_eq!(refined.exports.len(), 0);
    }
    full {
        let refined = Work { export_offset: 3071, ..Work::new() }.refine(|guest| {
            guest.answers(EXPORT, &[WRITABLE, 1], 3071);
            guest.answers(EXPORT, &[WRITABLE, 1], FULL);
            guest.panics_reading(EXPORT, &[NOWHERE, 1], NOWHERE, 1);
        });
        assert_eq!(refined.exports.len(), 1);
    }
    exported {
        let refined = Work { export_offset: 5, ..Work::new() }.refine(|guest| {
            guest.put(WRITABLE, b"segment");
            guest.answers(EXPORT, &[WRITABLE, 7], 5);
            guest.put(READ_ONLY, &[0xaa; 4105]);
            guest.answers(EXPORT, &[READ_ONLY, 4105], 6);
            guest.answers(EXPORT, &[NOWHERE, 0], 7);
        });
        let [first, second, third] = refined.exports.as_slice() else { panic!("three segments") };
        assert_eq!((&first[..8], first.len()), (b"segment\0".as_slice(), 4104));
        assert!(first[7..].iter().all(|octet| *octet == 0));
        assert_eq!(**second, [0xaa; 4104]);
        assert_eq!(**third, [0; 4104]);
    }
    out_of_gas {
        let refined = Work::new().refine(|guest| guest.runs_out(EXPORT, &[WRITABLE, 7]));
        assert_eq!(refined.exports.len(), 0);
    }
});
