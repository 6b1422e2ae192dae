//! Sessions that programs open by themselves, for what waits between friends who are both there.

use super::Client;
use super::core::Alarm;
use super::session_table::{Session, State};
use crate::proto::bytes::Bytes;
use crate::proto::id::SessionId;
use crate::proto::limits;
use crate::proto::model::event::Event;
use crate::proto::model::person::Fingerprint;
use crate::proto::wire::peer::Settle;

impl Client {
    /// Something waits for a friend who is online: a session for it, without bothering anybody.
    pub(super) fn ask_quietly(&mut self, who: Fingerprint) {
        let Some(person) = self.people.by_key(who).cloned() else { return };
        if self.sessions.is_full() {
            self.postage.set_unquiet(who);
            return self.send_on(who);
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
        }
        let path = flow.map(|(_, path)| path);
        self.core.event(Event::Session { with, state, path, why: None });
    }
}
