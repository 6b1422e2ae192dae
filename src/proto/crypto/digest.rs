//! Hashes by which others recognise what they do not know.

use crate::proto::bytes::Bytes;
use crate::proto::model::bond::{Token, TokenHash};
use blake2::{Blake2s256, Digest};

/// What a server is told of a token. A token is 128 random bits, so no salt is needed.
pub fn token_hash(token: Token) -> TokenHash {
    let hash = Blake2s256::digest(token.0.0);
    TokenHash(Bytes::from_slice(&hash[..16]).expect("a BLAKE2s-256 hash is 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_hash_is_the_first_half_of_blake2s_256() {
        let hash = token_hash(Token(Bytes([7; 16])));
        assert_eq!(hash.0.0, PYTHON);
    }

    /// `hashlib.blake2s(b"\x07" * 16)`, the first 16 bytes.
    const PYTHON: [u8; 16] = [
        0x59, 0x0e, 0xa4, 0x9f, 0xd1, 0x91, 0xcb, 0x2b, 0x9c, 0x68, 0xa2, 0x20, 0xed, 0x61, 0xa5,
        0x0e,
    ];
}
