//! Octets of code as text.

use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};

/// Each instruction of code that starts at a distance, with its own distance from the first.
pub(super) fn disassemble(octets: &[u8], start: u32) -> Vec<(u32, String)> {
    let mut formatter = IntelFormatter::new();
    let options = formatter.options_mut();
    options.set_hex_prefix("0x");
    options.set_hex_suffix("");
    options.set_uppercase_hex(false);
    options.set_small_hex_numbers_in_decimal(true);
    options.set_signed_immediate_operands(true);
    options.set_space_after_operand_separator(true);
    options.set_branch_leading_zeros(false);
    options.set_show_branch_size(false);
    let mut decoder = Decoder::with_ip(64, octets, start.into(), DecoderOptions::NONE);
    let mut instructions = Vec::new();
    while decoder.can_decode() {
        let at = decoder.position() as u32;
        let mut text = String::new();
        formatter.format(&decoder.decode(), &mut text);
        instructions.push((at, text));
    }
    instructions
}
