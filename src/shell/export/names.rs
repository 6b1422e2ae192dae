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
    by_name: BTreeMap<Box<[u8]>, Known>,
    longest: usize,
    folded: Folded,
}

impl Names {
    /// Learns a name; what it stood for before, it goes on to.
    pub fn learn(&mut self, name: &str, known: Known) {
        self.folded.fill(name);
        let name = &self.folded.low[..];
        if !name.is_empty() && !self.by_name.contains_key(name) {
            self.longest = self.longest.max(name.len());
            self.by_name.insert(name.into(), known);
        }
    }

    /// What a name stands for.
    pub fn get(&mut self, name: &str) -> Option<Known> {
        self.folded.fill(name);
        self.by_name.get(&self.folded.low[..]).copied()
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
                let is_whole = !is_word(name[same - 1]) || !is_word(text.get(at + same));
                if is_whole {
                    return Some((at + same, *known));
                }
                upper = &upper[..same - 1];
            } else {
                upper = &upper[..same];
            }
        }
    }
}
