//! The probe by which a client learns its outer UDP address from its server.
//!
//! ```text
//! question: 0x01 ‖ id ‖ nonce ‖ tag ‖ zeros       64 bytes
//! answer:   0x02 ‖ nonce ‖ address ⊕ mask ‖ tag   43 bytes
//! ```
//!
//! A tag is keyed BLAKE2s-256 of all before it, its first 16 bytes, the mask that of 0x00 and the
//! nonce: a NAT that rewrites addresses wherever it sees them does not see this one (RFC 8489
//! section 14.2). The key came over the link to the server, and is made from the id, so that a
//! server need not keep it. An answer is shorter than its question: it amplifies nothing.

use crate::proto::bytes::Bytes;
use blake2::Blake2sMac256;
use blake2::digest::{KeyInit, Mac};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The first byte of a question.
pub const QUESTION: u8 = 1;
/// The first byte of an answer.
pub const ANSWER: u8 = 2;
/// Bytes of a question.
pub const QUESTION_BYTES: usize = 64;
/// Bytes of an answer.
pub const ANSWER_BYTES: usize = TAGGED_ANSWER + TAG_BYTES;

const TAG_BYTES: usize = 16;
const NONCE_BYTES: usize = 8;
const ADDRESS_BYTES: usize = 18;
const TAGGED_QUESTION: usize = 1 + 8 + NONCE_BYTES;
const TAGGED_ANSWER: usize = 1 + NONCE_BYTES + ADDRESS_BYTES;
/// The first byte of what a mask is made from.
const MASK: u8 = 0;

/// What only one client and its server know.
pub type Key = Bytes<32>;
/// What an answer repeats.
pub type Nonce = Bytes<NONCE_BYTES>;

/// The key for an id, to whoever has the secret.
pub fn key_of(secret: &[u8; 32], id: u64) -> Key {
    Bytes(hash(secret, &id.to_be_bytes()))
}

/// A question.
pub fn question(id: u64, key: &Key, nonce: Nonce) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(QUESTION_BYTES);
    bytes.push(QUESTION);
    bytes.extend_from_slice(&id.to_be_bytes());
    bytes.extend_from_slice(&nonce.0);
    let tag = hash(&key.0, &bytes);
    bytes.extend_from_slice(&tag[..TAG_BYTES]);
    bytes.resize(QUESTION_BYTES, 0);
    bytes
}

/// A question as it came, from whomever.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Whose it claims to be.
    pub id: u64,
    bytes: &'a [u8; QUESTION_BYTES],
}

impl<'a> Question<'a> {
    /// What has the shape of a question.
    pub fn read(bytes: &'a [u8]) -> Option<Question<'a>> {
        let bytes: &[u8; QUESTION_BYTES] = bytes.try_into().ok()?;
        let (kind, rest) = bytes.split_first()?;
        let id = u64::from_be_bytes(*rest.first_chunk()?);
        (*kind == QUESTION).then_some(Question { id, bytes })
    }

    /// The answer, if the question was made with this key.
    pub fn answer(&self, key: &Key, outer: SocketAddr) -> Option<Vec<u8>> {
        let (tagged, rest) = self.bytes.split_at(TAGGED_QUESTION);
        if !is_genuine(key, tagged, rest.first_chunk()?) {
            return None;
        }
        let nonce = Bytes::from_slice(&tagged[TAGGED_QUESTION - NONCE_BYTES..])?;
        let mut bytes = Vec::with_capacity(ANSWER_BYTES);
        bytes.push(ANSWER);
        bytes.extend_from_slice(&nonce.0);
        bytes.extend_from_slice(&masked(key, nonce, write(outer)));
        let tag = hash(&key.0, &bytes);
        bytes.extend_from_slice(&tag[..TAG_BYTES]);
        Some(bytes)
    }
}

/// The outer address in the answer to the question with this nonce; `None` for anything else.
pub fn read_answer(bytes: &[u8], key: &Key, nonce: Nonce) -> Option<SocketAddr> {
    let bytes: &[u8; ANSWER_BYTES] = bytes.try_into().ok()?;
    let (tagged, tag) = bytes.split_last_chunk()?;
    let is_ours = tagged[0] == ANSWER && tagged[1..=NONCE_BYTES] == nonce.0;
    if !is_ours || !is_genuine(key, tagged, tag) {
        return None;
    }
    read(masked(key, nonce, *tagged.last_chunk()?))
}

fn is_genuine(key: &Key, tagged: &[u8], tag: &[u8; TAG_BYTES]) -> bool {
    let mut mac = Blake2sMac256::new((&key.0).into());
    mac.update(tagged);
    mac.verify_truncated_left(tag).is_ok()
}

/// An address with its mask over it, or without when it had it.
fn masked(key: &Key, nonce: Nonce, mut address: [u8; ADDRESS_BYTES]) -> [u8; ADDRESS_BYTES] {
    let mut from = [MASK; 1 + NONCE_BYTES];
    from[1..].copy_from_slice(&nonce.0);
    for (byte, mask) in address.iter_mut().zip(hash(&key.0, &from)) {
        *byte ^= mask;
    }
    address
}

fn write(address: SocketAddr) -> [u8; ADDRESS_BYTES] {
    let ip = match address.ip() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    };
    let mut bytes = [0; ADDRESS_BYTES];
    bytes[..16].copy_from_slice(&ip.octets());
    bytes[16..].copy_from_slice(&address.port().to_be_bytes());
    bytes
}

