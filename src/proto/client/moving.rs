//! An open session goes over from one link to another.
//!
//! | state | input | next, output |
//! |---|---|---|
//! | Open over the relay, asker | a direct link stands | Open there; `Move` |
//! | Open over the relay | it is time, at most [`limits::BETTER_TRIES`] times | Open; dials again |
//! | Open, not asker | `Move` on another link | Open there; `Move`; a direct one: `Release` |
//! | Open over the relay | a new address of ours | Open; `Places`; dials again |
//! | Open over the relay | `Places` | Open; dials again when it is time |
//! | Open | `Move` on its own link | Open; what has not come is said again |
//! | Open | its connection is gone | Adrift; `Again`, once signed in |
//! | Open | the other side ended it, and we are not signed in | gone; session `closed` |
//! | Open over the relay | the other side's link to the server is gone | Adrift; `Again` |
//! | Open over the relay | our link to the server is gone | Adrift; `Again`, once signed in |
//! | Linking, not asker | `Sought`: it was open over there | Linking; `Answer` |
//! | Linking, not asker | `Move` | Open; `Move` |
//! | Adrift | our link to the server is gone | Adrift, patiently; `Again`, once signed in |
//! | Open, Adrift | `Sought` | Adrift, linking; `Answer` |
//! | Adrift | `Answered` | Adrift, linking |
//! | Adrift, asker | a link stands | Open there; `Move` |
//! | Adrift, not asker | `Move` | Open there; `Move` |
//! | Adrift | `Ended(Gone)` | Adrift; `Again` |
//! | Adrift | `Ended`, its time is up, we sign out | gone; session `closed` |
//!
//! Adrift is Linking with what the session was. The asker of the session moves, the other side
//! answers, so that both never move at once. Each side's `Move` is what it says first on the new
//! link, with the count of what has come ([`Kept`](super::kept::Kept)).
//!
//! A session without a server between the two does not move: nobody brings the two together again.

use super::Client;
use super::core::Alarm;
use super::flow::Flow;
use super::link_table::Via;
use super::search::Linking;
use super::session_table::{Session, State};
use crate::proto::id::SessionId;
use crate::proto::limits;
use crate::proto::machine::StreamAction;
use crate::proto::model::event::{Event, Path, SessionState};
use crate::proto::model::refusal::Refusal;
use crate::proto::wire::client::{Again, Release};
use crate::proto::wire::peer::{Move, Places, Settle};
use crate::proto::wire::server::{Sought, WhyEnded};
use std::net::SocketAddr;

/// What is remembered of a session that a server arranged.
pub(super) struct Arranged {
    pub is_asker: bool,
    /// Where the other side can be dialled.
    pub candidates: Vec<SocketAddr>,
    /// How often that was tried since it is on the relay.
    tries: u8,
}

impl Arranged {
    pub fn new(is_asker: bool, candidates: Vec<SocketAddr>) -> Arranged {
        Arranged { is_asker, candidates, tries: 0 }
    }
}

impl Client {
    /// The connection that carries an open session is gone, or our link to the server under it.
    pub(super) fn lose_path(&mut self, id: SessionId, why: &str) {
        let may_move = self.sessions.at(id).is_some_and(Session::may_move) && !self.uplink.is_off();
        if !may_move {
            return self.end_session(id, SessionState::Closed, Some(why.to_owned()));
        }
        self.go_adrift(id, why, !self.uplink.is_in());
        if self.uplink.is_in() {
            self.seek(id);
        }
    }

    /// Signed in: sessions that have lost their path look for another.
    pub(super) fn seek_all(&mut self) {
        for id in self.sessions.adrift() {
            self.seek(id);
        }
    }

    /// Signed out for good: there is nobody who could bring the two sides together.
    pub(super) fn end_adrift(&mut self) {
        for id in self.sessions.adrift() {
            self.end_session(id, SessionState::Closed, Some("signed out".to_owned()));
        }
    }

