//! An association whose two sides know each other: sealed packets, and the stream in them.

use super::arrived::Arrived;
use super::packet;
use super::payload::{self, Ack, Payload};
use super::receiver::Receiver;
use super::sender::{Piece, Sender};
use crate::proto::crypto::numbered::{Opener, Sealer};
use crate::proto::limits::{
    DATAGRAM_BYTES, DATAGRAM_WINDOW_BYTES, LOOPBACK_DATAGRAM_BYTES, UDP_KEEPALIVE_MS,
};
use crate::proto::time::Mono;
use std::net::SocketAddr;

pub(super) struct Opened {
    /// What the other side calls itself.
    them: u32,
    remote: SocketAddr,
    ours: Sealer,
    theirs: Opener,
    arrived: Arrived,
    sender: Sender,
    receiver: Receiver,
    is_ack_due: bool,
    sent_at: Mono,
}

/// What a packet was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// Nothing that this association has made, or something that was taken before.
    Nothing,
    /// A packet of this association.
    Packet,
    /// The last one.
    Gone,
}

impl Opened {
    pub fn new(them: u32, remote: SocketAddr, keys: (Sealer, Opener), now: Mono) -> Opened {
        let (ours, theirs) = keys;
        Opened {
            them,
            remote,
            ours,
            theirs,
            arrived: Arrived::new(),
            sender: Sender::new(DATAGRAM_WINDOW_BYTES as u64, most_data(remote), now),
            receiver: Receiver::default(),
            is_ack_due: false,
            sent_at: now,
        }
    }

    /// Where the other side is, as far as its newest packet tells.
    pub fn remote(&self) -> SocketAddr {
        self.remote
    }

    pub fn round_trip_ms(&self) -> Option<u64> {
        self.sender.round_trip_ms()
    }

    pub fn write(&mut self, bytes: &[u8]) {
        self.sender.write(bytes);
    }

    pub fn read(&mut self) -> Option<Vec<u8>> {
        self.receiver.read()
    }

    pub fn unsent_bytes(&self) -> usize {
        self.sender.unsent_bytes()
    }

    /// Everything that was written has come.
    pub fn is_settled(&self) -> bool {
        self.sender.is_settled()
    }

    /// A word to the other side even if there is nothing to say.
    pub fn acknowledge(&mut self) {
        self.is_ack_due = true;
    }

    /// Wants a word from the other side.
    pub fn ping(&mut self) {
        self.sender.ping();
    }

    /// Takes a sealed packet in. The replay window, and where the other side is, move only once it
    /// has opened, and the window only if what was in it is taken.
    pub fn on_packet(
        &mut self,
        now: Mono,
        from: SocketAddr,
        number: u64,
        head: &[u8],
        sealed: &[u8],
    ) -> Taken {
        if !self.arrived.is_new(number) {
            return Taken::Nothing;
        }
        let mut bytes = sealed.to_vec();
        let Ok(length) = self.theirs.open(number, head, &mut bytes) else { return Taken::Nothing };
        let Some(payload) = payload::read(&bytes[..length]) else { return Taken::Nothing };
        self.follow(now, number, from);
        self.take(now, number, &payload)
    }

    /// The next packet to send, if there is anything to say.
    pub fn next_packet(&mut self, now: Mono) -> Option<Vec<u8>> {
        let ack = self.is_ack_due.then(|| self.ack());
        let most = most_data(self.remote) - ack.as_ref().map_or(0, Ack::bytes);
        let piece = self.sender.next_piece(most);
        if piece.is_none() && ack.is_none() {
            return None;
        }
        self.is_ack_due = false;
        Some(self.packet(now, ack, piece, false))
    }

    /// The last packet: the other side has nobody to talk to any more.
    pub fn last_packet(&mut self, now: Mono) -> Vec<u8> {
        self.packet(now, None, None, true)
    }

    pub fn on_time(&mut self, now: Mono) {
        if now >= self.keepalive_at() {
            self.sender.ping();
        }
        self.sender.on_time(now);
    }

    pub fn deadline(&self) -> (Mono, &'static str) {
        match self.sender.deadline() {
            Some(at) if at < self.keepalive_at() => (at, "no answer over UDP"),
            Some(_) | None => (self.keepalive_at(), "keep-alive over UDP"),
        }
    }

    /// Whether nobody has answered for so long that nobody is there.
    pub fn is_unanswered(&self, now: Mono) -> bool {
        self.sender.is_unanswered(now)
    }

    fn keepalive_at(&self) -> Mono {
        self.sent_at.after_ms(UDP_KEEPALIVE_MS)
    }

    /// The other side is where its newest packet came from.
    fn follow(&mut self, now: Mono, number: u64, from: SocketAddr) {
        if from != self.remote && self.arrived.newest().is_none_or(|newest| number > newest) {
            self.remote = from;
            self.sender.on_roamed(now, most_data(from));
        }
    }

    fn take(&mut self, now: Mono, number: u64, payload: &Payload<'_>) -> Taken {
        if let Some((at, bytes)) = payload.data
            && !self.receiver.take(at, bytes)
        {
            return Taken::Nothing;
        }
        self.arrived.insert(number);
        self.is_ack_due |= payload.is_ping || payload.data.is_some();
        let is_true = payload.ack.is_none_or(|ack| self.sender.on_ack(now, &ack, self.ours.next()));
        match (payload.is_gone, is_true) {
            (false, true) => Taken::Packet,
            // Who acknowledges what was never sent is not to be talked to.
            (true, _) | (false, false) => Taken::Gone,
        }
    }

    fn packet(
        &mut self,
        now: Mono,
        ack: Option<Ack>,
        piece: Option<Piece>,
        is_gone: bool,
    ) -> Vec<u8> {
        let number = self.ours.next();
        let head = packet::head(self.them, number);
        let data = piece.filter(|piece| piece.at < piece.end);
        let length = data.map_or(0, |piece| (piece.end - piece.at) as usize)
            + ack.as_ref().map_or(0, Ack::bytes);
        let mut bytes = Vec::with_capacity(AROUND_BYTES + length);
        bytes.extend_from_slice(&head);
        let is_ping = piece.is_some() && data.is_none();
        payload::write(&mut bytes, ack.as_ref(), data.map(|piece| piece.at), is_ping, is_gone);
        if let Some(piece) = data {
            self.sender.copy(piece, &mut bytes);
        }
        let tag = self.ours.seal(&head, &mut bytes[packet::HEAD_BYTES..]);
        bytes.extend_from_slice(&tag);
        if let Some(piece) = piece {
            self.sender.on_sent(now, number, piece);
        }
        self.sent_at = now;
        bytes
    }

    fn ack(&self) -> Ack {
        let runs = self.arrived.runs();
        Ack { want: self.receiver.want(), room: self.receiver.room(), runs }
    }
}

/// How much of the stream goes into one packet. What stays in this machine passes no router that
/// could be too narrow.
fn most_data(to: SocketAddr) -> usize {
    let datagram = match to.ip().is_loopback() {
        true => LOOPBACK_DATAGRAM_BYTES,
        false => DATAGRAM_BYTES,
    };
    datagram - AROUND_BYTES
}

/// Around the data of a packet.
const AROUND_BYTES: usize = packet::AROUND_BYTES + payload::DATA_HEAD_BYTES;
