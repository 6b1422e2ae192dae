//! Identities: an Ed25519 key and an X25519 key, bound by a signature.

use super::rng::Rng;
use crate::proto::bytes::Bytes;
use crate::proto::model::person::{Fingerprint, PublicIdentity};
use blake2::{Blake2s256, Digest};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

/// Secret keys with their public half. Wiped when dropped.
pub struct Identity {
    secret: Zeroizing<[u8; Identity::BYTES]>,
    public: PublicIdentity,
    fingerprint: Fingerprint,
}

impl Identity {
    /// Bytes of [`Identity::to_bytes`].
    pub const BYTES: usize = 64;

    /// New keys.
    pub fn generate(rng: &mut Rng) -> Identity {
        Identity::from_bytes(&Zeroizing::new(rng.bytes()))
    }

    /// The secret keys: Ed25519 seed, then X25519 secret.
    pub fn to_bytes(&self) -> Zeroizing<[u8; Identity::BYTES]> {
        self.secret.clone()
    }

    /// The opposite of [`Identity::to_bytes`].
    pub fn from_bytes(bytes: &[u8; Identity::BYTES]) -> Identity {
        let secret = Zeroizing::new(*bytes);
        let (sign, dh) = halves(&secret);
        let sign = SigningKey::from_bytes(sign);
        let dh = PublicKey::from(&StaticSecret::from(*dh)).to_bytes();
        let public = PublicIdentity {
            sign: Bytes(sign.verifying_key().to_bytes()),
            dh: Bytes(dh),
            binding: Bytes(sign.sign(&bound(&dh)).to_bytes()),
        };
        Identity { secret, public, fingerprint: fingerprint(&public) }
    }

    /// The public half.
    pub fn public(&self) -> &PublicIdentity {
        &self.public
    }

    /// The fingerprint of the public half.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The X25519 secret, the Noise static key.
    pub(super) fn dh_secret(&self) -> &[u8; 32] {
        halves(&self.secret).1
    }
}

/// The fingerprint of keys, if the binding between them holds. Whoever takes in a
/// [`PublicIdentity`] calls this before anything else.
pub fn verify(public: &PublicIdentity) -> Option<Fingerprint> {
    if is_low_order(&public.dh.0) {
        return None;
    }
    // Strict: keys and signatures under which one signature fits several messages are refused.
    let sign = VerifyingKey::from_bytes(&public.sign.0).ok()?;
    let binding = Signature::from_bytes(&public.binding.0);
    sign.verify_strict(&bound(&public.dh.0), &binding).ok()?;
    Some(fingerprint(public))
}

/// What the binding signs: no other signature of this key is ever over bytes that begin so.
const BINDING: &[u8; 24] = b"hobnob: my Noise key is ";

fn bound(dh: &[u8; 32]) -> [u8; BINDING.len() + 32] {
    let mut bytes = [0; BINDING.len() + 32];
    bytes[..BINDING.len()].copy_from_slice(BINDING);
    bytes[BINDING.len()..].copy_from_slice(dh);
    bytes
}

/// The fingerprint of keys whose binding was checked, as a link does before it says who is there.
pub fn fingerprint(public: &PublicIdentity) -> Fingerprint {
    let hash = Blake2s256::new().chain_update(public.sign.0).chain_update(public.dh.0).finalize();
    Fingerprint(Bytes::from_slice(&hash[..20]).expect("a BLAKE2s-256 hash is 32 bytes"))
}

fn halves(secret: &[u8; Identity::BYTES]) -> (&[u8; 32], &[u8; 32]) {
    let (sign, dh) = secret.split_first_chunk().expect("the keys are 64 bytes");
    (sign, dh.first_chunk().expect("the keys are 64 bytes"))
}

/// Whether every shared secret with this X25519 key is zero. Its highest bit does not count
/// (RFC 7748 section 5).
fn is_low_order(dh: &[u8; 32]) -> bool {
    let mut dh = *dh;
    dh[31] &= 0x7f;
    LOW_ORDER.contains(&dh)
}

