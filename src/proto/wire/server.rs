//! What a server says to its clients.

use crate::proto::bytes::{Blob, Bytes};
use crate::proto::id::{ReqId, SessionId};
use crate::proto::model::account::Visibility;
use crate::proto::model::group::Listing;
use crate::proto::model::name::Name;
use crate::proto::model::person::{Fingerprint, PublicIdentity};
use crate::proto::model::prekey::Bundle;
use crate::proto::time::Wall;
use crate::proto::wire::messages;
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddr};

messages! {
    /// Server to client.
    ToClient {
        1 => Welcome,
        2 => Refused,
        3 => Shown,
        4 => WhoPage,
        5 => Found,
        6 => Presence,
        7 => Offer,
        8 => Answered,
        9 => Carried,
        10 => Ended,
        11 => OverBudget,
        12 => Leaving,
        13 => Key,
        14 => Deposited,
        15 => Mail,
        16 => GroupsPage,
        17 => Sought,
        18 => Prober,
        19 => Hinted,
        20 => Begin,
    }
}

/// Signed in; the answer to `Enter`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// My name, as registered.
    pub name: Name,
    /// My virtual address.
    pub address: Ipv4Addr,
    /// Where my link comes from, as the server sees it.
    pub outer: SocketAddr,
    /// May strangers find me.
    pub visibility: Visibility,
    /// One-time prekeys of mine that are left.
    pub keys_left: u32,
    /// When my weekly prekey was made, if there is one.
    pub weekly: Option<Wall>,
    /// Made anew with the server's disk: another than before means that what it held is lost.
    pub epoch: Bytes<16>,
    /// How many days mail is held.
    pub hold_days: u32,
}

/// With what to ask for the outer address of my datagrams, at the UDP port of the server's address;
/// comes behind the `Welcome`. See [`crate::proto::crypto::probe`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prober {
    /// Of this link.
    pub id: u64,
    /// What a question and its answer are authenticated with.
    pub key: Bytes<32>,
}

/// Not signed in; the link ends after this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Why.
    pub why: WhyRefused,
}

/// Why somebody is not signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WhyRefused {
    /// The name belongs to another key.
    NameTaken,
    /// The key is new and no name was given.
    NameNeeded,
    /// As many clients as the server takes.
    Full,
    /// No virtual address is left.
    PoolEmpty,
}

/// The answer to `Show`, once it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The question's number.
    pub req: ReqId,
    /// What it is now.
    pub visibility: Visibility,
}

/// The answer to `Who`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhoPage {
    /// The question's number.
    pub req: ReqId,
    /// In order of the names.
    pub people: Vec<Brief>,
    /// Whether there are names after these.
    pub more: bool,
}

/// Somebody who is online, in brief.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brief {
    /// Their name.
    pub name: Name,
    /// Their virtual address.
    pub address: Ipv4Addr,
    /// Their key.
    pub fingerprint: Fingerprint,
    /// When they signed in.
    pub seen: Wall,
}

/// The answer to `Lookup`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The question's number.
    pub req: ReqId,
    /// `None`: no such name, or not visible to the one who asks; the two are not told apart.
    pub who: Option<Card>,
}

/// Somebody, as the server knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Their name.
    pub name: Name,
    /// Their virtual address.
    pub address: Ipv4Addr,
    /// Their keys. Whoever reads them checks the binding.
    pub identity: PublicIdentity,
    /// Signed in now.
    pub online: bool,
    /// When they last signed in or out.
    pub seen: Wall,
}

/// A watched person came or went, or is so at the moment of the `Watch`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// Who.
    pub who: Fingerprint,
    /// Signed in now.
    pub online: bool,
    /// When they last signed in or out.
    pub seen: Wall,
}

/// Somebody asks for a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Named by the asker.
    pub session: SessionId,
    /// Who asks.
    pub from: Card,
    /// Where they can be dialled.
    pub candidates: Vec<SocketAddr>,
    /// Not to be put before the user: yes to a friend, else no.
    pub is_quiet: bool,
}

/// The other side of an open session has lost its path and says `Again`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sought {
    /// Which.
    pub session: SessionId,
    /// Who.
    pub from: Fingerprint,
    /// Where they can be dialled.
    pub candidates: Vec<SocketAddr>,
}

/// The other side said yes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// Which.
    pub session: SessionId,
    /// Where they can be dialled.
    pub candidates: Vec<SocketAddr>,
}

/// Where datagrams reach the other side; behind an `Offer` or a `Sought` at the earliest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hinted {
    /// Which.
    pub session: SessionId,
    /// In place of what was hinted before.
    pub udp: Vec<SocketAddr>,
}

/// To both sides at the same moment: the other one said yes, and now looks for a path as you do.
/// Comes right behind `Answered`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begin {
    /// Which.
    pub session: SessionId,
}

/// Bytes of the two sides' own link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// Which.
    pub session: SessionId,
    /// What.
    pub bytes: Blob,
}

/// An ask, an offer or a carried session is over; the server has forgotten it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Which.
    pub session: SessionId,
    /// Why.
    pub why: WhyEnded,
}

/// Why an ask, an offer or a carried session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WhyEnded {
    /// No such person, or not visible to the asker.
    Unknown,
    /// Known, and not signed in.
    Away,
    /// The other side said no.
    Declined,
    /// The other side took it back or ended it.
    HungUp,
    /// The other side's link to the server is gone.
    Gone,
    /// Too many at once, on either side.
    Busy,
}

/// A question was not answered: too many in too short a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverBudget {
    /// Its number; `None` where it had none.
    pub req: Option<ReqId>,
    /// The session it was about, where it was about one.
    pub session: Option<SessionId>,
}

/// The link ends after this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaving {
    /// Why.
    pub why: WhyLeaving,
}

/// Why the server ends a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WhyLeaving {
    /// Somebody signed in with the same key; do not come back by yourself.
    Replaced,
    /// The server ends; come back by and by.
    Shutdown,
    /// The operator ended the link.
    Kicked,
    /// The operator removed the account; do not come back by yourself.
    Forgotten,
}

/// The answer to `WantKey`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The question's number.
    pub req: ReqId,
    /// `None`: no such person, or not visible to the one who asks; the two are not told apart.
    pub bundle: Option<Box<Bundle>>,
}

/// The answer to `Deposit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deposited {
    /// The question's number.
    pub req: ReqId,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a deposit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// On the server's disk.
    Held,
    /// No such person, or not visible to the one who asks.
    Unknown,
    /// Too much is held for them, or of ours for them; try again when they have collected.
    Full,
    /// Larger than the server takes.
    TooLarge,
}

/// Mail that was held, or has just come. In order of the numbers; what is not `Taken` comes again
/// at the next sign-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// Counts up for each recipient.
    pub number: u64,
    /// Who deposited it.
    pub from: Fingerprint,
    /// The depositor's name, while they have an account.
    pub name: Option<Name>,
    /// The sealed envelope, as it was deposited.
    pub envelope: Blob,
}

/// To `WantGroups`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupsPage {
    /// The question's.
    pub req: ReqId,
    /// In order; at most [`crate::proto::limits::GROUPS_PAGE`].
    pub groups: Vec<Listing>,
    /// Whether there are more after these.
    pub more: bool,
}
