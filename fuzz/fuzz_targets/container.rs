//! Programs of any form: octets that parse encode to themselves.
#![no_main]

use jambox_program::{Container, CrateInfo, Form, StandardProgram, split_metadata};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    if let Ok(container) = Container::parse(octets) {
        assert_eq!(container.encode(), octets);
    }
    for form in Form::ALL {
        if let Ok(container) = Container::parse_as(form, octets) {
            assert_eq!(container.form(), form);
            assert_eq!(container.encode(), octets);
        }
    }
    if let Ok(standard) = StandardProgram::parse(octets) {
        assert_eq!(standard.encode(), octets);
        let layout = standard.layout(1 << 24).expect("the longest arguments are allowed");
        assert!(layout.read_only.end <= layout.read_write.start);
        assert!(layout.read_write.end <= layout.stack.start);
        assert!(layout.stack.end <= layout.arguments.start);
    }
    if let Ok(info) = CrateInfo::parse(octets) {
        assert_eq!(info.encode(), octets);
    }
    if let Ok((metadata, program)) = split_metadata(octets) {
        assert!(metadata.len() + program.len() < octets.len());
    }
});
