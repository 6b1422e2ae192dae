//! A person's name on a server.

use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::fmt;

/// 1 to 32 of `a-z 0-9 . _ -`, first a letter; kept in lower case, so that compared without case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(Box<str>);

/// What is wrong with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadName;

impl Name {
    /// The longest name.
    pub const MAX_CHARS: usize = 32;

    /// A name from what somebody typed or sent.
    pub fn parse(text: &str) -> Result<Name, BadName> {
        let lower = text.to_ascii_lowercase();
        let fits = (1..=Name::MAX_CHARS).contains(&lower.len());
        let first = lower.starts_with(|c: char| c.is_ascii_lowercase());
        let rest = lower.bytes().all(|b| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-')
        });
        if fits && first && rest { Ok(Name(lower.into())) } else { Err(BadName) }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = BadName;
    fn try_from(text: String) -> Result<Name, BadName> {
        Name::parse(&text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> String {
        name.0.into()
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for BadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name is 1 to 32 of a-z 0-9 . _ -, first a letter")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case_and_checked() {
        assert_eq!(Name::parse("Bob"), Name::parse("bob"));
        for bad in ["", "1bob", "bob smith", "bøb", "a23456789012345678901234567890123", "-a"] {
            assert_eq!(Name::parse(bad), Err(BadName), "{bad}");
        }
        assert!(Name::parse("a2345678901234567890123456789012").is_ok());
    }
}
