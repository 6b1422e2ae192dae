//! What an export has: its tables, their fields, and what each field is. Whoever reads one finds
//! this in its first line.

use super::person::Fingerprint;
use crate::proto::id::GroupId;

/// The version of the tables; it grows when a field goes or changes its meaning.
pub const VERSION: u32 = 1;

/// Rows of one kind.
#[derive(Debug)]
pub struct Table {
    /// The `event` of its rows.
    pub name: &'static str,
    /// What each row has, where there is something of the kind.
    pub fields: &'static [Field],
}

/// One thing that a row says.
#[derive(Debug)]
pub struct Field {
    /// Its key.
    pub name: &'static str,
    /// What it is; which decides what becomes of it when nobody is to be known.
    pub class: Class,
    /// What it means.
    pub help: &'static str,
}

/// What a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// One of a few words of ours.
    Word,
    /// How far a message has come.
    Stage,
    /// A number that says nothing about anybody.
    Count,
    /// Yes or no.
    Flag,
    /// A moment.
    Moment,
    /// A number of bytes.
    Size,
    /// Seconds.
    Span,
    /// What somebody wrote or said.
    Text,
    /// Somebody.
    Person,
    /// A group.
    Group,
    /// The name of a file, or where it is.
    File,
    /// Where somebody or something is reached.
    Address,
    /// A key's fingerprint, or a file's digest.
    Key,
    /// A message's id, or that of anything else that was sent.
    Id,
    /// The words of a command.
    Command,
}

