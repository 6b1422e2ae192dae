//! Keys, the Noise handshake, and sealing. The only module that names a crypto crate.

pub mod keys;
pub mod rng;
