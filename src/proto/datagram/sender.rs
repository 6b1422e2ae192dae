//! The stream on its way out: what is not acknowledged is kept, and sent again in a new packet when
//! its packet is lost.
//!
//! A packet is lost when one sent [`OVERTAKEN`] later has come, or one sent well after it (RFC 9002
//! section 6.1). Nothing having come for long, the oldest go once more (section 6.2). So each
//! acknowledgement is of one packet for certain, and tells its round trip.

use super::pace::Pace;
use super::payload::Ack;
use crate::proto::limits::{PAUSE_MS, UNANSWERED_MS};
use crate::proto::time::Mono;
use std::collections::{BTreeMap, VecDeque};

pub(super) struct Sender {
    /// The stream from `base` on.
    bytes: VecDeque<u8>,
    base: u64,
    /// The next byte that was never sent.
    next: u64,
    /// The other side takes no byte from here on.
    limit: u64,
    flight: VecDeque<Flying>,
    flight_bytes: usize,
    /// Pieces that were lost, first byte and end.
    lost: BTreeMap<u64, u64>,
    /// A packet that wants nothing but an answer is to be sent.
    is_ping_due: bool,
    /// Packets that may be sent whatever the window says.
    probes: u8,
    pace: Pace,
    newest: Option<u64>,
    sent_at: Mono,
    /// When a packet that others have overtaken counts as lost.
    lost_at: Option<Mono>,
    /// How often in a row nothing has come, and since when that is waited for.
    silences: u32,
    listening_since: Mono,
    /// Since when an acknowledgement is waited for in vain.
    waiting_since: Option<Mono>,
}

/// A packet that is not acknowledged.
#[derive(Clone, Copy)]
struct Flying {
    number: u64,
    at: u64,
    end: u64,
    sent_at: Mono,
}

/// What is to be sent: a piece of the stream, or a ping, which is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub at: u64,
    pub end: u64,
}

impl Sender {
    /// `room`: what the other side takes before it has said so; `packet`: bytes of a full packet.
    pub fn new(room: u64, packet: usize, now: Mono) -> Sender {
        Sender {
            bytes: VecDeque::new(),
            base: 0,
            next: 0,
            limit: room,
            flight: VecDeque::new(),
            flight_bytes: 0,
            lost: BTreeMap::new(),
            is_ping_due: false,
            probes: 0,
            pace: Pace::new(packet),
            newest: None,
            sent_at: now,
            lost_at: None,
            silences: 0,
            listening_since: now,
            waiting_since: None,
        }
    }

