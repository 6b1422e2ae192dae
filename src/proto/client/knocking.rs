//! Sessions without a server between the two: with an address, with somebody near, and with who
//! dials us so.
//!
//! Who knocks says who they are, and whether it is a person who wants to talk or a program that
//! has something to deliver ([`Quiet`]). People are asked as `--accept` says. Programs let each
//! other in where the server would take mail: not from the blocked, nor from strangers while we
//! are private.
//!
//! Of two who knock at each other at once, a person's knock comes through before a program's, else
//! that of the smaller key:
//!
//! | ours is to come through | next |
//! |---|---|
//! | yes | theirs waits, for ours may fail |
//! | no | ours is given up; theirs is accepted, for we wanted it as well |

use super::core::Alarm;
use super::link_table::Via;
use super::near::Unanswered;
use super::session_table::{Session, State};
use super::{Client, Remote};
use crate::proto::bytes::Bytes;
use crate::proto::id::SessionId;
use crate::proto::limits;
use crate::proto::model::command::Ticket;
use crate::proto::model::event::SessionState;
use crate::proto::model::name::Name;
use crate::proto::model::person::{Fingerprint, Person, PublicIdentity};
use crate::proto::model::refusal::Refusal;
use crate::proto::wire::peer::{Greet, Quiet, Settle};

impl Client {
    /// `chat HOST:PORT`: no server between us.
    pub(super) fn knock(&mut self, ticket: Ticket, to: Remote) {
        if self.sessions.is_full() {
            return self.core.done(ticket, Err(Refusal::Busy("sessions")));
        }
        let id = SessionId(Bytes(self.core.rng.bytes()));
        let since = self.core.now.wall;
        let session = Session::new(None, to.to_string(), State::Knocking, since);
        self.begin(id, session.waited_by(ticket));
        match to {
            Remote::Address(to) => self.dial_peer(id, to),
            Remote::Name(..) => self.dial_named(id, to),
        }
    }

    /// Somebody near: their addresses are dialled, one after the other.
    pub(super) fn knock_at(&mut self, ticket: Ticket, person: Person, is_quiet: bool) {
        let who = person.fingerprint;
        let label = person.label();
        let Some(to) = self.lan.near.dial(self.core.now.mono, who) else {
            return self.core.done(ticket, Err(Refusal::Away(label)));
        };
        let id = SessionId(Bytes(self.core.rng.bytes()));
        let since = self.core.now.wall;
        let mut session = Session::new(Some(person), label, State::Knocking, since);
        session.is_quiet = is_quiet;
        self.begin(id, session.waited_by(ticket));
        if is_quiet {
            let wait = limits::QUIET_ASK_MS;
            self.core.alarm(Alarm::Session(id), wait, "a quiet knock unanswered");
        }
        self.dial_peer(id, to);
    }

    /// The link of a knock is gone: somebody near may have another address, or have knocked too.
    pub(super) fn on_knock_lost(&mut self, id: SessionId, why: &str) {
        let Some(session) = self.sessions.at(id) else { return };
        let label = session.label.clone();
        if let Some(person) = session.with.clone() {
            match self.lan.near.on_unanswered(person.fingerprint) {
                Unanswered::No => {}
                Unanswered::Next => {
                    if let Some(to) = self.lan.near.dial(self.core.now.mono, person.fingerprint) {
                        return self.dial_peer(id, to);
                    }
                }
                Unanswered::Gone => self.say_presence(person.fingerprint, false),
            }
            if let Some(via) = self.links.parked(&person.identity) {
                return self.give_way(id, person, via);
            }
        }
        self.end_with(id, SessionState::Failed, Refusal::NoPath(label, why.to_owned()));
    }

    /// Whom we dialled has answered: that it is only to deliver something, if so.
    pub(super) fn say_quiet(&mut self, via: Via) {
        let id = self.links.at(via).and_then(|peer| peer.session);
        let session = id.and_then(|id| self.sessions.at(id));
        if session.is_some_and(|it| it.is_quiet && matches!(it.state, State::Knocking)) {
            self.tell(via, Quiet {});
        }
    }

    pub(super) fn on_quiet(&mut self, via: Via) {
        if let Some(peer) = self.links.at_mut(via) {
            peer.is_quiet = true;
        }
    }

    /// Somebody who dialled us has said who they are: theirs is a request like any other.
    pub(super) fn on_greet(&mut self, via: Via, greet: Greet) {
        let Some(peer) = self.links.at(via) else { return };
        let Some(identity) = peer.identity else { return };
        // Where there is a server, names are its to give: a claim would squat on somebody's.
        let name = greet.name.filter(|_| self.config.server.is_none());
        if let Some(id) = peer.session {
            return self.on_name_of_dialled(id, identity, name);
        }
        let Some(person) = self.people.claim(&identity, name) else { return };
        if self.people.is_blocked(person.fingerprint) {
            return self.drop_link(via, "blocked");
        }
        let who = person.fingerprint;
        if let Some(old) = self.sessions.with(who)
            && self.comes_through(old, who, via).is_none()
        {
            self.end_session(old, SessionState::Closed, Some("they started anew".to_owned()));
        }
        // With what waits for them, the end of that may have made us ask or knock as well.
        if let Some(asked) = self.sessions.with(who).filter(|ours| self.sessions.is_asked(*ours)) {
            self.hang_up(asked, false);
            self.forget_session(asked);
        }
        let ours = self.sessions.with(who);
        match ours.and_then(|ours| Some((ours, self.comes_through(ours, who, via)?))) {
            Some((_, true)) => self.park(via),
            Some((ours, false)) => self.give_way(ours, person, via),
            None => self.on_knock(via, person, Vec::new(), false),
        }
    }