fn read(bytes: [u8; ADDRESS_BYTES]) -> Option<SocketAddr> {
    let (ip, port) = (bytes.first_chunk::<16>()?, bytes.last_chunk()?);
    let ip = Ipv6Addr::from(*ip).to_canonical();
    Some(SocketAddr::new(ip, u16::from_be_bytes(*port)))
}

fn hash(key: &[u8; 32], bytes: &[u8]) -> [u8; 32] {
    let mut mac = Blake2sMac256::new(key.into());
    mac.update(bytes);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: Nonce = Bytes([9; 8]);

    fn key() -> Key {
        key_of(&[7; 32], 5)
    }

    fn answered(asked: &[u8], outer: &str) -> Option<Vec<u8>> {
        let outer = outer.parse().expect("an address");
        Question::read(asked).and_then(|question| question.answer(&key(), outer))
    }

    #[test]
    fn an_answer_tells_the_address_to_who_asked() {
        for outer in ["192.0.2.1:7", "[2001:db8::1]:65535"] {
            let asked = question(5, &key(), NONCE);
            assert_eq!(Question::read(&asked).map(|question| question.id), Some(5));
            let answer = answered(&asked, outer).expect("genuine");
            assert!(answer.len() <= asked.len());
            assert_eq!(read_answer(&answer, &key(), NONCE), outer.parse().ok());
            assert_eq!(read_answer(&answer, &key(), Bytes([8; 8])), None);
            assert_eq!(read_answer(&answer, &key_of(&[7; 32], 6), NONCE), None);
            assert!(!answer.windows(4).any(|four| four == [192, 0, 2, 1]), "a NAT would see it");
        }
    }

    #[test]
    fn what_was_changed_or_has_another_length_is_no_question_and_no_answer() {
        let asked = question(5, &key(), NONCE);
        for at in 0..TAGGED_QUESTION + TAG_BYTES {
            let mut changed = asked.clone();
            changed[at] ^= 1;
            assert_eq!(answered(&changed, "192.0.2.1:7"), None, "byte {at}");
        }
        assert_eq!(answered(&asked[..63], "192.0.2.1:7"), None);
        let answer = answered(&asked, "192.0.2.1:7").expect("genuine");
        for at in 0..answer.len() {
            let mut changed = answer.clone();
            changed[at] ^= 1;
            assert_eq!(read_answer(&changed, &key(), NONCE), None, "byte {at}");
        }
        assert_eq!(read_answer(&answer[1..], &key(), NONCE), None);
        assert_eq!(read_answer(&asked, &key(), NONCE), None);
    }

    #[test]
    fn a_question_has_the_bytes_that_another_program_gives_it() {
        let asked = question(5, &Bytes([7; 32]), NONCE);
        assert_eq!(asked[17..33], PYTHON_TAG);
    }

    /// `hashlib.blake2s(b"\x01" + (5).to_bytes(8, "big") + b"\x09" * 8, key=b"\x07" * 32)`, its
    /// first 16 bytes.
    const PYTHON_TAG: [u8; 16] = [
        0x1e, 0x50, 0xa4, 0xd6, 0x88, 0xfe, 0x21, 0xf3, 0x89, 0x11, 0x0d, 0x6d, 0xe0, 0x0e, 0xc5,
        0xae,
    ];
}