/// The keys of low order (<https://cr.yp.to/ecdh.html>), little-endian: 0, 1, two of order 8, and
/// p - 1, p, p + 1 with p = 2^255 - 19.
const LOW_ORDER: [[u8; 32]; 7] = [
    small(0x00),
    small(0x01),
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4,
        0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49,
        0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef,
        0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f,
        0x11, 0x57,
    ],
    below_2_255(0xec),
    below_2_255(0xed),
    below_2_255(0xee),
];

const fn small(first: u8) -> [u8; 32] {
    let mut key = [0; 32];
    key[0] = first;
    key
}

const fn below_2_255(first: u8) -> [u8; 32] {
    let mut key = [0xff; 32];
    key[0] = first;
    key[31] = 0x7f;
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(seed: u8) -> Identity {
        Identity::generate(&mut Rng::new([seed; 32]))
    }

    /// As a holder of the signing key may bind any key it likes.
    fn bind(me: &Identity, dh: [u8; 32]) -> PublicIdentity {
        let sign = SigningKey::from_bytes(halves(&me.secret).0);
        let binding = Bytes(sign.sign(&bound(&dh)).to_bytes());
        PublicIdentity { sign: me.public.sign, dh: Bytes(dh), binding }
    }

    #[test]
    fn keys_survive_being_stored() {
        let me = identity(1);
        let again = Identity::from_bytes(&me.to_bytes());
        assert_eq!(again.public(), me.public());
        assert_eq!(again.fingerprint(), me.fingerprint());
        assert_ne!(identity(2).fingerprint(), me.fingerprint());
    }

    #[test]
    fn the_fingerprint_is_the_first_20_bytes_of_the_hash_of_both_keys() {
        let me = identity(1);
        let hash = Blake2s256::digest([me.public.sign.0, me.public.dh.0].concat());
        assert_eq!(me.fingerprint().0.0[..], hash[..20]);
        assert_eq!(verify(me.public()), Some(me.fingerprint()));
    }

    #[test]
    fn a_change_of_any_byte_breaks_the_binding() {
        let public = *identity(1).public();
        for i in 0..128 {
            let mut changed = public;
            match i {
                0..32 => changed.sign.0[i] ^= 1,
                32..64 => changed.dh.0[i - 32] ^= 1,
                _ => changed.binding.0[i - 64] ^= 1,
            }
            assert_eq!(verify(&changed), None, "byte {i}");
        }
    }

    #[test]
    fn a_signature_over_the_bare_key_is_no_binding() {
        let me = identity(1);
        let sign = SigningKey::from_bytes(halves(&me.secret).0);
        let binding = Bytes(sign.sign(&me.public.dh.0).to_bytes());
        assert_eq!(verify(&PublicIdentity { binding, ..me.public }), None);
    }

    #[test]
    fn keys_of_low_order_are_refused_though_well_bound() {
        let me = identity(1);
        let other = identity(2).public().dh.0;
        assert!(verify(&bind(&me, other)).is_some());
        for key in LOW_ORDER {
            let shared = StaticSecret::from([7; 32]).diffie_hellman(&PublicKey::from(key));
            assert!(!shared.was_contributory(), "{key:02x?} belongs into the table");
            let mut masked = key;
            masked[31] |= 0x80;
            assert_eq!(verify(&bind(&me, key)), None, "{key:02x?}");
            assert_eq!(verify(&bind(&me, masked)), None, "{masked:02x?}");
        }
    }

    #[test]
    fn a_weak_signing_key_is_refused() {
        // The neutral point: the signature (point 1, scalar 0) fits any message under it.
        let mut binding = [0; 64];
        binding[0] = 1;
        let dh = identity(1).public().dh;
        let weak = PublicIdentity { sign: Bytes(small(1)), dh, binding: Bytes(binding) };
        assert_eq!(verify(&weak), None);
    }
}
