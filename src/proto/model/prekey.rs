//! Prekeys: keys laid out at the server, so that mail can be sealed to somebody who is away.

use super::person::PublicIdentity;
use crate::proto::bytes::Bytes;
use crate::proto::time::Wall;
use serde::{Deserialize, Serialize};

/// What a prekey is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PrekeyKind {
    /// One envelope; given out once.
    Once,
    /// A week, for when no one-time key is left.
    Weekly,
    /// The static key, for when there is no prekey at all: no forward secrecy.
    Static,
}

/// The public half of a prekey, signed by its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prekey {
    /// What it is for; never `Static`.
    pub kind: PrekeyKind,
    /// Its owner's number for it.
    pub id: u32,
    /// X25519.
    pub key: Bytes<32>,
    /// When it was made, by its owner's clock.
    pub made: Wall,
    /// The owner's signature over all of this.
    pub signature: Bytes<64>,
}

/// What a server gives to one who wants to seal: at most one one-time key, which is then gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundle {
    /// Whose.
    pub identity: PublicIdentity,
    /// A one-time key, while there are any.
    pub once: Option<Prekey>,
    /// The weekly key.
    pub weekly: Option<Prekey>,
}

/// The secret half of a prekey, as its owner keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrekeySecret {
    /// What it is for.
    pub kind: PrekeyKind,
    /// Its number.
    pub id: u32,
    /// X25519.
    pub secret: Bytes<32>,
    /// When it was made.
    pub made: Wall,
    /// When it was first used, for a one-time key.
    pub used: Option<Wall>,
}
