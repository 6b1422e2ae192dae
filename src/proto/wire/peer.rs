//! What two peers say to each other inside a session.

use crate::proto::id::MsgId;
use crate::proto::model::letter::Written;
use crate::proto::model::name::Name;
use crate::proto::time::Wall;
use crate::proto::wire::messages;
use serde::{Deserialize, Serialize};

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
