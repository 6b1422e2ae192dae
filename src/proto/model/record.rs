//! What machines keep, and what they read back.

use super::account::{Account, Visibility};
use super::bond::{Bond, TokenHash};
use super::event::{Event, Stage};
use super::group::{GroupRow, Listing, Unheard};
use super::letter::Letter;
use super::name::Name;
use super::person::{Fingerprint, Person};
use super::prekey::{Prekey, PrekeySecret};
use super::run::{Grant, OpenRun};
use super::transfer::{Post, Transfer};
use crate::proto::bytes::Bytes;
use crate::proto::id::{GroupId, MsgId};
use crate::proto::limits::HELD_ROW_BYTES;
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
    /// What there is between us and somebody; kept before as a person.
    Bond(Fingerprint, Bond),
    /// A letter of ours that is no text: waits like one, but makes no event. Its stages come by
    /// [`Record::Receipts`] like those of texts, without events.
    Note(Fingerprint, Letter),
    /// A letter to us that is no text has been acted on: a repeat of `(from, id)` is found by
    /// [`Query::Note`].
    NoteSeen(Fingerprint, MsgId),
    /// Prekeys we made.
    Prekeys(Vec<PrekeySecret>),
    /// A one-time prekey was used for the first time, now.
    PrekeyUsed(u32),
    /// A prekey is past its time.
    PrekeyGone(u32),
    /// These letters came as mail, and their sender has not been told that they are here.
    Owe(Fingerprint, Vec<MsgId>),
    /// Their sender has been told, or the server holds the word for them.
    Paid(Fingerprint, Vec<MsgId>),
    /// What the server holds of ours for somebody could not be opened there: it is queued again,
    /// without events.
    Requeue(Fingerprint),
    /// Letters held since before this moment are expired: a `receipt … expired` for each text.
    Expire(Wall),
    /// The server's epoch. Another than before: what was held there is queued again.
    Epoch(Bytes<16>),
    /// A group, new or changed.
    Group(Box<GroupRow>),
    /// A group that we asked for and were not let into, or an invitation that is over. What was
    /// said in it before stays in the history, under its name.
    GroupGone(GroupId),
    /// Talk of ours, kept once, and waiting like a message for each of these. Gives rise to a
    /// `receipt … queued` for each; for nobody, to one `receipt … delivered` to the group. Its
    /// stages come by [`Record::Receipts`].
    Say {
        /// Its id, the same for each.
        id: MsgId,
        /// Where; kept before.
        group: GroupId,
        /// The epoch of our roster.
        epoch: u64,
        /// What it says.
        text: String,
        /// When it was written.
        sent: Wall,
        /// For whom; each kept before as a person. May be empty: a group of one.
        to: Vec<Fingerprint>,
    },
    /// Talk of a member's. Gives rise to its `message`, once.
    Heard {
        /// Its sender's id for it.
        id: MsgId,
        /// Where; kept before.
        group: GroupId,
        /// Whose; kept before as a person.
        from: Fingerprint,
        /// What it says.
        text: String,
        /// When it was written, by the sender's clock.
        sent: Wall,
    },
    /// Talk to be judged by a later roster. A repeat is passed over.
    Unheard(Unheard),
    /// It has been judged.
    UnheardGone(Fingerprint, MsgId),
    /// Talk of ours in a group that somebody has not got yet is not for them any more: a
    /// `receipt … refused` for each.
    Forsake(GroupId, Fingerprint),
    /// A file, new or changed. A post of somebody's that is done is in the history by its name.
    /// What has no digest is a post that was asked for, and is forgotten once that is over.
    Transfer(Box<Transfer>),
    /// The words of a voice message, to be found in the history. A repeat is passed over.
    Transcript {
        /// The id of the letter that offered it.
        id: MsgId,
        /// The other side; kept before as a person.
        with: Fingerprint,
        /// Whether it is ours.
        is_ours: bool,
        /// What it says.
        text: String,
        /// When it was spoken.
        sent: Wall,
    },
    /// A file that we offer to our friends. Its name is in the history until it is gone.
    Post(Box<Post>),
    /// One that we offer no more.
    PostGone(MsgId),
    /// A standing yes.
    Grant(Box<Grant>),
    /// One that is taken back, or over.
    GrantGone(MsgId),
    /// A command that was asked for. One that somebody else asks for also raises their mark,
    /// [`Restored::run_marks`], which outlives [`Record::RunGone`].
    Run(Box<OpenRun>),
    /// It has ended. Removes the command, whoever asked, and no mark.
    RunGone(Fingerprint, MsgId),
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
        /// Whether to pass over what the server holds already.
        queued_only: bool,
    },
    /// Whether anything to somebody is not final yet.
    Waits(Fingerprint),
    /// Whether a letter that is no text has been acted on.
    Note(Fingerprint, Letter),
    /// To whom an undelivered message of ours is, or talk as far as it is not delivered.
    Addressees(MsgId),
}

