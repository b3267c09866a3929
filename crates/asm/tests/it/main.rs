//! Checks of the assembler and the disassembler.
