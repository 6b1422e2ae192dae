//! Lines in, lines out: what people and scripts type, and what they read. Nothing here touches a
//! descriptor.
//!
//! ```text
//! argv ─┐                                    ┌─ json   one object a line, exact
//! /msg ─┼─ lines ─ verbs ─ Request … printer ┤
//! {json}┘     the one table                  └─ plain  through safe
//! ```
//!
//! A new verb is one row in [`verbs`] and its parse function.

pub mod amounts;
pub mod answers;
pub mod args;
pub mod days;
pub mod edit;
pub mod fit;
pub mod help;
pub mod input;
pub mod json;
pub mod lines;
pub mod mention;
pub mod output;
pub mod paint;
pub mod plain;
pub mod printer;
pub mod progress;
pub mod prompt;
pub mod safe;
pub mod setting;
pub mod talk;
pub mod verbs;
pub mod words;

use crate::proto::model::command::Verb;
use crate::proto::model::conversation::Level;
use crate::proto::model::event::Stage;
use crate::proto::model::group::GroupTarget;
use crate::proto::model::person::Target;
use crate::proto::model::refusal::{Exit, Refusal};
use crate::proto::time::Wall;
use args::Bad;
use fit::Fit;
use std::fmt;

/// What a line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// The machine.
    Ask(Verb),
    /// A session with whoever answers at `HOST:PORT`; the host has yet to be resolved.
    Dial(String),
    /// Text for the conversation that plain lines go to.
    Say {
        /// The text, exact.
        text: String,
        /// How far it must come for the line to be done.
        until: Stage,
    },
    /// Plain lines are to go there; where they go, if `None`.
    To(Option<With>),
    /// Of what one is told there from now on.
    Notify {
        /// Where; everywhere that it is not as usual, if `None`.
        of: Option<With>,
        /// How much; as much as so far, if `None`.
        level: Option<Level>,
    },
    /// Messages there were, from the store.
    History {
        /// With whom; with anybody if `None`.
        with: Option<With>,
        /// The latest so many.
        most_rows: usize,
        /// None that is older.
        since: Option<Wall>,
    },
    /// Messages with these words, from the store, the newest first.
    Search {
        /// The words.
        words: String,
        /// With whom; with anybody if `None`.
        with: Option<With>,
        /// The newest so many.
        most_rows: usize,
    },
    /// The event log, from the store.
    Events {
        /// After this number; from now on if `None`.
        since: Option<u64>,
        /// Whether to go on with what happens.
        follow: bool,
    },
    /// Messages of ours that are not delivered yet, from the store.
    Outbox,
    /// Files offered, on their way and done, from the store.
    Files,
    /// All that the profile holds, from the store.
    Export {
        /// With pseudonyms, and nothing by which anybody is known.
        anonymised: bool,
        /// The new file that it goes into; else to whoever asks.
        to: Option<String>,
    },
    /// Give up the message of ours whose id begins so.
    Drop(String),
    /// The first event from now on that fits.
    Wait(Fit),
    /// Every event, until told to stop.
    Listen,
    /// These verbs; none of them are all.
    Help(Vec<&'static verbs::VerbRow>),
    /// The options in force.
    Config,
    /// Leave the program.
    Quit,
}

/// A conversation, as somebody typed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum With {
    /// With a person; or, if nobody goes by that name, in a group that does.
    Person(Target),
    /// In a group.
    Group(GroupTarget),
}

impl fmt::Display for With {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            With::Person(target) => target.fmt(f),
            With::Group(group) => group.fmt(f),
        }
    }
}

/// How a verb ended that did not end well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// The one line that a person reads.
    pub error: String,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        Failure { exit: refusal.exit(), error: refusal.to_string() }
    }
}

impl From<Bad> for Failure {
    fn from(bad: Bad) -> Failure {
        Failure { exit: bad.exit(), error: bad.to_string() }
    }
}