/// The answer to a [`Query`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rows {
    /// To [`Query::Outbox`].
    Outbox {
        /// For whom.
        to: Fingerprint,
        /// In order of their ids.
        rows: Vec<Letter>,
        /// Whether the question passed over what is held.
        queued_only: bool,
        /// Whether there are more after these.
        more: bool,
    },
    /// To [`Query::Addressees`].
    Addressees(MsgId, Vec<Fingerprint>),
    /// To [`Query::Waits`].
    Waits(Fingerprint, bool),
    /// To [`Query::Note`].
    Note {
        /// Whose.
        from: Fingerprint,
        /// The letter asked about.
        letter: Letter,
        /// Whether it has not been acted on.
        is_new: bool,
    },
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
    /// The last id made here: of a letter, a grant, or a command that we asked for.
    pub last_id: Option<MsgId>,
    /// What there is between us and whom.
    pub bonds: Vec<(Fingerprint, Bond)>,
    /// Secret prekeys.
    pub prekeys: Vec<PrekeySecret>,
    /// Letters that came as mail, whose senders are to be told.
    pub owed: Vec<(Fingerprint, MsgId)>,
    /// The server's epoch.
    pub epoch: Option<Bytes<16>>,
    /// When the oldest letter that the server holds, and that is not delivered, was written.
    pub oldest_held: Option<Wall>,
    /// Groups we are in, or were, or asked for, or are asked into.
    pub groups: Vec<GroupRow>,
    /// Talk to be judged by a later roster.
    pub unheard: Vec<Unheard>,
    /// Files that are offered or taken, and neither done nor given up.
    pub transfers: Vec<Transfer>,
    /// What we offer to our friends.
    pub posts: Vec<Post>,
    /// What is granted to whom.
    pub grants: Vec<Grant>,
    /// Commands that had not ended.
    pub runs: Vec<OpenRun>,
    /// The highest id of all commands that somebody ever asked us for: an ask that is not later is
    /// a replay.
    pub run_marks: Vec<(Fingerprint, MsgId)>,
}

/// What a server is told of its own past when it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerRestored {
    /// The index in the pool after the highest one that an account has; 0 when none has one.
    pub next_address: u32,
    /// Made with the disk, and kept.
    pub epoch: Bytes<16>,
    /// Since when the oldest mail is held.
    pub oldest: Option<Wall>,
}

/// What a server keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerRecord {
    /// A new or changed account. Keyed by fingerprint.
    Account(Account),
    /// An account is gone, with all that was kept of it.
    Forget(Fingerprint),
    /// Somebody's tokens and blocks, in place of those before.
    Reach {
        /// Whose.
        owner: Fingerprint,
        /// By which they are reached.
        tokens: Vec<TokenHash>,
        /// Who does not reach them.
        blocked: Vec<Fingerprint>,
    },
    /// Somebody's prekeys: a weekly one in place of the one before, one-time ones added.
    Publish(Fingerprint, Vec<Prekey>),
    /// All of somebody's one-time prekeys are worth nothing any more.
    Unpublish(Fingerprint),
    /// A one-time prekey has been given out.
    Spent(Fingerprint, u32),
    /// Mail to hold.
    Hold(HeldMail),
    /// Mail up to this number has been taken.
    Taken(Fingerprint, u64),
    /// Mail held since before this moment is past its time.
    Expire(Wall),
    /// The public groups that somebody leads, in place of those before.
    Groups(Fingerprint, Vec<Name>),
}

