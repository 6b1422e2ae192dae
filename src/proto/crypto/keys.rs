//! Identities: an Ed25519 key and an X25519 key, bound by a signature.

use super::rng::Rng;
use crate::proto::model::person::{Fingerprint, PublicIdentity};

/// Secret keys with their public half. Wiped when dropped.
pub struct Identity {
    public: PublicIdentity,
}

impl Identity {
    /// Bytes of [`Identity::to_bytes`].
    pub const BYTES: usize = 64;

    /// New keys.
    pub fn generate(_rng: &mut Rng) -> Identity {
        todo!("H1")
    }

    /// The secret keys: Ed25519 seed, then X25519 secret.
    pub fn to_bytes(&self) -> zeroize::Zeroizing<[u8; Identity::BYTES]> {
        todo!("H1")
    }

    /// The opposite of [`Identity::to_bytes`].
    pub fn from_bytes(_bytes: &[u8; Identity::BYTES]) -> Identity {
        todo!("H1")
    }

    /// The public half.
    pub fn public(&self) -> &PublicIdentity {
        &self.public
    }

    /// The fingerprint of the public half.
    pub fn fingerprint(&self) -> Fingerprint {
        todo!("H1")
    }
}

/// The fingerprint of keys, if the binding between them holds. Whoever takes in a [`PublicIdentity`]
/// calls this before anything else.
pub fn verify(_public: &PublicIdentity) -> Option<Fingerprint> {
    todo!("H1")
}
