//! Where something is said: with a person, or in a group.

use super::event::Event;
use crate::proto::time::Wall;
use serde::{Deserialize, Serialize};

/// A conversation, by what the other side is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Conversation {
    /// With a person: their name, or the fingerprint of who has none here.
    Person(String),
    /// In a group: its name, and behind that its leader where another has that name too.
    Group(String),
}

/// Of what in a conversation somebody wants to be told who looks elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Of nothing.
    Off,
    /// Of what has their name in it.
    Mentions,
    /// Of every message.
    All,
}

impl Level {
    /// The words of all.
    pub const WORDS: [&str; 3] = ["off", "mentions", "all"];
    const LEVELS: [Level; 3] = [Level::Off, Level::Mentions, Level::All];

    /// Its word.
    pub fn word(self) -> &'static str {
        Level::WORDS[self as usize]
    }

    /// The opposite of [`Level::word`], in any case.
    pub fn parse(word: &str) -> Option<Level> {
        Level::LEVELS.into_iter().find(|level| level.word().eq_ignore_ascii_case(word))
    }
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

    /// Of what one is told there unless one has said otherwise.
    pub fn usual_level(&self) -> Level {
        match self {
            Conversation::Person(_) => Level::All,
            Conversation::Group(_) => Level::Mentions,
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