    /// The link to the server is gone, and with it whatever was asked, offered or relayed there.
    pub(super) fn lose_rendezvous(&mut self) {
        let why = Refusal::ServerUnreachable("the link broke".into());
        for id in self.sessions.ids() {
            let Some(session) = self.sessions.at(id) else { continue };
            match &session.state {
                State::Open(flow) if flow.path() == Path::Relay => {
                    self.lose_path(id, &why.reason());
                }
                State::Closing(flow) if flow.path() != Path::Relay => {}
                State::Linking(linking) if linking.is_adrift() => self.be_patient(id),
                State::Asked | State::Offered(_) | State::Closing(_) => {
                    self.end_with(id, SessionState::Closed, why.clone());
                }
                State::Open(_) | State::Knocking | State::Knocked(_) | State::Linking(_) => {}
            }
        }
    }

    /// Whether letters wait for a session to find another path.
    pub(super) fn waits_for_a_path(&self) -> bool {
        self.sessions.adrift().into_iter().any(|id| {
            let with = self.sessions.at(id).and_then(|session| session.with.as_ref());
            with.is_some_and(|person| self.outbox.waits_for(person.fingerprint))
        })
    }

    /// The other side of a session has lost it and asks where we are.
    pub(super) fn on_sought(&mut self, sought: Sought) {
        let Sought { session: id, from, candidates } = sought;
        let is_theirs = |session: &&Session| {
            session.with.as_ref().is_some_and(|person| person.fingerprint == from)
                && (session.may_move() || session.may_follow())
        };
        let Some(session) = self.sessions.at(id).filter(is_theirs) else {
            return self.hang_up(id, true);
        };
        if self.people.is_blocked(from) {
            return self.hang_up(id, true);
        }
        if session.may_move() {
            self.go_adrift(id, "the other side lost the path", false);
        }
        self.refresh_outer();
        self.say_answer(id);
        self.note_ask(id, true);
        self.link_again(id, candidates);
    }

    /// Both sides know where the other is.
    pub(super) fn link_again(&mut self, id: SessionId, mut candidates: Vec<SocketAddr>) {
        candidates.truncate(limits::CANDIDATES);
        self.note_agreed(id);
        self.note_lost(Via::Relay(id), "they began anew");
        self.close_link(Via::Relay(id), StreamAction::Abort);
        let Some(session) = self.sessions.at_mut(id) else { return };
        let (State::Linking(linking), Some(arranged)) = (&mut session.state, &mut session.arranged)
        else {
            return;
        };
        arranged.candidates.clone_from(&candidates);
        let dial = match arranged.is_asker {
            true => candidates,
            false => {
                linking.dial_back = candidates;
                Vec::new()
            }
        };
        self.start_linking(id, dial);
    }

    /// The server's word that there is nobody to be brought together with. Somebody who lost the
    /// server as we did may be on the way back.
    pub(super) fn on_adrift_ended(&mut self, id: SessionId, why: WhyEnded) {
        let Some(linking) = self.sessions.at(id).and_then(Session::linking) else { return };
        match why {
            // It may be there again already, from another address: the server knows.
            WhyEnded::Gone => return self.seek(id),
            WhyEnded::Away if linking.is_patient() => {
                return self.attempts.end_ask(id, self.core.now.mono, "away");
            }
            WhyEnded::Unknown
            | WhyEnded::Away
            | WhyEnded::Declined
            | WhyEnded::HungUp
            | WhyEnded::Busy => {}
        }
        let why = linking.failure();
        self.end_session(id, SessionState::Closed, Some(why));
    }

    /// A link has been established for a session that is open already.
    pub(super) fn on_spare_link(&mut self, id: SessionId, via: Via) {
        let Some(session) = self.sessions.at(id) else { return };
        let is_asker = session.arranged.as_ref().is_some_and(|arranged| arranged.is_asker);
        let is_relayed = session.state.flow().is_some_and(|flow| flow.path() == Path::Relay);
        match (is_asker, is_relayed) {
            (true, true) => self.go_over(id, via),
            (true, false) => self.drop_link(via, "not needed: another was first"),
            (false, _) => {
                let wait = limits::HANDSHAKE_MS;
                self.core.alarm(Alarm::Handshake(via), wait, "a peer slow to move");
            }
        }
    }

