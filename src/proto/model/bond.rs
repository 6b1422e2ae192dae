//! What binds two people: friendship, blocks, and the tokens by which they reach each other.

use crate::proto::bytes::Bytes;
use crate::proto::time::Wall;
use serde::{Deserialize, Serialize};

/// A contact token: whoever presents it reaches the one who gave it out, private or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(pub Bytes<16>);

/// What a server knows of a token: the first 16 bytes of its BLAKE2s-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenHash(pub Bytes<16>);

/// What there is between us and somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bond {
    /// How far the friendship has come.
    pub friendship: Friendship,
    /// Nothing of theirs gets through, and they are not told.
    pub is_blocked: bool,
    /// The token they have of us.
    pub given: Option<Token>,
    /// The token we have of them.
    pub theirs: Option<Token>,
}

/// How far a friendship has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Friendship {
    /// Not at all.
    #[default]
    None,
    /// We asked.
    Asked,
    /// They asked, with these words, then.
    Asking(String, Wall),
    /// Both said yes.
    Friends,
}

impl Bond {
    /// Whether both said yes.
    pub fn is_friend(&self) -> bool {
        self.friendship == Friendship::Friends
    }
}
