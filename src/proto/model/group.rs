//! Groups: who is in one, and what its leader signed.
//!
//! A roster is numbered and signed by the leader of its epoch. Epoch 1 is the founder's, whose key
//! the group's id is bound to; where the leader changes, the one before signs the one after. So
//! whoever knows one roster can tell whether another is a later one of the same group.

use super::name::Name;
use super::person::{Fingerprint, PublicIdentity, Target};
use crate::proto::bytes::Bytes;
use crate::proto::id::{GroupId, MsgId};
use crate::proto::time::Wall;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Everything that a leader signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// Made by the founder: BLAKE2s-256 of the founder's fingerprint and `nonce`, its first 16
    /// bytes.
    pub group: GroupId,
    /// Random; see `group`.
    pub nonce: Bytes<16>,
    /// Compared without case.
    pub name: Name,
    /// Listed on the server, and open to whoever asks.
    pub is_public: bool,
    /// Counts the changes; the founder's first roster has 1.
    pub epoch: u64,
    /// What members' contact tokens for this group are made of; another one after a kick.
    pub reach: Bytes<16>,
    /// What they were made of before, the latest first; at most
    /// [`crate::proto::limits::REACHES_BEFORE`]. Who is behind is reached by those.
    pub before: Vec<Bytes<16>>,
    /// The leader first, then by how long they are in.
    pub members: Vec<Member>,
}

/// Somebody in a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Their keys.
    pub identity: PublicIdentity,
    /// What their leader calls them; a claim to everybody else.
    pub name: Option<Name>,
}

/// A roster with its leader's signature, and what proves that its leader is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedRoster {
    /// The roster.
    pub roster: Roster,
    /// The leader's, over its digest.
    pub signature: Bytes<64>,
    /// From the founder to the leader; empty while the founder leads.
    pub handovers: Vec<Handover>,
}

/// A leader's word that somebody else leads from an epoch on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handover {
    /// Who led before.
    pub from: PublicIdentity,
    /// Who leads.
    pub to: Fingerprint,
    /// The first epoch of which they sign the roster; the one before, which makes them leader, is
    /// signed by `from`.
    pub epoch: u64,
    /// By `from`, over group, `to` and `epoch`.
    pub signature: Bytes<64>,
}

/// One step from a roster to the next, so that a change costs each member a few hundred bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Which group.
    pub group: GroupId,
    /// The epoch that it leads to.
    pub epoch: u64,
    /// What changes.
    pub step: Step,
    /// The leader's signature over the roster that it leads to.
    pub signature: Bytes<64>,
}

/// What changes in a roster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// Somebody came in, at the end.
    In(Box<Member>),
    /// Somebody is put out; with what tokens are made of from now on.
    Out(Fingerprint, Bytes<16>),
    /// The same, by their own wish.
    Left(Fingerprint, Bytes<16>),
    /// The leader is out and the longest member leads: the last that is signed by the one before.
    HandOver(Box<Handover>, Bytes<16>),
}

/// Talk in a group, as it travels to each member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Talk {
    /// Which group.
    pub group: GroupId,
    /// The epoch of the roster that the speaker knew.
    pub epoch: u64,
    /// What they say.
    pub text: String,
}

/// What we are in a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// A member, or the leader: the roster says which.
    Member,
    /// We asked to be let in.
    Asked,
    /// The leader asked us in, with our answer to come.
    Invited,
    /// Not any more; kept so that an older roster does not bring us back.
    Out,
}

/// A group as a profile keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRow {
    /// Ours for it, until its leader has told us.
    pub group: GroupId,
    /// What it is called.
    pub name: Name,
    /// Whom we asked, or who leads it as far as we know.
    pub leader: Fingerprint,
    /// What we are in it.
    pub standing: Standing,
    /// The latest roster; none before we are in.
    pub roster: Option<SignedRoster>,
    /// For the leader: who asked to be let in, and who is invited.
    pub candidates: Vec<Candidate>,
}

/// Somebody who may become a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Who.
    pub who: Fingerprint,
    /// We asked them; else they asked us.
    pub is_invited: bool,
}

/// Talk that a member said who is not in our roster yet: it waits for a later one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unheard {
    /// Its sender's id for it.
    pub id: MsgId,
    /// Whose.
    pub from: Fingerprint,
    /// When it was written.
    pub sent: Wall,
    /// The talk.
    pub talk: Talk,
}

/// A public group, as a server lists it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Listing {
    /// What it is called.
    pub name: Name,
    /// Who leads it.
    pub leader: Name,
}

/// How a verb points at a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupTarget {
    /// What it is called.
    pub name: Name,
    /// Who leads it, where the name alone is not enough: `NAME@LEADER`.
    pub leader: Option<Target>,
}

impl GroupTarget {
    /// A group from what somebody typed: `NAME` or `NAME@LEADER`.
    pub fn parse(text: &str) -> Option<GroupTarget> {
        let (name, leader) = match text.split_once('@') {
            Some((name, leader)) => (name, Some(Target::parse(leader)?)),
            None => (text, None),
        };
        Some(GroupTarget { name: Name::parse(name).ok()?, leader })
    }
}

impl fmt::Display for GroupTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.fmt(f)?;
        match &self.leader {
            Some(leader) => write!(f, "@{leader}"),
            None => Ok(()),
        }
    }
}
