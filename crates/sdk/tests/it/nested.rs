//! Standard programs in inner machines, for arbitrary blobs.

use jambox_program::{MAX_ARGUMENTS, StandardProgram, ZONE_SIZE, join_metadata};
use jambox_sdk::{
    InvokeIo, NestedPvm, PAGE_SIZE, SPI_ARGUMENTS_START, SPI_MAX_ARGUMENTS, SPI_READ_ONLY_START,
    SPI_RETURN_ADDRESS, SPI_SEGMENT_SIZE, SPI_STACK_END, SpiError,
};
use proptest::prelude::*;

use crate::scripted::answering;

/// Sets a blob up under a host that refuses nothing.
fn set_up(blob: &[u8], arguments: &[u8]) -> Result<(), SpiError> {
    answering(0, 0, || NestedPvm::from_spi_checked(blob, arguments, 1000).map(drop))
}

fn program() -> Vec<u8> {
    StandardProgram::new(&b"ro"[..], &b"rw"[..], 1, 100, &b"code"[..]).unwrap().encode()
}

#[test]
fn each_lie_has_its_error() {
    let good = program();
    assert_eq!(set_up(&good, b"arguments"), Ok(()));
    assert_eq!(set_up(&join_metadata(b"metadata", &good), b""), Ok(()));
    for length in 0..good.len() {
        assert_eq!(set_up(&good[..length], b""), Err(SpiError::MalformedBlob), "{length} octets");
    }
    assert_eq!(set_up(&[&good[..], &[0]].concat(), b""), Err(SpiError::TrailingBytes));
    let with_metadata = [&join_metadata(b"metadata", &good)[..], &[0]].concat();
    assert_eq!(set_up(&with_metadata, b""), Err(SpiError::TrailingBytes));
    let mut lying = good.clone();
    lying[2] = 0xff;
    assert_eq!(set_up(&lying, b""), Err(SpiError::MalformedBlob), "read-only data end early");
    let most = vec![0; SPI_MAX_ARGUMENTS as usize];
    assert_eq!(set_up(&good, &most), Ok(()));
    let more = vec![0; SPI_MAX_ARGUMENTS as usize + 1];
    assert_eq!(set_up(&good, &more), Err(SpiError::ArgumentsTooLong));
    let refused = u64::MAX - 8;
    let checked = answering(refused, 0, || NestedPvm::from_spi_checked(&good, b"", 1).map(drop));
    assert_eq!(checked, Err(SpiError::InvalidEntryPoint));
}

#[test]
fn the_layout_is_that_of_standard_programs() {
    assert_eq!((PAGE_SIZE, SPI_SEGMENT_SIZE), (4096, ZONE_SIZE));
    assert_eq!((SPI_MAX_ARGUMENTS, SPI_READ_ONLY_START), (MAX_ARGUMENTS, 0x0001_0000));
    let registers = StandardProgram::registers(5);
    let vm = answering(0, 0, || {
        let vm = NestedPvm::from_spi(&program(), b"hello", 1000);
        let registers: Vec<u64> = (0..13).map(|index| vm.register(index)).collect();
        (registers, vm.remaining_gas())
    });
    assert_eq!(vm, (registers.to_vec(), 1000));
    assert_eq!(registers[0], SPI_RETURN_ADDRESS);
    assert_eq!((registers[1], registers[7]), (SPI_STACK_END, SPI_ARGUMENTS_START));
}

#[test]
fn the_block_is_112_octets() {
    let mut io = InvokeIo::new(0x0102);
    io.set_register(0, 0x0304);
    io.set_register(12, u64::MAX);
    assert_eq!(InvokeIo::LENGTH, 112);
    assert_eq!((io.gas(), io.register(0), io.register(12)), (0x0102, 0x0304, u64::MAX));
    io.set_gas(7);
    assert_eq!((io.gas(), io.register(0), io.register(1)), (7, 0x0304, 0));
}

#[test]
fn a_program_that_claims_a_huge_output_costs_nothing() {
    answering(0, 0, || {
        let mut vm = NestedPvm::from_spi(&program(), b"", 1);
        vm.set_register(8, u64::MAX);
        assert_eq!(vm.output(1024), Err(jambox_sdk::Error::Full));
        vm.set_register(7, u64::MAX);
        assert_eq!(vm.packed_output(1024), Err(jambox_sdk::Error::Full));
    });
}

proptest! {
    #[test]
    fn from_spi_checked_never_panics(blob: Vec<u8>, arguments: Vec<u8>, answer: u64) {
        // Any blob, and any answer of the host.
        let _ = answering(answer, 0, || {
            NestedPvm::from_spi_checked(&blob, &arguments, 1).map(drop)
        });
    }

    #[test]
    fn from_spi_checked_agrees_with_the_parser(
        mut header in prop::array::uniform11(0u8..3),
        rest in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        // Small sections, so that many blobs are whole.
        for high in [1, 2, 4, 5] {
            header[high] = 0;
        }
        let blob = [&header[..], &rest].concat();
        let plain = StandardProgram::parse(&blob).is_ok();
        let prefixed = jambox_program::split_metadata(&blob)
            .is_ok_and(|(_, program)| StandardProgram::parse(program).is_ok());
        prop_assert_eq!(set_up(&blob, b"").is_ok(), plain || prefixed);
    }
}
