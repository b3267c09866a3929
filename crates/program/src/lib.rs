//! PVM program blobs, standard programs, metadata containers and basic blocks.
