//! A deterministic PVM: modules, instances, exits, gas and the interpreter.
