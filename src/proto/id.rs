//! Numbers that stand for things, each a type of its own.

use super::bytes::Bytes;
use super::time::Wall;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A stream connection or a listener, as the reactor and a machine call it.
///
/// The reactor names what it accepted; a machine names what it dials or listens on, with
/// [`ConnId::own`]. The two ranges never meet, and no id is used twice in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

impl ConnId {
    const OWN: u64 = 1 << 63;

    /// The `n`th connection or listener that a machine asked for itself.
    pub fn own(n: u64) -> ConnId {
        assert!(n < ConnId::OWN, "a machine does not open 2^63 connections");
        ConnId(ConnId::OWN | n)
    }

    /// Whether a machine chose this id (otherwise the reactor did, on accepting).
    pub fn is_own(self) -> bool {
        self.0 & ConnId::OWN != 0
    }
}

/// A file that a machine has open; no id is used twice in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileId(pub u64);

/// A child process of a machine, or with [`RunId::hook`] of the program around it; no id is used
/// twice in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId(pub u64);

impl RunId {
    const HOOK: u64 = 1 << 63;

    /// The `n`th child that the program starts beside its machine.
    pub fn hook(n: u64) -> RunId {
        assert!(n < RunId::HOOK, "a program does not start 2^63 children");
        RunId(RunId::HOOK | n)
    }

    /// Whether it is such a child.
    pub fn is_hook(self) -> bool {
        self.0 & RunId::HOOK != 0
    }
}

/// A group, named by its founder.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GroupId(pub Bytes<16>);

/// A message, named by its sender: 48 bits of milliseconds since 1970, 16 bits of counter,
/// 64 random bits. Ids of one sender only ever grow, so an index over them is appended to.
///
/// As text it is base32 with the random half first, so that a few letters name it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MsgId(pub Bytes<16>);

/// A session between two people, named by the side that asked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub Bytes<16>);

/// The number of a durable event: 1, 2, 3 … without a gap, for the life of a profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub u64);

/// A question to the server, counted up by the client on each link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReqId(pub u32);

impl MsgId {
    /// Sorts before every id ever made.
    pub const FIRST: MsgId = MsgId(Bytes([0; 16]));
    /// Sorts after every id ever made.
    pub const LAST: MsgId = MsgId(Bytes([255; 16]));
    /// Letters of the text form that a person is shown.
    pub const SHORT_CHARS: usize = 6;

    /// An id later than `last`: from the clock where it runs on, else one counted up from `last`,
    /// so that a clock set back never makes an id that sorts before an older one.
    pub fn after(last: MsgId, wall: Wall, random: [u8; 8]) -> MsgId {
        let clock = (wall.0.max(0) as u64) << 16;
        let next = clock.max(last.halves().0.saturating_add(1));
        MsgId::from_halves(next, u64::from_be_bytes(random))
    }

    /// The text form: 26 letters and digits.
    pub fn to_text(self) -> String {
        let (time, random) = self.halves();
        MsgId::from_halves(random, time).0.to_text()
    }

    /// The opposite of [`MsgId::to_text`].
    pub fn from_text(text: &str) -> Option<MsgId> {
        let (random, time) = MsgId(Bytes::from_text(text)?).halves();
        Some(MsgId::from_halves(time, random))
    }

    /// The first letters of the text form.
    pub fn short(self) -> String {
        self.to_text()[..MsgId::SHORT_CHARS].to_owned()
    }

    fn halves(self) -> (u64, u64) {
        let all = u128::from_be_bytes(self.0.0);
        ((all >> 64) as u64, all as u64)
    }

    fn from_halves(high: u64, low: u64) -> MsgId {
        MsgId(Bytes(((u128::from(high) << 64) | u128::from(low)).to_be_bytes()))
    }
}

impl Serialize for MsgId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&self.to_text())
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for MsgId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            MsgId::from_text(&text).ok_or_else(|| D::Error::custom("not a message id"))
        } else {
            Bytes::deserialize(deserializer).map(MsgId)
        }
    }
}

impl fmt::Debug for MsgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_though_the_clock_goes_back() {
        let first = MsgId::after(MsgId::FIRST, Wall(1_000_000), [9; 8]);
        let second = MsgId::after(first, Wall(500), [0; 8]);
        let third = MsgId::after(second, Wall(1_000_000), [0; 8]);
        assert!(first < second && second < third);
        assert_eq!(MsgId::from_text(&first.to_text().to_lowercase()), Some(first));
    }

    #[test]
    fn own_and_accepted_connections_never_meet() {
        assert!(ConnId::own(0).is_own());
        assert!(!ConnId(7).is_own());
    }
}
