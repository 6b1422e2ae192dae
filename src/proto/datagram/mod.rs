//! One secure association between two peers over datagrams, and one ordered stream of bytes in it.
//!
//! Noise XX as over TCP ([`crate::proto::link`]), but in packets that may be lost, come twice, late
//! or from somebody else. The side that asked for the session dials: it knocks at every address
//! where the other side may be, again and again. The other side answers, and punches the same way,
//! to be let through by its own NAT.
//!
//! | state | input | next, output |
//! |---|---|---|
//! | Dialling | its time | a knock to each candidate |
//! | Waiting | its time | a punch to each candidate |
//! | Dialling, Waiting | a punch, a knock from elsewhere | that is a candidate as well |
//! | Waiting | a knock | an answer there; the same one to the same knock |
//! | Dialling | an answer, the expected key | Open; a proof there, `Established` |
//! | Dialling | an answer, another key | Over |
//! | Waiting | a proof | Open; a packet there, `Established` |
//! | Dialling, Waiting | [`limits::PUNCH_MS`] have passed | Over |
//! | Open, dialler | the same answer; no packet has come for a while | the proof again |
//! | Open, dialled | the same proof | a packet |
//! | Open | a packet that is new and opens | its bytes, when their turn has come |
//! | Open | [`limits::UNANSWERED_MS`] without an acknowledgement | Over |
//! | Open | `leave` | Leaving until everything has come, at most [`limits::CLOSING_MS`] |
//! | Open, Leaving | the last packet of the other side | Over |
//! | Leaving | everything has come | Left; the last packet |
//! | Left | a packet, in the next [`limits::CLOSING_MS`] | the last packet again |
//! | any | anything else, from anybody | as it was |
//!
//! While nothing is in flight there is one deadline, the keep-alive of the NATs in between.
//!
//! The stream is our own and not KCP's: KCP acknowledges each segment with a header of 24 bytes, is
//! driven by a clock of 10 ms while anything is in flight, and its choice is to ignore losses or to
//! start over at each.

mod arrived;
mod knocking;
mod opened;
mod pace;
mod packet;
mod payload;
mod receiver;
mod sender;

use self::knocking::{Answering, Shaken};
use self::opened::{Opened, Taken};
use self::packet::Packet;
use crate::proto::crypto::keys::Identity;
use crate::proto::crypto::meeting::Meeting;
use crate::proto::crypto::rng::Rng;
use crate::proto::id::SessionId;
use crate::proto::limits;
use crate::proto::model::person::{Fingerprint, PublicIdentity};
use crate::proto::time::Mono;
pub use packet::{Addressee, KINDS, SessionTag, addressee};
use std::collections::VecDeque;
use std::net::SocketAddr;

/// One association; about 2 KiB while open and idle.
pub struct Association {
    id: u32,
    session: SessionId,
    peer: Fingerprint,
    state: State,
    candidates: Vec<SocketAddr>,
    learned: usize,
    rounds: u32,
    /// When the next round of knocks, punches or proofs is due.
    next_round: Mono,
    /// When this state has lasted too long.
    until: Mono,
    replies: VecDeque<(SocketAddr, Vec<u8>)>,
    established: Option<PublicIdentity>,
}

/// The clock, and what a handshake is made of.
pub struct Means<'a> {
    /// This wake's time.
    pub now: Mono,
    /// Our keys.
    pub me: &'a Identity,
    /// Our dice.
    pub rng: &'a mut Rng,
}

/// What an association has to say.
#[derive(Debug, PartialEq, Eq)]
pub enum Said {
    /// The other side has proved to own these keys.
    Established(PublicIdentity),
    /// The next bytes of the stream.
    Bytes(Vec<u8>),
    /// Nothing more comes, nothing more goes.
    Over(Loss),
}

/// Why an association is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Nobody answered, at no address.
    NoAnswer,
    /// The other side has not the expected key.
    Identity,
    /// The other side left.
    Ended,
    /// The other side has fallen silent.
    Silent,
}

enum State {
    Dialling {
        meeting: Box<Meeting>,
        knock: Vec<u8>,
    },
    Waiting {
        answering: Vec<Answering>,
    },
    Open {
        opened: Box<Opened>,
        shaken: Shaken,
    },
    Leaving(Box<Opened>),
    Left(Box<Opened>),
    /// Said to be over, once `Loss` is taken.
    Over(Option<Loss>),
}

impl Association {
    /// The dialling side. `id`: what this association is called here, no other may be.
    pub fn dial(
        id: u32,
        session: SessionId,
        peer: Fingerprint,
        candidates: Vec<SocketAddr>,
        means: Means<'_>,
    ) -> Association {
        let prologue = knocking::prologue(session, means.me.fingerprint(), peer);
        let mut meeting = Box::new(Meeting::dial(means.me, &prologue, Some(peer), means.rng));
        let knock = packet::knock(session, id, &meeting.knock());
        let state = State::Dialling { meeting, knock };
        Association::new(id, session, peer, candidates, state, means.now)
    }

