//! What a machine tells the people or scripts at its end.

use super::account::Visibility;
use super::command::Ticket;
use super::conversation::Level;
use super::event::{Event, Path, SessionState};
use super::name::Name;
use super::person::Fingerprint;
use super::refusal::Refusal;
use super::transfer::FileState;
use crate::proto::id::Seq;
use crate::proto::time::Wall;
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddr};

/// What a client shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// To everybody who reads: something happened. Durable events come numbered from the store.
    Event {
        /// Its number, when durable.
        seq: Option<Seq>,
        /// When.
        at: Wall,
        /// What.
        event: Event,
    },
    /// To the one who asked: a row of the answer.
    Row(Ticket, Row),
    /// To the one who asked: the verb ended.
    Done(Ticket, Result<(), Refusal>),
    /// To everybody who reads: something is wrong that nobody asked about, such as a sign-in
    /// refused. A program that only starts ends with its exit code.
    Trouble(Refusal),
    /// The machine has said its goodbyes after [`super::command::Verb::Leave`]; the program ends.
    Left,
}

/// A row of an answer. The JSON `event` is the variant's word ([`crate::proto::json`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Row {
    /// Somebody: `who`, `lookup`, `update`.
    Person(PersonRow),
    /// Myself: `whoami`.
    Whoami(WhoamiRow),
    /// A session: `sessions`.
    Session(SessionRow),
    /// A try to reach somebody: `why`.
    Attempt(AttemptRow),
    /// How somebody is reached: the end of `why`.
    Reach(ReachRow),
    /// A friend request that waits: `requests`.
    Request(RequestRow),
    /// A safety number: `verify`.
    Safety(SafetyRow),
    /// A group: `group list`.
    Group(GroupInfo),
    /// Somebody in a group: `group members`.
    Member(MemberRow),
    /// A file on its way: `files`; and the answer to `send` and `voice`.
    File(FileRow),
    /// A file offered to friends: `post list`, `post add`.
    Post(PostRow),
    /// A standing yes: `grants`, `grant`.
    Grant(GrantRow),
    /// Where plain lines go: `to`. Neither: nowhere.
    To {
        /// To this person.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        person: Option<String>,
        /// To this group.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        group: Option<String>,
    },
    /// Of what one is told there: `notify`.
    Notify {
        /// From this person.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        person: Option<String>,
        /// In this group.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        group: Option<String>,
        /// How much.
        level: Level,
    },
    /// A message that was taken: `msg` answers with one for each addressee, `group say` with one,
    /// `run` with one once it has asked.
    Queued {
        /// Its id.
        id: crate::proto::id::MsgId,
        /// For whom, or for which group.
        to: String,
        /// For how many of the group.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        members: Option<usize>,
    },
}

/// Somebody, as far as we may know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRow {
    /// Their name.
    pub name: String,
    /// Their virtual address.
    pub address: Option<Ipv4Addr>,
    /// Their key.
    pub fingerprint: Fingerprint,
    /// Signed in.
    pub online: bool,
    /// When the server last saw them.
    #[serde(with = "crate::proto::model::moment::optional")]
    pub seen: Option<Wall>,
    /// Milliseconds since the answer that says so.
    pub age_ms: u64,
    /// Whether they are a friend.
    pub friend: bool,
}

/// Myself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhoamiRow {
    /// My name on the server.
    pub name: Option<Name>,
    /// My virtual address.
    pub address: Option<Ipv4Addr>,
    /// My key.
    pub fingerprint: Fingerprint,
    /// Where peers reach me.
    pub listen: Vec<SocketAddr>,
    /// My address as the server sees it.
    pub public: Option<SocketAddr>,
    /// Where my datagrams come from, as the server sees it.
    #[serde(default)]
    pub udp: Vec<SocketAddr>,
    /// Where peers reach me on the outside of my gateway, which maps ports for me.
    #[serde(default)]
    pub mapped: Vec<SocketAddr>,
    /// May strangers find me.
    pub visibility: Visibility,
    /// The server, while signed in.
    pub server: Option<String>,
}

/// A friend request that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestRow {
    /// Who asks.
    pub from: String,
    /// Their key.
    pub fingerprint: Fingerprint,
    /// What they say.
    pub text: String,
    /// When it came.
    #[serde(with = "crate::proto::model::moment")]
    pub since: Wall,
}

