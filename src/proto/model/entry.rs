//! Rows of the listings that the store answers itself: the history and the outbox.

use super::event::Stage;
use super::person::Fingerprint;
use crate::proto::id::{GroupId, MsgId, Seq};
use crate::proto::time::Wall;
use serde::{Deserialize, Serialize};

/// A message of the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename = "entry")]
pub struct Entry {
    /// The number of its first event; of what is no message, that of the newest before it.
    pub seq: Seq,
    /// Its id.
    pub id: MsgId,
    /// The other side, as they are called now; the group of talk of ours, and we of posts of ours.
    pub with: String,
    /// Whose words they are.
    pub direction: Direction,
    /// What it says, exact.
    pub text: String,
    /// When it was written, by the writer's clock.
    #[serde(with = "crate::proto::model::moment")]
    pub sent: Wall,
    /// When it came onto our disk.
    #[serde(with = "crate::proto::model::moment")]
    pub at: Wall,
    /// How far it has come; ours only. Talk has come as far as it has to the last of its members.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub state: Option<Stage>,
    /// The group it was said in.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub group: Option<String>,
    /// What it is.
    #[serde(skip_serializing_if = "EntryKind::is_text", default)]
    pub kind: EntryKind,
}

/// What an entry of the history is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// Written.
    #[default]
    Text,
    /// Spoken; the text is its transcript.
    Voice,
    /// A post; the text is its name, and the id is the post's.
    Post,
}

impl EntryKind {
    /// Every kind but that of a message.
    pub const ASIDES: [(&'static str, EntryKind); 2] =
        [("voice", EntryKind::Voice), ("post", EntryKind::Post)];

    /// Whether it is nothing unusual.
    pub fn is_text(&self) -> bool {
        *self == EntryKind::Text
    }
}

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// To us.
    In,
    /// From us.
    Out,
}

/// A message of ours that is not delivered yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename = "outbox")]
pub struct OutboxRow {
    /// Its id.
    pub id: MsgId,
    /// For whom, as a key.
    #[serde(rename = "fingerprint")]
    pub to: Fingerprint,
    /// For whom, as they are called now.
    #[serde(rename = "to")]
    pub label: String,
    /// What it says, exact.
    pub text: String,
    /// When it was written.
    #[serde(with = "crate::proto::model::moment")]
    pub sent: Wall,
    /// How far it has come, as far as it is durable: `sent` is not, the machine knows that.
    #[serde(rename = "state")]
    pub stage: Stage,
    /// The group it was said in.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub group: Option<String>,
}

/// Whose messages a listing of the history wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryOf {
    /// Everybody's.
    All,
    /// Those exchanged with one person.
    With(Fingerprint),
    /// Those said in one group.
    Group(GroupId),
}
