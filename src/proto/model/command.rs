//! What somebody at this end can ask a machine for; `shell::front` parses it from lines and argv.

use super::account::Visibility;
use super::event::Stage;
use super::group::GroupTarget;
use super::name::Name;
use super::person::Target;
use super::run::Argv;
use crate::proto::id::MsgId;
use crate::proto::time::Wall;

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
    /// The same with whoever has this name and port, which only a proxy looks up.
    Dial(String, u16),
    /// Yes to who asked; without a name, to the only one.
    Accept(Option<Target>),
    /// No to who asked.
    Decline(Option<Target>),
    /// End a session; without a name, the only one.
    Close(Option<Target>),
    /// The sessions there are.
    Sessions,
    /// What was tried to reach somebody, and how they are reached.
    Why(Target),
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
    /// About groups.
    Group(GroupVerb),
    /// Offer a file to somebody. Done when the offer has come as far as `until`.
    Send {
        /// To whom.
        to: Target,
        /// Absolute.
        path: String,
        /// How far the offer must come for the verb to be done.
        until: Stage,
    },
    /// Offer a voice message. Done when the offer has come as far as `until`.
    Voice {
        /// To whom.
        to: Target,
        /// Of a WAV file; absolute.
        path: String,
        /// How far the offer must come for the verb to be done.
        until: Stage,
    },
    /// Have the offered file whose id begins so. Done when it is here, or never will be.
    Take {
        /// Which.
        id: String,
        /// Where to.
        place: Option<Place>,
    },
    /// No to the offered file whose id begins so.
    Refuse(String),
    /// Give up the file, or the command, whose id begins so.
    Cancel(String),
    /// Offer a file to all friends; its path, absolute.
    PostAdd(String),
    /// Offer it no more; how its id begins.
    PostRemove(String),
    /// What somebody offers to their friends; what we offer, if `None`.
    PostList(Option<Target>),
    /// Have a friend's post. Done when it is here, or never will be.
    PostGet {
        /// Whose.
        owner: Target,
        /// How its id begins.
        id: String,
        /// Where to.
        place: Option<Place>,
    },
    /// Ask somebody to run a command. Done when it has ended.
    Run {
        /// Whom.
        to: Target,
        /// Exactly these words.
        argv: Argv,
    },
    /// Yes to the command asked for whose id begins so.
    Allow(String),
    /// No to it.
    Deny(String),
    /// From now on yes to exactly this command line of this friend.
    Grant {
        /// Whose.
        to: Target,
        /// Exactly these words.
        argv: Argv,
        /// Not from this moment on.
        until: Option<Wall>,
    },
    /// What is granted to whom.
    Grants,
    /// Take back the grant whose id begins so.
    Revoke(String),
    /// Say goodbye to server and peers; the program ends when the machine has nothing more to send.
    Leave,
}

/// What a client can be asked for about groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupVerb {
    /// Found one, and lead it.
    Create {
        /// What it is called.
        name: Name,
        /// Listed, and open to whoever asks.
        is_public: bool,
    },
    /// Ask its leader to be let in, or say yes to an invitation.
    Join(GroupTarget),
    /// Be out of it.
    Leave(GroupTarget),
    /// Leader: ask somebody in.
    Invite(GroupTarget, Target),
    /// Leader: put somebody out.
    Kick(GroupTarget, Target),
    /// Leader: let in who asked.
    Allow(GroupTarget, Target),
    /// Leader: do not let in who asked.
    Deny(GroupTarget, Target),
    /// The groups we are in, or were asked into, or asked for.
    Mine,
    /// The public groups on the server.
    Public,
    /// Who is in one.
    Members(GroupTarget),
    /// Say something to every member. Done when it has come to each as far as `until`.
    Say {
        /// Where.
        group: GroupTarget,
        /// The text, at most [`crate::proto::limits::TEXT_MAX_BYTES`].
        text: String,
        /// How far it must come to each for the verb to be done.
        until: Stage,
    },
}

/// Where a file is to go; absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Into this directory, under its own name.
    Into(String),
    /// Here, under this name.
    At(String),
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