    /// The other side speaks on this link from here on.
    pub(super) fn on_move(&mut self, id: SessionId, via: Via, moved: &Move) {
        let Some(session) = self.sessions.at(id) else { return };
        let is_asker = session.arranged.as_ref().is_some_and(|arranged| arranged.is_asker);
        let is_here = session.state.flow().is_some_and(|flow| flow.via() == via);
        if !is_here {
            let may_follow = session.may_move() || session.may_follow();
            if is_asker || !may_follow {
                return self.drop_link(via, "the other side moved where it may not");
            }
            match session.may_move() || session.is_adrift() {
                true => self.go_over(id, via),
                false => self.open_late(id, via),
            }
            // A direct link needs the server no more, and the server need not remember it.
            if via.path() != Path::Relay {
                self.uplink.say(Release { session: id });
            }
        }
        let kept = self.sessions.at_mut(id).and_then(|session| session.state.flow_mut());
        match kept.and_then(|flow| flow.kept.go_on(moved.heard)) {
            Some(words) => words.into_iter().for_each(|word| self.tell(via, word)),
            None => {
                let why = "what was said before it moved is lost";
                self.end_session(id, SessionState::Closed, Some(why.to_owned()));
            }
        }
    }

    /// A session that was open for the other side alone.
    fn open_late(&mut self, id: SessionId, via: Via) {
        self.open_session(id, via);
        self.tell(via, Move { heard: 0 });
    }

    /// A session on the relay tries again to do without.
    pub(super) fn try_better(&mut self, id: SessionId) {
        let may_dial = self.config.paths.direct;
        let Some(session) = self.sessions.at_mut(id) else { return };
        let Some(arranged) = &mut session.arranged else { return };
        arranged.tries += 1;
        let (tries, candidates) = (arranged.tries, arranged.candidates.clone());
        for to in candidates {
            if may_dial && !self.links.is_tried(id, to) {
                self.dial_peer(id, to);
            }
        }
        self.core.alarm(Alarm::Cross(id), limits::CROSS_AFTER_MS, "no path yet");
        self.core.alarm(Alarm::Punch(id), limits::PUNCH_AFTER_MS, "no direct path");
        if tries < limits::BETTER_TRIES {
            self.core.alarm(Alarm::Better(id), limits::BETTER_MS, "a better path");
        }
    }

    /// Where we can be dialled now, to the other side of a session on the relay.
    pub(super) fn say_places(&mut self, id: SessionId) {
        let flow = self.sessions.at(id).filter(|s| s.may_move()).and_then(|s| s.state.flow());
        let Some(via) = flow.map(Flow::via).filter(|via| via.path() == Path::Relay) else { return };
        let candidates = self.candidates();
        if !candidates.is_empty() {
            self.tell(via, Places { candidates });
        }
        if self.config.paths.direct || self.config.paths.udp {
            self.hope_for_better(id);
            self.try_better(id);
        }
    }

    /// The other side can be dialled elsewhere.
    pub(super) fn on_places(&mut self, id: SessionId, via: Via, places: Places) {
        let Some(session) = self.sessions.at_mut(id) else { return };
        let is_here = session.state.flow().is_some_and(|flow| flow.via() == via);
        let Some(arranged) = session.arranged.as_mut().filter(|_| is_here) else { return };
        let is_dialable = |at: &SocketAddr| at.port() != 0 && !at.ip().is_unspecified();
        arranged.candidates = places.candidates;
        arranged.candidates.retain(is_dialable);
        arranged.candidates.truncate(limits::CANDIDATES);
        if via.path() == Path::Relay {
            self.hope_for_better(id);
        }
    }

