//! What is asked for, as far as its answer depends on it.

use crate::proto::model::event::Event;
use crate::proto::model::person::Target;

/// What a ticket is for, beside its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::shell::client) enum Role {
    /// Nothing.
    Line,
    /// It turns plain lines to somebody.
    Talk(Option<Target>),
    /// It may leave plain lines without anybody.
    Close,
    /// It lasts as long as its asker wants.
    Endless,
    /// Its answer is told by an event as well.
    Told,
    /// It takes the file whose id begins so.
    Take(String),
    /// It fetches the post whose id begins so.
    Fetch(String),
    /// It has a command run elsewhere.
    Run,
    /// It lists something.
    List,
    /// It sets something, and there is nothing else to say.
    Set,
}

impl Role {
    /// Whether it changes where plain lines go.
    pub fn turns(&self) -> bool {
        matches!(self, Role::Talk(_) | Role::Close)
    }

    /// What is to be said when its time runs out, if that is not about a message.
    pub fn late(&self) -> Option<&'static str> {
        match self {
            Role::Run => Some("time ran out before the command ended [--timeout gives it more]"),
            Role::Take(_) | Role::Fetch(_) => {
                Some("time ran out; the file still comes while hobnob runs")
            }
            Role::Line
            | Role::Talk(_)
            | Role::Close
            | Role::Endless
            | Role::Told
            | Role::List
            | Role::Set => None,
        }
    }

    /// What a person is told of a good end that said nothing.
    pub fn silence(&self) -> &'static [u8] {
        match self {
            Role::List => b"* none\n",
            Role::Set => b"* done\n",
            _ => b"",
        }
    }

    /// Whether its asker is told of an event that others hear as well.
    pub fn concerns(&self, event: &Event) -> bool {
        match (self, event) {
            (Role::Take(id), Event::File(file)) => {
                file.from.is_some() && file.id.to_text().starts_with(id)
            }
            (Role::Fetch(of), Event::Post { id, .. }) => id.to_text().starts_with(of),
            _ => false,
        }
    }
}
