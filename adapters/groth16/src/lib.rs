//! Groth16.
