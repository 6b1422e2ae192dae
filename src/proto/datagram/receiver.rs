//! The stream on its way in: pieces that came too early wait for those before them.

use crate::proto::limits::{DATAGRAM_WINDOW_BYTES, EARLY_PIECES};
use std::collections::BTreeMap;

#[derive(Default)]
pub(super) struct Receiver {
    want: u64,
    ready: Vec<u8>,
    early: BTreeMap<u64, Vec<u8>>,
    early_bytes: usize,
}

impl Receiver {
    /// The next byte that is wanted.
    pub fn want(&self) -> u64 {
        self.want
    }

    /// How many bytes from there on may be sent.
    pub fn room(&self) -> u32 {
        DATAGRAM_WINDOW_BYTES as u32
    }

    /// What has come in order since the last time.
    pub fn read(&mut self) -> Option<Vec<u8>> {
        (!self.ready.is_empty()).then(|| std::mem::take(&mut self.ready))
    }

    /// Takes a piece in, or part of it; whether there was room for it.
    pub fn take(&mut self, at: u64, bytes: &[u8]) -> bool {
        let end = at + bytes.len() as u64;
        if end <= self.want {
            return true;
        }
        if end > self.want + DATAGRAM_WINDOW_BYTES as u64 {
            return false;
        }
        match self.want.checked_sub(at) {
            Some(known) => {
                self.ready.extend_from_slice(&bytes[known as usize..]);
                self.want = end;
                self.catch_up();
                true
            }
            None => self.keep_early(at, bytes),
        }
    }

    fn keep_early(&mut self, at: u64, bytes: &[u8]) -> bool {
        if self.early.get(&at).is_some_and(|known| known.len() >= bytes.len()) {
            return true;
        }
        let is_full = self.early.len() >= EARLY_PIECES
            || self.early_bytes + bytes.len() > DATAGRAM_WINDOW_BYTES;
        if is_full {
            return false;
        }
        self.early_bytes += bytes.len();
        if let Some(shorter) = self.early.insert(at, bytes.to_vec()) {
            self.early_bytes -= shorter.len();
        }
        true
    }

    fn catch_up(&mut self) {
        while let Some(first) = self.early.first_entry() {
            if *first.key() > self.want {
                return;
            }
            let (at, bytes) = first.remove_entry();
            self.early_bytes -= bytes.len();
            let known = (self.want - at) as usize;
            if let Some(fresh) = bytes.get(known..) {
                self.ready.extend_from_slice(fresh);
                self.want += fresh.len() as u64;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_in_any_order_and_overlapping_become_the_stream() {
        let text = b"abcdefghij";
        let mut receiver = Receiver::default();
        for (at, end) in [(2, 4), (7, 10), (3, 6), (2, 3), (0, 3), (0, 1), (5, 9)] {
            assert!(receiver.take(at, &text[at as usize..end]));
        }
        assert_eq!(receiver.read().as_deref(), Some(text.as_slice()));
        assert_eq!((receiver.want(), receiver.early_bytes), (10, 0));
        assert_eq!(receiver.read(), None);
    }

    #[test]
    fn what_waits_is_bounded_in_bytes_and_pieces() {
        let mut receiver = Receiver::default();
        assert!(!receiver.take(DATAGRAM_WINDOW_BYTES as u64, b"a"));
        let taken = (0..2 * EARLY_PIECES as u64).filter(|n| receiver.take(2 * n + 1, b"a")).count();
        assert_eq!(taken, EARLY_PIECES);
        assert!(receiver.take(0, b"b"));
        assert_eq!(receiver.want(), 2);
    }
}
