//! What one person sends another and wants acknowledged, whatever way it goes.

use super::bond::Token;
use super::group::{Change, SignedRoster, Talk};
use super::name::Name;
use super::transfer::{Offer, Outcome, Posted};
use crate::proto::bytes::Blob;
use crate::proto::id::{GroupId, MsgId};
use crate::proto::pack;
use crate::proto::time::Wall;
use serde::{Deserialize, Serialize};

/// Something that waits until its receiver has said that it is on their disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Its sender's id for it.
    pub id: MsgId,
    /// When it was written, by the sender's clock.
    pub sent: Wall,
    /// What it is.
    pub body: Body,
}

/// What a letter is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A message.
    Text(String),
    /// Will you be my friend?
    Befriend(Befriend),
    /// Yes, I will.
    Agree(Agree),
    /// No, I will not.
    Reject,
    /// Not any more.
    Unfriend,
    /// Talk in a group.
    Talk(Talk),
    /// Come into a group of mine.
    Invite(Invite),
    /// Let me into a group of yours.
    Join(Join),
    /// A group as it is now: to somebody let in, or behind.
    Roster(Box<SignedRoster>),
    /// A group has changed.
    Change(Box<Change>),
    /// You are not let in, or the group is no more.
    Deny(GroupId),
    /// I am out of a group, of which this is the last epoch that I knew.
    Depart(GroupId, u64),
    /// I am behind: tell me a group's roster.
    WantRoster(GroupId),
    /// A file for you.
    Offer(Box<Offer>),
    /// The end of a file's way.
    Outcome(Outcome),
    /// What do you offer to your friends?
    WantPosts,
    /// This, to the letter that asked; so many that they fit, the newest first.
    Posts(MsgId, Vec<Posted>),
    /// Send me this post of yours: its id, or how that begins.
    WantPost(String),
    /// You cannot have it, to the letter that asked; in words.
    NoPost(MsgId, String),
    /// Of a kind that is not known here: acknowledged and passed over.
    Unknown,
}

/// What an invitation says of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    /// Which.
    pub group: GroupId,
    /// What it is called.
    pub name: Name,
    /// Who leads it goes by this name.
    pub leader: Option<Name>,
    /// By which they are reached, should they be private.
    pub token: Token,
}

/// Which group somebody wants to be let into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    /// What it is called.
    pub name: Name,
    /// Which, where an invitation has told.
    pub group: Option<GroupId>,
    /// The asker's name for what they asked: how they know the answer.
    pub asked: GroupId,
    /// The name that the asker goes by.
    pub me: Option<Name>,
    /// By which they are reached, should they be private.
    pub token: Token,
}

/// The words of a friend request, and how to answer it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Befriend {
    /// The name the asker goes by.
    pub name: Option<Name>,
    /// What they say; may be empty.
    pub text: String,
    /// By which they are reached.
    pub token: Token,
}

/// The yes to a friend request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agree {
    /// By which the one who agrees is reached.
    pub token: Token,
}

/// A letter as it travels and is stored: the body by its kind, so that new kinds are passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Its id.
    pub id: MsgId,
    /// When it was written.
    pub sent: Wall,
    /// See [`Body::kind`].
    pub kind: u8,
    /// MessagePack of what the kind carries.
    pub body: Blob,
}

impl Body {
    /// The number under which it travels and is stored.
    pub fn kind(&self) -> u8 {
        match self {
            Body::Text(_) => 1,
            Body::Befriend(_) => 2,
            Body::Agree(_) => 3,
            Body::Reject => 4,
            Body::Unfriend => 5,
            Body::Talk(_) => 6,
            Body::Invite(_) => 7,
            Body::Join(_) => 8,
            Body::Roster(_) => 9,
            Body::Change(_) => 10,
            Body::Deny(_) => 11,
            Body::Depart(..) => 12,
            Body::WantRoster(_) => 13,
            Body::Offer(_) => 14,
            Body::Outcome(_) => 15,
            Body::WantPosts => 16,
            Body::Posts(..) => 17,
            Body::WantPost(_) => 18,
            Body::NoPost(..) => 19,
            Body::Unknown => 0,
        }
    }

    /// MessagePack of what it carries.
    pub fn to_bytes(&self) -> Vec<u8> {
        let encoded = match self {
            Body::Text(text) => rmp_serde::to_vec(text),
            Body::Befriend(befriend) => rmp_serde::to_vec(befriend),
            Body::Agree(agree) => rmp_serde::to_vec(agree),
            Body::Talk(talk) => rmp_serde::to_vec(talk),
            Body::Invite(invite) => rmp_serde::to_vec(invite),
            Body::Join(join) => rmp_serde::to_vec(join),
            Body::Roster(roster) => rmp_serde::to_vec(roster),
            Body::Change(change) => rmp_serde::to_vec(change),
            Body::Deny(group) | Body::WantRoster(group) => rmp_serde::to_vec(group),
            Body::Depart(group, epoch) => rmp_serde::to_vec(&(group, epoch)),
            Body::Offer(offer) => rmp_serde::to_vec(offer),
            Body::Outcome(outcome) => rmp_serde::to_vec(outcome),
            Body::Posts(asked, posts) => rmp_serde::to_vec(&(asked, posts)),
            Body::WantPost(id) => rmp_serde::to_vec(id),
            Body::NoPost(asked, why) => rmp_serde::to_vec(&(asked, why)),
            Body::Reject | Body::Unfriend | Body::WantPosts | Body::Unknown => Ok(Vec::new()),
        };
        encoded.expect("writing to memory cannot fail")
    }

    /// The opposite of [`Body::kind`] and [`Body::to_bytes`]; `None` if a known kind cannot be
    /// read.
    pub fn from_parts(kind: u8, bytes: &[u8]) -> Option<Body> {
        let body = match kind {
            1 => Body::Text(read(bytes)?),
            2 => Body::Befriend(read(bytes)?),
            3 => Body::Agree(read(bytes)?),
            4 => Body::Reject,
            5 => Body::Unfriend,
            6 => Body::Talk(read(bytes)?),
            7 => Body::Invite(read(bytes)?),
            8 => Body::Join(read(bytes)?),
            9 => Body::Roster(read(bytes)?),
            10 => Body::Change(read(bytes)?),
            11 => Body::Deny(read(bytes)?),
            12 => read(bytes).map(|(group, epoch)| Body::Depart(group, epoch))?,
            13 => Body::WantRoster(read(bytes)?),
            14 => Body::Offer(read(bytes)?),
            15 => Body::Outcome(read(bytes)?),
            16 => Body::WantPosts,
            17 => read(bytes).map(|(asked, posts)| Body::Posts(asked, posts))?,
            18 => Body::WantPost(read(bytes)?),
            19 => read(bytes).map(|(asked, why)| Body::NoPost(asked, why))?,
            _ => Body::Unknown,
        };
        Some(body)
    }
}

fn read<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    pack::read(bytes).ok()
}

impl Letter {
    /// As it travels.
    pub fn write(&self) -> Written {
        let body = Blob(self.body.to_bytes());
        Written { id: self.id, sent: self.sent, kind: self.body.kind(), body }
    }

    /// From how it travels.
    pub fn read(written: &Written) -> Option<Letter> {
        let body = Body::from_parts(written.kind, &written.body.0)?;
        Some(Letter { id: written.id, sent: written.sent, body })
    }
}
