//! What becomes of talk of ours, in a line or two: not one for each member of a large group.

use super::plain;
use crate::proto::id::MsgId;
use crate::proto::model::event::Stage;
use std::collections::BTreeSet;

/// Talk on its way to a group.
#[derive(Debug)]
pub struct Talk {
    group: String,
    /// For how many it is.
    count: usize,
    delivered: usize,
    /// Who will never have it.
    failed: usize,
    /// For whom the server holds it.
    held: BTreeSet<String>,
    /// Whether a line has told of it.
    is_told: bool,
    /// Whether that line said that the rest is held.
    was_held: bool,
}

impl Talk {
    /// Talk that was taken just now.
    pub fn new(group: &str, count: usize) -> Talk {
        let (group, held) = (group.to_owned(), BTreeSet::new());
        Talk { group, count, delivered: 0, failed: 0, held, is_told: false, was_held: false }
    }

    /// A member's receipt. Whether a line is due: once nothing more can be done for now, and when
    /// it is over.
    pub fn follow(&mut self, to: &str, state: Stage) -> bool {
        match state {
            Stage::Held => self.held.insert(to.to_owned()),
            Stage::Queued | Stage::Sent | Stage::Delivered | Stage::Expired | Stage::Refused => {
                self.held.remove(to)
            }
        };
        self.delivered += usize::from(state == Stage::Delivered);
        self.failed += usize::from(matches!(state, Stage::Expired | Stage::Refused));
        let is_at_rest = self.delivered + self.failed + self.held.len() >= self.count;
        let is_due = self.is_over() || (is_at_rest && !self.is_told);
        self.is_told |= is_due;
        self.was_held |= is_due && !self.held.is_empty();
        is_due
    }

    /// Whether there is nobody left to have it.
    pub fn is_over(&self) -> bool {
        self.delivered + self.failed >= self.count
    }

    /// Whether all have it, and it was never said that some do not.
    pub fn is_as_expected(&self) -> bool {
        self.delivered == self.count && !self.was_held
    }

    /// How many have it.
    pub fn line(&self, out: &mut Vec<u8>, id: MsgId) {
        let (delivered, held, count) = (self.delivered, self.held.len(), self.count);
        let state = match (delivered, held) {
            (0, 1..) => format!("held for {held} of {count}"),
            (_, 1..) => format!("delivered to {delivered}, held for {held} of {count}"),
            (_, 0) if delivered == count => format!("delivered to all {count}"),
            (_, 0) => format!("delivered to {delivered} of {count}"),
        };
        plain::message(out, id, &self.group, &state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(talk: &Talk) -> String {
        let mut out = Vec::new();
        talk.line(&mut out, MsgId::FIRST);
        String::from_utf8(out).expect("lines are UTF-8")
    }

    #[test]
    fn one_line_says_that_all_have_it() {
        let mut talk = Talk::new("climbers", 2);
        for state in [Stage::Queued, Stage::Sent] {
            assert!(!talk.follow("bob", state) && !talk.follow("cat", state));
        }
        assert!(!talk.follow("bob", Stage::Delivered));
        assert!(talk.follow("cat", Stage::Delivered) && talk.is_over());
        assert_eq!(line(&talk), "* message AAAAAA to climbers: delivered to all 2");
    }

    #[test]
    fn what_is_held_is_said_once_for_all_and_later_that_all_have_it() {
        let mut talk = Talk::new("climbers", 3);
        assert!(!talk.follow("bob", Stage::Held) && !talk.follow("bob", Stage::Held));
        assert!(!talk.follow("cat", Stage::Held));
        assert!(talk.follow("dan", Stage::Delivered) && !talk.is_over());
        assert_eq!(line(&talk), "* message AAAAAA to climbers: delivered to 1, held for 2 of 3");
        assert!(!talk.follow("cat", Stage::Delivered));
        assert!(talk.follow("bob", Stage::Expired) && talk.is_over());
        assert_eq!(line(&talk), "* message AAAAAA to climbers: delivered to 2 of 3");
    }
}