    pub fn write(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// Wants an answer, whatever else there is to send.
    pub fn ping(&mut self) {
        self.is_ping_due = true;
    }

    /// Bytes that were written and never sent.
    pub fn unsent_bytes(&self) -> usize {
        (self.end() - self.next) as usize
    }

    /// Everything that was written has come.
    pub fn is_settled(&self) -> bool {
        self.base == self.end()
    }

    pub fn round_trip_ms(&self) -> Option<u64> {
        self.pace.round_trip_ms()
    }

    /// The path is another: what was learned of it is nothing.
    pub fn on_roamed(&mut self, now: Mono, packet: usize) {
        self.pace = Pace::new(packet);
        self.listening_since = now;
    }

    /// What goes into the next packet, `most` bytes of it; [`Sender::on_sent`] follows.
    pub fn next_piece(&mut self, most: usize) -> Option<Piece> {
        if self.flight_bytes >= self.pace.window() && self.probes == 0 {
            return None;
        }
        if let Some((at, end)) = self.lost.pop_first() {
            let cut = end.min(at + most as u64);
            if cut < end {
                self.lost.insert(cut, end);
            }
            return Some(Piece { at, end: cut });
        }
        let end = self.end().min(self.limit).min(self.next + most as u64);
        if self.next < end {
            return Some(Piece { at: self.next, end });
        }
        self.is_ping_due.then_some(Piece { at: self.next, end: self.next })
    }

    /// Puts a piece's bytes behind what is in `packet`.
    pub fn copy(&self, piece: Piece, packet: &mut Vec<u8>) {
        let (from, to) = ((piece.at - self.base) as usize, (piece.end - self.base) as usize);
        let (front, back) = self.bytes.as_slices();
        let middle = front.len();
        packet.extend_from_slice(&front[from.min(middle)..to.min(middle)]);
        packet.extend_from_slice(&back[from.max(middle) - middle..to.max(middle) - middle]);
    }

    /// A piece has left in this packet.
    pub fn on_sent(&mut self, now: Mono, number: u64, piece: Piece) {
        let Piece { at, end } = piece;
        if self.flight.is_empty() && now.since_ms(self.sent_at) >= PAUSE_MS {
            self.pace.on_pause();
        }
        self.next = self.next.max(end);
        self.flight.push_back(Flying { number, at, end, sent_at: now });
        self.flight_bytes += (end - at) as usize;
        self.pace.on_sent(self.flight_bytes);
        self.is_ping_due = false;
        self.probes = self.probes.saturating_sub(1);
        (self.sent_at, self.listening_since) = (now, now);
        self.waiting_since.get_or_insert(now);
    }

    /// Takes an acknowledgement in; `next`: the number of the next packet. Whether it can be true.
    pub fn on_ack(&mut self, now: Mono, ack: &Ack, next: u64) -> bool {
        let newest = ack.runs.newest();
        if ack.want > self.next || newest.is_some_and(|newest| newest >= next) {
            return false;
        }
        self.limit = self.limit.max(ack.want + u64::from(ack.room));
        self.forget_before(ack.want);
        self.newest = self.newest.max(newest);
        let landed = self.land(now, ack);
        let lost = self.lose_overtaken(now);
        if let Some(newest) = self.newest {
            self.pace.on_ack(landed.unwrap_or(0), lost, newest, next);
        }
        if landed.is_some() {
            (self.silences, self.listening_since) = (0, now);
            self.waiting_since = Some(now);
        }
        self.settle();
        true
    }

    /// What is due, if it is.
    pub fn on_time(&mut self, now: Mono) {
        if self.lost_at.is_some_and(|at| at <= now) {
            let lost = self.lose_overtaken(now);
            self.pace.on_lost(lost);
            self.settle();
        }
        if self.silence_at().is_some_and(|at| at <= now) {
            self.on_silence();
        }
    }

    pub fn deadline(&self) -> Option<Mono> {
        let dead_at = self.waiting_since.map(|since| since.after_ms(UNANSWERED_MS));
        [self.lost_at, self.silence_at(), dead_at].into_iter().flatten().min()
    }

    /// Whether nothing was acknowledged for so long that nobody is there.
    pub fn is_unanswered(&self, now: Mono) -> bool {
        self.waiting_since.is_some_and(|since| now.since_ms(since) >= UNANSWERED_MS)
    }

    fn settle(&mut self) {
        if self.flight.is_empty() && self.lost.is_empty() {
            self.flight = VecDeque::new();
            self.waiting_since = None;
        }
    }

    fn end(&self) -> u64 {
        self.base + self.bytes.len() as u64
    }

    fn silence_at(&self) -> Option<Mono> {
        let is_waiting = !self.flight.is_empty();
        is_waiting.then(|| self.listening_since.after_ms(self.pace.silence_ms(self.silences)))
    }

    fn on_silence(&mut self) {
        self.silences += 1;
        if self.silences == 2 {
            self.pace.on_standstill();
        }
        for _ in 0..PROBES {
            if let Some(oldest) = self.flight.pop_front() {
                self.lose(oldest);
            }
        }
        self.is_ping_due = self.lost.is_empty();
        self.probes = PROBES;
    }

    /// Everything before `want` has come.
    fn forget_before(&mut self, want: u64) {
        let Some(count) = want.checked_sub(self.base) else { return };
        self.bytes.drain(..count as usize);
        self.base = want;
        while let Some(first) = self.lost.first_entry() {
            let (at, end) = (*first.key(), *first.get());
            if at >= want {
                break;
            }
            first.remove();
            if end > want {
                self.lost.insert(want, end);
            }
        }
        if self.bytes.is_empty() {
            // What a burst has needed is given back.
            self.bytes = VecDeque::new();
        }
    }

    /// The bytes that have landed with this; `None` if no packet has.
    fn land(&mut self, now: Mono, ack: &Ack) -> Option<usize> {
        let newest = ack.runs.newest()?;
        let (mut landed, mut kept, mut last) = (None, Vec::new(), None);
        while let Some(flying) = self.flight.front().copied() {
            if flying.number > newest {
                break;
            }
            self.flight.pop_front();
            if !ack.runs.has(flying.number) {
                kept.push(flying);
                continue;
            }
            let bytes = flying.bytes();
            self.flight_bytes -= bytes;
            landed = Some(landed.unwrap_or(0) + bytes);
            last = Some(flying);
        }
        kept.into_iter().rev().for_each(|flying| self.flight.push_front(flying));
        if let Some(flying) = last.filter(|flying| flying.number == newest) {
            self.pace.on_round_trip(now.since_ms(flying.sent_at));
        }
        landed
    }

    /// Gives up packets that others have overtaken; how many bytes were in them.
    fn lose_overtaken(&mut self, now: Mono) -> usize {
        self.lost_at = None;
        let Some(newest) = self.newest else { return 0 };
        let patience_ms = self.pace.overtaken_ms();
        let mut lost = 0;
        while let Some(oldest) = self.flight.front().copied() {
            if oldest.number >= newest {
                break;
            }
            let lost_at = oldest.sent_at.after_ms(patience_ms);
            if newest - oldest.number < OVERTAKEN && lost_at > now {
                self.lost_at = Some(lost_at);
                break;
            }
            self.flight.pop_front();
            self.lose(oldest);
            lost += oldest.bytes();
        }
        lost
    }

    fn lose(&mut self, flying: Flying) {
        self.flight_bytes -= flying.bytes();
        let at = flying.at.max(self.base);
        if at < flying.end {
            self.lost.insert(at, flying.end);
        }
    }
}

impl Flying {
    fn bytes(&self) -> usize {
        (self.end - self.at) as usize
    }
}

/// RFC 9002 section 6.2.4: two, for one may be lost as well.
const PROBES: u8 = 2;
/// RFC 9002 section 6.1.1.
const OVERTAKEN: u64 = 3;
