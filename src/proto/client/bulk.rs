//! How many bytes of files are on their way over one link: as many as pass without a message behind
//! them waiting long.
//!
//! A round lasts until what was in flight when it began has come. Bytes that come as quickly as the
//! quickest did make the next round twice as large; bytes that came slowly make it smaller, because
//! they have waited somewhere, as a message behind them would.

use crate::proto::id::MsgId;
use crate::proto::limits;
use std::collections::VecDeque;

/// The files that are sent over one link, and the bytes of them that are in flight.
pub(super) struct Bulk {
    window: u64,
    /// Read or being read, and not said to have come.
    flight: u64,
    /// Said to have come, in all.
    landed: u64,
    /// The round is over when so much has landed.
    round_end: u64,
    /// The quickest that a chunk has come.
    least_ms: Option<u64>,
    /// The slowest of this round.
    worst_ms: u64,
    /// The window was all used in this round.
    was_full: bool,
    turns: VecDeque<MsgId>,
}

impl Bulk {
    pub fn new() -> Bulk {
        Bulk {
            window: limits::BULK_FIRST_BYTES,
            flight: 0,
            landed: 0,
            round_end: limits::BULK_FIRST_BYTES,
            least_ms: None,
            worst_ms: 0,
            was_full: false,
            turns: VecDeque::new(),
        }
    }

    /// Whether another chunk may be read.
    pub fn has_room(&mut self) -> bool {
        let has_room = self.flight + limits::CHUNK_BYTES as u64 <= self.window;
        self.was_full |= !has_room;
        has_room
    }

    /// Whether bytes are on their way.
    pub fn is_under_way(&self) -> bool {
        self.flight > 0
    }

    /// Whether any file waits for its turn.
    pub fn has_turns(&self) -> bool {
        !self.turns.is_empty()
    }

    /// A file takes its turns from now on.
    pub fn enter(&mut self, file: MsgId) {
        self.turns.push_back(file);
    }

    /// A file takes no more turns.
    pub fn leave(&mut self, file: MsgId) {
        self.turns.retain(|other| *other != file);
    }

    /// Whose turn it is; theirs is the last again then.
    pub fn next(&mut self) -> Option<MsgId> {
        let file = self.turns.pop_front()?;
        self.turns.push_back(file);
        Some(file)
    }

    /// Bytes are being read.
    pub fn begin(&mut self, bytes: u64) {
        self.flight += bytes;
    }

    /// Bytes will not leave, or nobody will say that they came.
    pub fn forget(&mut self, bytes: u64) {
        self.flight -= bytes;
    }

    /// Bytes have come, so long after they were sent.
    pub fn land(&mut self, bytes: u64, ms: u64) {
        self.flight -= bytes;
        self.landed += bytes;
        self.worst_ms = self.worst_ms.max(ms);
        let least = self.least_ms.map_or(ms, |least| least.min(ms));
        self.least_ms = Some(least);
        if self.landed < self.round_end {
            return;
        }
        if self.worst_ms > 2 * least + 1 {
            self.window = (self.window / 4 * 3).max(limits::BULK_LEAST_BYTES);
        } else if self.worst_ms <= least + least / 4 && self.was_full {
            self.window = (self.window * 2).min(limits::BULK_MOST_BYTES);
        }
        self.round_end = self.landed + self.flight;
        (self.worst_ms, self.was_full) = (0, false);
    }

    #[cfg(test)]
    pub fn flight(&self) -> u64 {
        self.flight
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One round, each chunk of which takes so long.
    fn round(bulk: &mut Bulk, ms: u64) {
        let mut chunks = 0;
        while bulk.has_room() {
            bulk.begin(limits::CHUNK_BYTES as u64);
            chunks += 1;
        }
        (0..chunks).for_each(|_| bulk.land(limits::CHUNK_BYTES as u64, ms));
    }

    #[test]
    fn the_window_grows_while_nothing_waits_and_no_further_than_its_bound() {
        let mut bulk = Bulk::new();
        (0..20).for_each(|_| round(&mut bulk, 1));
        assert_eq!(bulk.window, limits::BULK_MOST_BYTES);
        assert_eq!(bulk.flight(), 0);
    }

    #[test]
    fn the_window_shrinks_when_chunks_wait_and_keeps_room_for_two() {
        let mut bulk = Bulk::new();
        round(&mut bulk, 1);
        let grown = bulk.window;
        round(&mut bulk, 50);
        assert!(bulk.window < grown);
        (0..40).for_each(|_| round(&mut bulk, 50));
        assert_eq!(bulk.window, limits::BULK_LEAST_BYTES);
    }

    #[test]
    fn a_window_that_is_not_used_does_not_grow() {
        let mut bulk = Bulk::new();
        for _ in 0..100 {
            assert!(bulk.has_room());
            bulk.begin(10);
            bulk.land(10, 1);
        }
        assert_eq!(bulk.window, limits::BULK_FIRST_BYTES);
    }

    #[test]
    fn files_take_turns() {
        let id = |n| MsgId(crate::proto::bytes::Bytes([n; 16]));
        let mut bulk = Bulk::new();
        (1..=3).for_each(|n| bulk.enter(id(n)));
        let order: Vec<MsgId> = (0..4).filter_map(|_| bulk.next()).collect();
        assert_eq!(order, [id(1), id(2), id(3), id(1)]);
        bulk.leave(id(2));
        assert_eq!((bulk.next(), bulk.next()), (Some(id(3)), Some(id(1))));
    }
}
