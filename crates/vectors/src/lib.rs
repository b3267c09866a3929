//! Loaders and runners for public test vectors.
