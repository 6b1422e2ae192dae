//! Keys, hashes, the Noise handshake, and sealing. The only module that names a crypto crate.

pub mod beacon;
pub mod digest;
pub mod group;
pub mod handshake;
pub mod keys;
pub mod mail;
pub mod meeting;
pub mod numbered;
pub mod prekey;
pub mod probe;
mod resolver;
pub mod rng;
pub mod seal;