    /// The dialled side.
    pub fn accept(
        id: u32,
        session: SessionId,
        peer: Fingerprint,
        candidates: Vec<SocketAddr>,
        now: Mono,
    ) -> Association {
        let state = State::Waiting { answering: Vec::new() };
        Association::new(id, session, peer, candidates, state, now)
    }

    fn new(
        id: u32,
        session: SessionId,
        peer: Fingerprint,
        candidates: Vec<SocketAddr>,
        state: State,
        now: Mono,
    ) -> Association {
        Association {
            id,
            session,
            peer,
            state,
            candidates,
            learned: 0,
            rounds: 0,
            next_round: now,
            until: now.after_ms(limits::PUNCH_MS),
            replies: VecDeque::new(),
            established: None,
        }
    }

    /// What it is called here.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Another address at which the other side may be; whether that was news.
    pub fn add_candidate(&mut self, at: SocketAddr) -> bool {
        let is_new = !self.candidates.contains(&at)
            && self.candidates.len() < limits::CANDIDATES + limits::LEARNED_CANDIDATES;
        if is_new {
            self.candidates.push(at);
        }
        is_new
    }

    /// Takes a datagram in that [`addressee`] has found to be for this one. Whatever it is.
    pub fn handle(&mut self, means: Means<'_>, from: SocketAddr, bytes: &[u8]) {
        match packet::parse(self.session, bytes) {
            None => {}
            Some(Packet::Punch) => self.learn(from),
            Some(Packet::Knock { dialler, noise }) => self.on_knock(means, from, dialler, noise),
            Some(Packet::Answer { dialled, noise }) => {
                self.on_answer(means.now, from, dialled, noise);
            }
            Some(Packet::Proof { noise }) => self.on_proof(means.now, from, noise),
            Some(Packet::Sealed { number, head, sealed }) => {
                let Some(opened) = self.opened() else { return };
                let taken = opened.on_packet(means.now, from, number, head, sealed);
                self.on_taken(means.now, taken);
            }
        }
    }

    /// The next thing to say; call until `None`.
    pub fn poll(&mut self) -> Option<Said> {
        if let Some(identity) = self.established.take() {
            return Some(Said::Established(identity));
        }
        match &mut self.state {
            State::Open { opened, .. } => opened.read().map(Said::Bytes),
            State::Over(loss) => loss.take().map(Said::Over),
            State::Dialling { .. } | State::Waiting { .. } | State::Leaving(_) | State::Left(_) => {
                None
            }
        }
    }

    /// The next datagram to send, and where; call until `None`.
    pub fn poll_datagram(&mut self, now: Mono) -> Option<(SocketAddr, Vec<u8>)> {
        if let Some(reply) = self.replies.pop_front() {
            return Some(reply);
        }
        let opened = match &mut self.state {
            State::Open { opened, .. } | State::Leaving(opened) => opened,
            State::Dialling { .. } | State::Waiting { .. } | State::Left(_) | State::Over(_) => {
                return None;
            }
        };
        let packet = opened.next_packet(now)?;
        Some((opened.remote(), packet))
    }

    /// When [`Association::on_time`] is due, and why.
    pub fn poll_timeout(&self) -> Option<(Mono, &'static str)> {
        let until = (self.until, "a path over UDP");
        match &self.state {
            State::Dialling { .. } | State::Waiting { .. } => {
                Some((self.next_round.min(self.until), until.1))
            }
            State::Open { opened, shaken: Shaken::Dialler { proof: Some(_), .. } } => {
                Some(opened.deadline().min((self.next_round, until.1)))
            }
            State::Open { opened, .. } => Some(opened.deadline()),
            State::Leaving(opened) => Some(opened.deadline().min(until)),
            State::Left(_) => Some(until),
            State::Over(_) => None,
        }
    }

    /// Does what is due.
    pub fn on_time(&mut self, now: Mono) {
        match &mut self.state {
            State::Dialling { .. } | State::Waiting { .. } if now >= self.until => {
                self.state = State::Over(Some(Loss::NoAnswer));
            }
            State::Dialling { .. } | State::Waiting { .. } => self.knock(now),
            State::Open { opened, .. } => {
                opened.on_time(now);
                if opened.is_unanswered(now) {
                    self.state = State::Over(Some(Loss::Silent));
                } else {
                    self.prove_again(now);
                }
            }
            State::Leaving(opened) => {
                opened.on_time(now);
                if now >= self.until || opened.is_unanswered(now) {
                    self.say_gone(now);
                }
            }
            State::Left(_) if now >= self.until => self.state = State::Over(None),
            State::Left(_) | State::Over(_) => {}
        }
    }