/// The value of a field in one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// There is none.
    None,
    /// A count, a flag, milliseconds since 1970, bytes, milliseconds.
    Number(i64),
    /// A text, a word, a label of a person or group; of a command, its words in JSON.
    Text(&'a str),
    /// An id or key.
    Bytes(&'a [u8]),
    /// Somebody, and the name they go by.
    Person(Fingerprint, Option<&'a str>),
    /// A group, and what it is called.
    Group(GroupId, &'a str),
}

const fn field(name: &'static str, class: Class, help: &'static str) -> Field {
    Field { name, class, help }
}

const DIRECTION: Field = field("direction", Class::Word, "in: to us; out: from us");
const WITH: Field = field("with", Class::Person, "the other side");
const SENT: Field = field("sent", Class::Moment, "when it was written, by the writer's clock");
const ID: Field = field("id", Class::Id, "its id");
const SIZE: Field = field("size", Class::Size, "bytes");
const DIGEST: Field = field("digest", Class::Key, "BLAKE2b-256 of what is in it");
const GROUP: Field = field("group", Class::Group, "the group");
const ARGV: Field = field("argv", Class::Command, "its exact words");
const FINGERPRINT: Field = field("fingerprint", Class::Key, "of their key");
const ADDRESS: Field = field("address", Class::Address, "virtual, at the server");

/// Ourselves; one row.
pub static ME: Table = Table {
    name: "me",
    fields: &[
        field("person", Class::Person, "we"),
        FINGERPRINT,
        ADDRESS,
        field("visibility", Class::Word, "public, private: may strangers find us"),
        field("server", Class::Address, "where we sign in"),
        field("server_key", Class::Key, "the key it is pinned to"),
    ],
};

/// Everybody known.
pub static PERSON: Table = Table {
    name: "person",
    fields: &[
        field("person", Class::Person, "what they are called; the key of who has no name here"),
        FINGERPRINT,
        ADDRESS,
        field("friendship", Class::Word, "none, asked: by us, asking: us, friends"),
        field("blocked", Class::Flag, "nothing of theirs gets through"),
        field("request", Class::Text, "their words when they asked to be friends"),
        field("since", Class::Moment, "when they asked"),
    ],
};

/// Groups that we are, were or may be in.
pub static IN_GROUPS: Table = Table {
    name: "group",
    fields: &[
        GROUP,
        field("leader", Class::Person, "who leads it"),
        field("standing", Class::Word, "what we are there: member, asked, invited, out, gone"),
        field("public", Class::Flag, "listed, and open to whoever asks"),
        field("epoch", Class::Count, "how often its members have changed"),
    ],
};

/// Who is in them.
pub static MEMBER: Table = Table {
    name: "member",
    fields: &[
        GROUP,
        field("place", Class::Count, "0 leads; then by how long they are in"),
        field("person", Class::Person, "who"),
        field("called", Class::Person, "what their leader calls them"),
    ],
};

/// Who is asked in, or asks.
pub static CANDIDATE: Table = Table {
    name: "candidate",
    fields: &[
        GROUP,
        field("person", Class::Person, "who"),
        field("invited", Class::Flag, "whether they were asked in; else they asked"),
    ],
};

/// What was said, in the order in which it came onto the disk.
pub static MESSAGE: Table = Table {
    name: "message",
    fields: &[
        field("seq", Class::Count, "its number in the event log"),
        ID,
        DIRECTION,
        field("with", Class::Person, "the other side; in a group who speaks, but for ourselves"),
        field("group", Class::Group, "where it was said, if in a group"),
        field("text", Class::Text, "what it says"),
        SENT,
        field("at", Class::Moment, "when it came onto our disk"),
        field("state", Class::Stage, "ours: how far it has come, to the last member of a group"),
    ],
};

/// How far talk of ours has come to each member.
pub static COPY: Table = Table {
    name: "copy",
    fields: &[
        field("id", Class::Id, "of the message"),
        field("to", Class::Person, "for whom"),
        field("state", Class::Stage, "how far it has come to them"),
    ],
};

/// Friend requests of ours.
pub static REQUEST: Table = Table {
    name: "request",
    fields: &[
        ID,
        field("to", Class::Person, "whom we asked"),
        field("text", Class::Text, "with which words"),
        SENT,
        field("state", Class::Stage, "how far it has come"),
    ],
};

/// Talk in groups that was said to members whom we do not know of yet, and is not shown before.
pub static UNHEARD: Table = Table {
    name: "unheard",
    fields: &[
        ID,
        field("with", Class::Person, "who speaks"),
        GROUP,
        field("text", Class::Text, "what it says"),
        SENT,
        field("epoch", Class::Count, "the group's, when it was said"),
    ],
};

/// What was spoken.
pub static VOICE: Table = Table {
    name: "voice",
    fields: &[
        field("id", Class::Id, "of the file"),
        DIRECTION,
        WITH,
        field("text", Class::Text, "its words, as a program heard them"),
        SENT,
        field("at", Class::Moment, "when they came onto our disk"),
    ],
};

/// Files offered, on their way and done.
pub static FILE: Table = Table {
    name: "file",
    fields: &[
        ID,
        DIRECTION,
        WITH,
        field("name", Class::File, "at its sender's"),
        SIZE,
        field("state", Class::Word, "offered, taken, done, failed, cancelled"),
        field("bytes", Class::Size, "so many have come"),
        field("at", Class::Moment, "since when it is so"),
        field("path", Class::File, "where it is"),
        DIGEST,
        field("post", Class::Id, "the post that it is, at its owner's"),
        field("seconds", Class::Span, "how long it is, if it is spoken"),
        field("transcript", Class::Text, "its words, if it is spoken"),
    ],
};

/// Files that we let our friends have.
pub static POST: Table = Table {
    name: "post",
    fields: &[
        ID,
        field("name", Class::File, "its name"),
        SIZE,
        field("path", Class::File, "where it is"),
        DIGEST,
        field("at", Class::Moment, "since when"),
    ],
};

/// Standing yeses to commands.
pub static GRANT: Table = Table {
    name: "grant",
    fields: &[
        ID,
        field("to", Class::Person, "whose commands"),
        ARGV,
        field("until", Class::Moment, "not from then on"),
    ],
};

/// Commands that have not ended, and the last of each asker; all are in the log.
pub static RUN: Table = Table {
    name: "run",
    fields: &[ID, DIRECTION, WITH, ARGV, field("over", Class::Flag, "whether it has ended")],
};

/// What happened, but for the messages themselves.
pub static LOG: Table = Table {
    name: "log",
    fields: &[
        field("seq", Class::Count, "its number"),
        field("at", Class::Moment, "when"),
        field("what", Class::Word, "the event's kind, as `events` has it"),
        DIRECTION,
        WITH,
        GROUP,
        field("state", Class::Word, "what it is now"),
        field("via", Class::Word, "of a session: direct, udp, relay"),
        field("id", Class::Id, "of the message, file, post or command"),
        field("text", Class::Text, "the words of a request or a voice message"),
        field("name", Class::File, "of the file or post"),
        field("path", Class::File, "where that is"),
        SIZE,
        field("seconds", Class::Span, "how long it is, if it is spoken"),
        ARGV,
        field("code", Class::Count, "the command's exit code"),
        field("why", Class::Text, "in words"),
        field("old", Class::Key, "the key that was pinned"),
        field("new", Class::Key, "the key that came in its place"),
    ],
};

/// Every table, in the order of an export.
pub static TABLES: [&Table; 15] = [
    &ME, &PERSON, &IN_GROUPS, &MEMBER, &CANDIDATE, &FILE, &POST, &GRANT, &RUN, &MESSAGE, &COPY,
    &REQUEST, &UNHEARD, &VOICE, &LOG,
];
