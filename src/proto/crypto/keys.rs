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
            binding: Bytes(sign.sign(&signed(BINDING, &[&dh])).to_bytes()),
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

    /// A signature over a purpose and what is signed for it. No purpose begins with another, so
    /// that no signature stands for anything else.
    pub(super) fn sign(&self, purpose: &[u8], parts: &[&[u8]]) -> Bytes<64> {
        let sign = SigningKey::from_bytes(halves(&self.secret).0);
        Bytes(sign.sign(&signed(purpose, parts)).to_bytes())
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
    is_signed(public, BINDING, &[&public.dh.0], &public.binding).then(|| fingerprint(public))
}

/// Whether somebody signed this for this purpose.
pub(super) fn is_signed(
    by: &PublicIdentity,
    purpose: &[u8],
    parts: &[&[u8]],
    signature: &Bytes<64>,
) -> bool {
    let Ok(sign) = VerifyingKey::from_bytes(&by.sign.0) else { return false };
    let signature = Signature::from_bytes(&signature.0);
    // Strict: keys and signatures under which one signature fits several messages are refused.
    sign.verify_strict(&signed(purpose, parts), &signature).is_ok()
}

/// What the binding is signed for.
const BINDING: &[u8] = b"hobnob: my Noise key is ";

fn signed(purpose: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = purpose.to_vec();
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
    bytes
}

/// The number that two people compare to know that nobody stands between them: twelve groups of
/// five digits, the same for both. Each half is one side's, after Signal's numeric fingerprint
/// (`rust/protocol/src/fingerprint.rs` of libsignal): a hash iterated so often that looking for
/// keys of a like number costs `SAFETY_ROUNDS` times as much, then 30 bytes as six numbers.
pub fn safety_number(a: Fingerprint, b: Fingerprint) -> String {
    let mut groups = Vec::with_capacity(12);
    for side in [a.min(b), a.max(b)] {
        let mut hash = Blake2s256::new().chain_update(SAFETY).chain_update(side.0.0).finalize();
        for _ in 0..SAFETY_ROUNDS {
            hash = Blake2s256::new().chain_update(hash).chain_update(side.0.0).finalize();
        }
        for five in hash[..30].chunks_exact(5) {
            let number = five.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
            groups.push(format!("{:05}", number % 100_000));
        }
    }
    groups.join(" ")
}

const SAFETY: &[u8] = b"hobnob: our safety number 1";
/// As many as Signal's.
const SAFETY_ROUNDS: usize = 5200;

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
pub(super) fn is_low_order(dh: &[u8; 32]) -> bool {
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
        let binding = me.sign(BINDING, &[&dh]);
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

    #[test]
    fn a_safety_number_is_the_same_for_both_and_another_for_others() {
        let keys = [1, 2, 3].map(|seed| identity(seed).fingerprint());
        let number = safety_number(keys[0], keys[1]);
        assert_eq!(safety_number(keys[1], keys[0]), number);
        let groups: Vec<&str> = number.split(' ').collect();
        assert_eq!(groups.len(), 12);
        let is_digits =
            |group: &&str| group.len() == 5 && group.bytes().all(|b| b.is_ascii_digit());
        assert!(groups.iter().all(is_digits), "{number}");
        let other = safety_number(keys[0], keys[2]);
        let same = groups.iter().filter(|group| other.contains(**group)).count();
        assert_eq!(same, 6, "one half is the same side's: {number}, {other}");
    }
}
