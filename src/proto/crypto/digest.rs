//! Hashes that others know a secret by.

use crate::proto::bytes::Bytes;
use crate::proto::model::bond::{Token, TokenHash};
use blake2::{Blake2s256, Digest};

/// What a server is told of a token.
pub fn token_hash(token: Token) -> TokenHash {
    let hash = Blake2s256::digest(token.0.0);
    TokenHash(Bytes::from_slice(&hash[..16]).expect("a BLAKE2s-256 hash is 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_half_of_its_hash() {
        let hash: [u8; 32] = Blake2s256::digest([7; 16]).into();
        assert_eq!(token_hash(Token(Bytes([7; 16]))).0.0[..], hash[..16]);
    }
}
