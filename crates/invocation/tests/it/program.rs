//! Programs written octet by octet: opcodes and formats from `sec:instructiontables`, containers
//! from `sec:virtualmachine` and `sec:standardprograminit`.

/// Address of read-only data.
pub const DATA: u32 = 0x1_0000;

/// `trap`.
pub const TRAP: &[u8] = &[0];
/// `jump_ind r0`: halts with the initial `r0`.
pub const HALT: &[u8] = &[50, 0];
/// `jump` to itself.
pub const LOOP: &[u8] = &[40, 0];
/// `store_u8 r1` to 0x20000.
pub const STORE: &[u8] = &[59, 1, 0, 0, 2];

/// `ecalli` of a small number.
pub fn ecalli(number: u8) -> [u8; 2] {
    [10, number]
}

/// `load_imm`.
pub fn load_imm(register: u8, value: u32) -> Vec<u8> {
    [vec![51, register], value.to_le_bytes().to_vec()].concat()
}

/// `load_imm_64`.
pub fn load_imm_64(register: u8, value: u64) -> Vec<u8> {
    [vec![20, register], value.to_le_bytes().to_vec()].concat()
}

/// Address of the stack page in programs of [`standard`].
pub const STACK: u64 = 0xfefd_f000;

/// A program blob without jump table.
pub fn blob<T: AsRef<[u8]>>(instructions: &[T]) -> Vec<u8> {
    let code: Vec<u8> = instructions.iter().flat_map(AsRef::as_ref).copied().collect();
    let mut mask = vec![0; code.len().div_ceil(8)];
    let mut start = 0;
    for instruction in instructions {
        mask[start / 8] |= 1 << (start % 8);
        start += instruction.as_ref().len();
    }
    assert!(code.len() < 128, "the length fits one octet");
    [vec![0, 0, code.len() as u8], code, mask].concat()
}

/// A standard program with these read-only data, no heap, and one page of stack.
pub fn standard<T: AsRef<[u8]>>(read_only: &[u8], instructions: &[T]) -> Vec<u8> {
    let blob = blob(instructions);
    let mut program = read_only.len().to_le_bytes()[..3].to_vec();
    program.extend([0; 3]);
    program.extend([0; 2]);
    program.extend([0, 16, 0]);
    program.extend(read_only);
    program.extend((blob.len() as u32).to_le_bytes());
    program.extend(blob);
    program
}

/// A service's code: metadata of less than 128 octets, then the program.
pub fn with_metadata(metadata: &[u8], program: &[u8]) -> Vec<u8> {
    [&[metadata.len() as u8], metadata, program].concat()
}
