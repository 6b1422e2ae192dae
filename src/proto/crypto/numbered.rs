//! One direction of an association in datagrams: packets that carry the number under which they are
//! sealed, because others may be lost or overtake them.
//!
//! The key changes after each so many numbers (Noise section 11.3). Who opens keeps the key before,
//! for packets that were overtaken, and tries the one behind; it moves on once a packet has opened.
//! A number that was used before is not noticed here.

use super::resolver::{self, KEY_BYTES};
use super::seal::{BadSeal, TAG_BYTES, next_key};
use crate::proto::limits::REKEY_FRAMES;
use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit, Tag};
use zeroize::Zeroizing;

type Key = Zeroizing<[u8; KEY_BYTES]>;

/// The sending end.
pub struct Sealer {
    key: Key,
    next: u64,
}

/// The receiving end.
pub struct Opener {
    before: Option<Key>,
    key: Key,
    epoch: u64,
}

impl Sealer {
    /// A direction with its first key.
    pub fn new(key: [u8; KEY_BYTES]) -> Sealer {
        Sealer { key: Zeroizing::new(key), next: 0 }
    }

    /// The number under which the next packet is sealed.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Encrypts `payload` where it lies, bound to `head`; the tag goes behind it.
    pub fn seal(&mut self, head: &[u8], payload: &mut [u8]) -> [u8; TAG_BYTES] {
        let tag = ChaCha20Poly1305::new((&*self.key).into())
            .encrypt_inout_detached(&resolver::nonce(self.next), head, payload.into())
            .expect("a datagram is far below the cipher's limit");
        self.next += 1;
        assert!(self.next < u64::MAX, "2^64 packets take longer than there is time");
        if self.next.is_multiple_of(REKEY_FRAMES) {
            self.key = Zeroizing::new(next_key(&self.key));
        }
        tag.into()
    }
}

impl Opener {
    /// A direction with its first key.
    pub fn new(key: [u8; KEY_BYTES]) -> Opener {
        Opener { before: None, key: Zeroizing::new(key), epoch: 0 }
    }

    /// Decrypts `sealed`, payload and tag, where it lies; gives the payload's length.
    pub fn open(&mut self, number: u64, head: &[u8], sealed: &mut [u8]) -> Result<usize, BadSeal> {
        let epoch = number / REKEY_FRAMES;
        if epoch == self.epoch {
            return open(&self.key, number, head, sealed);
        }
        if Some(epoch) == self.epoch.checked_sub(1) {
            return open(self.before.as_ref().ok_or(BadSeal)?, number, head, sealed);
        }
        if epoch != self.epoch + 1 {
            return Err(BadSeal);
        }
        let key = Zeroizing::new(next_key(&self.key));
        let length = open(&key, number, head, sealed)?;
        self.before = Some(std::mem::replace(&mut self.key, key));
        self.epoch = epoch;
        Ok(length)
    }
}

fn open(key: &Key, number: u64, head: &[u8], sealed: &mut [u8]) -> Result<usize, BadSeal> {
    let (payload, tag) = sealed.split_last_chunk_mut::<TAG_BYTES>().ok_or(BadSeal)?;
    let length = payload.len();
    ChaCha20Poly1305::new((&**key).into())
        .decrypt_inout_detached(&resolver::nonce(number), head, payload.into(), &Tag::from(*tag))
        .map_err(|_| BadSeal)?;
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (Sealer, Opener) {
        (Sealer::new([9; 32]), Opener::new([9; 32]))
    }

    fn sealed(sealer: &mut Sealer, payload: &[u8]) -> (u64, Vec<u8>) {
        let number = sealer.next();
        let mut bytes = payload.to_vec();
        let tag = sealer.seal(b"head", &mut bytes);
        bytes.extend(tag);
        (number, bytes)
    }

    #[test]
    fn packets_open_in_any_order_under_their_own_number_and_head() {
        let (mut sealer, mut opener) = pair();
        let (first, one) = sealed(&mut sealer, b"one");
        let (second, mut two) = sealed(&mut sealer, b"two");
        assert_eq!((first, second), (0, 1));
        assert_eq!(opener.open(first, b"head", &mut two.clone()), Err(BadSeal));
        assert_eq!(opener.open(second, b"hear", &mut two.clone()), Err(BadSeal));
        assert_eq!(opener.open(second, b"head", &mut two), Ok(3));
        assert_eq!(opener.open(first, b"head", &mut one.clone()), Ok(3));
        assert_eq!(&two[..3], b"two");
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let (number, packet) = sealed(&mut pair().0, b"text");
        for i in 0..packet.len() {
            let mut changed = packet.clone();
            changed[i] ^= 1;
            assert_eq!(pair().1.open(number, b"head", &mut changed), Err(BadSeal), "byte {i}");
        }
        assert_eq!(pair().1.open(0, b"head", &mut [0; TAG_BYTES - 1]), Err(BadSeal));
    }

    #[test]
    fn the_key_changes_and_what_was_overtaken_by_the_change_still_opens() {
        let (mut sealer, mut opener) = pair();
        sealer.next = REKEY_FRAMES - 1;
        let (last, mut old) = sealed(&mut sealer, b"old");
        let key = sealer.key.clone();
        let (first, mut new) = sealed(&mut sealer, b"new");
        assert_ne!(*sealer.key, [9; 32]);
        assert_eq!(key, sealer.key);
        let mut forged = new.clone();
        forged[0] ^= 1;
        assert_eq!(opener.open(first, b"head", &mut forged), Err(BadSeal));
        assert_eq!(opener.epoch, 0);
        assert_eq!(opener.open(first, b"head", &mut new), Ok(3));
        assert_eq!(opener.open(last, b"head", &mut old), Ok(3));
        assert_eq!(opener.open(3 * REKEY_FRAMES, b"head", &mut [0; 32]), Err(BadSeal));
    }
}
