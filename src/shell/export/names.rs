//! What is known by name: people, groups, files, the server. Found in a text at once, however many
//! there are.

use super::folded::{Folded, is_word};
use std::collections::BTreeMap;
use std::ops::Bound;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// A person, by their pseudonym's number.
    Person(u32),
    /// A group, by that.
    Group(u32),
    /// A file.
    File,
    /// Where something is reached.
    Address,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Names {
    by_name: BTreeMap<Box<[u8]>, Name>,
    /// Whether any begins with a character.
    begins: Begins,
    longest: usize,
    folded: Folded,
}

#[derive(Clone, Copy, Debug)]
struct Name {
    known: Known,
    /// It is what another name is sometimes written like.
    is_like: bool,
}

#[derive(Debug)]
struct Begins([bool; 256]);

impl Names {
    /// Learns a name; what it stood for before, it goes on to.
    pub fn learn(&mut self, name: &str, known: Known) {
        self.folded.fill(name);
        let name = self.folded.low.clone();
        if name.iter().copied().any(is_between) && name.len() >= LIKE_CHARS {
            for between in b" _-." {
                let put = |b: &u8| if is_between(*b) { *between } else { *b };
                self.insert(name.iter().map(put).collect(), known, true);
            }
            let joined: Vec<u8> = name.iter().copied().filter(|b| !is_between(*b)).collect();
            if joined.len() >= LIKE_CHARS {
                self.insert(joined, known, true);
            }
        }
        self.insert(name, known, false);
    }

    fn insert(&mut self, name: Vec<u8>, known: Known, is_like: bool) {
        let Some(first) = name.first() else { return };
        self.begins.0[usize::from(*first)] = true;
        self.longest = self.longest.max(name.len());
        let one = self.by_name.entry(name.into()).or_insert(Name { known, is_like });
        if one.is_like && !is_like {
            *one = Name { known, is_like };
        }
    }

    /// What a name stands for.
    pub fn get(&mut self, name: &str) -> Option<Known> {
        self.folded.fill(name);
        let name = self.by_name.get(&self.folded.low[..])?;
        (!name.is_like).then_some(name.known)
    }

    /// Whether one may begin there.
    pub fn may_begin(&self, text: &Folded, at: usize) -> bool {
        let first = text.get(at);
        let is_part = text.begins_part(at) && !first.is_ascii_digit();
        self.begins.0[usize::from(first)] && (!is_word(first) || text.begins_word(at) || is_part)
    }

    /// The longest name that stands there as whole words: where it ends, and what it stands for.
    pub fn find(&self, text: &Folded, at: usize) -> Option<(usize, Known)> {
        let rest = text.low.get(at..)?;
        let mut upper = &rest[..rest.len().min(self.longest)];
        loop {
            // Every name that `upper` begins with comes before it, and the longest comes last.
            let below = (Bound::Unbounded, Bound::Included(upper));
            let (name, known) = self.by_name.range::<[u8], _>(below).next_back()?;
            let same = name.iter().zip(upper).take_while(|(a, b)| a == b).count();
            if same == name.len() {
                if is_whole(text, at, at + same) {
                    return Some((at + same, known.known));
                }
                upper = &upper[..same - 1];
            } else {
                upper = &upper[..same];
            }
        }
    }
}

/// Whether it is whole words, or whole parts of one, as in `TeamBob`; or has an s behind it.
fn is_whole(text: &Folded, at: usize, end: usize) -> bool {
    let chars = end - at;
    if is_word(text.get(at)) && !text.begins_word(at) && chars < PART_CHARS {
        return false;
    }
    let is_plural = text.get(end) == b's' && !is_word(text.get(end + 1));
    !is_word(text.get(end - 1))
        || !is_word(text.get(end))
        || chars >= PART_CHARS && text.begins_part(end)
        || chars >= PLURAL_CHARS && is_plural
}

/// Whether it stands between the words of a name.
fn is_between(b: u8) -> bool {
    matches!(b, b' ' | b'_' | b'-' | b'.')
}

impl Default for Begins {
    fn default() -> Begins {
        Begins([false; 256])
    }
}

/// Shorter names are not looked for with other marks between.
const LIKE_CHARS: usize = 4;
/// Nor in a word of many parts.
const PART_CHARS: usize = 2;
/// Nor with an s behind: "as" is none of a.
const PLURAL_CHARS: usize = 3;
