//! Hashes by which others recognise what they do not know.

use crate::proto::bytes::Bytes;
use crate::proto::model::bond::{Token, TokenHash};
use blake2::digest::{KeyInit, Mac};
use blake2::{Blake2b256, Blake2s256, Blake2sMac256, Digest};

/// A BLAKE2b-256 of a file, step by step.
#[derive(Clone, Default)]
pub struct FileHash(Blake2b256);

impl FileHash {
    /// Takes the next bytes in.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all bytes.
    pub fn finish(self) -> Bytes<32> {
        Bytes(self.0.finalize().into())
    }
}

/// What a server is told of a token. A token is 128 random bits, so no salt is needed.
pub fn token_hash(token: Token) -> TokenHash {
    let hash = Blake2s256::digest(token.0.0);
    TokenHash(Bytes::from_slice(&hash[..16]).expect("a BLAKE2s-256 hash is 32 bytes"))
}

/// A number that stands for two texts of a fixed length each.
pub fn of_two(one: &[u8], other: &[u8]) -> u128 {
    let hash = Blake2s256::new().chain_update(one).chain_update(other).finalize();
    u128::from_be_bytes(hash[..16].try_into().expect("a BLAKE2s-256 hash is 32 bytes"))
}

/// A number that stands for some bytes, to whoever has the key: keyed BLAKE2s-256, its first 8
/// bytes. `of` says what the bytes are.
pub fn stand_in(key: &[u8; 32], of: u8, bytes: &[u8]) -> u64 {
    let mut mac = Blake2sMac256::new(key.into());
    mac.update(&[of]);
    mac.update(bytes);
    let hash = mac.finalize().into_bytes();
    u64::from_be_bytes(hash[..8].try_into().expect("a BLAKE2s-256 hash is 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_hash_is_the_first_half_of_blake2s_256() {
        let hash = token_hash(Token(Bytes([7; 16])));
        assert_eq!(hash.0.0, PYTHON);
    }

    #[test]
    fn a_file_hash_does_not_depend_on_the_steps() {
        let mut hash = FileHash::default();
        hash.update(b"");
        hash.update(b"a");
        hash.update(b"bc");
        assert_eq!(hash.finish().0, PYTHON_FILE);
    }

    #[test]
    fn a_stand_in_is_keyed_blake2s() {
        // `hashlib.blake2s(b"\x02abc", key=b"\x07" * 32).digest()[:8]`.
        assert_eq!(stand_in(&[7; 32], 2, b"abc"), PYTHON_KEYED);
        assert_ne!(stand_in(&[8; 32], 2, b"abc"), PYTHON_KEYED);
        assert_ne!(stand_in(&[7; 32], 1, b"abc"), PYTHON_KEYED);
    }

    /// `hashlib.blake2b(b"abc", digest_size=32)`.
    const PYTHON_FILE: [u8; 32] = [
        0xbd, 0xdd, 0x81, 0x3c, 0x63, 0x42, 0x39, 0x72, 0x31, 0x71, 0xef, 0x3f, 0xee, 0x98, 0x57,
        0x9b, 0x94, 0x96, 0x4e, 0x3b, 0xb1, 0xcb, 0x3e, 0x42, 0x72, 0x62, 0xc8, 0xc0, 0x68, 0xd5,
        0x23, 0x19,
    ];
    /// `hashlib.blake2s(b"\x07" * 16)`, the first 16 bytes.
    const PYTHON: [u8; 16] = [
        0x59, 0x0e, 0xa4, 0x9f, 0xd1, 0x91, 0xcb, 0x2b, 0x9c, 0x68, 0xa2, 0x20, 0xed, 0x61, 0xa5,
        0x0e,
    ];
    const PYTHON_KEYED: u64 = 0x0b26_8e0c_55bb_2dba;
}
