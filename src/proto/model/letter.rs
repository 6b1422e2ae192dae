//! What one person sends another and wants acknowledged, whatever way it goes.

use super::bond::Token;
use super::name::Name;
use crate::proto::bytes::Blob;
use crate::proto::id::MsgId;
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
    /// Of a kind that is not known here: acknowledged and passed over.
    Unknown,
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
            Body::Unknown => 0,
        }
    }

    /// MessagePack of what it carries.
    pub fn to_bytes(&self) -> Vec<u8> {
        let encoded = match self {
            Body::Text(text) => rmp_serde::to_vec(text),
            Body::Befriend(befriend) => rmp_serde::to_vec(befriend),
            Body::Agree(agree) => rmp_serde::to_vec(agree),
            Body::Reject | Body::Unfriend | Body::Unknown => Ok(Vec::new()),
        };
        encoded.expect("writing to memory cannot fail")
    }

    /// The opposite of [`Body::kind`] and [`Body::to_bytes`]; `None` if a known kind cannot be
    /// read.
    pub fn from_parts(kind: u8, bytes: &[u8]) -> Option<Body> {
        match kind {
            1 => rmp_serde::from_slice(bytes).ok().map(Body::Text),
            2 => rmp_serde::from_slice(bytes).ok().map(Body::Befriend),
            3 => rmp_serde::from_slice(bytes).ok().map(Body::Agree),
            4 => Some(Body::Reject),
            5 => Some(Body::Unfriend),
            _ => Some(Body::Unknown),
        }
    }
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
