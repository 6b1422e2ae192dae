//! Where something is said: with a person, or in a group.

use super::event::Event;
use crate::proto::time::Wall;

/// A conversation, by what the other side is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Conversation {
    /// With a person: their name, or the fingerprint of who has none here.
    Person(String),
    /// In a group: its name, and behind that its leader where another has that name too.
    Group(String),
}

/// What came in a conversation while nobody looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unread {
    /// How many messages.
    pub count: usize,
    /// When the first of them came onto our disk.
    pub since: Wall,
}

impl Conversation {
    /// What the other side is called.
    pub fn label(&self) -> &str {
        match self {
            Conversation::Person(label) | Conversation::Group(label) => label,
        }
    }

    /// Where a message was said, if the event is one.
    pub fn of(event: &Event) -> Option<Conversation> {
        let Event::Message { from, group, .. } = event else { return None };
        Some(match group {
            Some(group) => Conversation::Group(group.clone()),
            None => Conversation::Person(from.clone()),
        })
    }
}
