//! What is said about commands in a session, kept until the other side has it: when the session
//! goes over to another link, it is said there again, from the first that has not come.
//!
//! Letters need none of this: they are on the disk until they are acknowledged. Files are asked
//! for again from the byte that is missing.

use crate::proto::limits;
use crate::proto::wire::peer::ToPeer;
use std::collections::VecDeque;

/// One side's words about commands, and the count of the other's.
#[derive(Default)]
pub(super) struct Kept {
    said: VecDeque<ToPeer>,
    bytes: usize,
    /// How many were said before those.
    before: u64,
    /// How many of theirs have come, and how many we have told them of.
    heard: u64,
    told: u64,
    /// Between two links: nothing more is said until it is known what has come.
    is_moving: bool,
}

impl Kept {
    /// Keeps a word. Whether it may be said at once; else it is said after the move.
    pub fn keep(&mut self, message: ToPeer) -> bool {
        self.bytes += weight(&message);
        self.said.push_back(message);
        while self.bytes > limits::KEPT_BYTES {
            self.forget_first();
        }
        !self.is_moving
    }

    /// Whether something was said and is not known to have come.
    pub fn awaits(&self) -> bool {
        !self.said.is_empty() && !self.is_moving
    }

    /// A word of theirs has come.
    pub fn hear(&mut self) {
        self.heard += 1;
    }

    /// How many have come, if that is news to them.
    pub fn news(&mut self) -> Option<u64> {
        let heard = self.heard;
        (std::mem::replace(&mut self.told, heard) != heard).then_some(heard)
    }

    /// The link is gone, or left.
    pub fn stop(&mut self) -> u64 {
        self.is_moving = true;
        self.told = self.heard;
        self.heard
    }

    /// So many of ours have come; whether that can be.
    pub fn on_heard(&mut self, count: u64) -> bool {
        if count > self.before + self.said.len() as u64 {
            return false;
        }
        while self.before < count {
            self.forget_first();
        }
        true
    }

    /// On the new link, so many of ours have come: the others, to be said again. `None` where
    /// some of them are kept no more.
    pub fn go_on(&mut self, count: u64) -> Option<Vec<ToPeer>> {
        if count < self.before || !self.on_heard(count) {
            return None;
        }
        self.is_moving = false;
        Some(self.said.iter().cloned().collect())
    }

    fn forget_first(&mut self) {
        if let Some(first) = self.said.pop_front() {
            self.bytes -= weight(&first);
            self.before += 1;
        }
    }
}

/// About as much as it takes to keep.
fn weight(message: &ToPeer) -> usize {
    let inside = match message {
        ToPeer::RunOutput(output) => output.bytes.0.len(),
        ToPeer::RunAsk(ask) => ask.argv.iter().map(String::len).sum(),
        _ => 0,
    };
    size_of::<ToPeer>() + inside
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::bytes::Blob;
    use crate::proto::id::MsgId;
    use crate::proto::machine::Pipe;
    use crate::proto::wire::peer::RunOutput;

    fn word(bytes: usize) -> ToPeer {
        let bytes = Blob(vec![7; bytes]);
        RunOutput { run: MsgId::FIRST, pipe: Pipe::Stdout, bytes }.into()
    }

    #[test]
    fn after_a_move_what_has_not_come_is_said_again_in_order() {
        let mut kept = Kept::default();
        assert!((1..=3).all(|n| kept.keep(word(n))));
        assert!(kept.on_heard(1));
        kept.stop();
        assert!(!kept.keep(word(4)), "nothing is said between two links");
        assert_eq!(kept.go_on(2), Some(vec![word(3), word(4)]));
        assert!(kept.keep(word(5)));
    }

    #[test]
    fn what_cannot_have_come_is_no_count_and_what_is_kept_no_more_is_lost() {
        let mut kept = Kept::default();
        kept.keep(word(1));
        assert!(!kept.on_heard(2));
        assert_eq!(kept.go_on(2), None);
        for _ in 0..3 {
            kept.keep(word(limits::KEPT_BYTES / 2));
        }
        assert!(kept.bytes <= limits::KEPT_BYTES);
        assert_eq!(kept.go_on(1), None);
    }

    #[test]
    fn how_many_have_come_is_said_once() {
        let mut kept = Kept::default();
        assert_eq!(kept.news(), None);
        kept.hear();
        kept.hear();
        assert_eq!((kept.news(), kept.news()), (Some(2), None));
        kept.hear();
        assert_eq!((kept.stop(), kept.news()), (3, None));
    }
}