    /// Puts bytes behind those of the stream; only while open.
    pub fn write(&mut self, bytes: &[u8]) {
        let State::Open { opened, .. } = &mut self.state else {
            panic!("a stream is written while it is open");
        };
        opened.write(bytes);
    }

    /// Wants a word from the other side: it may have become another way.
    pub fn ping(&mut self) {
        if let State::Open { opened, .. } = &mut self.state {
            opened.ping();
        }
    }

    /// Bytes that were written and have not left yet.
    pub fn unsent_bytes(&self) -> usize {
        match &self.state {
            State::Open { opened, .. } | State::Leaving(opened) => opened.unsent_bytes(),
            State::Dialling { .. } | State::Waiting { .. } | State::Left(_) | State::Over(_) => 0,
        }
    }

    /// Nothing more will be written, and nothing is to be read: what was written still arrives
    /// where it can, then the other side is told.
    pub fn leave(&mut self, now: Mono) {
        self.state = match std::mem::replace(&mut self.state, State::Over(None)) {
            State::Open { opened, .. } => {
                self.until = now.after_ms(limits::CLOSING_MS);
                State::Leaving(opened)
            }
            State::Dialling { .. } | State::Waiting { .. } => State::Over(None),
            state @ (State::Leaving(_) | State::Left(_) | State::Over(_)) => state,
        };
        self.leave_if_settled(now);
    }

    /// The same, whatever is still on its way.
    pub fn abandon(&mut self, now: Mono) {
        self.leave(now);
        if let State::Leaving(_) = self.state {
            self.say_gone(now);
        }
    }

    /// Whether messages may pass.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    /// Whether there is nothing more to do for it.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over(None)) && self.replies.is_empty()
    }

    /// Whether it still has a word for the other side, though we have left.
    pub fn is_leaving(&self) -> bool {
        matches!(self.state, State::Leaving(_))
    }

    /// Where the other side is, once it has answered.
    pub fn remote(&self) -> Option<SocketAddr> {
        match &self.state {
            State::Open { opened, .. } | State::Leaving(opened) | State::Left(opened) => {
                Some(opened.remote())
            }
            State::Dialling { .. } | State::Waiting { .. } | State::Over(_) => None,
        }
    }

    /// The round trip, as far as it is known.
    pub fn round_trip_ms(&self) -> Option<u64> {
        match &self.state {
            State::Open { opened, .. } => opened.round_trip_ms(),
            State::Dialling { .. }
            | State::Waiting { .. }
            | State::Leaving(_)
            | State::Left(_)
            | State::Over(_) => None,
        }
    }

    fn opened(&mut self) -> Option<&mut Opened> {
        match &mut self.state {
            State::Open { opened, .. } | State::Leaving(opened) | State::Left(opened) => {
                Some(opened)
            }
            State::Dialling { .. } | State::Waiting { .. } | State::Over(_) => None,
        }
    }
}

/// From an open association to its end.
impl Association {
    fn on_taken(&mut self, now: Mono, taken: Taken) {
        if let State::Leaving(opened) | State::Left(opened) = &mut self.state {
            // There is nobody left to read it.
            opened.read();
        }
        match (&mut self.state, taken) {
            (_, Taken::Nothing) => {}
            (State::Open { shaken, .. }, Taken::Packet) => {
                if let Shaken::Dialler { proof, .. } = shaken {
                    *proof = None;
                }
            }
            (State::Leaving(_), Taken::Packet) => self.leave_if_settled(now),
            (State::Left(opened), Taken::Packet) => {
                let reply = (opened.remote(), opened.last_packet(now));
                self.replies.push_back(reply);
            }
            (State::Open { .. }, Taken::Gone) => self.state = State::Over(Some(Loss::Ended)),
            (State::Leaving(_) | State::Left(_), Taken::Gone) => self.state = State::Over(None),
            (State::Dialling { .. } | State::Waiting { .. } | State::Over(_), _) => {}
        }
    }

    fn leave_if_settled(&mut self, now: Mono) {
        if let State::Leaving(opened) = &self.state
            && opened.is_settled()
        {
            self.say_gone(now);
        }
    }

    fn say_gone(&mut self, now: Mono) {
        let State::Leaving(mut opened) = std::mem::replace(&mut self.state, State::Over(None))
        else {
            return;
        };
        self.replies.push_back((opened.remote(), opened.last_packet(now)));
        self.until = now.after_ms(limits::CLOSING_MS);
        self.state = State::Left(opened);
    }
}

#[cfg(test)]
mod tests;
