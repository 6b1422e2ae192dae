//! What happened, as scripts and people are told. The JSON shape is the contract's.

use super::name::Name;
use super::person::Fingerprint;
use super::run::RunState;
use super::transfer::{FileState, PostState, Seconds};
use crate::proto::id::MsgId;
use crate::proto::machine::Pipe;
use crate::proto::time::Wall;
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddr};

/// Something that happened. Which of them are durable is [`Event::is_durable`].
/// The JSON `event` is the variant's word ([`crate::proto::json`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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
        path: Option<Path>,
        /// In words, where there is something to say.
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
    /// A group changed, or we in it.
    Group {
        /// Which, as we call it.
        name: String,
        /// What happened.
        state: GroupState,
        /// To whom.
        who: String,
        /// In words, where there is something to say.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        why: Option<String>,
    },
    /// A file came further on its way.
    File(Box<FileEvent>),
    /// A post changed.
    Post {
        /// Its owner's id for it.
        id: MsgId,
        /// Who offers it.
        owner: String,
        /// Its name.
        name: String,
        /// Its length.
        size: u64,
        /// What it is now.
        state: PostState,
        /// Where it is, once it is here.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        path: Option<String>,
        /// In words, where there is something to say.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        why: Option<String>,
    },
    /// A voice message is here.
    Voice {
        /// The id of the letter that offered it.
        id: MsgId,
        /// Whose.
        from: String,
        /// Where it is.
        path: String,
        /// How long it is.
        seconds: Seconds,
        /// What it says, as its sender's program heard it.
        transcript: Option<String>,
    },
    /// A command came further.
    Run(Box<RunEvent>),
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

/// A file came further on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEvent {
    /// The id of the letter that offered it.
    pub id: MsgId,
    /// Who sends it, if they do.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<String>,
    /// Who gets it, if we send.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub to: Option<String>,
    /// Its name.
    pub name: String,
    /// Its length.
    pub size: u64,
    /// What it is now.
    pub state: FileState,
    /// How much of it has come.
    pub bytes: u64,
    /// Where it is; the receiver's only once it is there.
    pub path: Option<String>,
    /// How long it is, if it is spoken.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seconds: Option<Seconds>,
    /// What it says, if it is spoken.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub transcript: Option<String>,
    /// In words, where there is something to say.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub why: Option<String>,
}

/// A command came further.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEvent {
    /// The asker's id for it.
    pub id: MsgId,
    /// Who asks, if they do.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<String>,
    /// Who is asked, if we ask.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub to: Option<String>,
    /// The command line, its words quoted as in sh where they need it.
    pub command: String,
    /// Its exact words.
    pub argv: Vec<String>,
    /// What it is now.
    pub state: RunState,
    /// Where it wrote to.
    pub stream: Option<Pipe>,
    /// What it wrote; what is not UTF-8 is U+FFFD.
    pub text: Option<String>,
    /// Its exit code.
    pub code: Option<i32>,
    /// The grant it runs by.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub grant: Option<MsgId>,
    /// In words, where there is something to say.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub why: Option<String>,
}

/// What happened in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupState {
    /// We founded it.
    Created,
    /// Somebody asked to be let in.
    Asked,
    /// Somebody is asked in.
    Invited,
    /// Somebody is in.
    Joined,
    /// Somebody left.
    Left,
    /// Somebody was put out.
    Kicked,
    /// Somebody is not let in.
    Denied,
    /// Somebody leads it now.
    Leads,
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
    /// moment (`ready`, `online`, `offline`, `presence`, a receipt's `sent`, a file's `progress`, a
    /// command's `output`).
    pub fn is_durable(&self) -> bool {
        match self {
            Event::Ready { .. }
            | Event::Online { .. }
            | Event::Offline { .. }
            | Event::Presence { .. } => false,
            Event::Receipt { state, .. } => *state != Stage::Sent,
            Event::File(file) => file.state != FileState::Progress,
            Event::Run(run) => run.state != RunState::Output,
            Event::Session { .. }
            | Event::Message { .. }
            | Event::Request { .. }
            | Event::Friend { .. }
            | Event::Group { .. }
            | Event::Post { .. }
            | Event::Voice { .. }
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