/// A pair's safety number; both sides see the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SafetyRow {
    /// The other side.
    pub name: String,
    /// Their key.
    pub fingerprint: Fingerprint,
    /// Twelve groups of five digits.
    pub number: String,
}

/// A session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRow {
    /// The other side.
    pub with: String,
    /// What it is now.
    pub state: SessionState,
    /// How the two are linked; once open.
    pub path: Option<Path>,
    /// Their end, when direct.
    pub remote: Option<SocketAddr>,
    /// From a message to the word that it is on their disk, the last time that it was measured.
    #[serde(default)]
    pub rtt_ms: Option<u64>,
    /// Since when it is so.
    #[serde(with = "crate::proto::model::moment")]
    pub since: Wall,
}

/// A way to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// The server, where the two sides agree on a session.
    Server,
    /// A connection between the two.
    Direct,
    /// Datagrams between the two.
    Udp,
    /// The server, which carries the session.
    Relay,
    /// The gateway, which is asked for a port.
    #[serde(rename = "port-mapping")]
    PortMapping,
}

impl Way {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Way::Server => "server",
            Way::Direct => Path::Direct.word(),
            Way::Udp => Path::Udp.word(),
            Way::Relay => Path::Relay.word(),
            Way::PortMapping => "port-mapping",
        }
    }
}

impl From<Path> for Way {
    fn from(path: Path) -> Way {
        match path {
            Path::Direct => Way::Direct,
            Path::Udp => Way::Udp,
            Path::Relay => Way::Relay,
        }
    }
}

/// A try to reach somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRow {
    /// The other side.
    pub with: String,
    /// Which way.
    pub path: Way,
    /// Their end, where it has an address.
    pub address: Option<SocketAddr>,
    /// When it began.
    #[serde(with = "crate::proto::model::moment")]
    pub at: Wall,
    /// How long until it was open, or over.
    pub ms: Option<u64>,
    /// What came of it, in words.
    pub result: String,
}

/// How somebody is reached now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReachRow {
    /// The other side.
    pub with: String,
    /// The session with them, if there is one.
    pub state: Option<SessionState>,
    /// How the two are linked; once open.
    pub path: Option<Path>,
    /// Their end, when direct.
    pub remote: Option<SocketAddr>,
    /// From a message to the word that it is on their disk, the last time that it was measured.
    pub rtt_ms: Option<u64>,
    /// What is waited for, where nothing is open.
    pub note: Option<String>,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupInfo {
    /// As verbs take it.
    pub name: String,
    /// Who leads it.
    pub leader: String,
    /// Listed, and open to whoever asks; unknown before we are in.
    pub public: Option<bool>,
    /// How many are in it; unknown before we are.
    pub members: Option<usize>,
    /// What we are in it: `leader`, `member`, `asked`, `invited`; or `listed` on the server.
    pub standing: String,
}

/// Somebody in a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberRow {
    /// What we call them.
    pub name: String,
    /// Their key.
    pub fingerprint: Fingerprint,
    /// `leader`, `member`; to the leader also `asked` and `invited`.
    pub standing: String,
}

/// A file on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRow {
    /// The id of the letter that offered it.
    pub id: crate::proto::id::MsgId,
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
    /// How far it has come.
    pub state: FileState,
    /// How much of it has come.
    pub bytes: u64,
    /// Where it is, or goes.
    pub path: Option<String>,
    /// In words, where there is something to say.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub why: Option<String>,
}

/// A file offered to friends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostRow {
    /// Its owner's id for it.
    pub id: crate::proto::id::MsgId,
    /// Who offers it.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// Its length.
    pub size: u64,
    /// Since when.
    #[serde(with = "crate::proto::model::moment")]
    pub since: Wall,
}

/// A standing yes to a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantRow {
    /// Ours for it.
    pub id: crate::proto::id::MsgId,
    /// For whom.
    pub to: String,
    /// For what, quoted as in sh where it needs it.
    pub command: String,
    /// Its exact words.
    pub argv: Vec<String>,
    /// Until when.
    #[serde(with = "crate::proto::model::moment::optional")]
    pub until: Option<Wall>,
}

/// What a server shows its operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// A line of an answer, as key and value pairs (plain: `value value …`; JSON: an object).
    Line(&'static str, Vec<(&'static str, String)>),
    /// The last client was told; the program ends.
    Left,
}
