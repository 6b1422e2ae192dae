//! What somebody at this end can ask a machine for; `shell::front` parses it from lines and argv.

use super::account::Visibility;
use super::event::Stage;
use super::name::Name;
use super::person::Target;
use crate::proto::id::MsgId;

/// Who asked, so that the answer finds its way back: a number that the front end gives out.
/// [`Ticket::NOBODY`] wants no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

impl Ticket {
    /// Nobody waits for the answer.
    pub const NOBODY: Ticket = Ticket(0);
}

/// A command to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Whom the answer goes to.
    pub ticket: Ticket,
    /// How long the answer may take, in milliseconds.
    pub timeout_ms: u64,
    /// What is wanted.
    pub verb: Verb,
}

/// What a client can be asked for. Reads of the history are not here: the store answers them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Sign in, and stay signed in.
    Online,
    /// Sign out, and stay so.
    Offline,
    /// May strangers find me.
    SetVisibility(Visibility),
    /// Who is online and visible.
    Who {
        /// Only names that begin so; may be empty.
        prefix: String,
    },
    /// All about one person.
    Lookup(Target),
    /// All about me.
    Whoami,
    /// Ask the server again for the state of everybody known.
    Update,
    /// Ask for a session. Done when it is open, or never will be.
    Chat(Target),
    /// Yes to who asked; without a name, to the only one.
    Accept(Option<Target>),
    /// No to who asked.
    Decline(Option<Target>),
    /// End a session; without a name, the only one.
    Close(Option<Target>),
    /// The sessions there are.
    Sessions,
    /// A message to one or several. Done when each has come as far as `until`.
    Msg {
        /// For whom.
        to: Vec<Target>,
        /// The text, at most [`crate::proto::limits::TEXT_MAX_BYTES`].
        text: String,
        /// How far it must come for the verb to be done.
        until: Stage,
    },
    /// Ask to be friends, with some words.
    Add(Target, String),
    /// Friend requests that wait for us.
    Requests,
    /// Yes to a friend request.
    Confirm(Target),
    /// No to a friend request.
    Reject(Target),
    /// The friends there are.
    Friends,
    /// End a friendship.
    Unfriend(Target),
    /// Let nothing of theirs through.
    Block(Target),
    /// Take that back.
    Unblock(Target),
    /// Who is blocked.
    Blocks,
    /// The number that two people compare to know that nobody stands between them.
    Verify(Target),
    /// Accept a changed key.
    Trust(Target),
    /// Give up a message.
    Drop(MsgId),
    /// Say goodbye to server and peers; the program ends when the machine has nothing more to send.
    Leave,
}

/// A command to a server, typed by its operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operate {
    /// Who is signed in.
    Who,
    /// Counts and sizes.
    Stats,
    /// End somebody's link; they may come back.
    Kick(Name),
    /// Remove an account; its name and address are free again.
    Forget(Name),
    /// Tell all clients, then end.
    Quit,
}
