//! What happened, as scripts and people are told. The JSON shape is the contract's.

use super::name::Name;
use super::person::Fingerprint;
use crate::proto::id::MsgId;
use crate::proto::time::Wall;
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddr};

/// Something that happened. Which of them are durable is [`Event::is_durable`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// The program has what it needs: signed in, or without a server, listening.
    Ready {
        /// Our name on the server.
        name: Option<Name>,
        /// Our virtual address.
        address: Option<Ipv4Addr>,
        /// Our key's fingerprint.
        fingerprint: Fingerprint,
        /// Where peers reach us.
        listen: Vec<SocketAddr>,
        /// The server, `HOST:PORT`.
        server: Option<String>,
    },
    /// Signed in.
    Online {
        /// The server, `HOST:PORT`.
        server: String,
    },
    /// No longer signed in.
    Offline {
        /// The server, `HOST:PORT`.
        server: String,
        /// In words.
        why: String,
    },
    /// A watched person came or went.
    Presence {
        /// Who.
        name: String,
        /// Signed in at the server.
        online: bool,
        /// The server's word on when they were last there.
        #[serde(with = "crate::proto::model::moment::optional")]
        seen: Option<Wall>,
    },
    /// A session changed its state.
    Session {
        /// The other side.
        with: String,
        /// What it is now.
        state: SessionState,
        /// How the two are linked; once open.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        path: Option<Path>,
        /// In words, where there is something to say.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        why: Option<String>,
    },
    /// A message arrived and is on our disk.
    Message {
        /// Its sender's id for it.
        id: MsgId,
        /// Who wrote it.
        from: String,
        /// What they wrote, exact.
        text: String,
        /// When, by the sender's clock.
        #[serde(with = "crate::proto::model::moment")]
        sent: Wall,
        /// The group it was said in.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        group: Option<String>,
    },
    /// A message of ours changed its state.
    Receipt {
        /// Which.
        id: MsgId,
        /// For whom.
        to: String,
        /// What it is now.
        state: Stage,
        /// In words, where there is something to say.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        why: Option<String>,
    },
    /// Somebody wants to be a friend.
    Request {
        /// Who.
        from: String,
        /// What they say; may be empty.
        text: String,
    },
    /// A friendship changed.
    Friend {
        /// With whom.
        name: String,
        /// What it is now.
        state: FriendState,
    },
    /// A key is not the one that is pinned; nothing is sent there until `trust`.
    Identity {
        /// Whose: a person's name or the server's address.
        name: String,
        /// The pinned key.
        old: Fingerprint,
        /// The key that answered.
        new: Fingerprint,
    },
}

/// What became of a friendship.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FriendState {
    /// We asked.
    Asked,
    /// Both said yes.
    Confirmed,
    /// One side said no.
    Rejected,
    /// One side ended it.
    Removed,
}

/// What a session is, to the one who reads about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionState {
    /// We asked; theirs to answer.
    Asked,
    /// They asked; ours to answer.
    Offered,
    /// Talking.
    Open,
    /// One side said no.
    Declined,
    /// Ended in order, or its path died.
    Closed,
    /// It never opened.
    Failed,
}

/// How two sides are linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Path {
    /// TCP between the two.
    Direct,
    /// A punched UDP path.
    Udp,
    /// Through the server, which cannot read it.
    Relay,
}

/// How far a message has come. The order is that of `--wait`: a later one counts for an earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// On our disk.
    Queued,
    /// Handed to a live link. Not durable: after a restart it is queued again.
    Sent,
    /// On the server's disk.
    Held,
    /// On the receiver's disk, and their word for it on ours.
    Delivered,
    /// Given up after its time.
    Expired,
    /// The other side, or we, will not have it.
    Refused,
}

impl Event {
    /// Whether the event has a number and is in the event log: all but what only describes the
    /// moment (`ready`, `online`, `offline`, `presence`, a receipt's `sent`).
    pub fn is_durable(&self) -> bool {
        match self {
            Event::Ready { .. }
            | Event::Online { .. }
            | Event::Offline { .. }
            | Event::Presence { .. } => false,
            Event::Receipt { state, .. } => *state != Stage::Sent,
            Event::Session { .. }
            | Event::Message { .. }
            | Event::Request { .. }
            | Event::Friend { .. }
            | Event::Identity { .. } => true,
        }
    }
}

impl Stage {
    /// Every stage with its word.
    pub const WORDS: [(&'static str, Stage); 6] = [
        ("queued", Stage::Queued),
        ("sent", Stage::Sent),
        ("held", Stage::Held),
        ("delivered", Stage::Delivered),
        ("expired", Stage::Expired),
        ("refused", Stage::Refused),
    ];

    /// The contract's word for it.
    pub fn word(self) -> &'static str {
        Stage::WORDS.iter().find(|(_, stage)| *stage == self).map_or("", |(word, _)| word)
    }

    /// The stage of a word.
    pub fn parse(word: &str) -> Option<Stage> {
        Stage::WORDS.iter().find(|(text, _)| *text == word).map(|(_, stage)| *stage)
    }

    /// Whether nothing more will become of the message.
    pub fn is_final(self) -> bool {
        self >= Stage::Delivered
    }
}

impl SessionState {
    /// The contract's word for it.
    pub fn word(self) -> &'static str {
        match self {
            SessionState::Asked => "asked",
            SessionState::Offered => "offered",
            SessionState::Open => "open",
            SessionState::Declined => "declined",
            SessionState::Closed => "closed",
            SessionState::Failed => "failed",
        }
    }
}

impl Path {
    /// The contract's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Path::Direct => "direct",
            Path::Udp => "udp",
            Path::Relay => "relay",
        }
    }
}
