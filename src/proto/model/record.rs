//! What machines keep, and what they read back.

use super::account::{Account, Visibility};
use super::event::{Event, Stage};
use super::name::Name;
use super::person::{Fingerprint, Person};
use crate::proto::id::MsgId;
use crate::proto::time::Wall;
use std::net::Ipv4Addr;

/// What a client keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// Our name and virtual address on the server.
    Me(Name, Ipv4Addr),
    /// May strangers find us.
    Visibility(Visibility),
    /// The server's pinned key.
    ServerKey(Fingerprint),
    /// Somebody new, or changed. Keyed by fingerprint.
    Person(Person),
    /// A message of ours. Gives rise to its `receipt … queued`.
    Outgoing {
        /// Its id.
        id: MsgId,
        /// For whom; kept before as a person.
        to: Fingerprint,
        /// What it says.
        text: String,
        /// When it was written.
        sent: Wall,
    },
    /// A message to us. Gives rise to its `message`, once: a repeat of `(from, id)` is passed over.
    Incoming {
        /// Its sender's id for it.
        id: MsgId,
        /// Whose; kept before as a person.
        from: Fingerprint,
        /// What it says.
        text: String,
        /// When it was written, by the sender's clock.
        sent: Wall,
    },
    /// Messages of ours to one person, by the range of their ids, have come this far; those that
    /// had come further stay. Gives rise to a `receipt` for each that changed.
    Receipts {
        /// For whom they were.
        to: Fingerprint,
        /// The first id.
        first: MsgId,
        /// The last id.
        last: MsgId,
        /// How far.
        stage: Stage,
    },
    /// A durable event that needs nothing but its number.
    Event(Event),
}

/// What a client reads while it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// Messages to one person that are not final yet, in order.
    Outbox {
        /// For whom.
        to: Fingerprint,
        /// After this id.
        after: MsgId,
        /// At most so many.
        most_rows: usize,
        /// No more once their texts are so long together.
        most_bytes: usize,
    },
    /// To whom an undelivered message of ours is.
    Addressee(MsgId),
}

/// The answer to a [`Query`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rows {
    /// To [`Query::Outbox`].
    Outbox {
        /// For whom.
        to: Fingerprint,
        /// In order of their ids.
        rows: Vec<Waiting>,
        /// Whether there are more after these.
        more: bool,
    },
    /// To [`Query::Addressee`].
    Addressee(MsgId, Option<Fingerprint>),
}

/// A message that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its id.
    pub id: MsgId,
    /// What it says.
    pub text: String,
    /// When it was written.
    pub sent: Wall,
}

/// What a client is told of its own past when it starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Our name and virtual address, if we ever signed in.
    pub me: Option<(Name, Ipv4Addr)>,
    /// May strangers find us.
    pub visibility: Option<Visibility>,
    /// The server's pinned key.
    pub server_key: Option<Fingerprint>,
    /// Everybody known.
    pub people: Vec<Person>,
    /// For whom something waits.
    pub waiting: Vec<Fingerprint>,
    /// The last id made here.
    pub last_id: Option<MsgId>,
}

/// What a server keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerRecord {
    /// A new or changed account. Keyed by fingerprint.
    Account(Account),
    /// An account is gone.
    Forget(Fingerprint),
}

/// What a server reads while it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerQuery<T> {
    /// Which account.
    pub by: AccountKey,
    /// What the machine goes on with; comes back with the answer.
    pub then: T,
}

/// How an account is pointed at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountKey {
    /// By name.
    Name(Name),
    /// By virtual address.
    Address(Ipv4Addr),
    /// By key.
    Key(Fingerprint),
}

/// The answer to a [`ServerQuery`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerRows<T> {
    /// The account, if there is one.
    pub account: Option<Account>,
    /// From the question.
    pub then: T,
}
