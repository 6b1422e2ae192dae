//! Files on their way from one person to another, and the ones that are offered to friends.

use super::person::Fingerprint;
use crate::proto::bytes::Bytes;
use crate::proto::id::MsgId;
use crate::proto::time::Wall;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a file is, before anybody has taken it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Its name at its sender's; nothing to build a path from.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// BLAKE2b-256 of what is in it.
    pub digest: Bytes<32>,
    /// What it is when it was spoken.
    pub voice: Option<Voice>,
    /// The letter of ours that asked for it: it is taken then without another word.
    pub answers: Option<MsgId>,
}

/// What a voice message says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voice {
    /// How long it is, in milliseconds.
    pub ms: u64,
    /// Its words, as its sender's program heard them.
    pub transcript: Option<String>,
}

/// A length of time: milliseconds, said in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seconds(pub u64);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(self.0 as f64 / 1000.0)
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        f64::deserialize(from).map(|seconds| Seconds((seconds * 1000.0).round() as u64))
    }
}

/// The end of a file's way, as one side tells the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Which: the id of the letter that offered it.
    pub file: MsgId,
    /// What became of it.
    pub end: End,
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// It is there, and verified.
    Done,
    /// The receiver does not want it.
    Refused,
    /// One side gave it up.
    Cancelled,
    /// It cannot be had; in words.
    Failed(String),
}

/// How far a file has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileState {
    /// Theirs to take.
    Offered,
    /// Taken; it comes when both are there.
    Taken,
    /// Some of it has come.
    Progress,
    /// All of it is there, and verified.
    Done,
    /// It cannot be had.
    Failed,
    /// One side gave it up, or would not have it.
    Cancelled,
}

/// A file as a profile keeps it. Keyed by person, direction and id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The id of the letter that offered it.
    pub id: MsgId,
    /// The other side.
    pub with: Fingerprint,
    /// Whether it is ours to send.
    pub is_ours: bool,
    /// What it is.
    pub offer: Offer,
    /// How far it has come; never `Progress`.
    pub state: FileState,
    /// Where it is, or goes; none before it is taken.
    pub path: Option<String>,
    /// So many of its first bytes are on our disk, for good; of ours: how far they have come.
    pub bytes: u64,
    /// Of ours: when it was last changed as it was offered, in nanoseconds since 1970.
    pub modified_ns: i64,
    /// The post that it is, at its owner's.
    pub post: Option<MsgId>,
    /// Since when it is so.
    pub at: Wall,
}

/// A file that we offer to our friends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Ours for it.
    pub id: MsgId,
    /// Where it is.
    pub path: String,
    /// Its name.
    pub name: String,
    /// Its length as it was offered.
    pub bytes: u64,
    /// BLAKE2b-256 of what was in it.
    pub digest: Bytes<32>,
    /// When it was last changed as it was offered, in nanoseconds since 1970.
    pub modified_ns: i64,
    /// Since when it is offered.
    pub at: Wall,
}

/// A friend's post, as they list it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    /// Its owner's id for it.
    pub id: MsgId,
    /// Its name.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Since when it is offered.
    pub at: Wall,
}

/// What became of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PostState {
    /// Ours: our friends may have it.
    Added,
    /// Ours: not any more.
    Removed,
    /// Theirs: asked for; it comes when both are there.
    Asked,
    /// Theirs: here, and verified.
    Done,
    /// Theirs: not to be had.
    Failed,
}
