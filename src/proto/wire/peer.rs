//! What two peers say to each other inside a session.

use crate::proto::bytes::Blob;
use crate::proto::id::MsgId;
use crate::proto::machine::Pipe;
use crate::proto::model::letter::Written;
use crate::proto::model::name::Name;
use crate::proto::time::Wall;
use crate::proto::wire::messages;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

messages! {
    /// Peer to peer. `Greet` is each side's first message.
    ToPeer {
        1 => Greet,
        2 => Settle,
        3 => Text,
        4 => Ack,
        5 => Bye,
        6 => Written,
        7 => Got,
        8 => Want,
        9 => Chunk,
        10 => Have,
        11 => RunAsk,
        12 => RunAnswer,
        13 => RunOutput,
        14 => RunEnd,
        15 => RunCancel,
        16 => Heard,
        17 => Move,
        18 => Places,
        24 => Quiet,
    }
}

impl ToPeer {
    /// Whether it is one of those that are counted for [`Heard`] and [`Move`].
    pub fn is_about_a_command(&self) -> bool {
        matches!(
            self,
            ToPeer::RunAsk(_)
                | ToPeer::RunAnswer(_)
                | ToPeer::RunOutput(_)
                | ToPeer::RunEnd(_)
                | ToPeer::RunCancel(_)
        )
    }
}

/// Who I say I am; the key is the link's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greet {
    /// The name I go by; a claim, not a proof.
    pub name: Option<Name>,
}

/// From the asker: this link, of those that opened, is the session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settle {}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// Its sender's id for it.
    pub id: MsgId,
    /// When it was written, by the sender's clock.
    pub sent: Wall,
    /// What it says.
    pub text: String,
}

/// So many messages and letters of yours on this link, from its first, are on my disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// A count that only grows.
    pub count: u64,
}

/// These letters of yours, which came as mail, are on my disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Got {
    /// Which.
    pub ids: Vec<MsgId>,
}

/// The session ends; answered with the same, then the link is closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bye {}

/// Send me this file, from here on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Want {
    /// The id of the letter that offered it.
    pub file: MsgId,
    /// The first byte that is missing.
    pub at: u64,
}

/// A part of a file; each begins where the one before ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// The id of the letter that offered it.
    pub file: MsgId,
    /// Its first byte's place.
    pub at: u64,
    /// At most [`crate::proto::limits::CHUNK_BYTES`].
    pub bytes: Blob,
}

/// So many of a file's first bytes have come: room for as many more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Have {
    /// The id of the letter that offered it.
    pub file: MsgId,
    /// How many.
    pub bytes: u64,
}

/// Will you run this on your machine?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunAsk {
    /// The asker's.
    pub run: MsgId,
    /// Exactly these words.
    pub argv: Vec<String>,
}

/// Yes, it runs; or no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunAnswer {
    /// Which.
    pub run: MsgId,
    /// Whether it runs.
    pub is_allowed: bool,
}

/// What it wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunOutput {
    /// Which.
    pub run: MsgId,
    /// Where to.
    pub pipe: Pipe,
    /// What.
    pub bytes: Blob,
}

/// It is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEnd {
    /// Which.
    pub run: MsgId,
    /// Its exit code, if it ended by itself.
    pub code: Option<i32>,
    /// In words, if not.
    pub why: String,
}

/// The asker wants it no more: it is ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCancel {
    /// Which.
    pub run: MsgId,
}

/// So many of your words about commands, from the first of this session, have come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// A count that only grows.
    pub count: u64,
}

/// From here on I speak on this link; what went over the one before and has not come is lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// So many of your words about commands have come.
    pub heard: u64,
}

/// Before `Greet`, on a link without a server between the two: programs want it, for what waits,
/// and people need not be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quiet {}

/// I can be dialled elsewhere now, for a path better than this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Places {
    /// Where, best first; at most [`crate::proto::limits::CANDIDATES`].
    pub candidates: Vec<SocketAddr>,
}