/// Mail on a server's disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldMail {
    /// For whom.
    pub to: Fingerprint,
    /// Who deposited it.
    pub from: Fingerprint,
    /// The depositor's name, as the server has it when the mail is read.
    pub name: Option<Name>,
    /// Counts up for each recipient.
    pub number: u64,
    /// Since when.
    pub at: Wall,
    /// Sealed.
    pub envelope: Vec<u8>,
}

impl HeldMail {
    /// What it counts for in quotas: its bytes, and what a row costs beside them.
    pub fn cost_bytes(&self) -> u64 {
        (self.envelope.len() + HELD_ROW_BYTES) as u64
    }
}

/// What a server reads while it runs. `then` comes back with the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerQuery<T> {
    /// What to read.
    pub read: Read,
    /// What the machine goes on with.
    pub then: T,
}

/// What to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// An account, and whether this asker may reach its owner though private, or may not though
    /// public.
    Account {
        /// Which.
        by: AccountKey,
        /// Who asks, and with which token.
        asker: Option<(Fingerprint, Option<TokenHash>)>,
    },
    /// A one-time prekey, the oldest, and the weekly one.
    Prekeys(Fingerprint),
    /// How many one-time prekeys are left, when the weekly one was made, and the highest number of
    /// mail ever held for somebody.
    Standing(Fingerprint),
    /// How much is held for somebody, in all and of one depositor.
    Held {
        /// For whom.
        to: Fingerprint,
        /// Of whom.
        from: Fingerprint,
    },
    /// Mail for somebody after this number, in order, up to so many bytes but at least one.
    Mail {
        /// For whom.
        to: Fingerprint,
        /// After this.
        after: u64,
        /// At most so many.
        most_bytes: usize,
    },
    /// Since when the oldest mail is held.
    Oldest,
    /// Who blocks somebody.
    BlockersOf(Fingerprint),
    /// Public groups of leaders who are public, by name and leader.
    Groups {
        /// Only those of this name.
        name: Option<Name>,
        /// Only those after this one.
        after: Option<Listing>,
        /// At most so many.
        most_rows: usize,
    },
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
    /// What was read.
    pub found: Found,
    /// From the question.
    pub then: T,
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// To [`Read::Account`].
    Account {
        /// The account, if there is one.
        account: Option<Account>,
        /// The asker showed a token of the owner's.
        has_token: bool,
        /// The owner blocks the asker.
        is_blocked: bool,
    },
    /// To [`Read::Prekeys`].
    Prekeys {
        /// The oldest one-time key.
        once: Option<Prekey>,
        /// The weekly key.
        weekly: Option<Prekey>,
    },
    /// To [`Read::Standing`].
    Standing {
        /// One-time prekeys left.
        once: u32,
        /// When the weekly one was made.
        weekly: Option<Wall>,
        /// The highest number of mail ever held; the next is one more.
        number: u64,
    },
    /// To [`Read::Held`].
    Held {
        /// What is held for the recipient counts for.
        bytes: u64,
        /// What this depositor has of that.
        bytes_of_depositor: u64,
        /// The highest number ever given to mail for the recipient.
        number: u64,
    },
    /// To [`Read::Mail`].
    Mail {
        /// In order.
        mail: Vec<HeldMail>,
        /// Whether there is more after these.
        more: bool,
    },
    /// To [`Read::Oldest`]; `None` when nothing is held.
    Oldest(Option<Wall>),
    /// To [`Read::BlockersOf`].
    BlockersOf(Vec<Fingerprint>),
    /// To [`Read::Groups`].
    Groups {
        /// In order.
        groups: Vec<Listing>,
        /// Whether there are more after these.
        more: bool,
    },
}
