//! The host-call table: names, numbers, arguments, results and gas per ABI.