    /// A session is on the relay from here on: for a while a better path is looked for.
    pub(super) fn hope_for_better(&mut self, id: SessionId) {
        if !self.config.paths.direct && !self.config.paths.udp {
            return;
        }
        let Some(session) = self.sessions.at_mut(id) else { return };
        let is_hinted = !session.hinted.is_empty();
        let Some(arranged) = &mut session.arranged else { return };
        if arranged.candidates.is_empty() && !is_hinted {
            return;
        }
        arranged.tries = 0;
        self.core.alarm(Alarm::Better(id), limits::BETTER_MS, "a better path");
    }

    /// An open session has no link any more.
    fn go_adrift(&mut self, id: SessionId, why: &str, is_patient: bool) {
        for via in self.links.of(id) {
            self.note_lost(via, why);
            self.close_link(via, StreamAction::Abort);
        }
        self.cancel_alarms(id);
        let wait = if is_patient { limits::ASTRAY_MS } else { limits::ADRIFT_MS };
        self.core.alarm(Alarm::Session(id), wait, "a session without a path");
        let Some(session) = self.sessions.at_mut(id) else { return };
        let is_asker = session.arranged.as_ref().is_some_and(|arranged| arranged.is_asker);
        match std::mem::replace(&mut session.state, State::Asked) {
            State::Open(mut flow) => {
                flow.kept.stop();
                let linking = Linking::adrift(is_asker, flow, why.to_owned(), is_patient);
                session.state = State::Linking(linking);
            }
            other => session.state = other,
        }
        if let Some(who) = session.with.as_ref().map(|person| person.fingerprint) {
            self.pause_files(who);
        }
    }

    /// Our own way to the server is gone, and it may take another network to find one.
    fn be_patient(&mut self, id: SessionId) {
        self.core.alarm(Alarm::Session(id), limits::ASTRAY_MS, "a session without a server");
        if let Some(State::Linking(linking)) = self.sessions.at_mut(id).map(|s| &mut s.state) {
            linking.be_patient();
        }
    }

    fn seek(&mut self, id: SessionId) {
        let Some(session) = self.sessions.at(id) else { return };
        let Some(to) = session.with.as_ref().map(|person| person.fingerprint) else { return };
        self.refresh_outer();
        self.core.alarm(Alarm::Session(id), limits::ADRIFT_MS, "a session without a path");
        let (candidates, token) = (self.candidates(), self.token_of(to));
        self.uplink.say(Again { session: id, to, candidates, token });
        self.say_hint(id);
        self.uplink.doubt(&mut self.core);
        self.note_ask(id, false);
    }

    /// A session goes over to this link, and says so there first.
    pub(super) fn go_over(&mut self, id: SessionId, via: Via) {
        self.note_open(via);
        for other in self.links.of(id) {
            if other != via {
                self.note_lost(other, "left for another");
                self.close_link(other, StreamAction::Abort);
            }
        }
        self.cancel_alarms(id);
        self.core.timers.cancel(&Alarm::Handshake(via));
        let Some(session) = self.sessions.at_mut(id) else { return };
        let Some(person) = &session.with else { return };
        let who = person.fingerprint;
        let was_open = session.may_move();
        session.state = match std::mem::replace(&mut session.state, State::Asked) {
            State::Open(flow) => State::Open(flow.on_link(via)),
            State::Linking(mut linking) => match linking.resume(via) {
                Some(flow) => State::Open(flow),
                None => State::Linking(linking),
            },
            other => other,
        };
        let Some(flow) = session.state.flow_mut() else { return };
        let (heard, path) = (flow.kept.stop(), flow.path());
        let (with, is_quiet) = (session.label.clone(), session.is_quiet);
        let waiters = std::mem::take(&mut session.waiters);
        if was_open {
            self.pause_files(who);
        }
        self.tell(via, Move { heard });
        if !is_quiet {
            // Said again, for it may have been lost that this is nobody's quiet session any more.
            self.tell(via, Settle {});
            let (state, path) = (SessionState::Open, Some(path));
            self.core.event(Event::Session { with, state, path, why: None });
        }
        for waiter in waiters {
            self.core.done(waiter, Ok(()));
        }
        if path == Path::Relay {
            self.hope_for_better(id);
        }
        self.free_runs(who);
        self.start_talk(who);
    }
}