    /// Of two who knock at each other, whether it is ours that comes through; nothing if we do not
    /// knock.
    fn comes_through(&self, ours: SessionId, who: Fingerprint, theirs: Via) -> Option<bool> {
        let session = self.sessions.at(ours)?;
        let is_quiet = session.is_quiet || session.was_quiet;
        let theirs_is_quiet = self.links.at(theirs).is_some_and(|peer| peer.is_quiet);
        let is_first = match (is_quiet, theirs_is_quiet) {
            (false, true) => true,
            (true, false) => false,
            (true, true) | (false, false) => self.me.fingerprint() < who,
        };
        matches!(session.state, State::Knocking).then_some(is_first)
    }

    /// Ours is to come through; if it does not, theirs is there.
    fn park(&mut self, via: Via) {
        if let Some(peer) = self.links.at_mut(via) {
            peer.is_parked = true;
        }
    }

    /// Both knocked, and theirs is the one. What we wanted of ours we want of theirs.
    fn give_way(&mut self, ours: SessionId, person: Person, theirs: Via) {
        self.note_over(ours, "they knocked at the same time");
        let Some(session) = self.forget_session(ours) else { return };
        self.on_knock(theirs, person, session.waiters, !session.is_quiet);
    }

    /// Somebody wants a session, for which `waiters` may wait here; `is_wanted`: by people.
    fn on_knock(&mut self, via: Via, person: Person, waiters: Vec<Ticket>, is_wanted: bool) {
        let who = person.fingerprint;
        let is_quiet = self.links.at(via).is_some_and(|peer| peer.is_quiet);
        let accepted =
            is_wanted || self.accepts_unasked(who) || (is_quiet && self.may_deliver(who));
        if self.sessions.is_full() || (is_quiet && !accepted) {
            return self.drop_link(via, "not let in");
        }
        let id = SessionId(Bytes(self.core.rng.bytes()));
        if let Some(peer) = self.links.at_mut(via) {
            peer.session = Some(id);
            peer.is_parked = false;
        }
        // From here on the session's own deadline counts.
        self.core.timers.cancel(&Alarm::Handshake(via));
        let label = person.label();
        let since = self.core.now.wall;
        let mut session = Session::new(Some(person), label, State::Knocked(via), since);
        session.waiters = waiters;
        session.is_quiet = is_quiet && !is_wanted;
        session.was_quiet = is_quiet && is_wanted;
        if accepted {
            self.enlist(id, session);
            self.note_link(id, via);
            self.accept_knock(id, via);
        } else {
            self.begin(id, session);
            self.note_link(id, via);
        }
    }

    /// Whether somebody's program may deliver here what it has: as to the server for us.
    fn may_deliver(&self, who: Fingerprint) -> bool {
        self.transfers.is_engaged(who)
            || (self.config.server.is_none() && !self.is_hidden_from(who))
    }

    /// Who was dialled by address says what they go by.
    fn on_name_of_dialled(&mut self, id: SessionId, identity: PublicIdentity, name: Option<Name>) {
        let knocks = |session: &Session| matches!(session.state, State::Knocking);
        if self.sessions.at(id).is_some_and(knocks)
            && let Some(person) = self.people.claim(&identity, name)
        {
            if self.people.is_blocked(person.fingerprint) {
                let why = Refusal::Blocked(person.label());
                return self.end_with(id, SessionState::Failed, why);
            }
            self.identify(id, person);
        }
    }

    fn accept_knock(&mut self, id: SessionId, via: Via) {
        self.tell(via, Settle {});
        self.open_session(id, via);
    }

    /// An address we dialled has answered: is it ourselves, or somebody there is a session with?
    pub(super) fn on_knock_answered(&mut self, id: SessionId, identity: PublicIdentity) {
        let Some(person) = self.people.claim(&identity, None) else { return };
        if person.fingerprint == self.me.fingerprint() {
            return self.end_with(id, SessionState::Failed, Refusal::Myself);
        }
        self.lan.near.on_answered(person.fingerprint);
        let other = self.sessions.with(person.fingerprint).filter(|other| *other != id);
        // First, so that nothing that the end of the other sets free asks for one more.
        self.identify(id, person);
        if let Some(other) = other {
            self.end_session(other, SessionState::Closed, Some("replaced by a new one".into()));
        }
    }

    /// A dialled address has answered: it is known who is there.
    fn identify(&mut self, id: SessionId, person: Person) {
        if let Some(session) = self.sessions.at(id) {
            self.attempts.identify(&session.label, &person);
        }
        self.sessions.identify(id, person);
    }
}
