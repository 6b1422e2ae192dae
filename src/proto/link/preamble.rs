//! What is said in the clear before the handshake: the dialling side's preamble, the dialled
//! side's answer. Each is a frame.
//!
//! | frame | bytes |
//! |---|---|
//! | preamble | `hobnob`, version (`u16`, big-endian), what for |
//! | answer | `hobnob`, version, 1 for yes or 0 for no |
//!
//! What for is 1 (a client to its server), 2 and the session's 16 bytes (two peers), or 3 (direct).
//! The first eight bytes stay as they are in every version, so that any two can refuse each other
//! in words.

use super::{LinkFault, Purpose};
use crate::proto::bytes::Bytes;
use crate::proto::id::SessionId;

/// The version of the protocol that is spoken here.
pub const PROTOCOL_VERSION: u16 = 1;

const MAGIC: [u8; 6] = *b"hobnob";
const TO_SERVER: u8 = 1;
const TO_PEER: u8 = 2;
const DIRECT: u8 = 3;
const NO: u8 = 0;
const YES: u8 = 1;

/// The preamble, without the frame's length.
pub(super) fn encode(purpose: Purpose) -> Vec<u8> {
    let mut bytes = head();
    match purpose {
        Purpose::Server => bytes.push(TO_SERVER),
        Purpose::Peer(SessionId(Bytes(session))) => {
            bytes.push(TO_PEER);
            bytes.extend_from_slice(&session);
        }
        Purpose::Direct => bytes.push(DIRECT),
    }
    bytes
}

/// The opposite of [`encode`]; it takes in what [`encode`] makes and nothing else.
pub(super) fn decode(bytes: &[u8]) -> Result<Purpose, LinkFault> {
    match after_head(bytes)? {
        [TO_SERVER] => Ok(Purpose::Server),
        [TO_PEER, session @ ..] => match Bytes::from_slice(session) {
            Some(session) => Ok(Purpose::Peer(SessionId(session))),
            None => Err(LinkFault::Garbage),
        },
        [DIRECT] => Ok(Purpose::Direct),
        _ => Err(LinkFault::Garbage),
    }
}

/// The answer, without the frame's length.
pub(super) fn encode_answer(is_yes: bool) -> Vec<u8> {
    let mut bytes = head();
    bytes.push(if is_yes { YES } else { NO });
    bytes
}

/// Whether the answer is yes; a no is a fault.
pub(super) fn decode_answer(bytes: &[u8]) -> Result<(), LinkFault> {
    match after_head(bytes)? {
        [YES] => Ok(()),
        [NO] => Err(LinkFault::Refused),
        _ => Err(LinkFault::Garbage),
    }
}

fn head() -> Vec<u8> {
    [MAGIC.as_slice(), &PROTOCOL_VERSION.to_be_bytes()].concat()
}

/// Only the head can be understood of another version.
fn after_head(bytes: &[u8]) -> Result<&[u8], LinkFault> {
    let rest = bytes.strip_prefix(&MAGIC).ok_or(LinkFault::Garbage)?;
    let (version, rest) = rest.split_first_chunk().ok_or(LinkFault::Garbage)?;
    match u16::from_be_bytes(*version) {
        PROTOCOL_VERSION => Ok(rest),
        theirs => Err(LinkFault::Version { theirs }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: Purpose = Purpose::Peer(SessionId(Bytes([9; 16])));

    #[test]
    fn every_purpose_is_read_back_and_nothing_is_left_over() {
        for purpose in [Purpose::Server, PEER, Purpose::Direct] {
            let mut bytes = encode(purpose);
            assert_eq!(decode(&bytes), Ok(purpose));
            bytes.push(0);
            assert_eq!(decode(&bytes), Err(LinkFault::Garbage));
            for length in 0..bytes.len() - 1 {
                assert_eq!(decode(&bytes[..length]), Err(LinkFault::Garbage));
            }
        }
    }

    #[test]
    fn another_version_is_told_whatever_follows() {
        let mut bytes = encode(PEER);
        bytes[7] = 2;
        for length in 8..=bytes.len() {
            assert_eq!(decode(&bytes[..length]), Err(LinkFault::Version { theirs: 2 }));
            assert_eq!(decode_answer(&bytes[..length]), Err(LinkFault::Version { theirs: 2 }));
        }
    }

    #[test]
    fn an_answer_is_yes_or_no() {
        assert_eq!(decode_answer(&encode_answer(true)), Ok(()));
        assert_eq!(decode_answer(&encode_answer(false)), Err(LinkFault::Refused));
        let mut other = encode_answer(true);
        other[8] = 2;
        assert_eq!(decode_answer(&other), Err(LinkFault::Garbage));
    }
}
