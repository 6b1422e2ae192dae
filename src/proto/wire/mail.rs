//! What is inside an envelope, before it is sealed.

use super::{BadMessage, decode_body};
use crate::proto::id::MsgId;
use crate::proto::limits::{ENVELOPE_GOT, ENVELOPE_LETTERS};
use crate::proto::model::letter::Written;
use serde::{Deserialize, Serialize};

/// Letters that travel together, and the word for those that came the other way. The letters'
/// kinds are what later versions add to; an envelope itself has its version outside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packet {
    /// At most [`ENVELOPE_LETTERS`], in the sender's order.
    pub letters: Vec<Written>,
    /// Letters of the recipient's that came as mail and are on the sender's disk; at most
    /// [`ENVELOPE_GOT`].
    pub got: Vec<MsgId>,
    /// Mail of the recipient's could not be opened here: it is to be sent again.
    pub is_unopened: bool,
}

impl Packet {
    /// MessagePack.
    pub fn encode(&self) -> Vec<u8> {
        assert!(self.is_bounded(), "a packet is filled up to its bounds");
        rmp_serde::to_vec(self).expect("writing to memory cannot fail")
    }

    /// The opposite of [`Packet::encode`].
    pub fn decode(bytes: &[u8]) -> Result<Packet, BadMessage> {
        let packet: Packet = decode_body(bytes)?;
        if packet.is_bounded() { Ok(packet) } else { Err(BadMessage) }
    }

    fn is_bounded(&self) -> bool {
        self.letters.len() <= ENVELOPE_LETTERS && self.got.len() <= ENVELOPE_GOT
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::bytes::{Blob, Bytes};
    use crate::proto::limits::{PACKET_MAX_BYTES, TEXT_MAX_BYTES};
    use crate::proto::model::letter::{Body, Letter};
    use crate::proto::time::Wall;
    use proptest::prelude::*;

    fn text(length: usize) -> Written {
        let body = Body::Text("x".repeat(length));
        Letter { id: MsgId(Bytes([7; 16])), sent: Wall(-1), body }.write()
    }

    #[test]
    fn the_longest_text_and_words_for_others_fit_an_envelope() {
        let longest = Packet {
            letters: vec![text(TEXT_MAX_BYTES)],
            got: vec![MsgId::LAST; 1024],
            ..Packet::default()
        };
        assert!(longest.encode().len() <= PACKET_MAX_BYTES);
        let words = Packet {
            letters: Vec::new(),
            got: vec![MsgId::LAST; ENVELOPE_GOT],
            ..Packet::default()
        };
        assert!(words.encode().len() <= PACKET_MAX_BYTES / 2);
    }

    #[test]
    fn more_letters_or_words_than_are_sent_are_refused() {
        let letters = vec![text(1); ENVELOPE_LETTERS];
        let mut bytes = Packet { letters, ..Packet::default() }.encode();
        assert!(Packet::decode(&bytes).is_ok());
        let counted = [0xdc, 1, 0];
        assert_eq!(bytes[1..4], counted, "a list of 256");
        bytes[3] = 1;
        let one = rmp_serde::to_vec(&text(1)).unwrap();
        bytes.splice(4..4, one);
        assert_eq!(Packet::decode(&bytes), Err(BadMessage));
        let got = (Vec::<Written>::new(), vec![MsgId::LAST; ENVELOPE_GOT + 1]);
        assert_eq!(Packet::decode(&rmp_serde::to_vec(&got).unwrap()), Err(BadMessage));
    }

    #[test]
    fn what_is_left_over_or_nested_is_no_packet() {
        let mut bytes = Packet::default().encode();
        bytes.push(0xc0);
        assert_eq!(Packet::decode(&bytes), Err(BadMessage));
        assert_eq!(Packet::decode(&[0x91; 100_000]), Err(BadMessage));
        // A list of two to the 32nd letters, of which none is there.
        assert_eq!(Packet::decode(&[0x92, 0xdd, 0xff, 0xff, 0xff, 0xff]), Err(BadMessage));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn packets_are_read_back_and_changed_ones_never_panic(
            written in prop::collection::vec((any::<[u8; 16]>(), any::<i64>(), any::<u8>(),
                prop::collection::vec(any::<u8>(), 0..40)), 0..9),
            got in prop::collection::vec(any::<[u8; 16]>(), 0..9),
            at: usize,
            to: u8,
        ) {
            let letters = written.into_iter().map(|(id, sent, kind, body)| Written {
                id: MsgId(Bytes(id)), sent: Wall(sent), kind, body: Blob(body),
            });
            let got = got.into_iter().map(|id| MsgId(Bytes(id))).collect();
            let packet = Packet { letters: letters.collect(), got, is_unopened: false };
            let mut bytes = packet.encode();
            prop_assert_eq!(Packet::decode(&bytes), Ok(packet));
            for length in 0..bytes.len() {
                prop_assert_eq!(Packet::decode(&bytes[..length]), Err(BadMessage));
            }
            let at = at % bytes.len();
            bytes[at] = to;
            if let Ok(packet) = Packet::decode(&bytes) {
                let _: Vec<_> = packet.letters.iter().map(Letter::read).collect();
            }
        }
    }
}
