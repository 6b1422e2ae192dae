//! Bytes of the stream on their way out: messages are written straight into the frame that they
//! leave in, and sealed there when it is full or wanted.

use super::incoming::FRAME_LENGTH_BYTES;
use crate::proto::crypto::seal::{Seal, TAG_BYTES};
use crate::proto::limits::PAYLOAD_MAX_BYTES;
use crate::proto::wire::Wire;

/// Room for a usual message with all that goes around it, so that it costs one allocation.
const FIRST_BYTES: usize = 256;

#[derive(Default)]
pub(super) struct Outgoing {
    bytes: Vec<u8>,
    /// Where the payload begins that is not sealed yet, and goes on to the end.
    payload: Option<usize>,
}

impl Outgoing {
    /// Adds a frame of the handshake.
    pub(super) fn push_clear(&mut self, content: &[u8]) {
        let length = u16::try_from(content.len()).expect("no frame of the handshake is longer");
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(content);
    }

    /// Adds a message to the frame that is being filled, and seals as many frames as it fills.
    pub(super) fn push<M: Wire>(&mut self, message: &M, seal: &mut Seal) {
        let mut start = match self.payload {
            Some(start) => start,
            None => {
                self.bytes.reserve(FIRST_BYTES);
                self.bytes.extend_from_slice(&[0; FRAME_LENGTH_BYTES]);
                self.bytes.len()
            }
        };
        message.encode(&mut self.bytes);
        while self.bytes.len() - start > PAYLOAD_MAX_BYTES {
            let end = start + PAYLOAD_MAX_BYTES;
            let next = end + TAG_BYTES + FRAME_LENGTH_BYTES;
            let rest = self.bytes.len() - end;
            self.bytes.resize(next + rest, 0);
            self.bytes.copy_within(end..end + rest, next);
            self.seal(start, end, seal);
            start = next;
        }
        self.payload = Some(start);
    }

    /// Adds a message that whoever carries it seals.
    pub(super) fn push_opened<M: Wire>(&mut self, message: &M) {
        self.bytes.reserve(FIRST_BYTES);
        message.encode(&mut self.bytes);
    }

    /// Seals what is not sealed yet.
    pub(super) fn finish(&mut self, seal: &mut Seal) {
        if let Some(start) = self.payload.take() {
            let end = self.bytes.len();
            self.bytes.extend_from_slice(&[0; TAG_BYTES]);
            self.seal(start, end, seal);
        }
    }

    /// Bytes that wait, sealed or not.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Drops what is not sealed yet: there is nobody left to whom it may go.
    pub(super) fn abandon(&mut self) {
        if let Some(start) = self.payload.take() {
            self.bytes.truncate(start - FRAME_LENGTH_BYTES);
        }
    }

    /// All bytes that wait; what is not sealed must be finished before.
    pub(super) fn take(&mut self) -> Option<Vec<u8>> {
        assert!(self.payload.is_none(), "nothing leaves unsealed");
        (!self.bytes.is_empty()).then(|| std::mem::take(&mut self.bytes))
    }

    /// Seals the payload from `start` to `end`; there is room for its length and its tag.
    fn seal(&mut self, start: usize, end: usize, seal: &mut Seal) {
        let length = u16::try_from(end - start + TAG_BYTES).expect("payloads are cut to fit");
        self.bytes[start - FRAME_LENGTH_BYTES..start].copy_from_slice(&length.to_be_bytes());
        let tag = seal.seal(&mut self.bytes[start..end]);
        self.bytes[end..end + TAG_BYTES].copy_from_slice(&tag);
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }
}
