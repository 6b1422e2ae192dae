//! One direction of an open link: Noise transport messages, sealed and opened where they lie.

use super::resolver::{self, KEY_BYTES};
use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit, Tag};
use zeroize::Zeroize;

/// Bytes of the tag behind each sealed payload.
pub const TAG_BYTES: usize = resolver::TAG_BYTES;

/// A key and how often it was used. Both sides of a direction have one, and change its key after
/// the same number of messages (Noise section 11.3), without a word about it.
pub struct Seal {
    key: [u8; KEY_BYTES],
    count: u64,
    rekey_every: u64,
}

/// A message that was changed on the way, repeated, or made by somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadSeal;

impl Seal {
    /// A direction that changes its key after each `rekey_every` messages.
    pub fn new(key: [u8; KEY_BYTES], rekey_every: u64) -> Seal {
        assert!(rekey_every > 0, "a key is of use for one message at least");
        Seal { key, count: 0, rekey_every }
    }

    /// Encrypts `payload` where it lies; the tag goes behind it.
    pub fn seal(&mut self, payload: &mut [u8]) -> [u8; TAG_BYTES] {
        let tag = self
            .cipher()
            .encrypt_inout_detached(&resolver::nonce(self.count), &[], payload.into())
            .expect("a frame is far below the cipher's limit");
        self.advance();
        tag.into()
    }

    /// Decrypts `sealed`, payload and tag, where it lies; gives the payload's length.
    pub fn open(&mut self, sealed: &mut [u8]) -> Result<usize, BadSeal> {
        let (payload, tag) = sealed.split_last_chunk_mut::<TAG_BYTES>().ok_or(BadSeal)?;
        let length = payload.len();
        self.cipher()
            .decrypt_inout_detached(
                &resolver::nonce(self.count),
                &[],
                payload.into(),
                &Tag::from(*tag),
            )
            .map_err(|_| BadSeal)?;
        self.advance();
        Ok(length)
    }

    /// The same direction once more, for tests that go over a stream many times.
    #[cfg(test)]
    pub(crate) fn copy(&self) -> Seal {
        Seal { key: self.key, count: self.count, rekey_every: self.rekey_every }
    }

    fn cipher(&self) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new(&self.key.into())
    }

    fn advance(&mut self) {
        self.count += 1;
        assert!(self.count < u64::MAX, "2^64 messages take longer than there is time");
        if self.count.is_multiple_of(self.rekey_every) {
            self.rekey();
        }
    }

    fn rekey(&mut self) {
        let mut next = next_key(&self.key);
        self.key = next;
        next.zeroize();
    }
}

/// Noise section 4.2: the new key is the encryption of zeros under the last nonce.
pub(super) fn next_key(key: &[u8; KEY_BYTES]) -> [u8; KEY_BYTES] {
    let mut next = [0; KEY_BYTES];
    ChaCha20Poly1305::new(key.into())
        .encrypt_inout_detached(&resolver::nonce(u64::MAX), &[], next.as_mut_slice().into())
        .expect("a key is far below the cipher's limit");
    next
}

impl Drop for Seal {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(rekey_every: u64) -> (Seal, Seal) {
        (Seal::new([9; 32], rekey_every), Seal::new([9; 32], rekey_every))
    }

    fn sealed(seal: &mut Seal, payload: &[u8]) -> Vec<u8> {
        let mut bytes = payload.to_vec();
        let tag = seal.seal(&mut bytes);
        bytes.extend(tag);
        bytes
    }

    #[test]
    fn what_is_sealed_opens_once_and_in_order() {
        let (mut ours, mut theirs) = pair(1 << 16);
        let mut first = sealed(&mut ours, b"first");
        let mut second = sealed(&mut ours, b"second");
        assert_eq!(theirs.open(&mut second.clone()), Err(BadSeal));
        let mut again = first.clone();
        assert_eq!(theirs.open(&mut first), Ok(5));
        assert_eq!(&first[..5], b"first");
        assert_eq!(theirs.open(&mut again), Err(BadSeal));
        assert_eq!(theirs.open(&mut second), Ok(6));
        assert_eq!(&second[..6], b"second");
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let message = sealed(&mut pair(8).0, b"text");
        for i in 0..message.len() {
            let mut changed = message.clone();
            changed[i] ^= 1;
            assert_eq!(pair(8).1.open(&mut changed), Err(BadSeal), "byte {i}");
        }
        assert_eq!(pair(8).1.open(&mut [0; TAG_BYTES - 1]), Err(BadSeal));
    }

    #[test]
    fn both_sides_change_the_key_after_the_same_message() {
        let (mut ours, mut theirs) = pair(3);
        for i in 0..10_u8 {
            let key = ours.key;
            let mut message = sealed(&mut ours, &[i]);
            assert_eq!(ours.key != key, i % 3 == 2, "message {i}");
            assert_eq!(theirs.open(&mut message), Ok(1), "message {i}");
            assert_eq!((message[0], theirs.key), (i, ours.key));
        }
    }

    #[test]
    fn a_direction_costs_48_bytes() {
        assert_eq!(size_of::<Seal>(), 48);
    }
}
