//! Sessions that programs open by themselves, for what waits between friends who are both there.
//!
//! Without a server there is no mail, so strangers have them as well: for letters alone, and no
//! longer than those take ([`limits::LETTERS_LINK_MS`]).

use super::Client;
use super::core::Alarm;
use super::session_table::{Session, State};
use crate::proto::bytes::Bytes;
use crate::proto::id::SessionId;
use crate::proto::limits;
use crate::proto::model::command::Ticket;
use crate::proto::model::event::Event;
use crate::proto::model::person::Fingerprint;
use crate::proto::time::Wall;
use crate::proto::wire::peer::Settle;

impl Client {
    /// Something waits for somebody, on the local network: for whoever is near, and for whoever is
    /// found there. Without success it is tried again, later each time.
    pub(super) fn send_on_near(&mut self, to: Fingerprint, waits: bool) {
        if self.postage.is_pausing(to) {
            return;
        }
        if self.postage.is_unquiet(to) {
            if waits {
                self.pause_mail(to);
            }
        } else if self.lan.near.by_key(to).is_some() {
            self.ask_quietly(to);
        } else {
            self.look_around();
        }
    }

    /// A quiet session is over that there was since then. On the local network another is tried at
    /// once, unless it failed, or has brought nothing of what waits; and they were not heard since.
    pub(super) fn on_quiet_over(&mut self, who: Fingerprint, since: Wall, has_failed: bool) {
        let waits = || {
            self.outbox.waits_for(who) || self.postage.owes(who) || self.transfers.wants_link(who)
        };
        let is_heard = self.lan.near.by_key(who).is_some_and(|near| near.last > since);
        if !self.lan.is_open() || has_failed || (waits() && !is_heard) {
            self.postage.set_unquiet(who);
        }
    }

    /// Whether a verb waits for the local network, or something for somebody who may be there.
    pub(super) fn is_seeking(&self) -> bool {
        let waits = || self.outbox.everybody().next().is_some() || !self.postage.owing().is_empty();
        let asking = &self.lan.asking;
        asking.is_listing() || asking.is_open() && (waits() || !self.transfers.wanted().is_empty())
    }

    /// Something waits for a friend who is online: a session for it, without bothering anybody.
    pub(super) fn ask_quietly(&mut self, who: Fingerprint) {
        let Some(person) = self.people.by_key(who).cloned() else { return };
        if self.sessions.is_full() {
            self.postage.set_unquiet(who);
            return self.send_on(who);
        }
        if self.lan.is_open() {
            return self.knock_at(Ticket::NOBODY, person, true);
        }
        let id = SessionId(Bytes(self.core.rng.bytes()));
        self.say_ask(id, who, true);
        let (label, since) = (person.label(), self.core.now.wall);
        let mut session = Session::new(Some(person), label, State::Asked, since);
        session.is_quiet = true;
        self.begin(id, session);
        self.note_ask(id, false);
        self.core.alarm(Alarm::Session(id), limits::QUIET_ASK_MS, "a quiet request unanswered");
    }

    /// A session that the programs opened by themselves is somebody's business from now on, here
    /// and, once it is open, at the other end.
    pub(super) fn make_loud(&mut self, id: SessionId) {
        let Some(session) = self.sessions.at_mut(id).filter(|session| session.is_quiet) else {
            return;
        };
        session.is_quiet = false;
        session.was_quiet = session.state.flow().is_none();
        let (with, state) = (session.label.clone(), session.state.word());
        let flow = session.state.flow().map(|flow| (flow.via(), flow.path()));
        if let Some((via, _)) = flow {
            self.tell(via, Settle {});
            self.core.timers.cancel(&Alarm::Session(id));
        }
        let path = flow.map(|(_, path)| path);
        self.core.event(Event::Session { with, state, path, why: None });
    }

    /// A session has opened that is only for letters: it does not stay for long.
    pub(super) fn mind_letters_link(&mut self, id: SessionId) {
        if self.is_letters_link(id) {
            let wait = limits::LETTERS_LINK_MS;
            self.core.alarm(Alarm::Session(id), wait, "a link for letters unused");
        }
    }

    /// Whether a session was opened by the programs of two who are strangers to each other.
    pub(super) fn is_letters_link(&self, id: SessionId) -> bool {
        let Some(session) = self.sessions.at(id).filter(|session| session.is_quiet) else {
            return false;
        };
        let who = session.with.as_ref().map(|person| person.fingerprint);
        who.is_some_and(|who| !self.accepts_unasked(who) && !self.transfers.is_engaged(who))
    }
}
