//! What a datagram between two peers looks like from outside.
//!
//! | kind | name | then |
//! |---|---|---|
//! | `0x10` | punch | the session's tag |
//! | `0x11` | knock | the session's tag, what the dialler calls itself, Noise 1, a check, zeros |
//! | `0x12` | answer | what the dialler, and the dialled side, call themselves, Noise 2, a check |
//! | `0x13` | proof | what the dialled side calls itself, Noise 3 |
//! | `0x14` | sealed | what the receiver calls itself, the packet's number, the sealed payload |
//!
//! Numbers are big-endian. A punch opens the way through a sender's NAT and says no more. A knock
//! is longer than its answer. A check needs the session's id, which no datagram names: whoever does
//! not know it is not answered at all.

use crate::proto::bytes::Bytes;
use crate::proto::crypto::digest;
use crate::proto::crypto::seal::TAG_BYTES;
use crate::proto::id::SessionId;
use crate::proto::limits::KNOCK_BYTES;

/// The kinds of datagrams between peers; others are for others to read.
pub const KINDS: std::ops::RangeInclusive<u8> = 0x10..=0x1f;
/// Bytes around the payload of a sealed packet.
pub(super) const AROUND_BYTES: usize = HEAD_BYTES + TAG_BYTES;
/// Bytes in front of it.
pub(super) const HEAD_BYTES: usize = 1 + 4 + 8;

const PUNCH: u8 = 0x10;
const KNOCK: u8 = 0x11;
const ANSWER: u8 = 0x12;
const PROOF: u8 = 0x13;
const SEALED: u8 = 0x14;
const NOISE_1_BYTES: usize = 32;

/// Stands for a session in datagrams; only who knows the session can make it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionTag(pub u64);

/// Whom a datagram is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressee {
    /// Whoever looks for a path for this session.
    Session(SessionTag),
    /// The association of this number.
    Association(u32),
}

/// A datagram, parsed.
pub(super) enum Packet<'a> {
    Punch,
    Knock { dialler: u32, noise: &'a [u8] },
    Answer { dialled: u32, noise: &'a [u8] },
    Proof { noise: &'a [u8] },
    Sealed { number: u64, head: &'a [u8], sealed: &'a [u8] },
}

impl SessionTag {
    /// The tag of a session.
    pub fn of(session: SessionId) -> SessionTag {
        SessionTag(digest::stand_in(&key(session), b't', &[]))
    }
}

/// Whom a datagram is for, before anything of it is believed.
pub fn addressee(bytes: &[u8]) -> Option<Addressee> {
    let (kind, rest) = bytes.split_first()?;
    match *kind {
        PUNCH | KNOCK => {
            let tag = u64::from_be_bytes(*rest.first_chunk()?);
            Some(Addressee::Session(SessionTag(tag)))
        }
        ANSWER | PROOF | SEALED => {
            Some(Addressee::Association(u32::from_be_bytes(*rest.first_chunk()?)))
        }
        _ => None,
    }
}

/// Parses what [`addressee`] has found to be for this session or one of its associations.
pub(super) fn parse(session: SessionId, bytes: &[u8]) -> Option<Packet<'_>> {
    let (kind, rest) = bytes.split_first()?;
    match *kind {
        PUNCH if rest.len() == 8 => Some(Packet::Punch),
        KNOCK if bytes.len() == KNOCK_BYTES => {
            let (checked, check) = bytes[..KNOCK_END_BYTES].split_last_chunk::<8>()?;
            let is_theirs = check_of(session, checked) == *check;
            let (dialler, noise) = checked[9..].split_first_chunk()?;
            is_theirs.then_some(Packet::Knock { dialler: u32::from_be_bytes(*dialler), noise })
        }
        ANSWER => {
            let (checked, check) = bytes.split_last_chunk::<8>()?;
            let (dialled, noise) = checked.get(5..)?.split_first_chunk()?;
            let is_theirs = check_of(session, checked) == *check;
            is_theirs.then_some(Packet::Answer { dialled: u32::from_be_bytes(*dialled), noise })
        }
        PROOF => Some(Packet::Proof { noise: rest.get(4..)? }),
        SEALED => {
            let (head, sealed) = bytes.split_at_checked(HEAD_BYTES)?;
            let number = u64::from_be_bytes(*head.last_chunk()?);
            Some(Packet::Sealed { number, head, sealed })
        }
        _ => None,
    }
}

pub(super) fn punch(session: SessionId) -> Vec<u8> {
    let mut bytes = vec![PUNCH];
    bytes.extend_from_slice(&SessionTag::of(session).0.to_be_bytes());
    bytes
}

pub(super) fn knock(session: SessionId, dialler: u32, noise: &[u8]) -> Vec<u8> {
    assert!(noise.len() == NOISE_1_BYTES, "Noise 1 is a key and nothing else");
    let mut bytes = Vec::with_capacity(KNOCK_BYTES);
    bytes.push(KNOCK);
    bytes.extend_from_slice(&SessionTag::of(session).0.to_be_bytes());
    bytes.extend_from_slice(&dialler.to_be_bytes());
    bytes.extend_from_slice(noise);
    let check = check_of(session, &bytes);
    bytes.extend_from_slice(&check);
    bytes.resize(KNOCK_BYTES, 0);
    bytes
}

pub(super) fn answer(session: SessionId, dialler: u32, dialled: u32, noise: &[u8]) -> Vec<u8> {
    let mut bytes = vec![ANSWER];
    bytes.extend_from_slice(&dialler.to_be_bytes());
    bytes.extend_from_slice(&dialled.to_be_bytes());
    bytes.extend_from_slice(noise);
    let check = check_of(session, &bytes);
    bytes.extend_from_slice(&check);
    assert!(bytes.len() <= KNOCK_BYTES, "an answer is no longer than its question");
    bytes
}

pub(super) fn proof(dialled: u32, noise: &[u8]) -> Vec<u8> {
    let mut bytes = vec![PROOF];
    bytes.extend_from_slice(&dialled.to_be_bytes());
    bytes.extend_from_slice(noise);
    bytes
}

/// The head of a sealed packet.
pub(super) fn head(receiver: u32, number: u64) -> [u8; HEAD_BYTES] {
    let mut head = [SEALED; HEAD_BYTES];
    head[1..5].copy_from_slice(&receiver.to_be_bytes());
    head[5..].copy_from_slice(&number.to_be_bytes());
    head
}

const KNOCK_END_BYTES: usize = 1 + 8 + 4 + NOISE_1_BYTES + 8;

fn check_of(session: SessionId, checked: &[u8]) -> [u8; 8] {
    digest::stand_in(&key(session), b'k', checked).to_be_bytes()
}

fn key(session: SessionId) -> [u8; 32] {
    let SessionId(Bytes(id)) = session;
    let mut key = [0; 32];
    key[..id.len()].copy_from_slice(&id);
    key
}
