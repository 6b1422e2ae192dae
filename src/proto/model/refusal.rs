//! Every way a verb ends badly, worded in one place and mapped to the exit codes.

use crate::proto::limits;
use crate::proto::model::person::Fingerprint;
use std::fmt;

/// The process's exit codes; the contract's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Answered, and the answer is no.
    No = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The server, or a peer needed live, did not answer.
    Unreachable = 3,
    /// Disk, permissions, corrupt profile, address in use.
    Local = 4,
    /// A key is not the pinned one.
    Identity = 5,
    /// Time ran out before the state waited for.
    Time = 6,
}

/// Why a verb was refused or failed. `Display` is the one line that a person reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No such name, or not visible to us; the two are not told apart.
    Unknown(String),
    /// The other side said no.
    Declined(String),
    /// The other side is known but away.
    Away(String),
    /// No answer in time to a request for a session.
    NoAnswer(String),
    /// Every path failed; the last reason in words.
    NoPath(String, String),
    /// A session is needed and there is none.
    NoSession(String),
    /// Nothing was tried to reach them.
    NothingTried(String),
    /// Nothing waits to be accepted or declined, or closed.
    NothingWaiting,
    /// More than one is meant; name one.
    Ambiguous(&'static str),
    /// Not signed in.
    NotSignedIn,
    /// There is no server in this run (`--no-server`).
    NoServer,
    /// The server did not answer; in words.
    ServerUnreachable(String),
    /// The server will not have us; in words.
    ServerRefused(String),
    /// The name belongs to another key.
    NameTaken(String),
    /// No name yet, and one is needed.
    NameNeeded,
    /// Another client signed in with our key.
    Replaced,
    /// The text is over the limit.
    TextTooLong(usize),
    /// Too much at once; says what.
    Busy(&'static str),
    /// The key is not the pinned one; whose.
    IdentityChanged(String),
    /// The server's key is not the pinned one; which server, and the key that it has.
    ServerChanged(String, Fingerprint),
    /// The message is not in the outbox.
    NoSuchMessage(String),
    /// No message has these words.
    NothingFound(String),
    /// The words of a friend request are too long.
    WordsTooLong(usize),
    /// We block them ourselves.
    Blocked(String),
    /// No friend request of theirs waits.
    NoRequest(String),
    /// They are no friend.
    NoFriend(String),
    /// The message was given up with `drop`.
    Dropped(String),
    /// Time ran out; the message stays queued.
    TimeOut,
    /// No group of ours is called so.
    NoGroup(String),
    /// Only the group's leader may.
    NotLeader(String),
    /// Somebody is not in a group: who, which.
    NoMember(String, String),
    /// Somebody is in a group already: who, which.
    Member(String, String),
    /// We lead a group of that name.
    GroupTaken(String),
    /// No file, offered or on its way, has an id that begins so.
    NoFile(String),
    /// A file here cannot be used: its path, and why.
    File(String, String),
    /// A file did not come: its name, and why.
    FileEnded(String, String),
    /// No command that waits, or runs, has an id that begins so.
    NoRun(String),
    /// No grant has an id that begins so.
    NoGrant(String),
    /// No post has an id that begins so.
    NoPost(String),
    /// A command did not run to its end: whose machine, and why.
    RunFailed(String, String),
    /// A command ended with this code.
    RunExited(i32),
    /// That is ourselves.
    Myself,
    /// Our own listener could not be opened; in words.
    Listen(String),
    /// The other end speaks no version of ours.
    Version(String),
}

impl Refusal {
    /// The exit code of a verb that ended so.
    pub fn exit(&self) -> Exit {
        match self {
            Refusal::Unknown(_)
            | Refusal::Declined(_)
            | Refusal::NoSession(_)
            | Refusal::NothingTried(_)
            | Refusal::NothingWaiting
            | Refusal::NameTaken(_)
            | Refusal::ServerRefused(_)
            | Refusal::Replaced
            | Refusal::TextTooLong(_)
            | Refusal::Busy(_)
            | Refusal::NoSuchMessage(_)
            | Refusal::NothingFound(_)
            | Refusal::Dropped(_)
            | Refusal::WordsTooLong(_)
            | Refusal::Blocked(_)
            | Refusal::NoRequest(_)
            | Refusal::NoFriend(_)
            | Refusal::NoGroup(_)
            | Refusal::NotLeader(_)
            | Refusal::NoMember(..)
            | Refusal::Member(..)
            | Refusal::GroupTaken(_)
            | Refusal::NoFile(_)
            | Refusal::FileEnded(..)
            | Refusal::NoRun(_)
            | Refusal::NoGrant(_)
            | Refusal::NoPost(_)
            | Refusal::RunFailed(..)
            | Refusal::RunExited(_)
            | Refusal::Myself => Exit::No,
            Refusal::Ambiguous(_) | Refusal::NameNeeded => Exit::Usage,
            Refusal::Away(_)
            | Refusal::NoAnswer(_)
            | Refusal::NoPath(..)
            | Refusal::NotSignedIn
            | Refusal::NoServer
            | Refusal::ServerUnreachable(_)
            | Refusal::Version(_) => Exit::Unreachable,
            Refusal::Listen(_) | Refusal::File(..) => Exit::Local,
            Refusal::IdentityChanged(_) | Refusal::ServerChanged(..) => Exit::Identity,
            Refusal::TimeOut => Exit::Time,
        }
    }
}

impl Refusal {
    /// The reason alone, for where it is said elsewhere whom it is about.
    pub fn reason(&self) -> String {
        match self {
            Refusal::NoPath(_, why) => why.clone(),
            other => {
                let line = other.to_string();
                let line = line.split(" [").next().unwrap_or_default();
                line.split_once(": ").map_or(line, |(_, reason)| reason).to_owned()
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Unknown(who) => write!(f, "{who}: no such name, or not visible to you"),
            Refusal::Declined(who) => write!(f, "{who}: declined"),
            Refusal::Away(who) => write!(f, "{who}: away [try again when they are online]"),
            Refusal::NoAnswer(who) => write!(f, "{who}: no answer in time"),
            Refusal::NoPath(who, why) => write!(f, "{who}: no path: {why}"),
            Refusal::NoSession(who) => write!(f, "{who}: no session [/chat {who} asks for one]"),
            Refusal::NothingTried(who) => {
                write!(f, "{who}: nothing was tried in this run to reach them [/chat {who} does]")
            }
            Refusal::NothingWaiting => f.write_str("nothing waits for that"),
            Refusal::Ambiguous(what) => write!(f, "more than one {what} [name one]"),
            Refusal::NotSignedIn => f.write_str("not signed in [/online signs in]"),
            Refusal::NoServer => {
                f.write_str("there is no server in this run [leave out --no-server]")
            }
            Refusal::ServerUnreachable(why) => write!(f, "server unreachable: {why}"),
            Refusal::ServerRefused(why) => write!(f, "the server refused: {why}"),
            Refusal::NameTaken(name) => {
                write!(f, "{name}: the name belongs to another key [choose another with --name]")
            }
            Refusal::NameNeeded => f.write_str("no name yet [give one with --name NAME]"),
            Refusal::Replaced => f.write_str("signed in from elsewhere with the same key"),
            Refusal::TextTooLong(bytes) => {
                let most = limits::TEXT_MAX_BYTES;
                write!(f, "text of {bytes} bytes is over the limit of {most} [send it as a file]")
            }
            Refusal::Busy(what) => write!(f, "too many {what} at once [wait a moment]"),
            Refusal::IdentityChanged(who) => {
                write!(f, "{who}: the key is not the pinned one [compare it, then: trust {who}]")
            }
            Refusal::ServerChanged(server, found) => write!(
                f,
                "{server}: the key is not the pinned one but {found} [compare it with the \
                 operator's, then: --server {server}#KEY]"
            ),
            Refusal::NoSuchMessage(id) => write!(f, "{id}: no such message waits"),
            Refusal::NothingFound(words) => write!(f, "{words}: nothing found"),
            Refusal::WordsTooLong(bytes) => {
                let most = limits::REQUEST_TEXT_BYTES;
                write!(f, "{bytes} bytes are over the limit of {most} for a friend request")
            }
            Refusal::Blocked(who) => write!(f, "{who}: blocked by you [unblock {who}]"),
            Refusal::NoRequest(who) => write!(f, "{who}: no friend request waits [see requests]"),
            Refusal::NoFriend(who) => write!(f, "{who}: no friend of yours [see friends]"),
            Refusal::Dropped(id) => write!(f, "{id}: given up"),
            Refusal::TimeOut => {
                f.write_str("time ran out; it stays queued and is still delivered later")
            }
            Refusal::NoGroup(name) => write!(f, "{name}: no such group of yours [see group list]"),
            Refusal::NotLeader(group) => write!(f, "{group}: only its leader may do that"),
            Refusal::NoMember(who, group) => {
                write!(f, "{who}: not in {group} [see group members {group}]")
            }
            Refusal::Member(who, group) => write!(f, "{who}: in {group} already"),
            Refusal::GroupTaken(name) => write!(f, "{name}: you lead a group of that name"),
            Refusal::NoFile(id) => write!(f, "{id}: no such file waits [see files]"),
            Refusal::File(path, why) => write!(f, "{path}: {why}"),
            Refusal::FileEnded(name, why) => write!(f, "{name}: {why}"),
            Refusal::NoRun(id) => write!(f, "{id}: nothing of that id waits or runs [see files]"),
            Refusal::NoGrant(id) => write!(f, "{id}: no such grant [see grants]"),
            Refusal::NoPost(id) => write!(f, "{id}: no such post [see post list]"),
            Refusal::RunFailed(who, why) => write!(f, "{who}: {why}"),
            Refusal::RunExited(code) => write!(f, "the command ended with code {code}"),
            Refusal::Myself => f.write_str("that is you"),
            Refusal::Listen(why) => write!(f, "cannot listen: {why}"),
            Refusal::Version(why) => write!(f, "no common protocol version: {why} [update]"),
        }
    }
}
