//! The text assembly: assembler and disassembler of whole programs.
