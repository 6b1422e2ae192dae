//! Signatures over what is said on the local network.

use super::keys::{self, Identity};
use crate::proto::bytes::Bytes;
use crate::proto::model::person::PublicIdentity;

/// Our signature over a beacon.
pub fn sign(me: &Identity, beacon: &[u8]) -> Bytes<64> {
    me.sign(BEACON, &[beacon])
}

/// Whether somebody signed this beacon.
pub fn is_signed(by: &PublicIdentity, beacon: &[u8], signature: &Bytes<64>) -> bool {
    keys::is_signed(by, BEACON, &[beacon], signature)
}

/// What a beacon is signed for.
const BEACON: &[u8] = b"hobnob: I am near, at ";
