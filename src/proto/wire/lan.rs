//! What a program without a server says on its local network: who it is, and where it is reached.
//!
//! A beacon is one datagram: [`MARK`], a signature of 64 bytes, MessagePack. Signed is all but the
//! signature.

use super::{BadMessage, decode_body};
use crate::proto::bytes::Bytes;
use crate::proto::limits::BEACON_BYTES;
use crate::proto::model::name::Name;
use crate::proto::model::person::PublicIdentity;
use crate::proto::time::Wall;
use serde::{Deserialize, Serialize};

/// What a beacon begins with: a letter that no other datagram of ours begins with, and a version.
pub const MARK: [u8; 2] = [b'L', 1];
const SIGNATURE_BYTES: usize = 64;

/// Who says where they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beacon {
    /// Why it is said: one of [`Beacon::HELLO`], [`Beacon::ASK`], [`Beacon::ANSWER`],
    /// [`Beacon::BYE`]; what else it is, only later versions know.
    pub kind: u8,
    /// Whose it is; they have signed it.
    pub identity: PublicIdentity,
    /// The name they go by; a claim, not a proof.
    pub name: Option<Name>,
    /// Where they are dialled, at the address that the datagram comes from.
    pub port: u16,
    /// When it was said, by their clock; of two the later counts.
    pub sent: Wall,
    /// Public groups that they lead.
    pub groups: Vec<Name>,
}

impl Beacon {
    /// I am here, or here now.
    pub const HELLO: u8 = 1;
    /// The same, and who else is?
    pub const ASK: u8 = 2;
    /// I am, to one who asked.
    pub const ANSWER: u8 = 3;
    /// I am gone.
    pub const BYE: u8 = 4;

    /// What is signed.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MARK.to_vec();
        rmp_serde::encode::write(&mut bytes, self).expect("writing to memory cannot fail");
        bytes
    }
}

/// The datagram of what was signed.
pub fn encode(signed: &[u8], signature: &Bytes<SIGNATURE_BYTES>) -> Vec<u8> {
    let (mark, body) = signed.split_at(MARK.len());
    let datagram = [mark, &signature.0, body].concat();
    assert!(datagram.len() <= BEACON_BYTES, "a beacon is filled up to its bound");
    datagram
}

/// The opposite of [`encode`]: what is said, what of it is signed, and the signature, unchecked.
pub fn decode(bytes: &[u8]) -> Result<(Beacon, Vec<u8>, Bytes<SIGNATURE_BYTES>), BadMessage> {
    let rest = bytes.strip_prefix(&MARK).filter(|_| bytes.len() <= BEACON_BYTES);
    let (signature, body) = rest.and_then(|rest| rest.split_first_chunk()).ok_or(BadMessage)?;
    Ok((decode_body(body)?, [&MARK, body].concat(), Bytes(*signature)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beacon(groups: usize) -> Beacon {
        Beacon {
            kind: Beacon::ASK,
            identity: PublicIdentity {
                sign: Bytes([1; 32]),
                dh: Bytes([2; 32]),
                binding: Bytes([3; 64]),
            },
            name: Name::parse(&"n".repeat(32)).ok(),
            port: u16::MAX,
            sent: Wall(i64::MAX),
            groups: vec![Name::parse(&"g".repeat(32)).expect("a name"); groups],
        }
    }

    #[test]
    fn a_beacon_is_read_as_it_was_written() {
        let signed = beacon(3).to_bytes();
        let datagram = encode(&signed, &Bytes([9; 64]));
        assert_eq!(decode(&datagram), Ok((beacon(3), signed, Bytes([9; 64]))));
    }

    #[test]
    fn what_is_cut_longer_or_of_another_version_is_no_beacon() {
        let datagram = encode(&beacon(1).to_bytes(), &Bytes([9; 64]));
        for length in 0..datagram.len() {
            assert!(decode(&datagram[..length]).is_err(), "{length} bytes");
        }
        assert!(decode(&[&datagram[..], &[0]].concat()).is_err());
        let mut later = datagram;
        later[1] = 2;
        assert!(decode(&later).is_err());
    }

    #[test]
    fn as_many_groups_fit_as_a_beacon_may_have() {
        let datagram =
            encode(&beacon(crate::proto::limits::BEACON_GROUPS).to_bytes(), &Bytes([9; 64]));
        assert!(datagram.len() <= BEACON_BYTES, "{}", datagram.len());
    }
}
