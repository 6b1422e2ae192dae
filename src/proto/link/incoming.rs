//! Bytes of the stream on their way in: frames that wait to be opened, and what was opened and
//! waits to be read, in one buffer.
//!
//! ```text
//! 0 .. dead .. read .. opened .. opened_end .. dead .. sealed .. not yet opened .. end
//! ```
//!
//! A frame is opened where it lies. The buffer is given back when it is empty; with a peer that
//! stops in the middle it holds one frame and one message at most, twice at worst for room to grow.

use super::LinkFault;
use crate::proto::crypto::seal::{Seal, TAG_BYTES};
use crate::proto::limits::HANDSHAKE_FRAME_MAX_BYTES;
use crate::proto::wire::{self, BadMessage};

/// Bytes of the length in front of each frame, big-endian.
pub(super) const FRAME_LENGTH_BYTES: usize = 2;

#[derive(Default)]
pub(super) struct Incoming {
    bytes: Vec<u8>,
    read: usize,
    opened_end: usize,
    sealed: usize,
}

impl Incoming {
    /// Takes bytes of the stream in.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        let opened = self.opened_end - self.read;
        let alive = opened + self.sealed_bytes();
        // Moving no more than was read keeps the cost of all moves below that of all reads.
        if self.bytes.len() - alive >= alive {
            self.bytes.copy_within(self.read..self.opened_end, 0);
            self.bytes.copy_within(self.sealed.., opened);
            self.bytes.truncate(alive);
            (self.read, self.opened_end, self.sealed) = (0, opened, opened);
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Takes bytes in that are open already; nothing else may be there.
    pub(super) fn feed_opened(&mut self, bytes: &[u8]) {
        self.feed(bytes);
        (self.opened_end, self.sealed) = (self.bytes.len(), self.bytes.len());
    }

    /// Bytes that wait to be opened.
    pub(super) fn sealed_bytes(&self) -> usize {
        self.bytes.len() - self.sealed
    }

    /// The next frame of the handshake, without its length, once it is there whole.
    pub(super) fn take_clear(&mut self) -> Result<Option<Vec<u8>>, LinkFault> {
        let Some((start, end)) = self.frame(1, HANDSHAKE_FRAME_MAX_BYTES)? else {
            return Ok(None);
        };
        let frame = self.bytes[start..end].to_vec();
        (self.read, self.opened_end, self.sealed) = (end, end, end);
        Ok(Some(frame))
    }

    /// The first message of what is opened, without its length, once it is there whole.
    pub(super) fn message(&self) -> Result<Option<&[u8]>, BadMessage> {
        wire::split(&self.bytes[self.read..self.opened_end])
    }

    /// Moves on to the next message; this one is `length` bytes.
    pub(super) fn advance(&mut self, length: usize) {
        self.read += wire::LENGTH_BYTES + length;
    }

    /// Opens the next frame, if it is there whole.
    pub(super) fn open(&mut self, seal: &mut Seal) -> Result<bool, LinkFault> {
        let Some((start, end)) = self.frame(TAG_BYTES + 1, usize::from(u16::MAX))? else {
            return Ok(false);
        };
        let length = seal.open(&mut self.bytes[start..end]).map_err(|_| LinkFault::Garbage)?;
        let opened = self.opened_end - self.read;
        // The two pieces of a message are brought together by moving the shorter one: else a long
        // message in tiny frames would cost its length for each of them.
        if opened <= length {
            self.bytes.copy_within(self.read..self.opened_end, start - opened);
            (self.read, self.opened_end) = (start - opened, start + length);
        } else {
            self.bytes.copy_within(start..start + length, self.opened_end);
            self.opened_end += length;
        }
        self.sealed = end;
        Ok(true)
    }

    /// Gives the buffer back if nothing is left in it.
    pub(super) fn settle(&mut self) {
        if self.read == self.opened_end && self.sealed_bytes() == 0 {
            *self = Incoming::default();
        }
    }

    /// Where the next frame's content lies, once it is there whole.
    fn frame(&self, least: usize, most: usize) -> Result<Option<(usize, usize)>, LinkFault> {
        let waiting = &self.bytes[self.sealed..];
        let Some((length, rest)) = waiting.split_first_chunk::<FRAME_LENGTH_BYTES>() else {
            return Ok(None);
        };
        let length = usize::from(u16::from_be_bytes(*length));
        if !(least..=most).contains(&length) {
            return Err(LinkFault::Garbage);
        }
        let start = self.sealed + FRAME_LENGTH_BYTES;
        Ok((rest.len() >= length).then_some((start, start + length)))
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }
}
