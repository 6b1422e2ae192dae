//! From two sides that look for each other to an open association.

use super::opened::Opened;
use super::packet;
use super::{Association, Loss, Means, State};
use crate::proto::crypto::meeting::{BadMeeting, Meeting};
use crate::proto::id::SessionId;
use crate::proto::limits;
use crate::proto::model::person::{Fingerprint, PublicIdentity};
use crate::proto::time::Mono;
use std::net::SocketAddr;

/// A handshake that somebody who knows the session has begun.
pub(super) struct Answering {
    meeting: Meeting,
    dialler: u32,
    knock: Vec<u8>,
    answer: Vec<u8>,
}

/// What the handshake ended with, for it to end the same way again.
pub(super) enum Shaken {
    /// Theirs was this answer; ours the proof, which may not have come yet.
    Dialler { answer: Vec<u8>, proof: Option<Vec<u8>> },
    /// Theirs was this proof.
    Dialled { proof: Vec<u8> },
}

impl Association {
    /// A round of knocks, or of punches, if it is time.
    pub(super) fn knock(&mut self, now: Mono) {
        if now < self.next_round {
            return;
        }
        let packet = match &self.state {
            State::Dialling { knock, .. } => knock.clone(),
            _ => packet::punch(self.session),
        };
        for at in &self.candidates {
            self.replies.push_back((*at, packet.clone()));
        }
        self.plan_round(now);
    }

    fn plan_round(&mut self, now: Mono) {
        let pause = limits::KNOCK_FIRST_MS + u64::from(self.rounds) * limits::KNOCK_STEP_MS;
        self.rounds += 1;
        self.next_round = now.after_ms(pause.min(limits::KNOCK_LAST_MS));
    }

    /// Somebody who knows the session's tag is there.
    pub(super) fn learn(&mut self, from: SocketAddr) {
        let is_looking = matches!(self.state, State::Dialling { .. } | State::Waiting { .. });
        if !is_looking
            || self.candidates.contains(&from)
            || self.learned == limits::LEARNED_CANDIDATES
        {
            return;
        }
        self.learned += 1;
        self.candidates.push(from);
        if let State::Dialling { knock, .. } = &self.state {
            self.replies.push_back((from, knock.clone()));
        }
    }

    pub(super) fn on_knock(
        &mut self,
        means: Means<'_>,
        from: SocketAddr,
        dialler: u32,
        noise: &[u8],
    ) {
        self.learn(from);
        let State::Waiting { answering } = &mut self.state else { return };
        if let Some(known) = answering.iter().find(|known| known.knock == noise) {
            return self.replies.push_back((from, known.answer.clone()));
        }
        let prologue = prologue(self.session, self.peer, means.me.fingerprint());
        let mut meeting = Meeting::accept(means.me, &prologue, Some(self.peer), means.rng);
        let Ok(answer) = meeting.hear(noise).and_then(|()| meeting.introduce()) else { return };
        let answer = packet::answer(self.session, dialler, self.id, &answer);
        if answering.len() == limits::KNOCKS {
            answering.remove(0);
        }
        self.replies.push_back((from, answer.clone()));
        answering.push(Answering { meeting, dialler, knock: noise.to_vec(), answer });
    }

    pub(super) fn on_answer(&mut self, now: Mono, from: SocketAddr, dialled: u32, noise: &[u8]) {
        if let State::Open { shaken: Shaken::Dialler { answer, proof: Some(proof) }, .. } =
            &self.state
            && answer == noise
        {
            return self.replies.push_back((from, proof.clone()));
        }
        let State::Dialling { meeting, .. } = &mut self.state else { return };
        let identity = match meeting.meet(noise) {
            Ok(identity) => identity,
            Err(BadMeeting::Garbage) => return,
            Err(BadMeeting::Identity { .. }) => {
                self.state = State::Over(Some(Loss::Identity));
                return;
            }
        };
        let State::Dialling { mut meeting, .. } =
            std::mem::replace(&mut self.state, State::Over(Some(Loss::NoAnswer)))
        else {
            return;
        };
        let Ok(proof) = meeting.introduce() else { return };
        let proof = packet::proof(dialled, &proof);
        self.replies.push_back((from, proof.clone()));
        let shaken = Shaken::Dialler { answer: noise.to_vec(), proof: Some(proof) };
        let mut opened = Opened::new(dialled, from, meeting.split_numbered(), now);
        opened.ping();
        self.open(opened, shaken, identity);
        self.rounds = 0;
        self.plan_round(now);
    }

    pub(super) fn on_proof(&mut self, now: Mono, from: SocketAddr, noise: &[u8]) {
        match &mut self.state {
            State::Open { opened, shaken: Shaken::Dialled { proof } } if proof == noise => {
                opened.acknowledge();
            }
            State::Waiting { answering } => {
                let met = answering.iter_mut().enumerate().find_map(|(place, known)| {
                    known.meeting.meet(noise).ok().map(|identity| (place, identity))
                });
                let Some((place, identity)) = met else { return };
                let Answering { meeting, dialler, .. } = answering.swap_remove(place);
                let mut opened = Opened::new(dialler, from, meeting.split_numbered(), now);
                opened.acknowledge();
                let shaken = Shaken::Dialled { proof: noise.to_vec() };
                self.open(opened, shaken, identity);
            }
            State::Dialling { .. }
            | State::Open { .. }
            | State::Leaving(_)
            | State::Left(_)
            | State::Over(_) => {}
        }
    }

    fn open(&mut self, opened: Opened, shaken: Shaken, identity: PublicIdentity) {
        self.state = State::Open { opened: Box::new(opened), shaken };
        self.established = Some(identity);
        self.candidates = Vec::new();
    }

    /// The proof may have been lost: without it the other side cannot open what we send.
    pub(super) fn prove_again(&mut self, now: Mono) {
        if now < self.next_round {
            return;
        }
        let State::Open { opened, shaken: Shaken::Dialler { proof: Some(proof), .. } } =
            &self.state
        else {
            return;
        };
        self.replies.push_back((opened.remote(), proof.clone()));
        self.plan_round(now);
    }
}

/// What both sides must agree on without saying it: that these are datagrams, for which session,
/// between whom.
pub(super) fn prologue(session: SessionId, dialling: Fingerprint, dialled: Fingerprint) -> Vec<u8> {
    let mut bytes = b"hobnob datagrams 1".to_vec();
    bytes.extend_from_slice(&session.0.0);
    bytes.extend_from_slice(&dialling.0.0);
    bytes.extend_from_slice(&dialled.0.0);
    bytes
}
