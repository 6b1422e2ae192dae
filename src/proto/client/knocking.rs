//! Sessions without a server between the two: `chat HOST:PORT`, and who dials us so.

use super::core::Alarm;
use super::link_table::Via;
use super::session_table::{Session, State};
use super::{Client, Remote};
use crate::proto::bytes::Bytes;
use crate::proto::id::SessionId;
use crate::proto::model::command::Ticket;
use crate::proto::model::event::SessionState;
use crate::proto::model::name::Name;
use crate::proto::model::person::{Person, PublicIdentity};
use crate::proto::model::refusal::Refusal;
use crate::proto::wire::peer::{Greet, Settle};

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
        if let Some(old) = self.sessions.with(person.fingerprint) {
            self.end_session(old, SessionState::Closed, Some("they started anew".into()));
        }
        let accepted = self.accepts_unasked(person.fingerprint);
        if self.sessions.is_full() {
            return self.drop_link(via, "too many sessions");
        }
        let id = SessionId(Bytes(self.core.rng.bytes()));
        if let Some(peer) = self.links.at_mut(via) {
            peer.session = Some(id);
        }
        // From here on the session's own deadline counts.
        self.core.timers.cancel(&Alarm::Handshake(via));
        let label = person.label();
        let since = self.core.now.wall;
        let session = Session::new(Some(person), label, State::Knocked(via), since);
        if accepted {
            self.enlist(id, session);
            self.note_link(id, via);
            self.accept_knock(id, via);
        } else {
            self.begin(id, session);
            self.note_link(id, via);
        }
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
        if let Some(other) = self.sessions.with(person.fingerprint) {
            self.end_session(other, SessionState::Closed, Some("replaced by a new one".into()));
        }
        self.identify(id, person);
    }

    /// A dialled address has answered: it is known who is there.
    fn identify(&mut self, id: SessionId, person: Person) {
        if let Some(session) = self.sessions.at(id) {
            self.attempts.identify(&session.label, &person);
        }
        self.sessions.identify(id, person);
    }
}
